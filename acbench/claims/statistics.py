"""Bootstraps over clusters for means, ratios and contrasts of several recipes on the same samples.

Tasks are strata: resamples are drawn within each task and its mean
enters with a fixed weight, as the benchmarks' own means do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from acbench.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESAMPLES = 2000
CHUNK = 2_000_000
"""Resampled cluster counts held at a time."""
CONFIDENCE = 0.95
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stratum:
    """Samples of one task. ``values``: shape (samples, columns), shares 0..1; ``clusters`` one name per sample."""

    clusters: tuple[str, ...]
    values: Array
    weight: float = 1.0

    @cached_property
    def groups(self) -> int:
        return len(set(self.clusters))


@dataclass(frozen=True)
class Draws:
    """A statistic and its resamples. ``slack``: half a width that resampling cannot see at 95 % (samples that never
    differ, columns that are all zero); it is added in quadrature. ``limits``: the values that are possible."""

    value: float
    resamples: Array
    slack: float = 0.0
    limits: tuple[float, float] = (-math.inf, math.inf)

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Percentile interval; unbounded on both sides when more than 1 % of the resamples are undefined."""
        defined = self.resamples[np.isfinite(self.resamples)]
        if len(defined) < 0.99 * len(self.resamples) or not math.isfinite(self.value):
            return self.limits
        tail = (1 - confidence) / 2
        low, high = (float(np.quantile(defined, q)) for q in (tail, 1 - tail))
        slack = self.slack * math.log(1 - confidence) / math.log(1 - CONFIDENCE)
        low = min(low, self.value) if not slack else self.value - math.hypot(self.value - low, slack)
        high = max(high, self.value) if not slack else self.value + math.hypot(high - self.value, slack)
        return max(low, self.limits[0]), min(high, self.limits[1])


@dataclass(frozen=True)
class Means:
    """Weighted means over strata: ``point`` has shape (columns,), ``resamples`` (R, columns)."""

    point: Array
    resamples: Array
    strata: tuple[Stratum, ...]

    @property
    def n(self) -> int:
        """Samples over all strata."""
        return sum(len(stratum.clusters) for stratum in self.strata)

    @property
    def groups(self) -> int:
        """Independent clusters over all strata."""
        return sum(stratum.groups for stratum in self.strata)


def means(strata: Sequence[Stratum]) -> Means:
    """Means of all columns, resampled jointly over the clusters of each stratum. Weights are normalized.

    The seed comes from the cluster names, so the same samples are always drawn alike. Deviations are widened by
    sqrt(G/(G-1)) for G clusters; a stratum with one cluster makes every resample undefined.
    """
    total = sum(stratum.weight for stratum in strata)
    columns = strata[0].values.shape[1]
    point, drawn = np.zeros(columns), np.zeros((RESAMPLES, columns))
    for number, stratum in enumerate(strata):
        rng = np.random.default_rng(int(fingerprint([number, *stratum.clusters])[:8], 16))
        mean = stratum.values.mean(axis=0)
        point += stratum.weight / total * mean
        drawn += stratum.weight / total * _resampled(stratum, mean, rng)
    return Means(point, drawn, tuple(strata))


def _resampled(stratum: Stratum, mean: Array, rng: np.random.Generator) -> Array:
    groups = stratum.groups
    if groups < 2:
        return np.full((RESAMPLES, len(mean)), np.nan)
    names = {name: i for i, name in enumerate(dict.fromkeys(stratum.clusters))}
    index = np.array([names[name] for name in stratum.clusters])
    sums = np.zeros((groups, len(mean)))
    np.add.at(sums, index, stratum.values)
    sizes = np.bincount(index, minlength=groups).astype(np.float64)
    step = max(1, CHUNK // groups)
    parts = []
    for start in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - start)
        counts = rng.multinomial(groups, np.full(groups, 1 / groups), size=rows).astype(np.float64)
        parts.append((counts @ sums) / (counts @ sizes)[:, None])
    return mean + (np.concatenate(parts) - mean) * math.sqrt(groups / (groups - 1))


# -- contrasts of column means -----------------------------------------------------------------------


def contrast(found: Means, weights: Sequence[float]) -> Draws:
    """A weighted sum of column means, e.g. (-1, 1) for compressed minus base; -1..1 per unit of weight."""
    coefficients = np.asarray(weights, dtype=np.float64)
    reach = float(np.abs(coefficients).sum()) / 2

    def still(stratum: Stratum) -> bool:
        return not (stratum.values @ coefficients).any()

    return Draws(
        float(found.point @ coefficients),
        found.resamples @ coefficients,
        slack=_unseen(found.strata, still),
        limits=(-reach, reach),
    )


def ratio(found: Means, base: int = 0, other: int = 1) -> Draws:
    """Score kept: mean of column ``other`` over mean of column ``base``; at least 0, undefined for a base of 0."""
    below = found.point[base]
    with np.errstate(divide="ignore", invalid="ignore"):
        resamples = np.where(
            found.resamples[:, base] > 0, found.resamples[:, other] / found.resamples[:, base], np.nan
        )

    def still(stratum: Stratum) -> bool:
        other_column = stratum.values[:, other]
        return not other_column.any() or bool(np.array_equal(other_column, stratum.values[:, base]))

    slack = _unseen(found.strata, still) / below if below > 0 else math.inf
    value = float(found.point[other] / below) if below > 0 else math.nan
    return Draws(value, resamples, slack=float(slack), limits=(0.0, math.inf))


def relative_change(found: Means, base: int = 0, other: int = 1) -> Draws:
    """(compressed - base) / base: minus the relative drop; -1 = nothing is left."""
    kept = ratio(found, base, other)
    return Draws(kept.value - 1, kept.resamples - 1, kept.slack, (-1.0, math.inf))


def average(parts: Sequence[Draws]) -> Draws:
    """The mean of statistics, resample by resample; what resampling cannot see is taken as shared by all."""
    stacked = np.stack([part.resamples for part in parts])
    return Draws(
        float(np.mean([part.value for part in parts])),
        stacked.mean(axis=0),
        float(np.mean([part.slack for part in parts])),
        parts[0].limits,
    )


def _unseen(strata: Sequence[Stratum], still: Callable[[Stratum], bool]) -> float:
    """Half width for strata in which nothing happens: an event unseen in G clusters has a rate of up to
    1 - 0.05^(1/G) at 95 % (as in acbench.stats); strata are independent, so widths add in quadrature."""
    total = sum(stratum.weight for stratum in strata)
    widths = [
        stratum.weight / total * (1 - (1 - CONFIDENCE) ** (1 / stratum.groups))
        for stratum in strata
        if still(stratum)
    ]
    return math.hypot(*widths)
