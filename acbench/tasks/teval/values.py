"""When two argument values are equal, and their text forms. Nothing here raises, however deep a value is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNIFIED = {"true": "True", "false": "False", "null": "None"}


def text_of(value: Any) -> str:
    """``str(value)``; empty for values that have no text form (numbers of thousands of digits, endless depth)."""
    try:
        return str(value)
    except (ValueError, RecursionError, MemoryError):
        return ""


def equal(a: Any, b: Any) -> bool:
    """Plain equality as the published scorer has it: 1 = True, 3 = 3.0."""
    try:
        return bool(a == b)
    except (ValueError, RecursionError, MemoryError):
        return False


def typed_equal(a: Any, b: Any) -> bool:
    """Numbers numerically, booleans only with booleans, containers entry by entry."""
    try:
        return _typed(a, b)
    except (ValueError, RecursionError, MemoryError):
        return False


def same_value(a: Any, b: Any) -> bool:
    """Typed-equal, or equal in their stripped text forms, `true` being `True` and `null` `None` (fault A9)."""
    return typed_equal(a, b) or _plain(a) == _plain(b)


def canonical(value: Any) -> Any:
    """The value with the keys of all mappings in order, so that equal arguments have one text form."""
    try:
        return _ordered(value)
    except RecursionError:
        return value


def _typed(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and a == b
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_typed(value, b[key]) for key, value in a.items())
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_typed(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def _plain(value: Any) -> str:
    text = text_of(value).strip()
    return UNIFIED.get(text, text)


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in sorted(value, key=text_of)}
    if isinstance(value, list | tuple):
        return [_ordered(entry) for entry in value]
    return value
