"""The user's upstream folder: the reader on a small folder of our own, and on the real data if present."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from tools_stubs import TODO_WORLD, VARIANT, call, context, gold, nothing, play

from acbench.errors import DataError
from acbench.tasks.protocol import Sample
from acbench.tasks.tools import open_task, replay
from acbench.tasks.tools.matching import table_match
from acbench.tasks.tools.play import build_environment, build_simulator
from acbench.tasks.tools.todo import TodoSimulator
from acbench.tasks.tools.workbook import read_workbook

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "agentboard" / "tools"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no upstream data at {REAL}")


def row(tool: str, number: int = 0, **more: Any) -> dict[str, Any]:
    info = {"tool": tool, "answer": 7, "init_config": None, "goal_type": 0}
    if tool in ("todo", "weather"):
        info["init_config"] = {"current_date": "2024-05-01", "current_location": "Cork"}
    return {
        "id": number,
        "goal": "g",
        "subgoals": [7],
        "difficulty": "easy",
        "additional_info": {**info, **more.pop("info", {})},
        **more,
    }


def write(folder: Path, tool: str, *rows: Any) -> Path:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
    (folder / f"{tool}.jsonl").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return folder


def samples(folder: Path, tool: str, **settings: Any) -> list[Sample]:
    return list(open_task(context(data_dir=folder, tools=[tool], **settings), VARIANT[tool]).samples())


def todo_folder(folder: Path, *rows: Any) -> Path:
    (folder / "todo_projects.json").write_text(json.dumps(TODO_WORLD["projects"]), encoding="utf-8")
    return write(folder, "todo", *rows)


def test_rows_become_samples_in_their_order(tmp_path: Path) -> None:
    found = samples(
        todo_folder(tmp_path, row("todo"), row("todo", 1, difficulty="hard"), row("todo", 2)), "todo"
    )
    assert [(s.id, s.level) for s in found] == [("todo-0", "easy"), ("todo-1", "hard"), ("todo-2", "easy")]
    assert [s.id for s in samples(tmp_path, "todo", per_level=1)] == ["todo-0", "todo-1"]
    steps = replay(found[0], [call("get_projects"), call("finish", answer=7)])
    assert "Boat" in steps[0]["observation"]
    assert (steps[1]["progress"], steps[1]["done"]) == (1.0, True)


def test_rows_of_a_group_may_stand_in_one_file(tmp_path: Path) -> None:
    (tmp_path / "tool-operation").mkdir()
    todo_folder(tmp_path, row("todo")).joinpath("todo.jsonl").rename(
        tmp_path / "tool-operation" / "test.jsonl"
    )
    with (tmp_path / "tool-operation" / "test.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row("sheet", 1)) + "\n")
    assert [s.id for s in samples(tmp_path, "todo")] == ["todo-0"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (['{"id": 1'], r"todo\.jsonl:1: not valid JSON"),
        ([row("todo"), [1]], r"todo\.jsonl:3: additional_info\.tool"),
        ([row("todo", goal=3)], r"todo\.jsonl:1: field 'goal' must be text"),
        ([row("todo", subgoals=[])], r"field 'subgoals' must be a list"),
        ([row("todo", difficulty="medium")], r"field 'difficulty' must be easy or hard"),
        ([row("todo", id=None)], r"field 'id'"),
        ([row("todo", info={"init_config": None})], r"init_config\.current_date must be text"),
        ([row("todo", info={"goal_type": 1})], r"final projects and tasks"),
        (
            [row("todo", info={"answer": {"projects": [{"name": "Car"}], "tasks": []}})],
            r"no projects file in .* has the projects \['Car'\]",
        ),
    ],
)
def test_malformed_rows_are_named(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        samples(todo_folder(tmp_path, *rows), "todo")


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"todo\.jsonl: file is missing"):
        samples(tmp_path, "todo")
    with pytest.raises(DataError, match="todo rows need their projects"):
        samples(write(tmp_path, "todo", row("todo")), "todo")
    with pytest.raises(DataError, match=r"sheet rows need sheet_workbook\.xlsx"):
        samples(write(tmp_path, "sheet", row("sheet", goal='In "Sheet1", go', subgoals="x")), "sheet")
    (tmp_path / "todo_projects.json").write_text('[{"name": "Boat", "is_favorite": false, "tasks": [{}]}]')
    with pytest.raises(DataError, match="every task needs content"):
        samples(tmp_path, "todo")


def test_the_final_state_counts_where_the_row_or_the_user_asks(tmp_path: Path) -> None:
    state = TodoSimulator(TODO_WORLD).state()
    state["tasks"] = state["tasks"][1:]
    folder = todo_folder(
        tmp_path, row("todo", info={"answer": state}), row("todo", 1, info={"answer": state, "goal_type": 1})
    )
    finals = {
        choice: [s.data["final"] for s in samples(folder, "todo", check_state=choice)]
        for choice in ("row", "always")
    }
    assert finals == {"row": [None, state], "always": [state, state]}
    env = build_environment(samples(folder, "todo")[1].data)
    env.step(call("delete_task", task_id=env.simulator.projects[0].tasks[0].id))  # type: ignore[attr-defined]
    env.step(call("finish", answer=7))
    assert env.success


def test_rows_without_recorded_answers(tmp_path: Path) -> None:
    write(tmp_path, "weather", row("weather"))
    with pytest.raises(DataError, match=r"weather rows need recorded answers \(weather_recordings\.jsonl\)"):
        samples(tmp_path, "weather")
    assert samples(tmp_path, "weather", unrecorded="leave_out") == []
    sample = samples(tmp_path, "weather", unrecorded="play")[0]
    steps = replay(
        sample,
        [
            call("get_elevation", latitude=1, longitude=2),
            call("get_distance", latitude1=0, longitude1=0, latitude2=0, longitude2=1),
            call("get_user_current_date"),
            call("finish", answer=7),
        ],
    )
    assert [step["valid"] for step in steps] == [False, True, True, True]
    assert steps[0]["observation"] == "ERROR | LookupError(there is no recorded answer for these arguments)"
    assert steps[3]["progress"] == 1.0


def test_recorded_answers_are_given_back(tmp_path: Path) -> None:
    result = {"elevation": [12.0]}
    recorded = [
        {"tool": "get_elevation", "arguments": {"latitude": 1, "longitude": "2.0"}, "result": result},
        {"tool": "get_elevation", "arguments": {"latitude": 9, "longitude": 9}, "result": {"error": "gone"}},
    ]
    text = "\n".join(map(json.dumps, recorded))
    (tmp_path / "weather_recordings.jsonl").write_text(text, encoding="utf-8")
    sample = samples(write(tmp_path, "weather", row("weather", subgoals=[result, 7])), "weather")[0]
    lines = [call("get_elevation", latitude=1.0, longitude=2), call("get_elevation", latitude=9, longitude=9)]
    steps = replay(sample, [*lines, call("finish", answer=7)])
    assert [step["progress"] for step in steps] == [0.5, 0.5, 1.0]
    assert [step["observation"] for step in steps[:2]] == [str(result), "ERROR | RecordedError(gone)"]
    (tmp_path / "weather_recordings.jsonl").write_text(f'{text}\n{{"tool": "x"}}\n', encoding="utf-8")
    other = tmp_path / "other"
    other.mkdir()
    (other / "weather_recordings.jsonl").write_text('{"tool": "x"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"weather_recordings\.jsonl:1: expected tool, arguments and result"):
        samples(write(other, "weather", row("weather")), "weather")


def test_converted_graphs_are_read(tmp_path: Path) -> None:
    graphs: dict[str, Any] = {
        "PaperNet": {"nodes": {"P": {"year": 7}, "Q": {}}, "edges": [["P", "Q", {"weight": 1}]]},
        "AuthorNet": {"nodes": {}, "edges": []},
    }
    (tmp_path / "academia_graphs.json").write_text(json.dumps(graphs), encoding="utf-8")
    sample = samples(write(tmp_path, "academia", row("academia")), "academia")[0]
    steps = replay(
        sample,
        [
            call("loadPaperNet"),
            call("paperNodeCheck", node="P"),
            call("paperEdgeCheck", node1="Q", node2="P"),
        ],
    )
    assert [step["observation"] for step in steps[1:]] == ["{'year': 7}", "{'weight': 1}"]
    bad = tmp_path / "bad"
    bad.mkdir()
    graphs["PaperNet"]["edges"] = [["P", "X", {}]]
    (bad / "academia_graphs.json").write_text(json.dumps(graphs), encoding="utf-8")
    with pytest.raises(DataError, match="PaperNet: an edge must be two nodes"):
        samples(write(bad, "academia", row("academia")), "academia")


def test_tables_may_come_as_json(tmp_path: Path) -> None:
    (tmp_path / "sheet_tables.json").write_text(json.dumps({"Sheet3": [["k"], ["1.0"]]}), encoding="utf-8")
    answer = json.dumps([["k"], ["2.0"]])
    entry = row(
        "sheet", goal='Raise "Sheet3" by one.', subgoals="reference", info={"answer": answer, "goal_type": 1}
    )
    sample = samples(write(tmp_path, "sheet", entry), "sheet")[0]
    steps = replay(sample, [call("update_cell", position="A2", value=2), call("finish")])
    assert steps[-1]["progress"] == 1.0
    for wrong, message in (
        ({"goal": "no sheet"}, "names no sheet"),
        ({"goal": 'In "Sheet4"'}, "Sheet4 is not in"),
        ({"info": {"answer": "[1]"}}, "must be a table of texts"),
        ({"info": {"answer": "no"}}, "not valid JSON"),
    ):
        given: dict[str, Any] = {"goal": 'In "Sheet3"', "subgoals": "r", "info": {"answer": answer}, **wrong}
        with pytest.raises(DataError, match=message):
            samples(write(tmp_path, "sheet", row("sheet", **given)), "sheet")


SCHEMA = "http://schemas.openxmlformats.org"
MAIN = f'xmlns="{SCHEMA}/spreadsheetml/2006/main"'
KIND = f"{SCHEMA}/officeDocument/2006/relationships"
ROWS = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>in</t></is></c></row>'
    '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" s="1"><v>1234.5</v></c>'
    '<c r="C2" s="2"><f>1+1</f><v>7</v></c><c r="D2" s="1"/></row>'
)
SHEET = f'<sheetData>{ROWS}</sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells>'
STYLES = (
    '<numFmts><numFmt numFmtId="164" formatCode="0.0"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="4"/><xf numFmtId="164"/></cellXfs>'
)
TEXTS = "<si><t>Name</t></si><si><r><t>B</t></r><r><t>o</t></r></si>"
NOTES = '<commentList><comment ref="A2"><text><t>ring </t><t>twice</t></text></comment></commentList>'


def relation(kind: str, target: str) -> str:
    inner = f'<Relationship Id="r1" Type="{KIND}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{SCHEMA}/package/2006/relationships">{inner}</Relationships>'


def workbook(path: Path) -> Path:
    """A small workbook, part by part as the format wants it."""
    listed = '<sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets>'
    parts = {
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{KIND}">{listed}</workbook>',
        "xl/_rels/workbook.xml.rels": relation("worksheet", "worksheets/one.xml"),
        "xl/worksheets/_rels/one.xml.rels": relation("comments", "../notes.xml"),
        "xl/notes.xml": f"<comments {MAIN}>{NOTES}</comments>",
        "xl/sharedStrings.xml": f"<sst {MAIN}>{TEXTS}</sst>",
        "xl/styles.xml": f"<styleSheet {MAIN}>{STYLES}</styleSheet>",
        "xl/worksheets/one.xml": f"<worksheet {MAIN}>{SHEET}</worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def test_a_workbook_is_read_with_formats_notes_and_merged_cells(tmp_path: Path) -> None:
    sheet = read_workbook(workbook(tmp_path / "sheet_workbook.xlsx"))["Sheet1"]
    simulator = build_simulator(
        "sheet", {"name": "Sheet1", "sheets": {"Sheet1": json.loads(json.dumps(sheet))}}
    )
    assert simulator.table() == [["Name", "Name", "in"], ["Bo", "1,234.50", "7.0"]]  # type: ignore[attr-defined]
    assert simulator.toolbox.tools["get_note"].run(position="A2") == "ring twice"
    (tmp_path / "bad.xlsx").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"bad\.xlsx: not a workbook"):
        read_workbook(tmp_path / "bad.xlsx")


# -- the real rows --------------------------------------------------------------------------------


def changes(sample: Sample, target: dict[str, Any]) -> list[str]:
    """The calls that lead from the start state to the target, found by comparing the two."""
    simulator = build_environment(sample.data).simulator
    wanted = {task["content"]: task for task in target["tasks"]}
    favourites = {project["name"]: project["is_favorite"] for project in target["projects"]}
    lines = []
    for project in simulator.projects:  # type: ignore[attr-defined]
        if favourites[project.name] != project.is_favorite:
            lines.append(
                call("update_project", project_id=project.id, is_favorite=str(favourites[project.name]))
            )
        for task in project.tasks:
            if task.content not in wanted:
                lines.append(call("complete_task", task_id=task.id))
            elif wanted[task.content]["due_date"] != task.due_date:
                lines.append(call("update_task", task_id=task.id, due_date=wanted[task.content]["due_date"]))
    return lines


@needs_real
@pytest.mark.upstream
def test_all_todo_rows_and_their_final_states() -> None:
    task = open_task(context(data_dir=REAL, tools=["todo"], check_state="always", max_steps=12), "operation")
    found = task.samples()
    assert len(found) == 155
    changed = 0
    for sample in found:
        plan = changes(sample, sample.data["final"])
        changed += bool(plan)
        plan.append(call("finish", answer=sample.data["subgoals"][0]))
        grade, _, _ = play(
            task.open(Sample(sample.id, {**sample.data, "plan": plan})), gold(Sample("", {"plan": plan}))
        )
        assert grade.scores == {"progress": 1.0, "success": 1.0, "grounding": 1.0}, sample.id
        assert play(task.open(sample), nothing)[0].scores["progress"] == 0.0
    assert changed == 58  # rows whose state differs from that of the questions


@needs_real
@pytest.mark.upstream
def test_all_sheet_rows_with_their_reference_actions() -> None:
    found = samples(REAL, "sheet")
    assert Counter(sample.level for sample in found) == {"easy": 6, "hard": 14}
    rows = [json.loads(line) for line in (REAL / "sheet.jsonl").read_text(encoding="utf-8").splitlines()]
    starts: dict[bool, list[float]] = {True: [], False: []}
    missed = []
    for sample, entry in zip(found, rows, strict=True):
        env = build_environment(sample.data)
        for common, values in starts.items():
            values.append(table_match(env.simulator.table(), sample.data["target"], common_only=common))  # type: ignore[attr-defined]
        actions = re.findall(r"^Action \d+: (.*)$", entry["subgoals"], re.MULTILINE)
        steps = [env.step(action) for action in actions]
        assert not any(step.trouble for step in steps), sample.id
        if env.step(call("finish")).progress < 1.0 or not env.success:
            missed.append(sample.id)
        assert replay(sample, [call("get_all_values")])[0]["progress"] == 0.0
    # Row 6 asks for a new column with a heading; its reference actions write neither heading nor format.
    assert missed == ["sheet-6"]
    # What doing nothing is worth, as measured on the original.
    assert mean(starts[True]) == pytest.approx(0.26, abs=0.005)
    assert (min(starts[True]), max(starts[True])) == pytest.approx((0.13, 0.57), abs=0.01)
    assert mean(starts[False]) == pytest.approx(0.21, abs=0.005)


@needs_real
@pytest.mark.upstream
def test_all_academia_rows_take_their_answer() -> None:
    found = samples(REAL, "academia", unrecorded="play")
    assert Counter(sample.level for sample in found) == {"easy": 12, "hard": 8}
    assert Counter(type(sample.data["answer"]) for sample in found) == {str: 12, list: 5, int: 3}
    for sample in found:
        env = build_environment(sample.data)
        assert env.step(call("finish", answer=sample.data["answer"])).progress == 1.0
        assert env.success
    with pytest.raises(DataError, match=r"academia_graphs\.json"):
        samples(REAL, "academia")


@needs_real
@pytest.mark.upstream
@pytest.mark.parametrize(("tool", "count"), [("weather", 343), ("movie", 238)])
def test_query_rows_load_and_take_their_answers(tool: str, count: int) -> None:
    found = samples(REAL, tool, unrecorded="play", max_steps=4)
    assert len(found) == count
    progress = Counter()  # type: ignore[var-annotated]
    for sample in found:
        env = build_environment(sample.data)
        last = env.step(call("finish", answer=sample.data["subgoals"][0]))
        assert last.progress == pytest.approx(1 / len(sample.data["subgoals"])), sample.id
        progress[last.progress] += 1
    assert progress[1.0] >= count - 2  # two weather rows list their answer twice, exact and rounded


@needs_real
@pytest.mark.upstream
def test_a_distance_row_is_reached_with_coordinates_alone() -> None:
    """New York to Pittsburgh: the row's answer is the geodesic distance in kilometres."""
    sample = samples(REAL, "weather", unrecorded="play")[225]
    line = call(
        "get_distance", latitude1=40.71427, longitude1=-74.00597, latitude2=40.44062, longitude2=-79.99589
    )
    assert float(replay(sample, [line])[0]["observation"]) == pytest.approx(sample.data["answer"], abs=0.5)


@needs_real
@pytest.mark.upstream
def test_both_project_files_are_told_apart() -> None:
    sizes = {len(sample.data["world"]["projects"]) for sample in samples(REAL, "todo")}
    assert sizes == {5}
