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
_NUMBER = re.compile(r"Answer_\d+:\s*.*?answer is (\d+)", re.DOTALL)
_LETTER = re.compile(r"Answer_\d+:\s*.*?answer is \((.*?)\)")


def published_accuracy(reply: str, answers: Sequence[str], *, letters: bool) -> float:
    """Matches / K (0..1): the i-th value read against the i-th expected one."""
    if letters:
        expected: list[str | None] = list(answers)
        read: list[str] = _LETTER.findall(reply)
    else:
        expected = [_expected(answer) for answer in answers]
        read = _NUMBER.findall(reply)
    return sum(a == b for a, b in zip(expected, read, strict=False)) / len(answers)


def _expected(answer: str) -> str | None:
    """The leading digits behind ``####``; a reference such as ``#### -10`` has none and is never matched."""
    found = _REFERENCE.search(answer)
    return found.group(1) if found else None
