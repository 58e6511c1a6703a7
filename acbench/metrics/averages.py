"""Means that say how many values they rest on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Mean:
    """``value`` over the ``n`` defined values; ``undefined`` were NaN. NaN when nothing is defined."""

    value: float
    n: int
    undefined: int

    @property
    def coverage(self) -> float:
        """Share of values that are defined (0..1)."""
        return self.n / (self.n + self.undefined) if self.n + self.undefined else math.nan


def mean_of(values: Sequence[float] | NDArray[np.float64]) -> Mean:
    """Arithmetic mean of the defined values. Raises DataError for no values at all ("no positions")."""
    table = np.asarray(values, dtype=np.float64).ravel()
    if not table.size:
        raise DataError("no positions: there is nothing to average")
    kept = table[~np.isnan(table)]
    return Mean(float(kept.mean()) if kept.size else math.nan, int(kept.size), int(table.size - kept.size))


def geometric_mean(values: Sequence[float] | NDArray[np.float64]) -> float:
    """exp of the mean logarithm of the defined values: the effective rank of a data set out of those of its texts
    (Wei et al., NeurIPS 2024, definition 3.5). NaN when nothing is defined."""
    table = np.asarray(values, dtype=np.float64).ravel()
    kept = table[~np.isnan(table)]
    return float(np.exp(np.log(kept).mean())) if kept.size else math.nan


def mean_per_text(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """[texts, positions] -> the mean of each text over its defined positions; NaN for a text without any."""
    defined = ~np.isnan(table)
    counts = defined.sum(axis=1)
    sums = np.where(defined, table, 0.0).sum(axis=1)
    means: NDArray[np.float64] = np.full(len(table), math.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means
