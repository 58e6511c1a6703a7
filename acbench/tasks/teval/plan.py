"""Plan: reading a list of calls and comparing it with the gold plan (specification section 4.3, A1 to A6)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.tasks.teval import ordering
from acbench.tasks.teval.loading import (
    LoadError,
    as_mapping,
    first_list_of_mappings,
    loose_load,
)
from acbench.tasks.teval.marks import OK, REPAIRED, UNPARSED, UPSTREAM_ERROR, Marks
from acbench.tasks.teval.similarity import similarities
from acbench.tasks.teval.values import canonical, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from acbench.embeddings import Embedder
    from acbench.tasks.teval.records import Record

FINISH = "FinishAction"
THRESHOLD = 0.8
NAME_WEIGHT, ARGS_WEIGHT = 0.75, 0.25
NAMES = ("precision", "recall", "f1_score", "f1", "parse_rate")


class Action(NamedTuple):
    id: int
    name: str
    args: str


class Reading(NamedTuple):
    """A plan in the order of its ids, without a closing FinishAction. ``dropped``: malformed elements."""

    actions: tuple[Action, ...]
    outcome: str
    dropped: int = 0


def texts(record: Record, text: str, *, upstream: bool) -> list[str]:
    """All texts that scoring this answer embeds."""
    found = read(record, text, upstream=upstream)
    actions = [*found.actions, *gold_actions(record, upstream=upstream)]
    if _by_names_alone(record, upstream=upstream):
        return [action.name for action in actions]
    return [part for action in actions for part in (action.name, action.args)]


def score(record: Record, text: str, embedder: Embedder, *, upstream: bool) -> Marks:
    """precision, recall, f1_score (also as f1) and parse_rate; corrected mode adds ``plan_partial_order``.

    ``text`` is cleaned. Where the published scorer stops with an error (a plan of nothing but FinishAction)
    the outcome of upstream mode is ``upstream_error`` and the scores are 0.
    """
    found = read(record, text, upstream=upstream)
    gold = gold_actions(record, upstream=upstream)
    if found.outcome == UNPARSED or (upstream and not record.gold):
        return _marks(0, 0, 0, Reading((), UNPARSED, found.dropped), partial=None if upstream else 0.0)
    if not found.actions or not gold:
        if upstream:
            return _marks(0, 0, 0, Reading((), UPSTREAM_ERROR))
        both = float(not found.actions and not gold)
        return _marks(both, 1, 1, found, partial=both)
    matrix = _matrix(record, found.actions, gold, embedder, upstream=upstream)
    if upstream:
        partners = ordering.graph_matching(matrix, THRESHOLD)
        run = ordering.published_run(partners)
        return _marks(run, len(found.actions), len(gold), found)
    partners = ordering.assignment(matrix, THRESHOLD)
    run = ordering.increasing_run(partners)
    free = ordering.admissible_run(partners, _ancestors(record))
    partial = _f1(free, len(found.actions), len(gold))
    return _marks(run, len(found.actions), len(gold), found, partial=partial)


def read(record: Record, text: str, *, upstream: bool) -> Reading:
    """The plan in an answer."""
    if record.format == "json":
        return _json_upstream(text) if upstream else _json_corrected(text)
    return _string_upstream(text, record.tools) if upstream else _string_corrected(text, record.tools)


def gold_actions(record: Record, *, upstream: bool) -> tuple[Action, ...]:
    """The gold plan in the form that predictions are compared in."""
    form = text_of if upstream else _args_text
    return _in_order([Action(a["id"], a["name"], form(a["args"])) for a in record.gold])


def gold_text(record: Record) -> str:
    """The gold plan as an answer: a list with the arguments as text, or one line per call."""
    if record.format == "json":
        plan = [{"id": a["id"], "name": a["name"], "args": _written(record, a["args"])} for a in record.gold]
        return json.dumps(plan, ensure_ascii=False)
    return "\n".join(_line(action) for action in record.gold)


def _written(record: Record, args: Any) -> Any:
    """Published prompts ask for the arguments as text; a template can ask for an object."""
    return args if record.template.get("args") == "object" else text_of(args)


def _line(action: Mapping[str, Any]) -> str:
    thought = action.get("thought")
    return f"Use {action['name']} to {thought}" if isinstance(thought, str) else f"Use {action['name']}"


def _marks(run: float, predicted: int, gold: int, found: Reading, *, partial: float | None = None) -> Marks:
    precision = run / predicted if predicted else 0.0
    recall = run / gold if gold else 0.0
    f1 = _f1(run, predicted, gold)
    parsed = float(found.outcome not in (UNPARSED, UPSTREAM_ERROR))
    scores = dict(zip(NAMES, (precision, recall, f1, f1, parsed), strict=True))
    if partial is not None:
        scores["plan_partial_order"] = partial
    return Marks(scores, found.outcome, {"actions": len(found.actions), "malformed": found.dropped})


def _f1(run: float, predicted: int, gold: int) -> float:
    return 2 * run / (predicted + gold) if run else 0.0


def _by_names_alone(record: Record, *, upstream: bool) -> bool:
    return record.format == "string" and not upstream


def _matrix(
    record: Record, found: Sequence[Action], gold: Sequence[Action], embedder: Embedder, *, upstream: bool
) -> NDArray[np.floating]:
    double = not upstream
    names = similarities(embedder, [a.name for a in found], [a.name for a in gold], double=double)
    if _by_names_alone(record, upstream=upstream):
        return names
    args = similarities(embedder, [a.args for a in found], [a.args for a in gold], double=double)
    return NAME_WEIGHT * names + ARGS_WEIGHT * args


def _in_order(actions: Sequence[Action]) -> tuple[Action, ...]:
    ordered = sorted(actions, key=lambda action: action.id)
    return tuple(ordered[:-1] if ordered and ordered[-1].name == FINISH else ordered)


def _json_upstream(text: str) -> Reading:
    try:
        plan, plain = loose_load(text, "[", "]")
    except LoadError:
        return Reading((), UNPARSED)
    if not isinstance(plan, list) or not plan:
        return Reading((), UNPARSED)
    actions = [_action(entry, str) for entry in plan]
    good = [action for action in actions if action is not None]
    if len(good) < len(actions):
        return Reading((), UNPARSED, len(actions) - len(good))
    return Reading(_in_order(good), OK if plain else REPAIRED)


def _json_corrected(text: str) -> Reading:
    try:
        plan, plain = first_list_of_mappings(text)
    except LoadError:
        return Reading((), UNPARSED)
    actions = [_action(entry, _args_text) for entry in plan]
    good = [action for action in actions if action is not None]
    dropped = len(actions) - len(good)
    if not good:
        return Reading((), UNPARSED, dropped)
    return Reading(_in_order(good), REPAIRED if dropped or not plain else OK, dropped)


def _action(entry: Any, args_form: Any) -> Action | None:
    """One element of a plan; None unless it has name, args and an id that is a whole number."""
    try:
        return Action(int(entry["id"]), str(entry["name"]), args_form(entry["args"]))
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, RecursionError, MemoryError):
        return None


def _args_text(args: Any) -> str:
    """One text for equal arguments: mappings and texts that hold one are written with their keys in order."""
    mapping = as_mapping(args)
    return text_of(args if mapping is None else canonical(mapping))


def _string_upstream(text: str, tools: Sequence[str]) -> Reading:
    lines = text.replace(". ", "\n").split("\n")
    actions: list[Action] = []
    for line in lines:
        starts = [(line.find(tool), number) for number, tool in enumerate(tools) if tool in line]
        if starts:
            actions.append(Action(len(actions), tools[min(starts)[1]], line))
    return Reading(_in_order(actions), OK) if actions else Reading((), UNPARSED)


def _string_corrected(text: str, tools: Sequence[str]) -> Reading:
    longest_first = sorted({*tools, FINISH}, key=lambda name: (-len(name), name))
    pattern = re.compile("|".join(re.escape(name) for name in longest_first))
    names = pattern.findall(text)
    if not names:
        return Reading((), UNPARSED)
    return Reading(_in_order([Action(number, name, "") for number, name in enumerate(names)]), OK)


def _ancestors(record: Record) -> list[set[int]]:
    """For every gold position the positions it depends on, directly or not, by the `prev` fields."""
    order = sorted(record.gold, key=lambda action: int(action["id"]))
    place = {action["id"]: number for number, action in enumerate(order)}
    return ordering.closure([{place[i] for i in action.get("prev", ()) if i in place} for action in order])
