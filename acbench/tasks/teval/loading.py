"""Reads values out of an answer: the published loose loading, and the first balanced object or list.

Nothing here raises anything but LoadError, whatever the text.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from acbench.tasks.teval.cleaning import FENCE

STARTS = 100
"""Openings tried before giving up: keeps a text of ten thousand brackets from taking a minute."""
UNREADABLE = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)
"""All that reading a text as literal or JSON can raise."""
CLOSING = {"{": "}", "[": "]"}


class LoadError(ValueError):
    """The text holds no such value."""


def loose_load(text: str, opening: str = "", closing: str = "") -> Any:
    """The published loading (section 4.1): what follows a fence, cut at the delimiters, read leniently."""
    if FENCE in text:
        text = text.partition(FENCE)[2].strip("`")
    if opening:
        at = text.find(opening)
        text = text[at:] if at >= 0 else text[-1:]
    if closing:
        text = text[: text.rfind(closing) + 1]
    return read_value(text)


def read_value(text: str) -> Any:
    """A Python literal, else JSON, else JSON with apostrophes as quotation marks. Raises LoadError."""
    for read in (_literal, json.loads, _requoted):
        try:
            return read(text)
        except UNREADABLE:
            continue
    raise LoadError("neither a literal nor JSON")


def python_literal(text: str) -> Any:
    """A Python literal and nothing else. Raises LoadError."""
    try:
        return _literal(text)
    except UNREADABLE as error:
        raise LoadError("no literal") from error


def loads_plainly(text: str) -> bool:
    """Whether the text as a whole is a literal or JSON: nothing had to be repaired."""
    for read in (_literal, json.loads):
        try:
            read(text)
        except UNREADABLE:
            continue
        return True
    return False


def first_mapping(text: str) -> Mapping[Any, Any]:
    """The first balanced ``{...}`` that loads as a mapping. Raises LoadError."""
    for value in _balanced_values(text, "{"):
        if isinstance(value, Mapping):
            return value
    raise LoadError("no object in the text")


def first_list_of_mappings(text: str) -> list[Any]:
    """The first balanced ``[...]`` that loads as a list with a mapping in it. Raises LoadError."""
    for value in _balanced_values(text, "["):
        if isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
            return value
    raise LoadError("no list of objects in the text")


def as_mapping(value: Any) -> Mapping[Any, Any] | None:
    """A mapping, or text that holds one; None for everything else."""
    if isinstance(value, str):
        try:
            value = read_value(value.strip())
        except LoadError:
            return None
    return value if isinstance(value, Mapping) else None


def _balanced_values(text: str, opening: str) -> Iterator[Any]:
    start = text.find(opening)
    for _ in range(STARTS):
        if start < 0:
            return
        end = _balanced_end(text, start)
        if end:
            with suppress(LoadError):
                yield read_value(text[start:end])
        start = text.find(opening, start + 1)


def _balanced_end(text: str, start: int) -> int:
    """The place behind the bracket that closes the one at ``start``, quoted text skipped; 0 without one."""
    waiting: list[str] = []
    quote = ""
    skip = False
    for at in range(start, len(text)):
        sign = text[at]
        if skip:
            skip = False
        elif sign == "\\":
            skip = True
        elif quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in CLOSING:
            waiting.append(CLOSING[sign])
        elif waiting and sign in "}]":
            if sign != waiting.pop():
                return 0
            if not waiting:
                return at + 1
    return 0


def _literal(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in an answer is no business of our log
        return ast.literal_eval(text)


def _requoted(text: str) -> Any:
    return json.loads(text.replace("'", '"'))
