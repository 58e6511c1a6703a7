"""A1 names, and the checks of what a caller gives as cells, lines and indices of a sheet."""

from __future__ import annotations

import re
from typing import Any

from acbench.tasks.tools.grid import MAX_COLUMNS, MAX_ROWS
from acbench.tasks.tools.toolbox import WHOLE, Failed, Refused

POSITION = re.compile(r"([A-Z])([0-9]{1,4})")

Area = tuple[int, int, int, int]
"""Top, left, bottom, right; rows and columns count from 1."""


def name_of(row: int, column: int) -> str:
    return f"{chr(ord('A') + column - 1)}{row}"


def place_of(position: str) -> tuple[int, int]:
    """Row and column of an A1 position. Raises Failed."""
    found = POSITION.fullmatch(position)
    if found is None:
        raise Failed("ValueError", f"{position[:20]!r} is not a cell such as B3")
    row, column = int(found[2]), ord(found[1]) - ord("A") + 1
    check_place(row, column)
    return row, column


def formula_place(position: Any) -> tuple[int, int]:
    """As ``place_of``, for operands and results of formulas, which the service checks itself. Raises Refused."""
    if not isinstance(position, str) or not re.fullmatch(r"[A-Z][0-9]+", position):
        raise Refused("'A position in a formula is one capital letter and a number, such as B3.'")
    return place_of(position)


def area_of(first: tuple[int, int], last: tuple[int, int]) -> Area:
    """The area between two corners. Raises Failed when the second lies before the first."""
    if last[0] < first[0] or last[1] < first[1]:
        raise Failed("ValueError", "end_position must not lie before start_position")
    return (*first, *last)


def check_place(row: int, column: int) -> None:
    """Raises Failed outside the largest sheet there can be."""
    if not (1 <= row <= MAX_ROWS and 1 <= column <= MAX_COLUMNS):
        raise Failed("ValueError", f"a sheet has {MAX_ROWS} rows and {MAX_COLUMNS} columns")


def check_between(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise Failed("ValueError", f"{name} must lie between 1 and {most}")


def index_of(index: Any, most: int) -> int:
    """A row's or column's number out of a list. Raises Failed."""
    try:
        number = int(WHOLE.convert(index))
    except (ValueError, OverflowError):
        raise Failed("ValueError", "index_list must hold whole numbers") from None
    check_between("an index", number, most)
    return number


def lines_of(values: list[Any]) -> list[list[Any]]:
    """Rows or columns of cell values; a bare value is a line of one. Raises Failed."""
    lines = [line if isinstance(line, list) else [line] for line in values]
    if not lines:
        raise Failed("ValueError", "values_list is empty")
    for line in lines:
        for value in line:
            check_value(value)
    return lines


def check_value(value: Any) -> None:
    """Raises Failed for what no cell can hold."""
    if value is not None and not isinstance(value, str | int | float):
        raise Failed("ValueError", "a cell takes text or a number")
