"""Seeded choices that are the same on every machine and Python version."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Draws:
    """Draws from one seed. Built on ``random()`` alone, the one draw Python promises to keep."""

    def __init__(self, *seed: object) -> None:
        self._rng = random.Random("/".join(str(part) for part in seed))

    def below(self, n: int) -> int:
        """A number from 0 to n - 1."""
        return int(self._rng.random() * n)

    def between(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return low + self.below(high - low + 1)

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def some(self, items: Sequence[T], n: int) -> list[T]:
        """``n`` different items in random order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(n)]

    def chance(self, share: float) -> bool:
        return self._rng.random() < share
