"""Sub-goals: patterns that a sentence of an observation has to match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence


def matches(observation: str, pattern: str) -> bool:
    """Whether one sentence holds all parts of the pattern, in any order.

    A sentence ends at a full stop. Parts stand between ``**`` (or ``*`` where there is no ``**``); the
    blanks at the pattern's ends and the full stops at a part's ends do not count, other blanks do.
    """
    bare = pattern.strip()
    parts = [part.strip(".") for part in bare.split("**" if "**" in bare else "*")]
    return any(all(part in sentence for part in parts) for sentence in observation.split("."))


class Progress:
    """Share (0..1) of the sub-goals that were met; never falls.

    ``paths`` are alternative lists of equal length: the i-th sub-goal is met when any path's i-th pattern
    matches. ``one_per_step``: at most one is met by an observation (as published), else all that match.
    Raises DataError for no patterns or lists of unequal length.
    """

    def __init__(self, paths: Sequence[Sequence[str]], *, one_per_step: bool = False) -> None:
        lengths = {len(path) for path in paths}
        if len(lengths) != 1 or 0 in lengths:
            raise DataError(f"babyai: sub-goals must be non-empty lists of equal length, not {paths!r}")
        self._open = list(zip(*paths, strict=True))
        self._total = len(self._open)
        self._one_per_step = one_per_step

    @property
    def value(self) -> float:
        return (self._total - len(self._open)) / self._total

    def observe(self, observation: str) -> float:
        """Counts what an observation shows; the new value."""
        met = [
            number
            for number, choices in enumerate(self._open)
            if any(matches(observation, pattern) for pattern in choices)
        ]
        for number in reversed(met[:1] if self._one_per_step else met):
            del self._open[number]
        return self.value
