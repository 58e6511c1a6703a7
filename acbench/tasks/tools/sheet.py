"""A spreadsheet behind tools (specification, section 6.6). Changing tools answer with the whole table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from acbench.tasks.tools import edits
from acbench.tasks.tools.grid import (
    MOST_TEXT,
    OPERATORS,
    Cell,
    Format,
    Grid,
    Reading,
    text_cell,
    write,
)
from acbench.tasks.tools.matching import equal
from acbench.tasks.tools.positions import (
    area_of,
    check_place,
    check_value,
    formula_place,
    name_of,
    place_of,
)
from acbench.tasks.tools.toolbox import ANY, FINISH, LIST, TEXT, WHOLE, Failed, Refused, Tool, Toolbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.tools.matching import Table
    from acbench.tasks.tools.positions import Area

SHEET_IN_GOAL = re.compile(r'"Sheet(\d{1,2})"')


def grid_of(entry: Mapping[str, Any]) -> Grid:
    """A grid from plain data: ``rows`` of shown texts; ``decimals``, ``notes``, ``merged`` if there are any.

    ``decimals`` has, cell by cell, null, a number of decimals or [decimals, true] with thousands marks.
    """
    formats = entry.get("decimals")
    rows = [
        [
            text_cell(text, _format(formats[row][column]) if formats else None)
            for column, text in enumerate(line)
        ]
        for row, line in enumerate(entry["rows"])
    ]
    made = Grid(rows)
    for position, note in entry.get("notes", {}).items():
        edits.reach(made, place_of(position)).note = note
    for first, last in entry.get("merged", []):
        edits.merge(made, _area(first, last))
    return made


def _format(given: Any) -> Format:
    return Format(given[0], thousands=bool(given[1])) if isinstance(given, list) else Format(given)


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
                self._changed(edits.freeze),
                {"dimension": TEXT, "num": WHOLE},
            ),
            Tool("get_A1_annotation", "A1 name of a cell", _a1, {"row": WHOLE, "col": WHOLE}),
            Tool(
                "insert_cols",
                "inserts columns (a list of columns)",
                self._changed(edits.insert_columns),
                {"values_list": LIST, "col_idx": WHOLE},
            ),
            Tool(
                "insert_rows",
                "inserts rows (a list of rows)",
                self._changed(edits.insert_rows),
                {"values_list": LIST, "row_idx": WHOLE},
            ),
            Tool(
                "delete_batch_data",
                'deletes rows ("row") or columns ("col") by number',
                self._changed(edits.delete),
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

    def _changed(self, edit: Callable[..., None]) -> Callable[..., Table]:
        """An edit as a tool: it works on the open sheet and answers with the whole table."""

        def run(**arguments: Any) -> Table:
            edit(self._grid, **arguments)
            return self._all()

        return run

    def _update_cell(self, position: str, value: Any) -> Table:
        check_value(value)
        write(edits.reach(self._grid, place_of(position)), value)
        return self._all()

    def _update_by_formula(self, operator: str, result_position: str, **operands: Any) -> Table:
        made = edits.formula(self._grid, operator, **operands)
        edits.reach(self._grid, formula_place(result_position)).value = made
        return self._all()

    def _update_range(self, start_position: str, end_position: str, values_list: list[Any]) -> Table:
        edits.update_area(self._grid, _area(start_position, end_position), values_list)
        return self._all()

    def _sort(self, col_num: int, order: str) -> Table:
        edits.sort(self._grid, col_num, order, keep_header=self._keep_header)
        return self._all()

    def _merge_cells(self, start_position: str, end_position: str) -> Table:
        edits.merge(self._grid, _area(start_position, end_position))
        return self._all()

    def _note(self, position: str, content: str) -> Table:
        edits.reach(self._grid, place_of(position)).note = content[:MOST_TEXT]
        return self._all()

    def _get_note(self, position: str) -> str:
        return edits.place_in(self._grid, position).note

    def _range_values(self, start_position: str, end_position: str) -> Table:
        top, left, bottom, right = _area(start_position, end_position)
        return [line[left - 1 : right] for line in self._all()[top - 1 : bottom]]

    def _cell_value(self, position: str) -> str:
        return Reading(self._grid.rows).shown(edits.place_in(self._grid, position))

    def _compute(self, operator: str, **operands: Any) -> str:
        return Reading(self._grid.rows).shown(Cell(edits.formula(self._grid, operator, **operands)))

    def _filter(self, query: str, in_row: int | None = None, in_column: int | None = None) -> list[str]:
        return [
            name_of(row, column)
            for row, line in enumerate(self._all(), 1)
            for column, text in enumerate(line, 1)
            if text == query and in_row in (None, row) and in_column in (None, column)
        ]


def _a1(row: int, col: int) -> str:
    check_place(row, col)
    return name_of(row, col)


def _area(start_position: str, end_position: str) -> Area:
    return area_of(place_of(start_position), place_of(end_position))
