"""The cells of one sheet: values with a number format, formulas, notes, merged areas.

A formula refers to cells, not to places: when rows are sorted, inserted or deleted it keeps its cells.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_ROWS, MAX_COLUMNS = 200, 26
MOST_TEXT = 500
"""Longer cell texts are cut: a sheet must stay readable."""
LARGEST = 1e15
MAX_CHAIN = 60
"""Formulas over formulas: longer chains are an error."""
BROKEN, DIVIDED, TOO_LARGE = "#REF!", "#DIV/0!", "#NUM!"
NUMBER_TEXT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")

OPERATORS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "SUM": math.fsum,
    "AVERAGE": lambda values: math.fsum(values) / len(values),
    "COUNT": len,
    "MAX": lambda values: max(values, default=0.0),
    "MIN": lambda values: min(values, default=0.0),
    "MINUS": lambda values: values[0] - values[1],
    "PRODUCT": lambda values: math.prod(values) if values else 0.0,
}
INHERITING = ("SUM", "AVERAGE", "MAX", "MIN", "MINUS")
"""Their results are of the operands' kind and are shown alike; a product or a count is not."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a number is shown: with so many decimals, or None for as many as it has."""

    decimals: int | None = None
    thousands: bool = False

    def show(self, number: float) -> str:
        if self.decimals is not None:
            return f"{number:{',' if self.thousands else ''}.{self.decimals}f}"
        if number == int(number) and abs(number) < LARGEST:
            return str(int(number))
        return f"{number:.10g}"


GENERAL = Format()


@dataclass(eq=False, slots=True)
class Cell:
    """``value`` is text, a number or a Formula; ``master`` is the cell a merged one is shown as."""

    value: Any = ""
    format: Format = GENERAL
    note: str = ""
    master: Cell | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """Computed whenever it is read. ``cells`` are the operands in reading order."""

    operator: str
    cells: Sequence[Cell] = field(default_factory=tuple)


def compute(operator: str, numbers: Sequence[float]) -> float | str:
    """The operator's result; an error text for the mean of nothing or a result too large to show."""
    if operator == "AVERAGE" and not numbers:
        return DIVIDED
    result = float(OPERATORS[operator](numbers))
    return result if math.isfinite(result) and abs(result) < LARGEST else TOO_LARGE


class Reading:
    """One look at a grid: every formula is computed once, circles and deleted operands are found."""

    def __init__(self, rows: Sequence[Sequence[Cell]]) -> None:
        self._alive = {id(cell) for row in rows for cell in row}
        self._known: dict[int, float | str] = {}
        self._depth = 0

    def value(self, cell: Cell) -> float | str:
        """Text or number; a merged cell has the value of its first cell."""
        source = cell.master or cell
        if not isinstance(source.value, Formula):
            return source.value  # type: ignore[no-any-return]
        if id(source) not in self._known:
            self._known[id(source)] = BROKEN  # what a circle finds when it comes back here
            self._depth += 1
            self._known[id(source)] = self.result(source.value) if self._depth < MAX_CHAIN else BROKEN
            self._depth -= 1
        return self._known[id(source)]

    def result(self, formula: Formula) -> float | str:
        """The formula's value or an error text. Text counts as nothing, in a difference as 0."""
        numbers: list[float] = []
        for cell in formula.cells:
            found = self.value(cell) if id(cell) in self._alive else ""
            if found in (BROKEN, DIVIDED, TOO_LARGE):
                return found
            if isinstance(found, int | float):
                numbers.append(float(found))
            elif formula.operator == "MINUS":
                numbers.append(0.0)
        return compute(formula.operator, numbers)

    def shown(self, cell: Cell) -> str:
        """The cell as a user sees it. A formula without a format of its own takes that of its first number."""
        found = self.value(cell)
        if isinstance(found, str):
            return found
        source = cell.master or cell
        form = source.format
        if isinstance(source.value, Formula) and form == GENERAL and source.value.operator in INHERITING:
            operands = (cell for cell in source.value.cells if not isinstance(self.value(cell), str))
            form = next((cell.format for cell in operands), form)
        return form.show(float(found))


class Grid:
    """Rows of cells, always a rectangle. Rows and columns count from 1."""

    def __init__(self, rows: Sequence[Sequence[Cell]]) -> None:
        width = max((len(row) for row in rows), default=0)
        self.rows = [[*row, *(Cell() for _ in range(width - len(row)))] for row in rows]
        self.frozen = 0

    @property
    def height(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0

    def cell(self, row: int, column: int) -> Cell:
        return self.rows[row - 1][column - 1]

    def grow(self, row: int, column: int) -> None:
        """Makes room up to this cell."""
        for line in self.rows:
            line.extend(Cell() for _ in range(column - len(line)))
        width = max(self.width, column)
        self.rows.extend([Cell() for _ in range(width)] for _ in range(row - self.height))

    def table(self) -> list[list[str]]:
        """All cells as they are shown, without empty rows and columns at the end."""
        reading = Reading(self.rows)
        shown = [[reading.shown(cell) for cell in row] for row in self.rows]
        while shown and not any(shown[-1]):
            shown.pop()
        width = max((number for row in shown for number, text in enumerate(row, 1) if text), default=0)
        return [row[:width] for row in shown]

    def sort(self, column: int, *, descending: bool, keep: int) -> None:
        """Sorts the rows below the first ``keep``: numbers before text, descending the other way, blanks last."""
        reading = Reading(self.rows)
        head, body = self.rows[:keep], self.rows[keep:]
        values = [(reading.value(row[column - 1]), row) for row in body]
        filled = [(value, row) for value, row in values if value != ""]
        filled.sort(key=lambda entry: _sort_key(entry[0]), reverse=descending)
        blank = [row for value, row in values if value == ""]
        self.rows = [*head, *(row for _, row in filled), *blank]

    def delete(self, numbers: set[int], *, rows: bool) -> None:
        """Takes out rows or columns; cells merged into a deleted one stand alone again."""
        if rows:
            self.rows = [row for number, row in enumerate(self.rows, 1) if number not in numbers]
            self.frozen = min(self.frozen, self.height - 1)
        else:
            self.rows = [
                [cell for number, cell in enumerate(row, 1) if number not in numbers] for row in self.rows
            ]
        alive = {id(cell) for row in self.rows for cell in row}
        for row in self.rows:
            for cell in row:
                if cell.master is not None and id(cell.master) not in alive:
                    cell.master = None


def write(cell: Cell, value: Any) -> None:
    """Puts in a value as a user would type it: numeric text is a number, shown in the cell's format."""
    target = cell.master or cell
    if isinstance(value, bool):
        value = str(value).upper()
    elif value is None:
        value = ""
    if isinstance(value, str):
        value = value[:MOST_TEXT]
        plain = value.strip()
        if NUMBER_TEXT.fullmatch(plain) and len(plain) <= 15:
            value = float(plain)
    target.value = value if isinstance(value, str | Formula) else float(value)


def text_cell(text: str, number_format: Format | None = None) -> Cell:
    """A cell from shown text; a number's format is read off the text unless it is given."""
    cell = Cell()
    if number_format is None:
        decimals = len(text.partition(".")[2]) if NUMBER_TEXT.fullmatch(text) and "." in text else None
        number_format = Format(decimals) if decimals else GENERAL
    cell.format = number_format
    write(cell, text)
    return cell


def _sort_key(value: float | str) -> tuple[int, float, str, str]:
    if isinstance(value, str):
        return (1, 0.0, value.lower(), value)
    return (0, float(value), "", "")
