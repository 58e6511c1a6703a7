"""What the sheet tools do to a grid. Every function checks its arguments and raises Refused or Failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.grid import MAX_COLUMNS, MAX_ROWS, OPERATORS, Cell, Formula, Grid, write
from acbench.tasks.tools.positions import (
    area_of,
    check_between,
    check_place,
    formula_place,
    index_of,
    lines_of,
    place_of,
)
from acbench.tasks.tools.toolbox import Failed, Refused

if TYPE_CHECKING:
    from acbench.tasks.tools.positions import Area

ROW_WORDS, COLUMN_WORDS = ("row", "rows"), ("col", "cols", "column", "columns")


def reach(grid: Grid, place: tuple[int, int]) -> Cell:
    """The cell at a place; the table grows to it."""
    grid.grow(*place)
    return grid.cell(*place)


def freeze(grid: Grid, dimension: str, num: int) -> None:
    if dimension not in ("rows", "columns"):
        raise Refused("'The dimension must be rows or columns.'")
    if not 0 <= num < (grid.height if dimension == "rows" else grid.width):
        raise Failed("ValueError", f"cannot freeze {num} {dimension}")
    if dimension == "rows":
        grid.frozen = num


def insert_columns(grid: Grid, values_list: list[Any], col_idx: int) -> None:
    """``values_list``: columns from top to bottom, header first."""
    columns = lines_of(values_list)
    check_between("col_idx", col_idx, grid.width + 1)
    height = max(grid.height, *map(len, columns))
    check_place(height, grid.width + len(columns))
    grid.grow(height, grid.width)
    for number, line in enumerate(grid.rows):
        line[col_idx - 1 : col_idx - 1] = [_new_cell(column, number) for column in columns]


def insert_rows(grid: Grid, values_list: list[Any], row_idx: int) -> None:
    rows = lines_of(values_list)
    check_between("row_idx", row_idx, grid.height + 1)
    width = max(grid.width, *map(len, rows))
    check_place(grid.height + len(rows), width)
    grid.grow(grid.height, width)
    grid.rows[row_idx - 1 : row_idx - 1] = [
        [_new_cell(row, number) for number in range(width)] for row in rows
    ]


def delete(grid: Grid, dimension: str, index_list: list[Any]) -> None:
    """Numbers beyond the table are allowed: all is empty there."""
    if dimension not in ROW_WORDS + COLUMN_WORDS:
        raise Refused("'The dimension must be row or col.'")
    by_row = dimension in ROW_WORDS
    size = grid.height if by_row else grid.width
    numbers = {index_of(index, MAX_ROWS if by_row else MAX_COLUMNS) for index in index_list}
    inside = {number for number in numbers if number <= size}
    if by_row and len(inside) >= size - 1:
        raise Refused("'All rows below the header cannot be deleted.'")
    if not by_row and len(inside) >= size:
        raise Refused("'All columns cannot be deleted.'")
    grid.delete(inside, rows=by_row)


def update_area(grid: Grid, area: Area, values_list: list[Any]) -> None:
    top, left, bottom, right = area
    if area == (1, 1, grid.height, grid.width):
        raise Refused("'The whole sheet cannot be updated at once.'")
    rows = lines_of(values_list)
    height, width = bottom - top + 1, right - left + 1
    if len(rows) != height or any(len(row) != width for row in rows):
        raise Failed("ValueError", f"values_list must have {height} rows of {width} values")
    grid.grow(bottom, right)
    for row, line in enumerate(rows, top):
        for column, value in enumerate(line, left):
            write(grid.cell(row, column), value)


def sort(grid: Grid, col_num: int, order: str, *, keep_header: bool) -> None:
    if order not in ("asc", "des", "desc"):
        raise Refused("'The order must be asc or des.'")
    check_between("col_num", col_num, grid.width)
    keep = max(grid.frozen, 1 if keep_header else 0)
    grid.sort(col_num, descending=order != "asc", keep=keep)


def merge(grid: Grid, area: Area) -> None:
    """The area shows its first cell from now on; what else stood in it is gone."""
    top, left, bottom, right = area
    grid.grow(bottom, right)
    master = grid.cell(top, left)
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            cell = grid.cell(row, column)
            if cell is not master:
                cell.value, cell.master = "", master
    master.master = None


def formula(
    grid: Grid,
    operator: str,
    start_position: str | None = None,
    end_position: str | None = None,
    position_list: list[Any] | None = None,
) -> Formula:
    """A formula over an area or a list of cells; cells beyond the table are empty and left out."""
    if operator not in OPERATORS:
        raise Refused(f"'The operator must be one of {', '.join(OPERATORS)}.'")
    if position_list is not None:
        places = [formula_place(position) for position in position_list]
    elif start_position is None or end_position is None:
        raise Failed("TypeError", "start_position and end_position, or position_list, must be given")
    else:
        top, left, bottom, right = area_of(formula_place(start_position), formula_place(end_position))
        places = [(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)]
    if operator == "MINUS" and len(places) != 2:
        raise Refused("'MINUS takes exactly two cells.'")
    inside = [place for place in places if place[0] <= grid.height and place[1] <= grid.width]
    if operator == "MINUS" and len(inside) < len(places):
        raise Failed("ValueError", "a cell lies outside the table")
    return Formula(operator, tuple(grid.cell(*place) for place in inside))


def place_in(grid: Grid, position: str) -> Cell:
    """The cell at a position; an empty one beyond the table."""
    row, column = place_of(position)
    return grid.cell(row, column) if row <= grid.height and column <= grid.width else Cell()


def _new_cell(line: list[Any], number: int) -> Cell:
    cell = Cell()
    write(cell, line[number] if number < len(line) else "")
    return cell
