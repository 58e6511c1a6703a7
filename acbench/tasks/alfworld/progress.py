"""Sub-goals: regular expressions searched in observations (specification, section 5.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Progress:
    """Sub-goals met so far out of n, as met / (n + 1); 1 once the game is won. Never falls.

    Without sub-goals it is 0 until then. Raises DataError for a text that is no regular expression.
    """

    def __init__(self, subgoals: Sequence[str]) -> None:
        self._open = [_compiled(subgoal) for subgoal in subgoals]
        self._parts = len(subgoals) + 1
        self.won = False

    @property
    def value(self) -> float:
        return 1.0 if self.won else (self._parts - 1 - len(self._open)) / self._parts

    def observe(self, observation: str, *, won: bool = False) -> float:
        """Counts what an observation shows; the new value."""
        self._open = [pattern for pattern in self._open if not pattern.search(observation)]
        self.won = self.won or won
        return self.value


def _compiled(subgoal: str) -> re.Pattern[str]:
    try:
        return re.compile(subgoal)
    except (re.error, RecursionError, OverflowError) as error:
        raise DataError(f"alfworld: sub-goal {subgoal!r} is no regular expression ({error})") from error
