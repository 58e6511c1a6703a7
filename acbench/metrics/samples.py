"""Distances between two samples of numbers, bins of token positions, and the law of tau under independence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from acbench.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

KS = (1, 3, 5, 10, 20, 50)
"""The sizes of top-k lists that are reported."""

FIRST_BINS: tuple[tuple[int, int], ...] = ((0, 0), (1, 3), (4, 7))
"""True token positions from 0, both ends included; every later bin is twice as wide."""


def independent_sd(k: int) -> float:
    """Standard deviation of tau over k ids under independence: sqrt(2 (2k + 5) / (9 k (k - 1)))."""
    return math.sqrt(2 * (2 * k + 5) / (9 * k * (k - 1))) if k > 1 else math.nan


def wasserstein(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Wasserstein-1 distance of two samples. Blind to pairing: a permuted sample has distance 0."""
    a, b = _samples(a, b)
    grid = np.sort(np.concatenate([a, b]))
    steps = np.diff(grid)
    return float((np.abs(_cdf(a, grid[:-1]) - _cdf(b, grid[:-1])) * steps).sum())


def kolmogorov_smirnov(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Largest distance of the two distribution functions, 0..1. Blind to pairing."""
    a, b = _samples(a, b)
    grid = np.concatenate([a, b])
    return float(np.abs(_cdf(a, grid) - _cdf(b, grid)).max())


def _samples(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = (np.sort(np.asarray(side, dtype=np.float64).ravel()) for side in (a, b))
    if not a.size or not b.size:
        raise DataError("no positions: two samples are needed for a distance")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("a distance needs finite values")
    return a, b


def _cdf(ascending: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.searchsorted(ascending, at, side="right") / ascending.size
    return found


def bin_name(ends: tuple[int, int]) -> str:
    """``0`` or ``4-7``."""
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}-{ends[1]}"


def position_bins(tokens: int) -> list[tuple[str, slice]]:
    """(name, columns) of the bins that ``tokens`` positions reach; the last one may be cut."""
    if tokens < 1:
        raise DataError("no positions: a text must have at least one token")
    bins = list(FIRST_BINS)
    while bins[-1][1] < tokens - 1:
        bins.append((bins[-1][1] + 1, 2 * bins[-1][1] + 1))
    return [(bin_name(ends), slice(ends[0], min(ends[1] + 1, tokens))) for ends in bins if ends[0] < tokens]
