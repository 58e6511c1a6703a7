"""The published scorer (SCOPE's port, which the paper uses): answers are paired by position.

Kept for comparison with printed numbers only: one reply without a readable closing phrase shifts all later
answers, and numbers are compared as strings of digits (specification, section 4.1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_REFERENCE = re.compile(r"####\s*(\d+)")
_HEADER = re.compile(r"Answer_\d+:")
_NUMBER = re.compile(r"answer is (\d+)")
_SPACE = re.compile(r"\s*")
_LETTER = "answer is ("


def published_accuracy(reply: str, answers: Sequence[str], *, letters: bool) -> float:
    """Matches / K (0..1): the i-th value read against the i-th expected one."""
    if letters:
        expected: list[str | None] = list(answers)
        read = read_letters(reply)
    else:
        expected = [_expected(answer) for answer in answers]
        read = read_numbers(reply)
    return sum(a == b for a, b in zip(expected, read, strict=False)) / len(answers)


def read_numbers(reply: str) -> list[str]:
    """What ``Answer_\\d+:\\s*.*?answer is (\\d+)`` finds, `.` matching newlines too; in one pass over the reply.

    A header without a phrase behind it takes that of a later answer, which shifts the rest.
    """
    found, position = [], 0
    while header := _HEADER.search(reply, position):
        phrase = _NUMBER.search(reply, header.end())
        if phrase is None:
            break
        found.append(phrase.group(1))
        position = phrase.end()
    return found


def read_letters(reply: str) -> list[str]:
    """What ``Answer_\\d+:\\s*.*?answer is \\((.*?)\\)`` finds, `.` matching no newline; in one pass over the reply.

    The phrase must stand on the line where the answer's text begins.
    """
    found, position, barren = [], 0, 0
    while header := _HEADER.search(reply, position):
        position = header.end()
        begin = _end_of_space(reply, position)
        if begin < barren:  # an earlier header has looked through the rest of this line
            continue
        end = reply.find("\n", begin)
        end = len(reply) if end < 0 else end
        phrase = reply.find(_LETTER, begin, end)
        close = reply.find(")", phrase, end) if phrase >= 0 else -1
        if close < 0:
            barren = end
            continue
        found.append(reply[phrase + len(_LETTER) : close])
        position = close + 1
    return found


def _end_of_space(text: str, start: int) -> int:
    space = _SPACE.match(text, start)
    return space.end() if space else start


def _expected(answer: str) -> str | None:
    """The leading digits behind ``####``; a reference such as ``#### -10`` has none and is never matched."""
    found = _REFERENCE.search(answer)
    return found.group(1) if found else None
