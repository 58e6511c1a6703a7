"""Statistics over variants or models as points: rank correlation, slopes and their permutations, sign test.

The overview pages of the report correlate with the same functions: one pair of series has one interval and one p.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from acbench.claims.statistics import RESAMPLES, Array, Draws
from acbench.stats import mcnemar_exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

EXACT_PERMUTATIONS = 8
"""All orders are tried up to this many points (40,320)."""
REDRAWS = 8
"""Times a set of resamples is drawn at most while some of them are constant."""


def ranks(values: Sequence[float]) -> Array:
    """Ranks from 1, ties share their mean rank."""
    found: Array = _row_ranks(np.asarray(values, dtype=np.float64)[None, :])[0]
    return found


def _row_ranks(rows: Array) -> Array:
    """Ranks within each row: shape (rows, points). The points are few, so all pairs are compared."""
    below = (rows[:, :, None] > rows[:, None, :]).sum(axis=2)
    equal = (rows[:, :, None] == rows[:, None, :]).sum(axis=2)
    found: Array = below + (equal + 1) / 2
    return found


def pearson(x: Sequence[float], y: Sequence[float]) -> float:
    """Correlation; NaN when either side is constant."""
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return float(np.clip(a @ b / scale, -1, 1)) if scale > 0 else math.nan


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Rank correlation with mean ranks for ties; NaN when either side is constant."""
    return pearson(ranks(x).tolist(), ranks(y).tolist())


def spearman_draws(x: Sequence[float], y: Sequence[float], *, seed: int = 0) -> Draws:
    """Rank correlation, resampled over points. Resamples with a constant side say nothing and are drawn again."""
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    value = spearman(x, y)
    rng = np.random.default_rng(seed)
    found = np.empty(0)
    for _ in range(REDRAWS if math.isfinite(value) else 0):
        if len(found) >= RESAMPLES:
            break
        pick = rng.integers(0, len(a), size=(RESAMPLES, len(a)))
        rho = _row_correlations(_row_ranks(a[pick]), _row_ranks(b[pick]))
        found = np.concatenate([found, rho[np.isfinite(rho)]])
    drawn = np.full(RESAMPLES, np.nan)
    drawn[: len(found)] = found[:RESAMPLES]
    return Draws(value, drawn, limits=(-1.0, 1.0))


def _row_correlations(a: Array, b: Array) -> Array:
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = np.where(scale > 0, np.clip((a * b).sum(axis=1) / scale, -1, 1), np.nan)
    return found


def rank_p(x: Sequence[float], y: Sequence[float]) -> float:
    """Two-sided permutation p-value of a rank correlation."""
    a, b = ranks(x).tolist(), ranks(y).tolist()
    return min(1.0, 2 * min(permutation_p(a, b), permutation_p(a, [-v for v in b])))


def permutation_p(x: Sequence[float], y: Sequence[float], *, seed: int = 0) -> float:
    """One-sided: the share of orders of ``y`` whose covariance with ``x`` is at least the one found.

    All orders up to eight points, 10,000 random ones beyond (the order found counts as one of them).
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    a = a - a.mean()
    seen = float(a @ b)
    tolerance = 1e-12 * (1 + abs(seen))
    if len(a) <= EXACT_PERMUTATIONS:
        return float(np.mean(b[_orders(len(b))] @ a >= seen - tolerance))
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(b, (10_000, 1)), axis=1)
    return float((np.sum(orders @ a >= seen - tolerance) + 1) / 10_001)


@lru_cache(maxsize=EXACT_PERMUTATIONS)
def _orders(points: int) -> NDArray[np.intp]:
    return np.array(list(permutations(range(points))), dtype=np.intp)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Least squares: change of ``y`` per unit of ``x``; NaN when ``x`` is constant."""
    a = np.asarray(x, dtype=np.float64)
    a = a - a.mean()
    below = float(a @ a)
    return float(a @ np.asarray(y, dtype=np.float64)) / below if below > 0 else math.nan


def sign_test(differences: Sequence[float]) -> float:
    """Two-sided exact p-value that rises and falls are equally likely; ties are left out."""
    return mcnemar_exact(sum(d < 0 for d in differences), sum(d > 0 for d in differences))


def logistic_slope(x: Array, shares: Array, *, ridge: float = 1e-2) -> float:
    """Slope of the log-odds of ``shares`` (0..1) on ``x``, by Newton steps with a weak ridge on the slope.

    The ridge keeps it finite where all shares are 0 or 1.
    """
    design = np.column_stack([np.ones(len(x)), x - x.mean()])
    beta = np.zeros(2)
    penalty = np.diag([1e-6, ridge])
    for _ in range(50):
        odds = np.clip(design @ beta, -30, 30)
        fitted = 1 / (1 + np.exp(-odds))
        gradient = design.T @ (shares - fitted) - penalty @ beta
        information = (design.T * (fitted * (1 - fitted))) @ design + penalty
        step = np.linalg.solve(information, gradient)
        beta = beta + np.clip(step, -4, 4)
        if float(np.abs(step).max()) < 1e-9:
            break
    return float(beta[1])
