"""What became of a reply as a whole: one name out of a closed set."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.longgenbench.aligned import Alignment

CORRECT, COMPLETE, INCOMPLETE = "correct", "complete", "incomplete"
LOOP, CUT, UNPARSED, EMPTY = "loop", "cut", "unparsed", "empty"
OUTCOMES = (CORRECT, COMPLETE, INCOMPLETE, LOOP, CUT, UNPARSED, EMPTY)
"""correct: every answer right; complete: every answer there, some wrong; incomplete: answers are missing although
the model stopped by itself; loop: it repeats itself; cut: stopped by the token limit; unparsed: no numbered answer."""

LOOP_PIECE, LOOP_TIMES, LOOP_TAIL = 20, 5, 500


def without_thought(reply: str) -> str:
    """A reasoning model's reply without its thinking part (everything through the last ``</think>``)."""
    return reply.rpartition("</think>")[2] if "</think>" in reply else reply


def has_loop(tokens: Sequence[str]) -> bool:
    """Whether one piece of 20 tokens stands at least five times, without overlap, in the last 500."""
    tail = tuple(tokens[-LOOP_TAIL:])
    pieces = Counter(tail[i : i + LOOP_PIECE] for i in range(len(tail) - LOOP_PIECE + 1))
    return any(count >= LOOP_TIMES and _apart(tail, piece) >= LOOP_TIMES for piece, count in pieces.items())


def _apart(tail: tuple[str, ...], piece: tuple[str, ...]) -> int:
    """Occurrences of a piece that do not overlap."""
    count = position = 0
    while position + LOOP_PIECE <= len(tail):
        if tail[position : position + LOOP_PIECE] == piece:
            count += 1
            position += LOOP_PIECE
        else:
            position += 1
    return count


def outcome_of(reply: str, found: Alignment, *, cut: bool = False, loop: bool = False) -> str:
    """The one outcome a reply belongs to."""
    if all(found.right):
        return CORRECT
    if loop:
        return LOOP
    if cut:
        return CUT
    if not reply.strip():
        return EMPTY
    if not any(found.found):
        return UNPARSED
    return COMPLETE if all(found.found) else INCOMPLETE
