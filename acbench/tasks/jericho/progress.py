"""Sub-goals: snippets of text that an observation has to hold (specification, section 5.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence


def bare(text: str) -> str:
    """A text without everything but letters, digits and white space."""
    return re.sub(r"[^A-Za-z0-9\s]", "", text)


def matches(observation: str, subgoal: str) -> bool:
    """Whether an observation holds a sub-goal; case and every blank count."""
    return bare(subgoal) in bare(observation)


class Progress:
    """Share (0..1) of the sub-goals met, at most one by each observation. Never falls.

    Raises DataError without sub-goals and for one that every observation would hold.
    """

    def __init__(self, subgoals: Sequence[str]) -> None:
        if not subgoals or not all(bare(subgoal).strip() for subgoal in subgoals):
            raise DataError(
                f"jericho: sub-goals must be a list of texts with letters or digits, not {subgoals!r}"
            )
        self._open = list(subgoals)
        self._total = len(subgoals)

    @property
    def value(self) -> float:
        return (self._total - len(self._open)) / self._total

    def observe(self, observation: str) -> float:
        """Counts the first open sub-goal that an observation holds; the new value."""
        for subgoal in self._open:
            if matches(observation, subgoal):
                self._open.remove(subgoal)
                break
        return self.value


class ScoreProgress:
    """The share (0..1) of a story's own points, for stories without sub-goals; the highest so far."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self.value = 0.0

    def reach(self, score: int) -> float:
        self.value = max(self.value, min(1.0, score / self._maximum))
        return self.value
