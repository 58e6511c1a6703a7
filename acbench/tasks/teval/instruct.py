"""Instruct: one given call in the prescribed layout (specification section 4.2, faults A15 to A17)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.tasks.teval.loading import (
    LoadError,
    as_mapping,
    first_mapping,
    loose_load,
    python_literal,
    read_value,
)
from acbench.tasks.teval.marks import OK, REPAIRED, UNPARSED, UPSTREAM_ERROR, Marks
from acbench.tasks.teval.patterns import SPECIAL, groups_of
from acbench.tasks.teval.values import equal, typed_equal

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.tasks.teval.records import Record

ROLES = ("thought", "action", "args")
LITERALS = ("thought_start", "thought_end", "action_start", "action_end", "args_start", "args_end")


class Call(NamedTuple):
    action: Any
    args: Mapping[Any, Any]
    outcome: str


def score(record: Record, text: str, *, upstream: bool) -> Marks:
    """``<format>_format_metric`` and ``<format>_args_em_metric`` of the record's own format; ``text`` is cleaned."""
    try:
        call = _READERS[record.format, upstream](text, record.template)
    except LoadError:
        return _marks(record, 0.0, 0.0, UNPARSED)
    except re.error:
        return _marks(record, 0.0, 0.0, UPSTREAM_ERROR)
    same: Callable[[Any, Any], bool] = equal if upstream else typed_equal
    gold: Mapping[str, Any] = record.gold["args"]
    right = float(same(call.action, record.gold["action"]))
    for key, value in gold.items():
        given = call.args.get(key, "") if upstream or key in call.args else _ABSENT
        right += same(given, value)
    return _marks(record, 1.0, right / (len(gold) + 1), call.outcome)


_ABSENT = object()


def gold_text(record: Record) -> str:
    """The gold call in the record's layout."""
    action, args = record.gold["action"], record.gold["args"]
    thought = record.gold.get("thought") or f"Call {action}."
    template = record.template
    if record.format == "json":
        values = {"thought": thought, "action": action, "args": args}
        return json.dumps({template[role]: values[role] for role in ROLES}, ensure_ascii=False)
    start, end, action_start, action_end, args_start, args_end = (template[name] for name in LITERALS)
    return f"{start}{thought}{end}{action_start}{action}{action_end}{args_start}{args!r}{args_end}".strip()


def _marks(record: Record, layout: float, args: float, outcome: str) -> Marks:
    return Marks({f"{record.format}_format_metric": layout, f"{record.format}_args_em_metric": args}, outcome)


def _json_upstream(text: str, template: Mapping[str, str]) -> Call:
    value, plain = loose_load(text)
    if not isinstance(value, Mapping):
        raise LoadError("no object")
    return _json_call(value, template, value.get(template["args"]), OK if plain else REPAIRED)


def _json_corrected(text: str, template: Mapping[str, str]) -> Call:
    value, plain = first_mapping(text)
    given = value.get(template["args"])
    plain = plain and isinstance(given, Mapping)
    return _json_call(value, template, as_mapping(given), OK if plain else REPAIRED)


def _json_call(value: Mapping[Any, Any], template: Mapping[str, str], args: Any, outcome: str) -> Call:
    if not all(template[role] in value for role in ROLES):
        raise LoadError("a key of the layout is missing")
    return Call(value[template["action"]], args if isinstance(args, Mapping) else {}, outcome)


def _string_upstream(text: str, template: Mapping[str, str]) -> Call:
    start, end, action_start, action_end, args_start, args_end = (template[name] for name in LITERALS)
    if not SPECIAL.intersection("".join(template.values())):
        return _string_greedy(text, start, end + action_start, action_end + args_start, args_end)
    groups = groups_of((start, end + action_start, action_end + args_start, args_end), text)
    if groups is None:
        raise LoadError("not in the layout")
    return _published_call(groups[1], groups[2])


def _string_greedy(text: str, start: str, before_action: str, before_args: str, behind: str) -> Call:
    """The same as the pattern where no literal has a special sign, in linear time: all parts are the longest."""
    first = _behind(text, start, 0)
    stop = text.rfind(behind, first)
    args_at = text.rfind(before_args, first, stop) if stop >= 0 else -1
    action_at = text.rfind(before_action, first, args_at) if args_at >= 0 else -1
    if action_at < 0:
        raise LoadError("not in the layout")
    action = text[action_at + len(before_action) : args_at]
    return _published_call(action, text[args_at + len(before_args) : stop])


def _published_call(action: str, args_text: str) -> Call:
    args = _literal_mapping(args_text.strip())
    return Call(action.strip(), args or {}, OK if args is not None else REPAIRED)


def _literal_mapping(text: str) -> Mapping[Any, Any] | None:
    try:
        value = python_literal(text)
    except LoadError:
        return None
    return value if isinstance(value, Mapping) else None


def _string_corrected(text: str, template: Mapping[str, str]) -> Call:
    start, end, action_start, action_end, args_start, args_end = (template[name] for name in LITERALS)
    opened = _behind(text, start.lstrip(), 0)
    action_at = _behind(text, end + action_start, opened)
    action_stop = text.find(action_end + args_start, action_at)
    args_at = _behind(text, action_end + args_start, action_at)
    block = text[args_at:]
    again = block.find(start) if start.strip() else -1
    block = block[:again] if again >= 0 else block
    args, plain = _args_of(block, args_end)
    return Call(text[action_at:action_stop].strip(), args, OK if plain else REPAIRED)


def _args_of(block: str, args_end: str) -> tuple[Mapping[Any, Any], bool]:
    """The mapping at the beginning of the block; False beside it when it had to be looked for."""
    first = (block.partition(args_end)[0] if args_end else block).strip()
    try:
        value = read_value(first)
    except LoadError:
        value = None
    if isinstance(value, Mapping):
        return value, True
    try:
        return first_mapping(block).value, False
    except LoadError:
        return {}, False


def _behind(text: str, literal: str, start: int) -> int:
    at = text.find(literal, start)
    if at < 0:
        raise LoadError("not in the layout")
    return at + len(literal)


_READERS = {
    ("json", True): _json_upstream,
    ("json", False): _json_corrected,
    ("string", True): _string_upstream,
    ("string", False): _string_corrected,
}
