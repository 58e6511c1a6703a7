"""Drafts of records and how they are filled up to a length in tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.tasks.longbench.pack.draws import Draws

MISSES = 8
"""So many blocks in a row may be too large for what is left before filling ends."""
SMALLEST = 6
"""With fewer tokens left than this no block is tried."""


class Item(NamedTuple):
    """A record without a name: what is asked and what is right."""

    context: str
    question: str
    answers: tuple[str, ...]
    classes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What must be in a context, and a source of blocks that may be.

    ``planted`` blocks keep their order; ``filler`` gives one more block that answers nothing, at each call;
    ``finish`` makes the record of all blocks in their final order; ``label`` is about what it puts between two.
    """

    planted: tuple[str, ...]
    filler: Callable[[], str]
    finish: Callable[[Sequence[str]], Item]
    label: str = "\n\n"


def fill_up(
    draft: Draft,
    draws: Draws,
    length: int,
    count: Callable[[str], int],
    measure: Callable[[Item], int],
) -> Item | None:
    """The record with as much filler as ``length`` tokens hold; None when not even the planted blocks fit.

    ``count`` measures a block's text, ``measure`` a whole prompt. The planted blocks stand at random places.
    """
    left = length - measure(draft.finish(draft.planted))
    if left < 0:
        return None
    fillers = _fillers(draft, left, count)
    while True:
        item = draft.finish(_mixed(draft.planted, [text for text, _ in fillers], draws))
        excess = measure(item) - length
        if excess <= 0:
            return item
        if not fillers:
            return None
        while fillers and excess > 0:  # blocks were counted alone: together they can have a few tokens more
            excess -= fillers.pop()[1]


def _fillers(draft: Draft, left: int, count: Callable[[str], int]) -> list[tuple[str, int]]:
    """Blocks with their tokens, up to ``left`` tokens."""
    found: list[tuple[str, int]] = []
    misses = 0
    while misses < MISSES and left >= SMALLEST:
        block = draft.filler()
        cost = count(draft.label + block)
        if cost > left:
            misses += 1
            continue
        misses, left = 0, left - cost
        found.append((block, cost))
    return found


def _mixed(planted: Sequence[str], fillers: Sequence[str], draws: Draws) -> list[str]:
    total = len(planted) + len(fillers)
    places = set(draws.some(range(total), len(planted)))
    ours, theirs = iter(planted), iter(fillers)
    return [next(ours) if place in places else next(theirs) for place in range(total)]


def fresh(make: Callable[[], str], taken: Sequence[str] = ()) -> Callable[[], str]:
    """A source of blocks none of which comes twice, as long as ``make`` has new ones to give."""
    seen = set(taken)

    def next_block() -> str:
        for _ in range(200):
            block = make()
            if block not in seen:
                break
        seen.add(block)
        return block

    return next_block


def joined(
    question: str, answers: Sequence[str], *, label: str = "", between: str = "\n\n"
) -> Callable[[Sequence[str]], Item]:
    """A ``finish`` that joins the blocks; ``label`` is put before each, its `#` being the block's number."""

    def finish(blocks: Sequence[str]) -> Item:
        texts = [label.replace("#", str(i)) + block for i, block in enumerate(blocks, start=1)]
        return Item(between.join(texts), question, tuple(answers))

    return finish
