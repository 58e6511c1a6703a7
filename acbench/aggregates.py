"""Group means over the tasks of a benchmark, base against compressed, with paired intervals.

Each benchmark says itself which means it prints (T-Eval its six abilities and two overalls, LongBench its six
groups, ...). All of them are weighted sums of task means, so their intervals come from resampling every task's
samples by cluster and summing with the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from acbench.records import CaseResult

    Means = Mapping[str, float]
    Draws = dict[tuple[str, str], NDArray[np.float64]]
    """Resampled mean differences by task and metric."""

RESAMPLES = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Definition:
    """One mean of a family. ``value``: task means by slug -> the mean, None when what is there does not make it;
    ``members``: the tasks it is about."""

    family: str
    title: str
    members: tuple[str, ...]
    value: Callable[[Means], float | None]
    metric: str = ""
    """The metric it is taken of; empty = each task's primary one."""
    by_sample: bool = False
    """Each member counts as often as it has samples, instead of as in ``value``; None unless all are there."""
    shared: bool = False
    """A task's resamples are drawn once for all such means: a family of many takes seconds otherwise."""


@dataclass(frozen=True, slots=True)
class GroupMean:
    """Shares (0..1). ``n`` of ``of`` tasks were judged; ``low``/``high``: interval of the difference."""

    model: str
    compression: str
    family: str
    title: str
    n: int
    of: int
    base: float
    compressed: float
    difference: float
    low: float
    high: float
    confidence: float = CONFIDENCE
    reference: str = ""
    """``model:recipe`` on the other side; empty: the same model's ``base``."""

    @property
    def retention(self) -> float | None:
        """Share of the base model's score that is left; None where base has none."""
        return self.compressed / self.base if self.base > 0 else None


def group_means(results: Sequence[CaseResult]) -> list[GroupMean]:
    """All group means of all (model, recipe) pairs whose tasks are there; a reference against itself has none."""
    rows = []
    judged = [r for r in results if not r.is_noise_floor]
    for model, compression in dict.fromkeys((r.model, r.compression) for r in judged):
        mine = {r.task: r for r in results if (r.model, r.compression) == (model, compression)}
        families = {result.family for result in mine.values()}
        drawn: Draws = {}
        for definition in definitions():
            if definition.family in families:
                row = _group_mean(model, compression, definition, mine, drawn)
                if row is not None:
                    rows.append(row)
    return rows


def _group_mean(
    model: str, compression: str, definition: Definition, results: Mapping[str, CaseResult], drawn: Draws
) -> GroupMean | None:
    there: dict[str, tuple[tuple[str, float, float], ...]] = {}
    for slug in definition.members:
        if slug in results:
            result = results[slug]
            rows = result.pairs.get(definition.metric or result.primary.metric, ())
            if rows:
                there[slug] = rows
    value = _over_samples(definition, there) if definition.by_sample else definition.value
    base = value({slug: _mean(row[1] for row in rows) for slug, rows in there.items()})
    other = value({slug: _mean(row[2] for row in rows) for slug, rows in there.items()})
    if base is None or other is None:
        return None
    rng = _generator(model, compression, definition.title)
    total = np.zeros(RESAMPLES)
    for slug, weight in _weights(value, list(there)).items():
        if weight and definition.shared:
            key = (slug, definition.metric)
            if key not in drawn:
                drawn[key] = _resampled(there[slug], _generator(model, compression, *key))
            total += weight * drawn[key]
        elif weight:
            total += weight * _resampled(there[slug], rng)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(total, [tail, 1 - tail])
    return GroupMean(
        model=model,
        compression=compression,
        family=definition.family,
        title=definition.title,
        n=len(there),
        of=len(definition.members),
        base=base,
        compressed=other,
        difference=other - base,
        low=float(low),
        high=float(high),
        reference=_reference(next(iter(results.values()))),
    )


def _generator(*names: str) -> np.random.Generator:
    return np.random.default_rng(int(fingerprint(list(names))[:8], 16))


def _reference(result: CaseResult) -> str:
    return result.reference_case.group if result.reference else ""


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _over_samples(
    definition: Definition, there: Mapping[str, Sequence[Any]]
) -> Callable[[Means], float | None]:
    """The mean over samples as a function of the task means: each counts as often as it has samples."""
    if set(there) != set(definition.members):
        return lambda _: None
    every = sum(len(rows) for rows in there.values())
    return lambda means: sum(len(there[slug]) * mean for slug, mean in means.items()) / every


def _weights(value: Callable[[Means], float | None], slugs: Sequence[str]) -> dict[str, float]:
    """The weight of each task, read off the mean: it is linear in the task means."""
    return {slug: value({other: float(other == slug) for other in slugs}) or 0.0 for slug in slugs}


def _resampled(rows: Sequence[tuple[str, float, float]], rng: np.random.Generator) -> NDArray[np.float64]:
    """Mean differences (compressed minus base) of resamples over clusters."""
    clusters: dict[str, list[float]] = {}
    for cluster, base, other in rows:
        clusters.setdefault(cluster, []).append(other - base)
    sums = np.array([sum(values) for values in clusters.values()])
    counts = np.array([len(values) for values in clusters.values()], dtype=np.float64)
    drawn = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=RESAMPLES)
    means: NDArray[np.float64] = (drawn @ sums) / (drawn @ counts)
    return means


# -- what the benchmarks print -----------------------------------------------------------------------


@cache
def definitions() -> tuple[Definition, ...]:
    """Every group mean of every family, in the order in which it is printed."""
    return (*_t_eval(), *_worfbench(), *_longbench(), *_ruler(), *_agentboard())


def _t_eval() -> Iterator[Definition]:
    from acbench.tasks.teval.table import GROUPS, table

    def slugs(columns: Iterable[str]) -> tuple[str, ...]:
        return tuple(f"t-eval-{column.replace('_', '-')}" for column in columns)

    def of(means: Means) -> Any:
        return table({slug.removeprefix("t-eval-").replace("-", "_"): mean for slug, mean in means.items()})

    def in_group(group: str, means: Means) -> float | None:
        found: float | None = of(means).groups[group]
        return found

    for group, columns in GROUPS.items():
        yield Definition("t-eval", group, slugs(columns), partial(in_group, group))
    every = slugs(column for columns in GROUPS.values() for column in columns)
    yield Definition("t-eval", "overall (six abilities)", every, lambda means: of(means).overall)
    yield Definition("t-eval", "overall (eleven columns)", every, lambda means: of(means).overall_columns)


def _plain(means: Means) -> float | None:
    return sum(means.values()) / len(means) if means else None


def _worfbench() -> Iterator[Definition]:
    from acbench.tasks.registry import WORFBENCH, WORFBENCH_HELD_OUT

    for metric, name in (("chain_f1", "chain F1"), ("graph_f1", "graph F1")):
        for title, sets in (("main tasks", WORFBENCH), ("held out", WORFBENCH_HELD_OUT)):
            members = tuple(f"worfbench-{name}" for name in sets)
            yield Definition("worfbench", f"{name}, mean of {title}", members, _plain, metric)


def _longbench() -> Iterator[Definition]:
    from acbench.tasks.longbench import aggregate
    from acbench.tasks.longbench.sets import GROUPS, SETS

    def scores(means: Means) -> dict[str, float | None]:
        return {variant(slug): mean for slug, mean in means.items()}

    def variant(slug: str) -> str:
        return slug.removeprefix("longbench-").replace("-", "_")

    def in_group(group: str, means: Means) -> float | None:
        return aggregate.group_means(scores(means))[group].value

    def in_language(language: str, means: Means) -> float | None:
        return aggregate.overall(scores(means), language).value

    every = tuple(f"longbench-{name.replace('_', '-')}" for name in SETS)
    for group in GROUPS:
        members = tuple(slug for slug in every if SETS[variant(slug)].group == group)
        yield Definition(
            "longbench",
            str(group),
            members,
            partial(in_group, group),
        )
    for language in aggregate.LANGUAGES:
        members = tuple(slug for slug in every if SETS[variant(slug)].language in (language, "code"))
        yield Definition(
            "longbench",
            f"overall, {language} (mean of six groups)",
            members,
            partial(in_language, language),
        )
    sixteen = tuple(slug for slug in every if SETS[variant(slug)].of_16)
    yield Definition("longbench", "mean of 16", sixteen, lambda means: aggregate.mean_16(scores(means)).value)
    yield Definition("longbench", "mean of 21", every, lambda means: aggregate.mean_21(scores(means)).value)


def _ruler() -> Iterator[Definition]:
    from acbench.tasks.registry import RULER

    yield Definition("ruler", "mean of all kinds", tuple(f"ruler-{name}" for name in RULER), _plain)


def _agentboard() -> Iterator[Definition]:
    """Group means, the paper's average and the ability scores (specification agentboard, section 4)."""
    from acbench.tasks.agents import board

    mean = partial(Definition, board.FAMILY, shared=True)
    for metric, name in (("progress", "progress rate"), ("success", "success rate")):
        for title, members in board.GROUPS.items():
            yield mean(f"{name}, {title}", members, partial(board.mean_of, members), metric)
        for title in (board.ALL, board.PAPER):
            members = board.GROUPS[title]
            value = partial(board.mean_of, members)
            yield mean(f"{name}, {title}, by episode", members, value, metric, by_sample=True)
    for ability in board.ABILITIES:
        value = partial(board.ability_score, ability)
        yield mean(f"ability: {ability}", board.GROUPS[board.ALL], value, "success")
