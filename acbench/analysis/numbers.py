"""One number of an analysis with its interval, out of values per text.

Texts are the unit of every interval: positions of one text are not independent (specification section 0).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.metrics.averages import mean_per_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RESAMPLES = 4000
POOLED_RESAMPLES = 200
"""For statistics that need all positions again each time."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Number:
    """``base`` given: a level of both sides, ``low``/``high`` the interval of value - base. ``base`` None: a distance
    or an agreement, the interval is its own. ``floor``: the same for base against itself in other arithmetic."""

    title: str
    unit: str
    value: float | None
    base: float | None = None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    n: int = 0
    undefined: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def plain(value: float) -> float | None:
    """None for NaN and infinity, which JSON has no word for."""
    return float(value) if math.isfinite(value) else None


def _picks(texts: int, resamples: int) -> NDArray[np.int64]:
    return np.random.default_rng(7).integers(0, texts, size=(resamples, texts))


def _interval(found: Array, texts: int, middle: float) -> tuple[float | None, float | None]:
    """Percentile interval, widened by sqrt(n / (n - 1)) as resampling n texts understates the spread by that."""
    found = found[~np.isnan(found)]
    if texts < 2 or not found.size or not math.isfinite(middle):
        return None, None
    widen = math.sqrt(texts / (texts - 1))
    tail = (1 - CONFIDENCE) / 2
    low, high = (float(np.quantile(found, q)) for q in (tail, 1 - tail))
    return plain(middle + (low - middle) * widen), plain(middle + (high - middle) * widen)


def _means(per_text: Array, shape: Callable[[Array], Array]) -> tuple[float, Array]:
    """The mean over texts, shaped (identity, exp ...), and the same of every resample."""
    kept = per_text[~np.isnan(per_text)]
    if not kept.size:
        return math.nan, np.array([])
    picks = _picks(len(per_text), RESAMPLES)
    sampled = per_text[picks]
    counts = (~np.isnan(sampled)).sum(axis=1)
    sums = np.nansum(sampled, axis=1)
    means = np.divide(sums, counts, out=np.full(len(picks), math.nan), where=counts > 0)
    with np.errstate(over="ignore"):  # a perplexity beyond all numbers is infinite, and reported as undefined
        return float(shape(np.array([kept.mean()]))[0]), shape(means)


def same(values: Array) -> Array:
    """No change of scale."""
    return values


Range = tuple[float, float]
ANY: Range = (-math.inf, math.inf)
SHARES: Range = (0.0, 1.0)


def _within(interval: tuple[float | None, float | None], limits: Range) -> tuple[float | None, float | None]:
    """An interval inside of the values that the number can have; widening may have left them."""
    low, high = (None if end is None else min(max(end, limits[0]), limits[1]) for end in interval)
    return low, high


def _per_text(table: Array) -> Array:
    return table if table.ndim == 1 else mean_per_text(table)


def _mean_of_texts(table: Array, shape: Callable[[Array], Array]) -> float:
    kept = _per_text(table)
    kept = kept[~np.isnan(kept)]
    with np.errstate(over="ignore"):
        return float(shape(np.array([kept.mean()]))[0]) if kept.size else math.nan


def distance(
    title: str,
    unit: str,
    table: Array,
    floor: Array,
    *,
    shape: Callable[[Array], Array] = same,
    limits: Range | None = None,
) -> Number:
    """A distance or agreement: ``table`` [texts, positions] or [texts] of the variant, ``floor`` of the noise floor.

    ``limits``: what its values lie between (default: 0..1 for shares).
    """
    limits = limits or (SHARES if unit == "share" else ANY)
    per_text = _per_text(table)
    value, resampled = _means(per_text, shape)
    low, high = _within(_interval(resampled, len(per_text), value), limits)
    lost = int((~np.isfinite(table)).sum())
    quiet = plain(_mean_of_texts(floor, shape))
    return Number(title, unit, plain(value), None, low, high, quiet, int(table.size) - lost, lost)


def level(
    title: str,
    unit: str,
    base: Array,
    variant: Array,
    floor: Array,
    *,
    shape: Callable[[Array], Array] = same,
) -> Number:
    """A level of both sides, over the texts defined on both; the interval of variant - base comes from resampling the
    same texts on both."""
    sides = [_per_text(side) for side in (base, variant)]
    paired = ~np.isnan(sides[0]) & ~np.isnan(sides[1])
    (before, first), (after, second) = (_means(np.where(paired, side, math.nan), shape) for side in sides)
    with np.errstate(invalid="ignore"):
        low, high = _interval(second - first, len(sides[0]), after - before)
    lost = int((~(np.isfinite(base) & np.isfinite(variant))).sum())
    quiet = plain(_mean_of_texts(floor, shape))
    return Number(title, unit, plain(after), plain(before), low, high, quiet, int(variant.size) - lost, lost)


def pooled(
    title: str,
    unit: str,
    statistic: Callable[[NDArray[np.int64]], float],
    texts: int,
    *,
    base: Callable[[NDArray[np.int64]], float] | None = None,
    floor: float = math.nan,
    n: int = 0,
) -> Number:
    """A statistic of all positions of the texts whose numbers it is given; its interval from resampling texts.

    With ``base`` it is a level, and the interval is that of the difference on the same texts.
    """
    everything, picks = np.arange(texts), _picks(texts, POOLED_RESAMPLES)
    value, found = statistic(everything), np.array([statistic(pick) for pick in picks])
    before = math.nan
    if base is None:
        low, high = _interval(found, texts, value)
    else:
        before = base(everything)
        low, high = _interval(found - np.array([base(pick) for pick in picks]), texts, value - before)
    return Number(title, unit, plain(value), plain(before), low, high, plain(floor), n)
