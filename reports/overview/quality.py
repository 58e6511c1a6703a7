"""How much of the base model's score a recipe keeps, by capability and over all, with resampled intervals.

A task whose base score lies within the case's own limit of zero is *at the floor*: the model could lose everything
and would still be within the limit, so neither a kept nor a lost score says anything there. Such tasks are left out
of every mean here and named instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from acbench.cases import CAPABILITIES
from acbench.keys import fingerprint
from reports import formats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from acbench.records import CaseResult

    Floats = NDArray[np.float64]

RESAMPLES = 2000
CONFIDENCE = 0.95
CAPABILITY_NAMES = tuple(name for name in CAPABILITIES if name not in ("diagnostic", "efficiency"))
"""The four the paper speaks of."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Share of the base score that is left (1 = all) with its interval; None where it could not be judged.

    ``tasks`` were counted, ``floored`` were left out for a base score at the floor. ``base`` and ``value`` are
    means over tasks, or of an overall value over capabilities.
    """

    tasks: tuple[str, ...]
    floored: tuple[str, ...]
    base: float | None = None
    value: float | None = None
    share: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def lost(self) -> float | None:
        """Share of the base score that is gone."""
        return None if self.share is None else 1 - self.share


class Quality(NamedTuple):
    """Of one recipe: over all, and by capability."""

    overall: Kept
    capabilities: Mapping[str, Kept]


class _Drawn(NamedTuple):
    base: Floats
    value: Floats


def at_floor(result: CaseResult) -> bool:
    """Whether losing the whole base score would stay within the limit of this case."""
    return result.primary.base <= max(result.verdict.margin, 0.0)


def scored(results: Iterable[CaseResult]) -> list[CaseResult]:
    """Cases of the four capabilities whose score is a share, the more the better: those that add up."""
    return [
        r
        for r in results
        if r.capability in CAPABILITY_NAMES
        and r.primary.unit == formats.SHARE
        and r.primary.higher_is_better
        and r.primary.n
        and r.pairs.get(r.primary.metric)
    ]


def quality_of(results: Sequence[CaseResult]) -> Quality:
    """Of one recipe: what it keeps by capability (only those that have a task), and over all of them."""
    by_capability = {
        capability: _kept(mine)
        for capability in CAPABILITY_NAMES
        if (mine := [r for r in scored(results) if r.capability == capability])
    }
    return Quality(
        _overall(list(by_capability.values())), {name: one for name, (one, _) in by_capability.items()}
    )


def _overall(groups: Sequence[tuple[Kept, Floats | None]]) -> Kept:
    """Mean over the capabilities of the share that is kept, each counting the same."""
    tasks = tuple(task for one, _ in groups for task in one.tasks)
    floored = tuple(task for one, _ in groups for task in one.floored)
    there = [(one, shares) for one, shares in groups if one.share is not None and shares is not None]
    if not there:
        return Kept(tasks, floored)
    count = len(there)
    low, high = _ends(sum((shares for _, shares in there), start=np.zeros(RESAMPLES)) / count)
    return Kept(
        tasks,
        floored,
        sum(one.base or 0.0 for one, _ in there) / count,
        sum(one.value or 0.0 for one, _ in there) / count,
        sum(one.share or 0.0 for one, _ in there) / count,
        low,
        high,
    )


def _kept(results: Sequence[CaseResult]) -> tuple[Kept, Floats | None]:
    """What is kept over some tasks, and the resampled shares behind its interval."""
    floored = tuple(r.task for r in results if at_floor(r))
    counted = [r for r in results if not at_floor(r)]
    if not counted:
        return Kept((), floored), None
    tasks = tuple(r.task for r in counted)
    base = float(np.mean([r.primary.base for r in counted]))
    value = float(np.mean([r.primary.compressed for r in counted]))
    drawn = [_resampled(r) for r in counted]
    bases = np.mean([d.base for d in drawn], axis=0)
    values = np.mean([d.value for d in drawn], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(bases > 0, values / bases, np.nan)
    if not any(_differs(r) for r in counted):
        shares = value / base + _unseen(counted) / base * np.linspace(-1, 1, RESAMPLES) / CONFIDENCE
    if any(len(_clusters(r)) < 2 for r in counted):
        shares = np.full(RESAMPLES, np.nan)  # one text says nothing about another, whatever it keeps
    low, high = _ends(shares)
    return Kept(tasks, floored, base, value, value / base, low, high), shares


def _resampled(result: CaseResult) -> _Drawn:
    """Mean scores of both sides over resamples of the clusters, drawn together for base and compressed."""
    sums: dict[str, list[float]] = {}
    for cluster, base, value in result.pairs[result.primary.metric]:
        cell = sums.setdefault(cluster, [0.0, 0.0, 0.0])
        cell[0] += base
        cell[1] += value
        cell[2] += 1
    table = np.array(list(sums.values()), dtype=np.float64)
    rng = np.random.default_rng(int(fingerprint([result.id, result.primary.metric])[:8], 16))
    picked = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=RESAMPLES) @ table
    return _Drawn(picked[:, 0] / picked[:, 2], picked[:, 1] / picked[:, 2])


def _differs(result: CaseResult) -> bool:
    return any(base != value for _, base, value in result.pairs[result.primary.metric])


def _unseen(results: Sequence[CaseResult]) -> float:
    """Exact bound on a change that none of the clusters shows, as in ``acbench.stats.paired_bootstrap``."""
    clusters = sum(len(_clusters(r)) for r in results)
    return float(1 - (1 - CONFIDENCE) ** (1 / clusters))


def _clusters(result: CaseResult) -> set[str]:
    return {cluster for cluster, _, _ in result.pairs[result.primary.metric]}


def _ends(values: Floats) -> tuple[float | None, float | None]:
    """The 95 % interval of resamples; None where they say nothing."""
    known = values[~np.isnan(values)]
    if not known.size:
        return None, None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def most_tasks(kept: Mapping[str, Kept]) -> int:
    """The largest number of tasks a recipe was judged on; recipes with fewer are not comparable with it."""
    return max((len(one.tasks) for one in kept.values()), default=0)
