"""Paired statistics: base against compressed, sample by sample.

Right/wrong metrics get the exact McNemar test and the adjusted Wald interval for paired proportions
(Bonett and Price 2012); graded ones a paired bootstrap over clusters and a sign-flip permutation
test. Samples that share a cluster (a document, a problem) are drawn together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 4000
POWER = 0.8
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """Mean difference with its interval, in the metric's unit; ``error`` is the standard error."""

    difference: float
    low: float
    high: float
    error: float
    p_value: float
    test: str


def mcnemar_exact(worse: int, better: int) -> float:
    """Two-sided exact McNemar p-value from the discordant pairs (binomial with p = 1/2); 1 if there are none."""
    n = worse + better
    if n == 0:
        return 1.0
    tail = sum(math.comb(n, k) for k in range(min(worse, better) + 1)) / 2**n
    return float(min(1.0, 2 * tail))


def paired_proportions(base: Array, compressed: Array, *, confidence: float) -> Interval:
    """Difference of paired proportions (values 0 or 1) with the Bonett-Price adjusted Wald interval.

    With f the discordant counts: p12 = (f12 + 1)/(n + 2), p21 = (f21 + 1)/(n + 2), interval
    p12 - p21 +- z sqrt((p12 + p21 - (p12 - p21)^2)/(n + 2)). It stays honest with no discordant pair.
    """
    n = len(base)
    better = int(np.sum((base < 0.5) & (compressed > 0.5)))
    worse = int(np.sum((base > 0.5) & (compressed < 0.5)))
    up, down = (better + 1) / (n + 2), (worse + 1) / (n + 2)
    error = math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    z = _z(confidence)
    middle = up - down
    return Interval(
        difference=(better - worse) / n,
        low=max(-1.0, middle - z * error),
        high=min(1.0, middle + z * error),
        error=error,
        p_value=mcnemar_exact(worse, better),
        test="exact McNemar; Bonett-Price interval",
    )


def paired_bootstrap(
    base: Array, compressed: Array, clusters: list[str], *, confidence: float, seed: int, bounded: bool
) -> Interval:
    """Mean paired difference with a percentile bootstrap interval over clusters.

    The interval is widened by sqrt(G/(G-1)) for G clusters, since resampling G clusters understates the
    variance by that factor. When no sample differs at all the bootstrap would give a width of zero;
    for metrics ``bounded`` to 0..1 the exact bound on an event unseen in G clusters is used then. One
    cluster says nothing about another: the interval is the whole range then, or undefined (NaN).
    """
    differences = compressed - base
    mean = float(differences.mean())
    if not differences.any():
        bound = 1 - (1 - confidence) ** (1 / len(set(clusters))) if bounded else 0.0
        return Interval(0.0, -bound, bound, bound / _z(confidence), 1.0, "no sample differs; exact bound")
    sums, sizes = _by_cluster(differences, clusters)
    groups = len(sums)
    if groups == 1:
        half = 1.0 if bounded else math.nan
        return Interval(mean, -half, half, half, 1.0, "a single cluster; no interval")
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, groups, size=(RESAMPLES, groups))
    means = sums[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    widen = math.sqrt(groups / (groups - 1))
    tail = (1 - confidence) / 2
    low, high = (float(np.quantile(means, q)) for q in (tail, 1 - tail))
    signs = rng.choice([-1.0, 1.0], size=(RESAMPLES, groups))
    extreme = np.sum(np.abs(signs @ sums) >= abs(sums.sum()) - 1e-12)
    return Interval(
        difference=mean,
        low=mean + (low - mean) * widen,
        high=mean + (high - mean) * widen,
        error=float(means.std()) * widen,
        p_value=float((extreme + 1) / (RESAMPLES + 1)),
        test="paired bootstrap over clusters; sign-flip permutation test",
    )


def _by_cluster(differences: Array, clusters: list[str]) -> tuple[Array, Array]:
    names = {name: i for i, name in enumerate(dict.fromkeys(clusters))}
    index = np.array([names[name] for name in clusters])
    sums = np.bincount(index, weights=differences, minlength=len(names)).astype(np.float64)
    return sums, np.bincount(index, minlength=len(names)).astype(np.float64)


def minimum_detectable(error: float, *, confidence: float) -> float:
    """Smallest true difference that these samples tell from zero with power 0.8."""
    return (_z(confidence) + NormalDist().inv_cdf(POWER)) * error


def samples_to_decide(n: int, *, half_width: float, distance: float) -> int | None:
    """Samples at which an interval of this spread would clear a limit ``distance`` away.

    Widths shrink with 1/sqrt(n). None when the estimate sits on the limit (no number would do).
    """
    if distance <= half_width * 0.02:
        return None
    return max(n + 1, math.ceil(n * (half_width / distance) ** 2))


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
