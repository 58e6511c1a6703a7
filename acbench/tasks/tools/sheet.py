"""A spreadsheet behind tools (specification, section 6.6). Changing tools answer with the whole table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.tasks.tools import grid as cells
from acbench.tasks.tools.grid import MAX_COLUMNS, MAX_ROWS, OPERATORS, Cell, Formula, Grid, Reading
from acbench.tasks.tools.matching import equal, normalised, table_match
from acbench.tasks.tools.toolbox import (
    ANY,
    FINISH,
    LIST,
    TEXT,
    WHOLE,
    Failed,
    Refused,
    Tool,
    Toolbox,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.tools.matching import Table

SHEET_IN_GOAL = re.compile(r'"Sheet(\d{1,2})"')
POSITION = re.compile(r"([A-Z])([0-9]{1,4})")
ROW_WORDS, COLUMN_WORDS = ("row", "rows"), ("col", "cols", "column", "columns")


def grid_of(entry: Mapping[str, Any]) -> Grid:
    """A grid from plain data: ``rows`` of shown texts; ``decimals``, ``notes``, ``merged`` if there are any.

    ``decimals`` has, cell by cell, null, a number of decimals or [decimals, true] with thousands marks.
    """
    formats = entry.get("decimals")
    rows = [
        [
            cells.text_cell(text, _format(formats[row][column]) if formats else None)
            for column, text in enumerate(line)
        ]
        for row, line in enumerate(entry["rows"])
    ]
    made = Grid(rows)
    for position, note in entry.get("notes", {}).items():
        made.cell(*_place(position)).note = note
    for first, last in entry.get("merged", []):
        _merge(made, _place(first), _place(last))
    return made


def _format(given: Any) -> cells.Format:
    if isinstance(given, list):
        return cells.Format(given[0], thousands=bool(given[1]))
    return cells.Format(given)


class SheetSimulator:
    """``world``: ``name`` of the sheet the goal speaks of and ``sheets``, name to plain data."""

    def __init__(
        self, world: Mapping[str, Any], offered: Sequence[str] | None = None, *, keep_header: bool = True
    ) -> None:
        self._sheets = {name: grid_of(entry) for name, entry in world["sheets"].items()}
        self._name = self._goal_name = str(world["name"])
        self._keep_header = keep_header
        self.toolbox = Toolbox(self._tools(), offered)

    def hint(self) -> str:
        return "You work in the user's spreadsheet."

    def opening(self) -> list[tuple[str, str]]:
        """The sheet is opened for the agent."""
        text = f'open_sheet with Action Input: {{"name": "{self._name}"}}'
        return [(text, str(self._open(self._name)))]

    def table(self) -> Table:
        """The goal's sheet as it is now; empty when it was deleted."""
        own = self._sheets.get(self._goal_name)
        return own.table() if own is not None else []

    def cleaned(self, _tool: str, result: Any) -> Any:
        return result

    def same(self, goal: Any, candidate: Any) -> bool:
        return equal(goal, candidate)

    def _tools(self) -> list[Tool]:
        area = {"start_position": TEXT, "end_position": TEXT}
        operands = {**area, "position_list": LIST, "operator": TEXT}
        maybe = frozenset(("start_position", "end_position", "position_list"))
        filters = {"query": TEXT, "in_row": WHOLE, "in_column": WHOLE}
        return [
            Tool("open_sheet", "opens a sheet and shows it", self._open, {"name": TEXT}),
            Tool("del_sheet", "deletes a sheet", self._del_sheet, {"name": TEXT}),
            Tool(
                "freeze_data",
                "keeps the first rows or columns in place",
                self._freeze,
                {"dimension": TEXT, "num": WHOLE},
            ),
            Tool("get_A1_annotation", "A1 name of a cell", self._a1, {"row": WHOLE, "col": WHOLE}),
            Tool(
                "insert_cols",
                "inserts columns (a list of columns)",
                self._insert_cols,
                {"values_list": LIST, "col_idx": WHOLE},
            ),
            Tool(
                "insert_rows",
                "inserts rows (a list of rows)",
                self._insert_rows,
                {"values_list": LIST, "row_idx": WHOLE},
            ),
            Tool(
                "delete_batch_data",
                'deletes rows ("row") or columns ("col") by number',
                self._delete,
                {"dimension": TEXT, "index_list": LIST},
            ),
            Tool("update_cell", "writes one cell", self._update_cell, {"position": TEXT, "value": ANY}),
            Tool(
                "update_cell_by_formula",
                f"writes a formula over cells: {', '.join(OPERATORS)}",
                self._update_by_formula,
                {**operands, "result_position": TEXT},
                maybe,
            ),
            Tool(
                "update_range",
                "writes an area (a list of rows)",
                self._update_range,
                {**area, "values_list": LIST},
            ),
            Tool(
                "sort_sheet_by_col",
                'sorts by a column, "asc" or "des"',
                self._sort,
                {"col_num": WHOLE, "order": TEXT},
            ),
            Tool("merge_cells", "makes one cell of an area", self._merge_cells, area),
            Tool("update_note", "writes a cell's note", self._note, {"position": TEXT, "content": TEXT}),
            Tool("get_all_values", "shows the table", self._all, {}),
            Tool("get_range_values", "shows an area", self._range_values, area),
            Tool("get_cell_value", "shows a cell", self._cell_value, {"position": TEXT}),
            Tool("get_value_by_formula", "computes a formula over cells", self._compute, operands, maybe),
            Tool(
                "filter_cells",
                "cells that equal a text",
                self._filter,
                filters,
                frozenset(("in_row", "in_column")),
            ),
            Tool("get_note", "shows a cell's note", self._get_note, {"position": TEXT}),
            Tool(FINISH, "ends the task", lambda: "The task is finished.", {}),
        ]

    @property
    def _grid(self) -> Grid:
        if self._name not in self._sheets:
            raise Refused("'Please open a sheet first.'")
        return self._sheets[self._name]

    def _all(self) -> Table:
        return self._grid.table()

    def _open(self, name: str) -> Table:
        if name not in self._sheets:
            raise Failed("WorksheetNotFound", name[:40])
        self._name = name
        return self._all()

    def _del_sheet(self, name: str) -> str:
        if name not in self._sheets:
            raise Failed("WorksheetNotFound", name[:40])
        del self._sheets[name]
        return f"{name} is deleted."

    def _freeze(self, dimension: str, num: int) -> Table:
        if dimension not in ("rows", "columns"):
            raise Refused("'The dimension must be rows or columns.'")
        if num < 0 or num >= (self._grid.height if dimension == "rows" else self._grid.width):
            raise Failed("ValueError", f"cannot freeze {num} {dimension}")
        if dimension == "rows":
            self._grid.frozen = num
        return self._all()

    def _a1(self, row: int, col: int) -> str:
        _check_place(row, col)
        return _name(row, col)

    def _insert_cols(self, values_list: list[Any], col_idx: int) -> Table:
        grid = self._grid
        columns = _lines(values_list)
        if not 1 <= col_idx <= grid.width + 1:
            raise Failed("ValueError", f"col_idx must lie between 1 and {grid.width + 1}")
        height = max(grid.height, max(map(len, columns), default=0))
        _check_place(height, grid.width + len(columns))
        grid.grow(height, grid.width)
        for number, line in enumerate(grid.rows):
            line[col_idx - 1 : col_idx - 1] = [
                _new_cell(column[number] if number < len(column) else "") for column in columns
            ]
        return self._all()

    def _insert_rows(self, values_list: list[Any], row_idx: int) -> Table:
        grid = self._grid
        rows = _lines(values_list)
        if not 1 <= row_idx <= grid.height + 1:
            raise Failed("ValueError", f"row_idx must lie between 1 and {grid.height + 1}")
        width = max(grid.width, max(map(len, rows), default=0))
        _check_place(grid.height + len(rows), width)
        grid.grow(grid.height, width)
        grid.rows[row_idx - 1 : row_idx - 1] = [
            [_new_cell(row[number] if number < len(row) else "") for number in range(width)] for row in rows
        ]
        return self._all()

    def _delete(self, dimension: str, index_list: list[Any]) -> Table:
        grid = self._grid
        if dimension not in ROW_WORDS + COLUMN_WORDS:
            raise Refused("'The dimension must be row or col.'")
        by_row = dimension in ROW_WORDS
        size = grid.height if by_row else grid.width
        numbers = {_index(index, MAX_ROWS if by_row else MAX_COLUMNS) for index in index_list}
        indices = {number for number in numbers if number <= size}  # beyond the table all is empty
        if by_row and len(indices) >= size - 1:
            raise Refused("'All rows below the header cannot be deleted.'")
        if not by_row and len(indices) >= size:
            raise Refused("'All columns cannot be deleted.'")
        grid.delete(indices, rows=by_row)
        return self._all()

    def _update_cell(self, position: str, value: Any) -> Table:
        _check_values([[value]])
        cells.write(self._reach(position), value)
        return self._all()

    def _update_by_formula(self, operator: str, result_position: str, **operands: Any) -> Table:
        formula = self._formula(operator, **operands)
        self._reach(_formula_position(result_position)).value = formula
        return self._all()

    def _update_range(self, start_position: str, end_position: str, values_list: list[Any]) -> Table:
        top, left, bottom, right = self._area(start_position, end_position)
        grid = self._grid
        if (top, left) == (1, 1) and (bottom, right) == (grid.height, grid.width):
            raise Refused("'The whole sheet cannot be updated at once.'")
        rows = _lines(values_list)
        height, width = bottom - top + 1, right - left + 1
        if len(rows) != height or any(len(row) != width for row in rows):
            raise Failed("ValueError", f"values_list must have {height} rows of {width} values")
        grid.grow(bottom, right)
        for row, line in enumerate(rows, top):
            for column, value in enumerate(line, left):
                cells.write(grid.cell(row, column), value)
        return self._all()

    def _sort(self, col_num: int, order: str) -> Table:
        if order not in ("asc", "des", "desc"):
            raise Refused("'The order must be asc or des.'")
        if not 1 <= col_num <= self._grid.width:
            raise Failed("ValueError", f"col_num must lie between 1 and {self._grid.width}")
        keep = max(self._grid.frozen, 1 if self._keep_header else 0)
        self._grid.sort(col_num, descending=order != "asc", keep=keep)
        return self._all()

    def _merge_cells(self, start_position: str, end_position: str) -> Table:
        top, left, bottom, right = self._area(start_position, end_position)
        self._grid.grow(bottom, right)
        _merge(self._grid, (top, left), (bottom, right))
        return self._all()

    def _note(self, position: str, content: str) -> Table:
        self._reach(position).note = content[: cells.MOST_TEXT]
        return self._all()

    def _get_note(self, position: str) -> str:
        row, column = _place(position)
        known = row <= self._grid.height and column <= self._grid.width
        return self._grid.cell(row, column).note if known else ""

    def _range_values(self, start_position: str, end_position: str) -> Table:
        top, left, bottom, right = self._area(start_position, end_position)
        return [line[left - 1 : right] for line in self._all()[top - 1 : bottom]]

    def _cell_value(self, position: str) -> str:
        row, column = _place(position)
        known = row <= self._grid.height and column <= self._grid.width
        return Reading(self._grid.rows).shown(self._grid.cell(row, column)) if known else ""

    def _compute(self, operator: str, **operands: Any) -> str:
        return Reading(self._grid.rows).shown(Cell(self._formula(operator, **operands)))

    def _filter(self, query: str, in_row: int | None = None, in_column: int | None = None) -> list[str]:
        return [
            _name(row, column)
            for row, line in enumerate(self._all(), 1)
            for column, text in enumerate(line, 1)
            if text == query and in_row in (None, row) and in_column in (None, column)
        ]

    def _formula(
        self,
        operator: str,
        start_position: str | None = None,
        end_position: str | None = None,
        position_list: list[Any] | None = None,
    ) -> Formula:
        if operator not in OPERATORS:
            raise Refused(f"'The operator must be one of {', '.join(OPERATORS)}.'")
        if position_list is None and (start_position is None or end_position is None):
            raise Failed("TypeError", "start_position and end_position, or position_list, must be given")
        if position_list is not None:
            places = [_place(_formula_position(position)) for position in position_list]
        else:
            first, last = _formula_position(start_position), _formula_position(end_position)
            top, left, bottom, right = self._area(first, last)
            places = [(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)]
        if operator == "MINUS" and len(places) != 2:
            raise Refused("'MINUS takes exactly two cells.'")
        height, width = self._grid.height, self._grid.width
        inside = [place for place in places if place[0] <= height and place[1] <= width]
        if len(inside) < len(places) and operator == "MINUS":
            raise Failed("ValueError", "a cell lies outside the table")
        return Formula(operator, tuple(self._grid.cell(*place) for place in inside))

    def _reach(self, position: str) -> Cell:
        """The cell at a position; the table grows to it."""
        row, column = _place(position)
        self._grid.grow(row, column)
        return self._grid.cell(row, column)

    def _area(self, start: str, end: str) -> tuple[int, int, int, int]:
        (top, left), (bottom, right) = _place(start), _place(end)
        if bottom < top or right < left:
            raise Failed("ValueError", "end_position must not lie before start_position")
        _check_place(bottom, right)
        return top, left, bottom, right


@dataclass(frozen=True, slots=True)
class SheetAim:
    """Progress towards a target table.

    ``upstream``: share of equal cells in the common rectangle, which is above 0 for an untouched sheet.
    Otherwise the share in the rectangle that covers both, above that of the untouched sheet (``start``).
    """

    target: Table
    simulator: SheetSimulator
    start: float
    upstream: bool = False

    def reached(self, _candidates: Sequence[Any]) -> float:
        current = self.simulator.table()
        if self.upstream:
            return table_match(current, self.target, common_only=True)
        return normalised(table_match(current, self.target), self.start)

    def success(self, progress: float) -> bool:
        """As published the best table counts; otherwise the one the agent leaves behind."""
        return progress >= 1.0 if self.upstream else self.simulator.table() == self.target

    def missing(self, _candidates: Sequence[Any]) -> Sequence[Any]:
        return [] if self.simulator.table() == self.target else [self.target]


def _merge(grid: Grid, first: tuple[int, int], last: tuple[int, int]) -> None:
    master = grid.cell(*first)
    for row in range(first[0], last[0] + 1):
        for column in range(first[1], last[1] + 1):
            cell = grid.cell(row, column)
            if cell is not master:
                cell.value, cell.master = "", master
    master.master = None


def _place(position: str) -> tuple[int, int]:
    """Row and column of an A1 position. Raises Failed."""
    found = POSITION.fullmatch(position)
    if found is None:
        raise Failed("ValueError", f"{position[:20]!r} is not a cell such as B3")
    row, column = int(found[2]), ord(found[1]) - ord("A") + 1
    _check_place(row, column)
    return row, column


def _formula_position(position: Any) -> str:
    if not isinstance(position, str) or not re.fullmatch(r"[A-Z][0-9]+", position):
        raise Refused("'A position in a formula is one capital letter and a number, such as B3.'")
    return position


def _check_place(row: int, column: int) -> None:
    if not (1 <= row <= MAX_ROWS and 1 <= column <= MAX_COLUMNS):
        raise Failed("ValueError", f"a sheet has {MAX_ROWS} rows and {MAX_COLUMNS} columns")


def _name(row: int, column: int) -> str:
    return f"{chr(ord('A') + column - 1)}{row}"


def _index(index: Any, size: int) -> int:
    try:
        number = WHOLE.convert(index)
    except (ValueError, OverflowError):
        raise Failed("ValueError", "index_list must hold whole numbers") from None
    if not 1 <= number <= size:
        raise Failed("ValueError", f"index {number} must lie between 1 and {size}")
    return int(number)


def _lines(values: list[Any]) -> list[list[Any]]:
    lines = [line if isinstance(line, list) else [line] for line in values]
    if not lines:
        raise Failed("ValueError", "values_list is empty")
    _check_values(lines)
    return lines


def _check_values(lines: list[list[Any]]) -> None:
    for value in (value for line in lines for value in line):
        if value is not None and not isinstance(value, str | int | float):
            raise Failed("ValueError", "a cell takes text or a number")


def _new_cell(value: Any) -> Cell:
    cell = Cell()
    cells.write(cell, value)
    return cell
