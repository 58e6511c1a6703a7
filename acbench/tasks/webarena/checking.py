"""Checks of recorded web scores: ``check(record)`` computes what a record's inputs are worth.

Fields of a record by its ``kind``, and what they give:

* ``url``: ``reference`` (alternatives joined by " |OR| ") and ``current`` give ``progress`` (0..1), ``success``.
* ``string``: ``reference_answers`` (as in ``eval``) and ``answer`` give ``success``.
* ``content``: ``required`` (list of snippets) and ``text``, or ``texts`` of successive pages, give ``seen`` (a list:
  once seen is seen) and ``progress``.
* ``page``: ``required_contents`` (as in ``program_html``) and ``text`` (what the locator selected) give ``success``.
* ``mix``: ``url`` (0..1), ``content`` (0..1), ``snippets`` (their number) give ``progress``.
* ``action``: ``text`` (the action of a reply) gives ``action`` (an object, or null) and ``error``.
* ``trajectory``: ``eval``; ``turns``, a list of {``url``, ``texts``: per target what its locator selects on that
  page}; ``final``, {``url``, ``texts``: per target what it selects where it is to be looked for, ``answer``}. They
  give ``progress`` (per turn), ``final_progress``, ``success``.
* ``summary``: ``episodes``, a list of {``id``, ``difficulty``, ``progress``, ``success``} or {``id``,
  ``difficulty``, ``error``}, gives the means, those of ``easy`` and ``hard`` (null for no episodes), and ``failed``.

All take ``mode`` ("corrected" unless given, or "upstream"). Raises DataError naming kind and field.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from acbench.errors import DataError, did_you_mean
from acbench.tasks.agents.judging import mean_or_none
from acbench.tasks.webarena import scoring
from acbench.tasks.webarena.actions import Action, parse_action
from acbench.tasks.webarena.evaluation import Progress, read_evaluation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")


def check(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the inputs of a record are worth; the module's table says which fields each kind has."""
    kind, mode = str(record.get("kind")), record.get("mode", "corrected")
    if kind not in _KINDS:
        raise DataError(f"web record: unknown kind {kind!r}; {did_you_mean(kind, _KINDS)}")
    if mode not in ("corrected", "upstream"):
        raise DataError(f"web record: field 'mode' must be corrected or upstream, not {mode!r}")
    return _KINDS[kind](record, mode == "upstream")


def _field(record: Mapping[str, Any], name: str, kind: type[T]) -> T:
    value = record.get(name)
    if not isinstance(value, kind):
        raise DataError(
            f"web record of kind {record.get('kind')!r}: field {name!r} must be of type {kind.__name__}"
        )
    return value


def _texts(record: Mapping[str, Any], name: str) -> list[str]:
    value = _field(record, name, list)
    if not all(isinstance(text, str) for text in value):
        raise DataError(f"web record: field {name!r} must be a list of texts")
    return value


def _number(record: Mapping[str, Any], name: str) -> float:
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"web record of kind {record.get('kind')!r}: field {name!r} must be a number")
    return value


def _url(record: Mapping[str, Any], _: bool) -> dict[str, Any]:
    reference, current = _field(record, "reference", str), _field(record, "current", str)
    return {
        "progress": scoring.url_progress(reference, current),
        "success": scoring.url_match(reference, current),
    }


def _string(record: Mapping[str, Any], _: bool) -> dict[str, Any]:
    given = {"eval_types": ["string_match"], "reference_answers": record.get("reference_answers")}
    references = read_evaluation(given, "web record").answers
    return {"success": scoring.answer_match(references, _field(record, "answer", str))}


def _content(record: Mapping[str, Any], upstream: bool) -> dict[str, Any]:
    required = _texts(record, "required")
    pages = _texts(record, "texts") if "texts" in record else [_field(record, "text", str)]
    each = [scoring.snippets_seen(required, page, upstream=upstream) for page in pages]
    seen = [any(page[n] for page in each) for n in range(len(required))]
    return {"seen": seen, "progress": sum(seen) / len(seen) if seen else 0.0}


def _page(record: Mapping[str, Any], _: bool) -> dict[str, Any]:
    target = {"url": "last", "locator": "", "required_contents": record.get("required_contents")}
    given = {"eval_types": ["program_html"], "program_html": [target]}
    read = read_evaluation(given, "web record").targets[0]
    return {"success": scoring.content_match(read.must, read.exact, _field(record, "text", str))}


def _mix(record: Mapping[str, Any], _: bool) -> dict[str, Any]:
    url, content = _number(record, "url"), _number(record, "content")
    return {"progress": scoring.mixed(url, content, _field(record, "snippets", int))}


def _action(record: Mapping[str, Any], upstream: bool) -> dict[str, Any]:
    read = parse_action(_field(record, "text", str), upstream=upstream)
    if isinstance(read, Action):
        return {"action": asdict(read), "error": ""}
    return {"action": None, "error": read.message}


def _trajectory(record: Mapping[str, Any], upstream: bool) -> dict[str, Any]:
    evaluation = read_evaluation(record.get("eval"), "web record")
    measure = Progress(evaluation, upstream=upstream)
    values = []
    for turn in _field(record, "turns", list):
        url, texts = _looked(turn, len(evaluation.targets))
        values.append(measure.observe(url, texts))
    final = _field(record, "final", dict)
    url, texts = _looked(final, len(evaluation.targets))
    by_target = dict(zip(evaluation.targets, texts, strict=True))
    met = evaluation.succeeded(url, _field(final, "answer", str), by_target.__getitem__)
    measure.answered(success=met)
    return {"progress": values, "final_progress": measure.value, "success": met or measure.value >= 1}


def _looked(at: Any, targets: int) -> tuple[str, list[str]]:
    if not isinstance(at, dict):
        raise DataError("web record of kind 'trajectory': turns and final must be objects")
    texts = _texts({"texts": [], **at}, "texts")
    if len(texts) != targets:
        raise DataError(
            f"web record of kind 'trajectory': field 'texts' must have one text per target, {targets}"
        )
    return _field(at, "url", str), texts


def _summary(record: Mapping[str, Any], _: bool) -> dict[str, Any]:
    """Means over all episodes: one that failed counts 0 and is listed, not left out (section 8, row 20)."""
    episodes = _field(record, "episodes", list)
    failed = [episode["id"] for episode in episodes if "error" in episode]
    rows = [{"progress": 0.0, "success": 0, **e} if "error" in e else e for e in episodes]

    def means(chosen: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
        return {name: mean_or_none([float(row[name]) for row in chosen]) for name in ("progress", "success")}

    split = {d: means([row for row in rows if row["difficulty"] == d]) for d in ("easy", "hard")}
    return {**means(rows), **split, "failed": failed}


_KINDS: Mapping[str, Callable[[Mapping[str, Any], bool], dict[str, Any]]] = {
    "url": _url,
    "string": _string,
    "content": _content,
    "page": _page,
    "mix": _mix,
    "action": _action,
    "trajectory": _trajectory,
    "summary": _summary,
}
