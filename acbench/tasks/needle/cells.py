"""Aggregates over the cells of a grid. Only `ok` cells have a score; the others are counted, never zero."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EFFECTIVE_MEAN = 0.9
"""Mean score (0..1) that a length needs in order to count as mastered."""
Key = TypeVar("Key")
THIRDS = ("first", "middle", "last")


class Cell(NamedTuple):
    """One result: length in tokens, depth in per cent, score 0..1 (None without one) and state."""

    length: int
    depth: float
    score: float | None
    state: str = "ok"


def mean_score(cells: Iterable[Cell]) -> float | None:
    """Mean over the `ok` cells; None when there is none."""
    scores = [cell.score for cell in cells if cell.state == "ok" and cell.score is not None]
    return fmean(scores) if scores else None


def counts_by_state(cells: Iterable[Cell]) -> dict[str, int]:
    """Number of cells in each state that occurs."""
    return dict(sorted(Counter(cell.state for cell in cells).items()))


def mean_by_length(cells: Sequence[Cell]) -> dict[int, float | None]:
    """Mean over the `ok` cells of each length, shortest first."""
    return _grouped({length: [c for c in cells if c.length == length] for length in _lengths(cells)})


def mean_by_third(cells: Sequence[Cell]) -> dict[str, float | None]:
    """Mean over the `ok` cells with the needle in the first, middle or last third of the depths."""
    return _grouped({name: [c for c in cells if depth_third(c.depth) == name] for name in THIRDS})


def mean_by_place(cells: Iterable[Cell]) -> dict[tuple[int, float], float | None]:
    """Mean over the repeats of each (length, depth): what a heat map shows."""
    places: defaultdict[tuple[int, float], list[Cell]] = defaultdict(list)
    for cell in cells:
        places[cell.length, cell.depth].append(cell)
    return _grouped(places)


def difference_by_place(
    base: Iterable[Cell], compressed: Iterable[Cell]
) -> dict[tuple[int, float], float | None]:
    """Compressed minus base at each place of either; None where one of the two has no score."""
    ours, theirs = mean_by_place(compressed), mean_by_place(base)
    differences: dict[tuple[int, float], float | None] = {}
    for place in sorted(ours.keys() | theirs.keys()):
        new, old = ours.get(place), theirs.get(place)
        differences[place] = None if new is None or old is None else new - old
    return differences


def effective_length(cells: Sequence[Cell], threshold: float = EFFECTIVE_MEAN) -> int:
    """The largest length up to which every length has a mean of at least ``threshold``; 0 if none has.

    A length without any `ok` cell ends the row: what was not asked was not mastered.
    """
    reached = 0
    for length, mean in mean_by_length(cells).items():
        if mean is None or mean < threshold:
            break
        reached = length
    return reached


def depth_third(depth: float) -> str:
    """`first`, `middle` or `last`; the limits are a third and two thirds of the way."""
    return THIRDS[min(int(depth * 3 / 100), 2)]


def _lengths(cells: Iterable[Cell]) -> list[int]:
    return sorted({cell.length for cell in cells})


def _grouped(groups: Mapping[Key, list[Cell]]) -> dict[Key, float | None]:
    return {key: mean_score(cells) for key, cells in groups.items()}
