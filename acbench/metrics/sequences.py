"""Answers as sequences of tokens: longer ones, and loops (specification section 5.9)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


def length_inflation(base: Sequence[int], variant: Sequence[int]) -> float:
    """Mean over items of variant's tokens over base's; items with an empty base answer are left out (NaN if all)."""
    if len(base) != len(variant):
        raise DataError("length inflation needs the same items on both sides")
    ratios = [v / b for b, v in zip(base, variant, strict=True) if b > 0]
    return sum(ratios) / len(ratios) if ratios else math.nan


def repeated_share(tokens: Sequence[Hashable], n: int = 4) -> float:
    """Share (0..1) of the n-grams that occurred before in the same answer; 0 for an answer shorter than n."""
    grams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
