"""An upstream-shaped record, checked: what every scorer and every prompt reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acbench.errors import DataError
from acbench.tasks.teval.instruct import LITERALS, ROLES

INSTRUCT, PLAN, REASON, RETRIEVE = "instruct", "plan", "reason", "retrieve"
UNDERSTAND, JOINT, REVIEW = "understand", "joint", "review"
LETTERS = "ABCDE"
FORMATS = {"json": "json", "string": "string", "str": "string"}
TOOL_ROLES = ("system", "user", "assistant", "function")
_LISTED_NAME = re.compile(r"""['"]name['"]\s*:\s*['"](\w+\.\w+)['"]""")


@dataclass(frozen=True, slots=True)
class Record:
    """``format``: json or string. ``tools``: names on offer, empty when the record does not tell."""

    id: str
    kind: str
    format: str
    gold: Any
    template: Mapping[str, str]
    tools: tuple[str, ...]
    messages: tuple[tuple[str, str], ...]


def read_record(record_id: str, raw: Any, kind: str, default_format: str, *, with_prompt: bool) -> Record:
    """Checks an upstream record. Raises DataError naming record and field.

    ``default_format`` is used where the record does not state one (json or string).
    """
    check = _Check(record_id)
    if not isinstance(raw, Mapping):
        raise DataError(
            f"t-eval: record {record_id!r} must be an object with ground_truth and the other upstream fields, "
            f"not {type(raw).__name__}"
        )
    fields = raw
    gold = _gold(check, fields, kind)
    if kind == JOINT:
        form = "json"
    elif kind in (INSTRUCT, PLAN):
        form = _format(check, fields, kind, default_format)
    else:
        form = "string"
    template = _template(check, fields, form) if kind == INSTRUCT else _plain_template(fields)
    messages = _messages(check, fields) if with_prompt or fields.get("origin_prompt") is not None else ()
    return Record(
        record_id, kind, form, gold, template, _tools(check, fields, kind, form, messages), messages
    )


class _Check:
    def __init__(self, record_id: str) -> None:
        self.id = record_id

    def bad(self, name: str, why: str) -> DataError:
        return DataError(f"t-eval: record {self.id!r}: field {name!r} {why}")

    def mapping(self, value: Any, name: str) -> Mapping[str, Any]:
        if value is None:
            raise self.bad(name, "is missing; it must be an object")
        if not isinstance(value, Mapping):
            raise self.bad(name, f"must be an object, not {type(value).__name__}")
        return value

    def text(self, fields: Mapping[str, Any], key: str, where: str) -> str:
        value = fields.get(key)
        if not isinstance(value, str):
            raise self.bad(f"{where}.{key}", "must be text" if key in fields else "is missing")
        return value


def _format(check: _Check, fields: Mapping[str, Any], kind: str, default: str) -> str:
    where, key = ("meta", "prompt_type") if kind == PLAN else ("meta_data", "response_format")
    meta = fields.get(where)
    if meta is None:
        return default
    value = check.mapping(meta, where).get(key, default)
    if not isinstance(value, str) or value not in FORMATS:
        raise check.bad(f"{where}.{key}", f"is {value!r}; it must be json or string")
    return FORMATS[value]


def _template(check: _Check, fields: Mapping[str, Any], form: str) -> Mapping[str, str]:
    template = check.mapping(fields.get("template"), "template")
    return {key: check.text(template, key, "template") for key in (ROLES if form == "json" else LITERALS)}


def _plain_template(fields: Mapping[str, Any]) -> Mapping[str, str]:
    given = fields.get("template")
    return dict(given) if isinstance(given, Mapping) else {}


def _gold(check: _Check, fields: Mapping[str, Any], kind: str) -> Any:
    if "ground_truth" not in fields:
        raise check.bad("ground_truth", "is missing")
    gold = fields["ground_truth"]
    if kind == PLAN:
        return _gold_plan(check, gold)
    truth = check.mapping(gold, "ground_truth")
    if kind == INSTRUCT:
        check.text(truth, "action", "ground_truth")
        check.mapping(truth.get("args"), "ground_truth.args")
    if kind in (REASON, JOINT):
        check.text(truth, "thought", "ground_truth")
    if kind in (RETRIEVE, JOINT) and not check.text(truth, "name", "ground_truth"):
        raise check.bad("ground_truth.name", "is empty")
    if kind in (UNDERSTAND, JOINT) and "args" not in truth:
        raise check.bad("ground_truth.args", "is missing")
    if kind == REVIEW and check.text(truth, "answer", "ground_truth") not in tuple(LETTERS):
        raise check.bad("ground_truth.answer", f"is {truth['answer']!r}; it must be a letter from A to E")
    return truth


def _gold_plan(check: _Check, gold: Any) -> list[Mapping[str, Any]]:
    if not isinstance(gold, list):
        raise check.bad("ground_truth", "must be a list of actions")
    for number, entry in enumerate(gold):
        where = f"ground_truth[{number}]"
        action = check.mapping(entry, where)
        check.text(action, "name", where)
        if "args" not in action:
            raise check.bad(f"{where}.args", "is missing")
        if isinstance(action.get("id"), bool) or not isinstance(action.get("id"), int):
            raise check.bad(f"{where}.id", "must be a whole number")
        prev = action.get("prev", [])
        if not isinstance(prev, list) or not all(isinstance(i, int) for i in prev):
            raise check.bad(f"{where}.prev", "must be a list of whole numbers")
    return gold


def _messages(check: _Check, fields: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    prompt = fields.get("origin_prompt")
    if not isinstance(prompt, list) or not prompt:
        raise check.bad("origin_prompt", "must be a list of messages")
    messages = []
    for number, entry in enumerate(prompt):
        where = f"origin_prompt[{number}]"
        message = check.mapping(entry, where)
        role = check.text(message, "role", where)
        if role not in TOOL_ROLES:
            raise check.bad(f"{where}.role", f"is {role!r}; it must be one of {', '.join(TOOL_ROLES)}")
        messages.append((role, check.text(message, "content", where)))
    return tuple(messages)


def _tools(
    check: _Check, fields: Mapping[str, Any], kind: str, form: str, messages: tuple[tuple[str, str], ...]
) -> tuple[str, ...]:
    where = "meta" if fields.get("meta") else "meta_data"
    listed = check.mapping(fields.get(where) or {}, where).get("API_list")
    if listed is None:
        if kind == PLAN and form == "string":
            raise check.bad("meta.API_list", "is missing; a string plan is read with it")
        first = messages[0][1] if messages and messages[0][0] == "system" else ""
        return tuple(dict.fromkeys(_LISTED_NAME.findall(first)))
    if not isinstance(listed, list) or not all(isinstance(name, str) and name for name in listed):
        raise check.bad(f"{where}.API_list", "must be a list of tool names")
    return tuple(listed)
