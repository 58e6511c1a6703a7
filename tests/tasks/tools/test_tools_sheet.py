"""The grid and its tools: shown texts, formulas, sorting, merging, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools_stubs import call, environment, sheet_world

from acbench.tasks.tools.grid import MAX_CHAIN, Cell, Format, Formula, Grid, Reading, text_cell, write
from acbench.tasks.tools.sheet import SheetSimulator

ROWS = [["Name", "Team", "Points"], ["Bo", "x", "8.50"], ["Al", "y", "10.00"], ["Cy", "x", "9.00"]]


def simulator(rows: list[list[str]] | None = None, **more: Any) -> SheetSimulator:
    return SheetSimulator(sheet_world(rows or ROWS, **more))


def run(sheet: SheetSimulator, tool: str, **arguments: Any) -> Any:
    found = sheet.toolbox.tools[tool]
    return found.run(**found.arguments(arguments))


def step(line: str) -> Any:
    return environment("sheet", sheet_world(ROWS), subgoals=[], target=[["x"]]).step(line)


def test_the_sheet_is_opened_for_the_agent() -> None:
    assert simulator().opening() == [('open_sheet with Action Input: {"name": "Sheet1"}', str(ROWS))]


@pytest.mark.parametrize(
    ("text", "written", "shown"),
    [
        ("8.50", "9", "9.00"),  # numeric text is a number in the cell's format
        ("8.50", 9.126, "9.13"),
        ("8.50", "n/a", "n/a"),
        ("7", "0.10", "0.1"),
        ("", "12", "12"),
        ("", 184.79999999999998, "184.8"),
        ("", True, "TRUE"),
        ("x", None, ""),
        ("95.0", "-3", "-3.0"),
        ("x", "=1+1", "=1+1"),  # a formula that is typed in stays text
        ("x", "1e5", "1e5"),
    ],
)
def test_writing_a_cell(text: str, written: Any, shown: str) -> None:
    cell = text_cell(text)
    write(cell, written)
    assert Grid([[cell]]).table() == ([[shown]] if shown else [])


def test_formats() -> None:
    assert Format(2, thousands=True).show(1234.5) == "1,234.50"
    assert Format().show(3.0) == "3"
    assert Format(1).show(95.0) == "95.0"


def test_formulas_are_recomputed_and_follow_their_cells() -> None:
    sheet = simulator()
    run(sheet, "update_cell", position="D1", value="Twice")
    area = {"start_position": "C2", "end_position": "C3"}
    run(sheet, "update_cell_by_formula", **area, operator="SUM", result_position="D2")
    assert sheet.table()[1][3] == "18.50"  # shown like its operands
    run(sheet, "update_cell", position="C3", value="1")
    assert sheet.table()[1][3] == "9.50"
    table = run(sheet, "sort_sheet_by_col", col_num=1, order="des")
    assert [row[0] for row in table] == ["Name", "Cy", "Bo", "Al"]
    assert table[2][3] == "9.50"
    assert run(sheet, "delete_batch_data", dimension="row", index_list=[4])[2][3] == "8.50"


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("SUM", "27.50"),
        ("AVERAGE", "9.17"),
        ("COUNT", "3"),
        ("MAX", "10.00"),
        ("MIN", "8.50"),
        ("PRODUCT", "765"),
    ],
)
def test_operators(operator: str, value: str) -> None:
    area = {"start_position": "C1", "end_position": "C4"}  # the header is text and does not count
    assert run(simulator(), "get_value_by_formula", **area, operator=operator) == value


def test_minus_takes_two_cells() -> None:
    assert run(simulator(), "get_value_by_formula", position_list=["C3", "C2"], operator="MINUS") == "1.50"
    line = call("get_value_by_formula", position_list=["C3"], operator="MINUS")
    assert step(line).observation == "'MINUS takes exactly two cells.'"
    assert run(simulator(), "get_value_by_formula", position_list="['C3', 'C2']", operator="SUM") == "18.50"


def test_circles_and_chains_end() -> None:
    first, second = Cell(), Cell()
    first.value, second.value = Formula("SUM", (second,)), Formula("SUM", (first,))
    assert Grid([[first, second]]).table() == [["#REF!", "#REF!"]]
    cells = [Cell(1.0)]
    for _ in range(MAX_CHAIN + 5):
        cells.append(Cell(Formula("SUM", (cells[-1],) * 3)))
    shown = Reading([cells]).shown(cells[-1])  # 3^65 additions unless every cell is computed once
    assert shown == "#REF!"
    assert Reading([cells[:4]]).shown(cells[3]) == "27"
    assert Grid([[Cell(Formula("AVERAGE", ()))]]).table() == [["#DIV/0!"]]
    assert Grid([[Cell(Formula("PRODUCT", (Cell(1e14),) * 3))]]).table() == [["0"]]  # operands that are gone
    big = Cell(1e14)
    assert Grid([[big, Cell(Formula("PRODUCT", (big, big)))]]).table()[0][1] == "#NUM!"


def test_sorting_keeps_the_header_and_puts_numbers_before_text() -> None:
    rows = [["k"], ["b"], [""], ["10"], ["A"], ["9"]]
    assert run(simulator(rows), "sort_sheet_by_col", col_num=1, order="asc") == [
        ["k"],
        ["9"],
        ["10"],
        ["A"],
        ["b"],
    ]
    assert run(simulator(rows), "sort_sheet_by_col", col_num=1, order="des") == [
        ["k"],
        ["b"],
        ["A"],
        ["10"],
        ["9"],
    ]
    bare = SheetSimulator(sheet_world(rows), keep_header=False)
    assert run(bare, "sort_sheet_by_col", col_num=1, order="asc")[0] == ["9"]
    frozen = SheetSimulator(sheet_world(rows), keep_header=False)
    run(frozen, "freeze_data", dimension="rows", num=2)
    assert run(frozen, "sort_sheet_by_col", col_num=1, order="asc")[:3] == [["k"], ["b"], ["9"]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["1", "2", "2.5", "a", "B", ""]), min_size=2, max_size=8), st.booleans())
def test_sorting_is_stable_and_loses_nothing(keys: list[str], descending: bool) -> None:
    rows = [["k", "n"], *([key, f"r{number}"] for number, key in enumerate(keys))]
    table = run(simulator(rows), "sort_sheet_by_col", col_num=1, order="des" if descending else "asc")
    assert sorted(map(tuple, table)) == sorted(map(tuple, rows))
    for key in set(keys):
        same = [int(row[1][1:]) for row in table[1:] if row[0] == key]
        assert same == sorted(same)


def test_rows_and_columns_come_and_go() -> None:
    sheet = simulator()
    table = run(sheet, "insert_rows", values_list=[["Di", "y", 7]], row_idx=2)
    assert table[1] == ["Di", "y", "7"]
    table = run(sheet, "insert_cols", values_list=[["Rank", 1, 2]], col_idx=2)
    assert [row[1] for row in table] == ["Rank", "1", "2", "", ""]
    table = run(sheet, "delete_batch_data", dimension="col", index_list="[2, 3]")
    assert table[0] == ["Name", "Points"]
    table = run(sheet, "delete_batch_data", dimension="row", index_list=[2, 5, 40])
    assert [row[0] for row in table] == ["Name", "Bo", "Al"]


@pytest.mark.parametrize(
    ("line", "observation"),
    [
        (
            call("delete_batch_data", dimension="row", index_list=[2, 3, 4]),
            "'All rows below the header cannot be deleted.'",
        ),
        (
            call("delete_batch_data", dimension="col", index_list=[1, 2, 3]),
            "'All columns cannot be deleted.'",
        ),
        (
            call("delete_batch_data", dimension="diagonal", index_list=[1]),
            "'The dimension must be row or col.'",
        ),
        (call("freeze_data", dimension="row", num=1), "'The dimension must be rows or columns.'"),
        (call("sort_sheet_by_col", col_num=1, order="up"), "'The order must be asc or des.'"),
        (
            call("update_range", start_position="A1", end_position="C4", values_list=[[1]]),
            "'The whole sheet cannot be updated at once.'",
        ),
        (
            call("get_value_by_formula", start_position="a1", end_position="B2", operator="SUM"),
            "'A position in a formula is one capital letter and a number, such as B3.'",
        ),
        (
            call("get_value_by_formula", start_position="A1", end_position="B2", operator="MEDIAN"),
            "'The operator must be one of SUM, AVERAGE, COUNT, MAX, MIN, MINUS, PRODUCT.'",
        ),
    ],
)
def test_refusals_are_quoted_messages_and_grounded(line: str, observation: str) -> None:
    found = step(line)
    assert (found.observation, found.valid, found.trouble) == (observation, True, "refused")


@pytest.mark.parametrize(
    "line",
    [
        call("open_sheet", name="Sheet2"),
        call("update_cell", position="B", value=1),
        call("update_cell", position="ZZ99", value=1),
        call("update_cell", position="A201", value=1),
        call("update_cell", position="A0", value=1),
        call("update_cell", position="A1", value=[1]),
        call("update_range", start_position="B2", end_position="B3", values_list=[[1]]),
        call("update_range", start_position="B3", end_position="B2", values_list=[[1]]),
        call("insert_rows", values_list=[], row_idx=2),
        call("insert_rows", values_list=[[1]], row_idx=99),
        call("insert_cols", values_list=[[1]] * 30, col_idx=1),
        call("sort_sheet_by_col", col_num=9, order="asc"),
        call("get_value_by_formula", operator="SUM"),
        call("delete_batch_data", dimension="row", index_list=["two"]),
        call("freeze_data", dimension="rows", num=4),
    ],
)
def test_failures_are_errors(line: str) -> None:
    found = step(line)
    assert (found.valid, found.trouble) == (False, "failed")
    assert found.observation.startswith("ERROR | ")


def test_merged_cells_read_as_the_first_one() -> None:
    sheet = simulator()
    table = run(sheet, "merge_cells", start_position="B2", end_position="B4")
    assert [row[1] for row in table] == ["Team", "x", "x", "x"]
    run(sheet, "update_cell", position="B4", value="z")
    assert [row[1] for row in sheet.table()] == ["Team", "z", "z", "z"]
    table = run(sheet, "delete_batch_data", dimension="row", index_list=[2])
    assert [row[1] for row in table] == ["Team", "", ""]


def test_notes_names_areas_and_filters() -> None:
    sheet = simulator(notes={"A2": "call back"})
    assert run(sheet, "get_note", position="A2") == "call back"
    run(sheet, "update_note", position="A3", content="new")
    assert run(sheet, "get_note", position="A3") == "new"
    assert run(sheet, "get_note", position="Z9") == ""
    assert run(sheet, "get_A1_annotation", row=3, col=2) == "B3"
    assert run(sheet, "get_cell_value", position="C2") == "8.50"
    assert run(sheet, "get_range_values", start_position="B2", end_position="C3") == [
        ["x", "8.50"],
        ["y", "10.00"],
    ]
    assert run(sheet, "filter_cells", query="x") == ["B2", "B4"]
    assert run(sheet, "filter_cells", query="X") == []
    assert run(sheet, "filter_cells", query="x", in_row=4) == ["B4"]
    assert run(sheet, "filter_cells", query="re.compile('x')") == []  # text, never a program


def test_a_deleted_sheet_is_empty_for_the_scorer() -> None:
    env = environment("sheet", sheet_world(ROWS), subgoals=[], target=[["x"]])
    assert env.step(call("del_sheet", name="Sheet1")).valid
    assert env.step(call("get_all_values")).observation == "'Please open a sheet first.'"
    assert env.step(call("finish")).done
    assert (env.progress, env.success) == (0.0, False)
