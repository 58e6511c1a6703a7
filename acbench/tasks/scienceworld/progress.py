"""Sub-goals as regular expressions that stay met once an observation held them (specification, section 5.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Progress:
    """``value`` = met sub-goals / all, 0..1. Raises DataError for none and for what is no regular expression."""

    def __init__(self, subgoals: Sequence[str]) -> None:
        if not subgoals:
            raise DataError("scienceworld: an episode needs at least one sub-goal")
        try:
            self._patterns = [re.compile(text) for text in subgoals]
        except re.error as error:
            raise DataError(f"scienceworld: a sub-goal is no regular expression ({error})") from error
        self._met = [False] * len(self._patterns)

    @property
    def value(self) -> float:
        return sum(self._met) / len(self._met)

    def observe(self, text: str) -> float:
        """The value after an observation; it never falls."""
        self._met = [met or bool(p.search(text)) for met, p in zip(self._met, self._patterns, strict=True)]
        return self.value
