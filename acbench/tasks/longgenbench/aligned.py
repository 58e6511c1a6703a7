"""Our scorer: every answer is found by its number (specification, section 4.2).

A missing, misnumbered or unreadable answer costs its own question and no other. Numbers are compared as numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FIFTHS = 5

_ANSWER = re.compile(r"^[ \t>*#]*answer[ _]?([0-9]+)[ \t*]*:", re.IGNORECASE | re.MULTILINE)
_QUESTION = re.compile(r"^[ \t>*#]*question[ _]?[0-9]+[ \t*]*:", re.IGNORECASE | re.MULTILINE)
_PHRASE = re.compile(r"answer is", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_DECORATION = re.compile(r"[$€£*\\{}()\[\]]")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_OPENING = r"[\s:*\"'“”‘’(\[{]*"
_LETTER = re.compile(rf"{_OPENING}(?:(?i:option)\b{_OPENING})?([A-E])(?![A-Za-z])")
_CLOSING = re.compile(r"[ \t:]*")
_VISIBLE = re.compile(r"\S")
_BRACKETED = re.compile(r"\(([A-E])\)")
MAX_DIGITS = 400
"""Longer runs of digits are no number anybody means, and comparing them would only cost time."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """``right``, ``found`` and ``parsed`` question by question; ``lenient``: right with the lenient reading."""

    right: tuple[bool, ...]
    found: tuple[bool, ...]
    parsed: tuple[bool, ...]
    lenient: tuple[bool, ...]

    @property
    def accuracy(self) -> float:
        return _share(self.right)

    @property
    def completion(self) -> float:
        return _share(self.found)

    @property
    def parsed_share(self) -> float:
        return _share(self.parsed)

    @property
    def accuracy_lenient(self) -> float:
        return _share(self.lenient)

    def by_fifth(self) -> dict[int, float]:
        """Accuracy in the first to fifth part of the questions (1..5); parts without a question are absent."""
        parts: dict[int, list[bool]] = {}
        for index, right in enumerate(self.right):
            parts.setdefault(FIFTHS * index // len(self.right) + 1, []).append(right)
        return {part: _share(values) for part, values in parts.items()}


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def align(reply: str, answers: Sequence[str], *, first: int, letters: bool) -> Alignment:
    """Reads the reply's answers ``first``, ``first + 1``, ...; a missing one is wrong.

    ``answers``: references, letters or texts with the value behind the last ``####``. Raises ValueError when
    a reference holds no value.
    """
    found = blocks(reply)
    rows = []
    for number, answer in enumerate(answers, start=first):
        text = found.get(number)
        value = None if text is None else closing_value(text, letters=letters)
        spare = value if value is not None or text is None else last_value(text, letters=letters)
        wanted = reference(answer, letters=letters)
        rows.append((value == wanted, text is not None, value is not None, spare == wanted))
    right, there, parsed, lenient = zip(*rows, strict=True)
    return Alignment(right, there, parsed, lenient)


def reference(answer: str, *, letters: bool) -> Decimal | str:
    """The expected value: a letter, or the number behind the last ``####`` (or the whole text, when it has none).

    Raises ValueError when there is none.
    """
    if letters:
        letter = answer.strip()
        if not re.fullmatch(r"[A-E]", letter):
            raise ValueError(f"{answer!r} is not a letter A to E")
        return letter
    value = _decimal(answer.rpartition("####")[2].replace(",", "").strip())
    if value is None:
        raise ValueError(f"{answer!r} has no number behind ####")
    return value


def starts_with_label(reply: str, number: int) -> bool:
    """Whether the reply begins with the label of that answer."""
    found = _ANSWER.match(reply.lstrip("\n"))
    return found is not None and found.group(1) == str(number)


def blocks(reply: str) -> dict[int, str]:
    """Text of each numbered answer; of several with one number the first counts."""
    starts = [(m.start(), m.end(), int(m.group(1)[:MAX_DIGITS])) for m in _ANSWER.finditer(reply)]
    ends = sorted([start for start, _, _ in starts] + [m.start() for m in _QUESTION.finditer(reply)])
    found: dict[int, str] = {}
    position = 0
    for _, begin, number in starts:
        while position < len(ends) and ends[position] < begin:
            position += 1
        end = ends[position] if position < len(ends) else len(reply)
        found.setdefault(number, reply[begin:end])
    return found


def closing_value(block: str, *, letters: bool) -> Decimal | str | None:
    """The first value behind an "answer is" that can be read."""
    phrases = list(_PHRASE.finditer(block))
    for phrase, following in zip_longest(phrases, phrases[1:]):
        begin, end = _candidate(block, phrase.end())
        if letters:
            value: Decimal | str | None = _letter(block, begin, end)
        else:
            value = _first_number(block[begin : min(end, following.start()) if following else end])
        if value is not None:
            return value
    return None


def _candidate(block: str, start: int) -> tuple[int, int]:
    """From the phrase to the end of its line; when the line ends at once, the next line that is not blank."""
    skipped = _CLOSING.match(block, start)
    begin = skipped.end() if skipped else start
    visible = _VISIBLE.search(block, begin)
    if visible is None:
        return begin, begin
    if _line_end(block, begin) < visible.start():
        begin = block.rfind("\n", begin, visible.start()) + 1
    return begin, _line_end(block, begin)


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def last_value(block: str, *, letters: bool) -> Decimal | str | None:
    """The lenient reading: the block's last number, or its last letter in round brackets."""
    if letters:
        found = _BRACKETED.findall(block)
        return found[-1] if found else None
    numbers = _NUMBER.findall(_cleaned(block))
    return _decimal(numbers[-1]) if numbers else None


def _cleaned(text: str) -> str:
    return _DECORATION.sub("", _THOUSANDS.sub("", text))


def _first_number(text: str) -> Decimal | None:
    found = _NUMBER.search(_cleaned(text))
    return _decimal(found.group()) if found else None


def _decimal(text: str) -> Decimal | None:
    if len(text) > MAX_DIGITS:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _letter(text: str, begin: int, end: int) -> str | None:
    found = _LETTER.match(text, begin, end)
    return found.group(1) if found else None
