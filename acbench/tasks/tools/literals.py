"""Reads the arguments of a tool call: JSON or Python literals, and sums of numbers. Nothing is ever evaluated.

One small recursive parser instead of ``json`` and ``ast``: models mix both notations in one line
(``{"a": True, 'b': null}``), and ``ast`` warns about backslashes, which a warning filter would turn into
another outcome.
"""

from __future__ import annotations

import math
import re
from typing import Any

MAX_DEPTH = 20
"""Deeper nesting is refused: no tool takes it."""
LARGEST = 1e15
"""Numbers beyond this are refused, in the text and in sums."""

_BLANK = re.compile(r"\s*")
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_]+")
_WORDS: dict[str, Any] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", "'": "'", '"': '"'}
_CODE = {"x": 2, "u": 4, "U": 8}


def read_literal(text: str) -> Any:
    """The value written in ``text``: object, list, text, number, true, false or null; a tuple is a list.

    Numbers may be sums, differences, products and quotients. Raises ValueError for anything else, for more
    than ``MAX_DEPTH`` levels and for numbers beyond ``LARGEST``.
    """
    reader = _Reader(text)
    value = reader.sum(0)
    if reader.peek():
        raise ValueError(f"unexpected text at character {reader.place}")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        blank = _BLANK.match(self.text, self.place)
        self.place = blank.end() if blank else self.place
        return self.text[self.place : self.place + 1]

    def take(self, characters: str) -> str:
        """The next character if it is one of these, else ""."""
        found = self.peek()
        if not found or found not in characters:
            return ""
        self.place += 1
        return found

    def expect(self, character: str) -> None:
        if not self.take(character):
            raise ValueError(f"{character!r} expected at character {self.place}")

    def sum(self, depth: int) -> Any:
        value = self.product(depth)
        while operator := self.take("+-"):
            value = _combine(operator, value, self.product(depth))
        return value

    def product(self, depth: int) -> Any:
        value = self.signed(depth)
        while operator := self.take("*/"):
            value = _combine(operator, value, self.signed(depth))
        return value

    def signed(self, depth: int) -> Any:
        sign = 1
        signs = False
        while found := self.take("+-"):
            sign, signs = (-sign if found == "-" else sign), True
        value = self.atom(depth)
        return _combine("*", sign, value) if signs else value

    def atom(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
        first = self.peek()
        if first == "{":
            return self.object(depth + 1)
        if first == "[":
            self.place += 1
            return self.items("]", depth + 1)[0]
        if first == "(":
            self.place += 1
            items, comma = self.items(")", depth + 1)
            return items[0] if len(items) == 1 and not comma else items
        if first in ("'", '"'):
            return self.string()
        if number := _NUMBER.match(self.text, self.place):
            self.place = number.end()
            return _number(number.group())
        if word := _WORD.match(self.text, self.place):
            if word.group() in _WORDS:
                self.place = word.end()
                return _WORDS[word.group()]
            raise ValueError(f"{word.group()[:20]!r} is not a value; text needs quotes")
        raise ValueError(f"a value is expected at character {self.place}")

    def items(self, closing: str, depth: int) -> tuple[list[Any], bool]:
        """The values up to ``closing``, and whether a comma stood among them."""
        found: list[Any] = []
        comma = False
        while not self.take(closing):
            if found:
                self.expect(",")
                comma = True
                if self.take(closing):
                    break
            found.append(self.sum(depth))
        return found, comma

    def object(self, depth: int) -> dict[str, Any]:
        self.place += 1
        found: dict[str, Any] = {}
        while not self.take("}"):
            if found:
                self.expect(",")
                if self.take("}"):
                    break
            if self.peek() not in ("'", '"'):
                raise ValueError(f"a quoted name is expected at character {self.place}")
            name = self.string()
            self.expect(":")
            found[name] = self.sum(depth)
        return found

    def string(self) -> str:
        quote = self.text[self.place]
        self.place += 1
        parts: list[str] = []
        while True:
            if self.place >= len(self.text):
                raise ValueError("a text has no closing quote")
            character = self.text[self.place]
            self.place += 1
            if character == quote:
                return "".join(parts)
            parts.append(self.escape() if character == "\\" else character)

    def escape(self) -> str:
        """What follows a backslash; an unknown escape stays as it is written."""
        kind = self.text[self.place : self.place + 1]
        self.place += 1
        if kind in _ESCAPES:
            return _ESCAPES[kind]
        digits = self.text[self.place : self.place + _CODE.get(kind, 0)]
        if digits and re.fullmatch(r"[0-9a-fA-F]+", digits) and len(digits) == _CODE[kind]:
            code = int(digits, 16)
            if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
                self.place += len(digits)
                return chr(code)
            if kind == "u":
                return self.surrogates(code)
        return "\\" + kind

    def surrogates(self, high: int) -> str:
        """JSON writes characters beyond the basic plane as two halves."""
        low = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(self.text, self.place + 4)
        if low is None or high >= 0xDC00:
            return "\\u"
        self.place = low.end()
        return chr(0x10000 + ((high - 0xD800) << 10) + int(low[1], 16) - 0xDC00)


def _number(text: str) -> int | float:
    whole = text.isdecimal()
    value = float(text)
    if abs(value) > LARGEST:
        raise ValueError(f"the number {text[:20]} is too large")
    return int(text) if whole else value


def _combine(operator: str, left: Any, right: Any) -> int | float:
    for value in (left, right):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{operator!r} stands between numbers only")
    if operator == "/" and right == 0:
        raise ValueError("division by zero")
    results = {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}
    value = results[operator]() if operator in results else left / right
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise ValueError("the sum is too large")
    return value  # type: ignore[no-any-return]
