"""Means over records and tasks (spec 4.5). Pure functions; every mean is over records, F1 is never recomputed."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from acbench.tasks.worfbench.corrected import ZERO, Triple
from acbench.tasks.worfbench.settings import HELD_OUT, MAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Outcome(NamedTuple):
    """One record's result. ``nodes``: sub-tasks of the answer; ``ends``: an edge leads to END."""

    chain: Triple
    graph: Triple
    parsed: bool = True
    nodes: int = 0
    ends: bool = True


MISSING = Outcome(ZERO, ZERO, parsed=False, ends=False)
"""A record without prediction scores zero."""


@dataclass(frozen=True, slots=True)
class TaskMeans:
    """Means of one task, 0..1; ``nodes`` and ``without_end`` are over parsed answers (0 when there is none)."""

    records: int
    chain: Triple
    graph: Triple
    parse_rate: float
    nodes: float
    without_end: float
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Overall:
    """``macro``: unweighted mean of tasks, ``weighted``: mean over all their records; each (chain F1, graph F1)."""

    tasks: tuple[str, ...]
    macro: tuple[float, float]
    weighted: tuple[float, float]


def mean_triple(triples: Iterable[Triple]) -> Triple:
    return Triple(*(fmean(values) for values in zip(*triples, strict=True)))


def task_means(outcomes: Sequence[Outcome], *, missing: int = 0) -> TaskMeans:
    """``missing``: records that have no prediction; they count as zeros. Raises ValueError without any record."""
    everything = [*outcomes, *[MISSING] * missing]
    if not everything:
        raise ValueError("there is no record to take a mean of")
    parsed = [outcome for outcome in everything if outcome.parsed]
    return TaskMeans(
        records=len(everything),
        chain=mean_triple(outcome.chain for outcome in everything),
        graph=mean_triple(outcome.graph for outcome in everything),
        parse_rate=len(parsed) / len(everything),
        nodes=fmean(outcome.nodes for outcome in parsed) if parsed else 0.0,
        without_end=fmean(not outcome.ends for outcome in parsed) if parsed else 0.0,
        missing=missing,
    )


def overall(means: Mapping[str, TaskMeans]) -> dict[str, Overall]:
    """`main` over the seven main tasks and `held_out` over the other two, as far as they are there; never mixed."""
    groups = {"main": MAIN, "held_out": HELD_OUT}
    found = {name: tuple(task for task in tasks if task in means) for name, tasks in groups.items()}
    return {name: _overall(tasks, means) for name, tasks in found.items() if tasks}


def _overall(tasks: tuple[str, ...], means: Mapping[str, TaskMeans]) -> Overall:
    rows = [(means[task].chain.f1, means[task].graph.f1, means[task].records) for task in tasks]
    total = sum(count for *_, count in rows)
    return Overall(
        tasks,
        (fmean(chain for chain, _, _ in rows), fmean(graph for _, graph, _ in rows)),
        (
            sum(chain * count for chain, _, count in rows) / total,
            sum(graph * count for _, graph, count in rows) / total,
        ),
    )
