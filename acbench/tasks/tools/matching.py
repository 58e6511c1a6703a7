"""Progress of the tool tasks: sub-goal values matched with results, and a table matched with its target."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EARTH_KM = 6371.0
SAME_PLACE_KM = 50.0
"""Weather results closer than this are about the same place (specification, section 6.1)."""

Table = list[list[str]]


def matched(goals: Sequence[Any], candidates: Sequence[Any], same: Callable[[Any, Any], bool]) -> list[bool]:
    """Which sub-goals are met: goal by goal the first unused candidate that is the same."""
    unused = list(candidates)
    found = []
    for goal in goals:
        place = next((number for number, value in enumerate(unused) if same(goal, value)), None)
        found.append(place is not None)
        if place is not None:
            del unused[place]
    return found


def equal(goal: Any, candidate: Any) -> bool:
    """Types matter: 2 equals 2.0 but not "2"."""
    return bool(goal == candidate)


def equal_near(goal: Any, candidate: Any) -> bool:
    """As ``equal``; two results with coordinates match when all else is equal and the places are close."""
    if not (_placed(goal) and _placed(candidate)):
        return equal(goal, candidate)
    if _rest(goal) != _rest(candidate):
        return False
    return haversine(*_point(goal), *_point(candidate)) < SAME_PLACE_KM


def _placed(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), int | float) and not isinstance(value[name], bool)
        for name in ("latitude", "longitude")
    )


def _rest(value: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if name not in ("latitude", "longitude")}


def _point(value: dict[str, Any]) -> tuple[float, float]:
    return float(value["latitude"]), float(value["longitude"])


def haversine(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    """Kilometres on a sphere of radius 6,371 km."""
    phi1, phi2 = radians(latitude1), radians(latitude2)
    half = sin((phi2 - phi1) / 2) ** 2
    half += cos(phi1) * cos(phi2) * sin(radians(longitude2 - longitude1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def table_match(current: Table, target: Table, *, common_only: bool = False) -> float:
    """Share (0..1) of equal cells in the rectangle that covers both tables.

    ``common_only`` looks at the rectangle both tables have, as published: rows that were deleted do not
    count against it. Rows may be ragged; a cell one table lacks equals nothing.
    """
    rows, columns = _size(current), _size(target)
    pick = min if common_only else max
    height, width = pick(rows[0], columns[0]), pick(rows[1], columns[1])
    if not height or not width:
        return float(not common_only and rows == columns)
    equal_cells = sum(
        _cell(current, row, column) == _cell(target, row, column) is not None
        for row in range(height)
        for column in range(width)
    )
    return equal_cells / (height * width)


def _size(table: Table) -> tuple[int, int]:
    return len(table), max((len(row) for row in table), default=0)


def _cell(table: Table, row: int, column: int) -> str | None:
    return table[row][column] if row < len(table) and column < len(table[row]) else None


def normalised(match: float, start: float) -> float:
    """How much of what was missing at the start is there now; 0 for an untouched or a worse table."""
    return max(0.0, (match - start) / (1.0 - start)) if start < 1.0 else 0.0
