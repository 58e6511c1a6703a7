"""Reads values out of an answer: the published loose loading, and the first balanced object or list.

Nothing here raises anything but LoadError, whatever the text.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from acbench.tasks.teval.cleaning import FENCE

STARTS = 100
"""Openings tried before giving up: keeps a text of ten thousand brackets from taking a minute."""
WORK, LOADING = 1_000_000, 4
"""Signs looked at before no further opening is tried; loading a sign counts as looking at some."""
UNREADABLE = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)
"""All that reading a text as literal or JSON can raise."""
CLOSING = {"{": "}", "[": "]"}


class LoadError(ValueError):
    """The text holds no such value."""


class Loaded(NamedTuple):
    """``plain``: the text as a whole is a literal or JSON, nothing had to be left out or repaired."""

    value: Any
    plain: bool


def loose_load(text: str, opening: str = "", closing: str = "") -> Loaded:
    """The published loading (section 4.1): what follows a fence, cut at the delimiters, read leniently."""
    whole = text
    if FENCE in text:
        text = text.partition(FENCE)[2].strip("`")
    if opening:
        at = text.find(opening)
        text = text[at:] if at >= 0 else text[-1:]
    if closing:
        text = text[: text.rfind(closing) + 1]
    value, plain = _load(text, literal_first=True)
    return Loaded(value, plain and text == whole)


def read_value(text: str) -> Any:
    """JSON, else a Python literal, else JSON with apostrophes as quotation marks. Raises LoadError.

    The published loading asks for a literal first, which spoils the escapes of JSON: a pair of them for one
    emoji becomes two halves.
    """
    return _load(text).value


def python_literal(text: str) -> Any:
    """A Python literal and nothing else. Raises LoadError."""
    try:
        return _literal(text)
    except UNREADABLE as error:
        raise LoadError("no literal") from error


def first_mapping(text: str) -> Loaded:
    """The first balanced ``{...}`` that loads as a mapping. Raises LoadError."""
    for found in _balanced_values(text, "{"):
        if isinstance(found.value, Mapping):
            return found
    raise LoadError("no object in the text")


def first_list_of_mappings(text: str) -> Loaded:
    """The first balanced ``[...]`` that loads as a list with a mapping in it. Raises LoadError."""
    for found in _balanced_values(text, "["):
        if isinstance(found.value, list) and any(isinstance(entry, Mapping) for entry in found.value):
            return found
    raise LoadError("no list of objects in the text")


def as_mapping(value: Any) -> Mapping[Any, Any] | None:
    """A mapping, or text that holds one; None for everything else."""
    if isinstance(value, str):
        try:
            value = read_value(value.strip())
        except LoadError:
            return None
    return value if isinstance(value, Mapping) else None


def _balanced_values(text: str, opening: str) -> Iterator[Loaded]:
    start = text.find(opening)
    work = 0
    for _ in range(STARTS):
        if start < 0 or work > WORK:
            return
        end, seen = _balanced_end(text, start)
        work += seen
        if end:
            work += LOADING * seen
            with suppress(LoadError):
                value, plain = _load(text[start:end])
                yield Loaded(value, plain and end - start == len(text))
        start = text.find(opening, start + 1)


def _balanced_end(text: str, start: int) -> tuple[int, int]:
    """The place behind the bracket that closes the one at ``start``, quoted text skipped; 0 without one.

    And how many signs have been looked at.
    """
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
                return 0, at - start
            if not waiting:
                return at + 1, at - start
    return 0, len(text) - start


def _load(text: str, *, literal_first: bool = False) -> Loaded:
    # Without escapes JSON and a literal of the same text have the same value, and JSON is read far faster.
    ways = (_literal, json.loads) if literal_first and "\\" in text else (json.loads, _literal)
    for read in ways:
        try:
            return Loaded(read(text), plain=True)
        except UNREADABLE:
            continue
    try:
        return Loaded(_requoted(text), plain=False)
    except UNREADABLE as error:
        raise LoadError("neither a literal nor JSON") from error


def _literal(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in an answer is no business of our log
        return ast.literal_eval(text)


def _requoted(text: str) -> Any:
    return json.loads(text.replace("'", '"'))
