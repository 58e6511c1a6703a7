"""What a tool is, what a call gives back, and what the tools' handlers work on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list, tuple),
}
"""Parameter types and the Python types of their values; a boolean is never a number."""

UNKNOWN_TOOL = "unknown_tool"
MISSING = "missing_argument"
UNKNOWN_ARGUMENT = "unknown_argument"
ILL_TYPED = "ill_typed"
NOT_FOUND = "not_found"
NOT_POSSIBLE = "not_possible"
INTERNAL = "internal"
ERROR_KINDS = (UNKNOWN_TOOL, MISSING, UNKNOWN_ARGUMENT, ILL_TYPED, NOT_FOUND, NOT_POSSIBLE, INTERNAL)


@dataclass(frozen=True, slots=True)
class Parameter:
    """``type``: string, integer, number, boolean or list. ``choices`` closes a string parameter."""

    name: str
    type: str
    description: str
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """``name`` is ``Group.method``; ``returns`` lists the fields of a successful result in words."""

    name: str
    domain: str
    description: str
    parameters: tuple[Parameter, ...]
    returns: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """``value``: the result's fields when ``ok``, else a message. ``error_kind``: one of ERROR_KINDS or empty."""

    ok: bool
    value: Any
    error_kind: str = ""


Fact = Mapping[str, Any]


@dataclass(slots=True)
class State:
    """A domain's seeded tables, and the facts that calls have brought about (goals are sets of facts)."""

    tables: Mapping[str, Any]
    facts: list[Fact] = field(default_factory=list)

    def note(self, kind: str, **fields: Any) -> None:
        self.facts.append({"kind": kind, **fields})


Handler = Callable[[State, Mapping[str, Any]], dict[str, Any]]


class Refusal(Exception):
    """Raised by a handler: the call is well-formed, but there is nothing to find or to do."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def draw(n: int, *parts: object) -> int:
    """A number below ``n`` that depends on ``parts`` only."""
    key = "/".join(str(part) for part in ("toolbox", *parts))
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big") % n


def code(prefix: str, *parts: object) -> str:
    """A short identifier such as ``TR-4821`` that depends on ``parts`` only."""
    return f"{prefix}-{1000 + draw(9000, prefix, *parts)}"


class Codes:
    """Identifiers of one table: as ``code`` makes them, but no two alike."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def __call__(self, prefix: str, *parts: object) -> str:
        made, again = code(prefix, *parts), 0
        while made in self._used:
            again += 1
            made = code(prefix, *parts, again)
        self._used.add(made)
        return made


def text(name: str, description: str, *, choices: tuple[str, ...] = (), required: bool = True) -> Parameter:
    return Parameter(name, "string", description, required, choices)


def whole(name: str, description: str, *, required: bool = True) -> Parameter:
    return Parameter(name, "integer", description, required)


def number(name: str, description: str) -> Parameter:
    return Parameter(name, "number", description)


def many(name: str, description: str) -> Parameter:
    return Parameter(name, "list", description)
