"""Does an analysis rank recipes as the tasks do? Spearman over recipes, with a bootstrap interval.

Every predictor is turned so that more means further from base: a positive correlation with the loss says that the
metric sees what the tasks show.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acbench.keys import fingerprint
from reports.analysis.numbers import kind, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from acbench.records import CaseResult
    from reports.analysis.numbers import Number

    Floats = NDArray[np.float64]

LEAST = 3
"""Fewer recipes have no correlation; up to ``UNTESTED`` there is a value and no p (analysis metrics, section 7)."""
UNTESTED = 7
RESAMPLES = 2000
EXACT = 8
"""Up to so many recipes every order is counted for p; beyond it orders are drawn."""


def _distance(number: Number) -> float | None:
    return number.value


def _disagreement(number: Number) -> float | None:
    return None if number.value is None else 1 - number.value


def _noise(number: Number) -> float | None:
    """A ratio in decibel turned round: the less of it, the further away."""
    return None if number.value is None else -number.value


def _rise(number: Number) -> float | None:
    return number.change if number.base is not None else number.value


def _change(number: Number) -> float | None:
    """Size of the relative change of a level, whichever way it goes."""
    if number.change is None:
        return None if number.value is None or number.base is not None else abs(number.value)
    return abs(number.change / number.base) if number.base else None


PREDICTORS: tuple[tuple[str, str, str, Callable[[Number], float | None]], ...] = (
    ("erank.hidden.distance", "ERank", "hidden ERank, relative change", _distance),
    ("erank.weight.sigma.folded", "ERank", "weight ERank, size of the change", _change),
    ("erank.logit.lambda", "ERank", "logit ERank, size of the change", _change),
    ("topk.jaccard.10", "top-k", "top 10: 1 − Jaccard", _disagreement),
    ("topk.jaccard.1", "top-k", "top 1: share of changed tokens", _disagreement),
    ("topk.tau.base_set.10", "top-k", "top 10: 1 − tau", _disagreement),
    ("energy.abs_delta", "energy", "energy, mean |ΔE|", _distance),
    ("energy.w1", "energy", "energy, Wasserstein-1", _distance),
    ("kl.mean", "other", "KL divergence, mean", _distance),
    ("flips.right_to_wrong", "other", "next tokens, right to wrong", _distance),
    ("perplexity", "other", "perplexity, rise", _rise),
    ("cka.final", "other", "CKA at the head: 1 − CKA", _disagreement),
    ("weight.sqnr", "other", "weights: − SQNR", _noise),
    ("activation.outliers", "other", "activation outliers, size of the change", _change),
)
"""Number, whose claim it is, its title, and how it is turned into a distance from base."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """``rho`` None: fewer than three recipes, or one side does not vary. ``low``/``high`` None: no interval
    can be had, as no resample breaks the order. ``p`` only from eight recipes on."""

    n: int
    rho: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


def ranks(values: Floats) -> Floats:
    """Ranks from 1 on along the last axis, equal values sharing the mean of theirs."""
    mine, others = values[..., :, None], values[..., None, :]
    below, equal = (others < mine).sum(axis=-1), (others == mine).sum(axis=-1)
    found: Floats = below + (equal + 1) / 2
    return found


def spearman(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson correlation of average ranks (right with ties, unlike the difference formula); None if constant."""
    value = float(
        _rank_correlations(np.array([left], dtype=np.float64), np.array([right], dtype=np.float64))[0]
    )
    return None if math.isnan(value) else value


def _rank_correlations(left: Floats, right: Floats) -> Floats:
    """Row by row; NaN where one side is constant."""
    a, b = ranks(left), ranks(right)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    norm = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.clip((a * b).sum(axis=1) / np.where(norm > 0, norm, np.nan), -1.0, 1.0)
    return found


def correlate(left: Sequence[float], right: Sequence[float], *, resampled: bool = True) -> Correlation:
    """Spearman of two equally long series with the 95 % bootstrap interval over their members.

    ``resampled`` = False leaves interval and p out.
    """
    n = len(left)
    rho = spearman(left, right) if n >= LEAST else None
    if rho is None or not resampled:
        return Correlation(n, rho)
    rng = np.random.default_rng(int(fingerprint([list(left), list(right)])[:8], 16))
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    picks = rng.integers(0, n, size=(RESAMPLES, n))
    drawn = _rank_correlations(a[picks], b[picks])
    values = drawn[~np.isnan(drawn)]
    low = high = None
    if len(values) and float(np.ptp(values)) > 1e-9:
        low, high = (float(end) for end in np.quantile(values, [0.025, 0.975]))
    return Correlation(n, rho, low, high, _p_value(a, b, rho, rng) if n > UNTESTED else None)


def _p_value(left: Floats, right: Floats, rho: float, rng: np.random.Generator) -> float:
    """Two-sided: the share of orders that correlate as strongly; of all of them, or of drawn ones."""
    a, b = ranks(left), ranks(right)
    a, b = a - a.mean(), b - b.mean()
    limit = (abs(rho) - 1e-9) * math.sqrt(float(a @ a) * float(b @ b))
    if len(a) <= EXACT:
        orders = np.array(list(itertools.permutations(range(len(a)))))
        return float(np.mean(np.abs(b[orders] @ a) >= limit))
    shuffled = rng.permuted(np.tile(b, (RESAMPLES, 1)), axis=1)
    return float((np.sum(np.abs(shuffled @ a) >= limit) + 1) / (RESAMPLES + 1))


def predictors(results: Sequence[CaseResult]) -> dict[str, dict[str, float]]:
    """Of one model: number -> recipe -> distance from base; only numbers that some recipe has."""
    found: dict[str, dict[str, float]] = {}
    for result in results:
        if not kind(result) or result.is_noise_floor:
            continue
        values = numbers(result)
        for name, _, _, turned in PREDICTORS:
            value = turned(values[name]) if name in values else None
            if value is not None:
                found.setdefault(name, {})[result.compression] = value
    return found


def table(
    distances: Mapping[str, Mapping[str, float]],
    losses: Mapping[str, Mapping[str, float]],
    *,
    resampled: bool = True,
) -> dict[tuple[str, str], Correlation]:
    """(number, kind of loss) -> correlation over the recipes that have both."""
    found = {}
    for (name, by_recipe), (loss, lost) in itertools.product(distances.items(), losses.items()):
        both = [recipe for recipe in by_recipe if recipe in lost]
        found[name, loss] = correlate(
            [by_recipe[r] for r in both], [lost[r] for r in both], resampled=resampled
        )
    return found
