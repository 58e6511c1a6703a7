"""Edits of invented tables. Target tables are computed on the plain rows, not in the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.data.drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

FEW = ("get_all_values", "update_cell")
HALF = (
    *("update_cell", "update_range", "insert_rows", "delete_batch_data", "sort_sheet_by_col", "filter_cells"),
    *("get_all_values", "get_cell_value", "freeze_data"),
)
_GOODS = (
    *("Anise", "Barley", "Cocoa", "Dates", "Elderberry", "Fennel", "Ginger", "Honey", "Lentils"),
    *("Millet", "Nutmeg", "Oats"),
)
_STAFF = (
    *("Agnes", "Boris", "Chloe", "Denis", "Edith", "Felix", "Gerda", "Hakim", "Irma", "Jakob"),
    *("Katrin", "Louis"),
)
_SHELVES = ("North", "South", "East", "West")
_TEAMS = ("Sales", "Support", "Design")
_STATES = ("open", "shipped", "returned")
Row = list[str]
Plan = list[tuple[str, dict[str, Any]]]


def draw(rng: Random, level: int, _seed: int) -> Draft:
    choices: dict[int, tuple[Callable[[_Table], Draft], ...]] = {1: _EASY, 2: _MIDDLE, 3: _HARD}
    return rng.choice(choices[level])(rng.choice((_goods, _orders, _grades))(rng, level))


class _Table:
    """A header and rows of shown texts; ``numbers`` are the columns with whole numbers, from 0."""

    def __init__(
        self, rng: Random, header: Row, rows: list[Row], numbers: tuple[int, ...], group: int
    ) -> None:
        self.rng, self.header, self.rows, self.numbers, self.group = rng, header, rows, numbers, group
        self.name = f"Sheet{rng.randrange(1, 100)}"

    @property
    def world(self) -> dict[str, Any]:
        return {"name": self.name, "sheets": {self.name: {"rows": [self.header, *self.rows]}}}

    def number(self, row: Row, column: int) -> int:
        return int(row[column])

    def target(self, rows: list[Row], header: Row | None = None) -> list[Row]:
        return [header or self.header, *rows]

    def ordered(self, rows: list[Row], column: int, *, descending: bool) -> list[Row]:
        return sorted(rows, key=lambda row: int(row[column]), reverse=descending)


def _distinct(rng: Random, count: int) -> list[str]:
    return [str(value) for value in rng.sample(range(2, 100), count)]


def _size(level: int) -> int:
    return {1: 3, 2: 5, 3: 7}[level]


def _goods(rng: Random, level: int) -> _Table:
    size = _size(level)
    stock, price = _distinct(rng, size), _distinct(rng, size)
    names = rng.sample(_GOODS, size)
    rows = [[name, rng.choice(_SHELVES), price[at], stock[at]] for at, name in enumerate(names)]
    return _Table(rng, ["Product", "Shelf", "Price", "Stock"], rows, (2, 3), 1)


def _orders(rng: Random, level: int) -> _Table:
    size = _size(level)
    amount, weight = _distinct(rng, size), _distinct(rng, size)
    names = rng.sample(_GOODS, size)
    rows = [[name, rng.choice(_STATES), amount[at], weight[at]] for at, name in enumerate(names)]
    return _Table(rng, ["Order", "State", "Amount", "Weight"], rows, (2, 3), 1)


def _grades(rng: Random, level: int) -> _Table:
    size = _size(level)
    maths, music = _distinct(rng, size), _distinct(rng, size)
    names = rng.sample(_STAFF, size)
    rows = [[name, rng.choice(_TEAMS), maths[at], music[at]] for at, name in enumerate(names)]
    return _Table(rng, ["Name", "Team", "Speed", "Quality"], rows, (2, 3), 1)


def _a1(row: int, column: int) -> str:
    """The name of a cell; ``row`` counts table rows from 0, below the header."""
    return f"{chr(ord('A') + column)}{row + 2}"


def _sort_call(column: int, *, descending: bool) -> tuple[str, dict[str, Any]]:
    return "sort_sheet_by_col", {"col_num": column + 1, "order": "des" if descending else "asc"}


def _direction(table: _Table) -> tuple[bool, str]:
    descending = table.rng.random() < 0.5
    return descending, "descending" if descending else "ascending"


def _write_cell(table: _Table) -> Draft:
    row, column = table.rng.randrange(len(table.rows)), table.rng.choice(table.numbers)
    value = str(table.rng.randrange(100, 1000))
    goal = f'In "{table.name}", write {value} into the cell {_a1(row, column)}.'
    rows = [list(line) for line in table.rows]
    rows[row][column] = value
    plan: Plan = [("update_cell", {"position": _a1(row, column), "value": value})]
    return Draft(goal, table.world, plan, offered=FEW, target=table.target(rows))


def _sort_only(table: _Table) -> Draft:
    column = table.rng.choice(table.numbers)
    descending, words = _direction(table)
    rows = table.ordered(table.rows, column, descending=descending)
    if rows == table.rows:
        return _write_cell(table)
    order = "des" if descending else "asc"
    goal = f'In "{table.name}", sort the rows by column number {column + 1}, {words} ("{order}").'
    return Draft(
        goal, table.world, [_sort_call(column, descending=descending)], offered=FEW, target=table.target(rows)
    )


def _drop_row(table: _Table) -> Draft:
    row = table.rng.randrange(len(table.rows))
    rows = [line for number, line in enumerate(table.rows) if number != row]
    goal = f'In "{table.name}", delete the row with the number {row + 2}.'
    plan: Plan = [("delete_batch_data", {"dimension": "row", "index_list": [row + 2]})]
    return Draft(goal, table.world, plan, offered=FEW, target=table.target(rows))


def _change_and_sort(table: _Table) -> Draft:
    row, column = table.rng.randrange(len(table.rows)), table.rng.choice(table.numbers)
    value = str(table.rng.randrange(100, 1000))
    descending, words = _direction(table)
    changed = [list(line) for line in table.rows]
    changed[row][column] = value
    goal = (
        f'In "{table.name}", set "{table.header[column]}" of {table.rows[row][0]} to {value}. '
        f'Then sort the rows by "{table.header[column]}" in {words} order.'
    )
    plan: Plan = [
        ("update_cell", {"position": _a1(row, column), "value": value}),
        _sort_call(column, descending=descending),
    ]
    rows = table.ordered(changed, column, descending=descending)
    return Draft(goal, table.world, plan, offered=HALF, target=table.target(rows))


def _drop_group(table: _Table) -> Draft:
    group = table.rng.choice(table.rows)[table.group]
    kept = [row for row in table.rows if row[table.group] != group]
    if len(kept) < 2:
        return _change_and_sort(table)
    column = table.rng.choice(table.numbers)
    descending, words = _direction(table)
    gone = [number + 2 for number, row in enumerate(table.rows) if row[table.group] == group]
    goal = (
        f'In "{table.name}", delete all rows whose "{table.header[table.group]}" is "{group}". '
        f'Then sort the rows by "{table.header[column]}" in {words} order.'
    )
    plan: Plan = [
        ("delete_batch_data", {"dimension": "row", "index_list": gone}),
        _sort_call(column, descending=descending),
    ]
    rows = table.ordered(kept, column, descending=descending)
    return Draft(goal, table.world, plan, offered=HALF, target=table.target(rows))


def _add_rows(table: _Table) -> Draft:
    column = table.numbers[0]
    values = [str(value) for value in table.rng.sample(range(100, 200), 2)]
    new = [[f"Extra {letter}", table.rows[0][1], values[at], str(at + 1)] for at, letter in enumerate("AB")]
    goal = f'In "{table.name}", add the rows {new} and sort all rows by "{table.header[column]}" in ascending order.'
    plan: Plan = [("insert_rows", {"values_list": new, "row_idx": 2}), _sort_call(column, descending=False)]
    rows = table.ordered([*new, *table.rows], column, descending=False)
    return Draft(goal, table.world, plan, offered=HALF, target=table.target(rows))


def _computed_column(table: _Table) -> Draft:
    first, second = table.numbers
    operator, words, compute = table.rng.choice(_SUMS)
    results = [compute(table.number(row, first), table.number(row, second)) for row in table.rows]
    if len(set(results)) < len(results):
        return _rule(table)
    header = [*table.header, "Result"]
    rows = [[*row, str(result)] for row, result in zip(table.rows, results, strict=True)]
    what = words.format(table.header[first], table.header[second])
    goal = (
        f'In "{table.name}", add a fifth column "Result" that holds {what} of every row. '
        "Then sort the rows by it in descending order."
    )
    plan: Plan = [("update_cell", {"position": "E1", "value": "Result"})]
    for number in range(len(table.rows)):
        cells = {"start_position": _a1(number, first), "end_position": _a1(number, second)}
        plan.append(
            ("update_cell_by_formula", {**cells, "operator": operator, "result_position": _a1(number, 4)})
        )
    plan.append(_sort_call(4, descending=True))
    return Draft(
        goal, table.world, plan, target=table.target(table.ordered(rows, 4, descending=True), header)
    )


_SUMS: tuple[tuple[str, str, Callable[[int, int], int]], ...] = (
    ("SUM", 'the sum of "{}" and "{}"', lambda first, second: first + second),
    ("PRODUCT", 'the product of "{}" and "{}"', lambda first, second: first * second),
    ("MINUS", 'the difference "{}" minus "{}"', lambda first, second: first - second),
)


def _rule(table: _Table) -> Draft:
    first, second = table.numbers
    bound = sorted(table.number(row, first) for row in table.rows)[2]
    raised = table.rng.randrange(3, 20)
    kept = [list(row) for row in table.rows if table.number(row, first) >= bound]
    gone = [number + 2 for number, row in enumerate(table.rows) if table.number(row, first) < bound]
    goal = (
        f'In "{table.name}", delete all rows in which "{table.header[first]}" is below {bound}. In the rows that stay, '
        f'raise "{table.header[second]}" by {raised}. Then sort the rows by "{table.header[second]}" in '
        "ascending order."
    )
    for row in kept:
        row[second] = str(int(row[second]) + raised)
    area = {"start_position": _a1(0, second), "end_position": _a1(len(kept) - 1, second)}
    plan: Plan = [
        ("delete_batch_data", {"dimension": "row", "index_list": gone}),
        ("update_range", {**area, "values_list": [[int(row[second])] for row in kept]}),
        _sort_call(second, descending=False),
    ]
    return Draft(goal, table.world, plan, target=table.target(table.ordered(kept, second, descending=False)))


def _totals(table: _Table) -> Draft:
    first, second = table.numbers
    totals = [sum(table.number(row, column) for row in table.rows) for column in (first, second)]
    goal = (
        f'In "{table.name}", add a last row with the text "Total" in its first cell and the sums of '
        f'"{table.header[first]}" and "{table.header[second]}" below their columns. Then delete the column '
        f'"{table.header[table.group]}".'
    )
    bottom, last = len(table.rows), len(table.rows) - 1
    plan: Plan = [("update_cell", {"position": _a1(bottom, 0), "value": "Total"})]
    for column in (first, second):
        cells = {"start_position": _a1(0, column), "end_position": _a1(last, column)}
        plan.append(
            ("update_cell_by_formula", {**cells, "operator": "SUM", "result_position": _a1(bottom, column)})
        )
    plan.append(("delete_batch_data", {"dimension": "col", "index_list": [table.group + 1]}))
    total = ["Total", "", str(totals[0]), str(totals[1])]
    rows = [[text for at, text in enumerate(row) if at != table.group] for row in [*table.rows, total]]
    header = [text for at, text in enumerate(table.header) if at != table.group]
    return Draft(goal, table.world, plan, target=table.target(rows, header))


_EASY = (_write_cell, _sort_only, _drop_row)
_MIDDLE = (_change_and_sort, _drop_group, _add_rows)
_HARD = (_computed_column, _rule, _totals)
