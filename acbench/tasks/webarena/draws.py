"""Seeded draws that rest on ``Random.random`` alone: the one sequence Python promises to keep."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Draws:
    """A text as seed keeps the parts of a world apart: ``Draws("7:shop")``."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def below(self, n: int) -> int:
        return int(self._random.random() * n)

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def one(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], n: int) -> list[T]:
        """``n`` different ones, in a drawn order."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(n)]
