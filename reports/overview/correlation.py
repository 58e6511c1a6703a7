"""Does an analysis rank recipes as the tasks do? Spearman over recipes, with a bootstrap interval (as of the claims).

Every predictor is turned so that more means further from base: a positive correlation with the loss says that the
metric sees what the tasks show.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acbench.claims import association
from reports.analysis.numbers import kind, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.records import CaseResult
    from reports.analysis.numbers import Number

LEAST = 3
"""Fewer recipes have no correlation; up to ``UNTESTED`` there is a value and no p (analysis metrics, section 7)."""
UNTESTED = 7
SAME = 1e-9
"""Resamples that differ by no more have all the same order."""


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


def spearman(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson correlation of average ranks (right with ties, unlike the difference formula); None if constant."""
    value = association.spearman(left, right)
    return None if math.isnan(value) else value


def correlate(left: Sequence[float], right: Sequence[float], *, resampled: bool = True) -> Correlation:
    """Spearman of two equally long series with the 95 % bootstrap interval over their members.

    ``resampled`` = False leaves interval and p out.
    """
    n = len(left)
    rho = spearman(left, right) if n >= LEAST else None
    if rho is None or not resampled:
        return Correlation(n, rho)
    draws = association.spearman_draws(left, right)
    low = high = None
    if float(np.nanmax(draws.resamples) - np.nanmin(draws.resamples)) > SAME:
        low, high = draws.interval()
    return Correlation(n, rho, low, high, association.rank_p(left, right) if n > UNTESTED else None)


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
