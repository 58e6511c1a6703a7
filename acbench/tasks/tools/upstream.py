"""Reads the user's upstream rows, and the worlds they are about: projects, tables, graphs, recordings.

Rows stand in ``<tool>.jsonl``, or together in ``tool-query/test.jsonl`` and ``tool-operation/test.jsonl``.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.protocol import Sample
from acbench.tasks.tools.recordings import read_recordings
from acbench.tasks.tools.sheet import SHEET_IN_GOAL
from acbench.tasks.tools.workbook import read_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from acbench.tasks.tools.settings import Settings

GROUPS: Mapping[str, str] = {
    "weather": "tool-query",
    "movie": "tool-query",
    "academia": "tool-query",
    "todo": "tool-operation",
    "sheet": "tool-operation",
}
ROWS_FILE = "test.jsonl"
GRAPHS_FILE = "academia_graphs.json"
"""{PaperNet: {nodes: {name: facts}, edges: [[name, name, facts]]}, AuthorNet: ...}; upstream's pickles converted."""
WORKBOOK_FILE, TABLES_FILE = "sheet_workbook.xlsx", "sheet_tables.json"
PROJECT_FILES = ("todo_projects*.json", "projects*.json")


def upstream_samples(folder: Path, tools: Sequence[str], settings: Settings) -> list[Sample]:
    """All rows of the chosen simulators, in their order. Level = the row's difficulty.

    Raises DataError naming file and row that are missing or malformed.
    """
    samples: list[Sample] = []
    for tool in tools:
        rows = _read_rows(folder, tool)
        if tool in ("weather", "movie", "academia") and not _has_answers(folder, tool):
            if settings.unrecorded == "leave_out":
                continue
            if settings.unrecorded == "refuse":
                raise DataError(
                    f"{folder}: the {tool} rows need {_needed(tool)}; "
                    "or set unrecorded to leave_out (without these rows) or play (tools fail)"
                )
        taken: dict[str, int] = {}
        for where, row in rows:
            difficulty = row["difficulty"]
            taken[difficulty] = taken.get(difficulty, 0) + 1
            if settings.per_level is None or taken[difficulty] <= settings.per_level:
                data = row_data(row, folder, tool, where=where, settings=settings)
                name = f"{tool}-{row['id']}"
                samples.append(
                    Sample(name, data, level=difficulty, cluster=name, estimated_turns=settings.max_steps)
                )
    return samples


def row_data(
    row: Mapping[str, Any], folder: Path, tool: str = "", *, where: str = "row", settings: Settings
) -> dict[str, Any]:
    """A raw upstream row as the data of a sample. Raises DataError naming the field."""
    tool = _checked(row, tool, where)
    info = row["additional_info"]
    data: dict[str, Any] = {
        "source": "upstream",
        "tool": tool,
        "goal": row["goal"],
        "world": _world(row, folder, tool, where),
        "offered": None,
        "subgoals": [] if tool == "sheet" else list(row["subgoals"]),
        "answer": None,
        "final": None,
        "target": None,
        "plan": [],
        "choices": [],
        "budget": settings.max_steps,
        "difficulty": row["difficulty"],
    }
    if tool == "sheet":
        data["target"] = _target(info.get("answer"), where)
    elif tool == "todo":
        state = info.get("answer")
        if info.get("goal_type") == 1 or (settings.check_state == "always" and isinstance(state, dict)):
            data["final"] = _state(state, where)
    else:
        data["answer"] = info.get("answer")
    return data


def _world(row: Mapping[str, Any], folder: Path, tool: str, where: str) -> dict[str, Any]:
    info = row["additional_info"]
    if tool == "sheet":
        found = SHEET_IN_GOAL.search(row["goal"])
        if found is None:
            raise DataError(f'{where}: the goal names no sheet such as "Sheet1"')
        name = f"Sheet{found[1]}"
        sheets = _sheets(folder)
        if name not in sheets:
            raise DataError(f"{where}: {name} is not in {folder / WORKBOOK_FILE} or {folder / TABLES_FILE}")
        return {"name": name, "sheets": {name: sheets[name]}}
    dates = info.get("init_config") or {}
    if tool == "todo":
        world: dict[str, Any] = {"seed": 0, "projects": _projects(folder, info.get("answer"), where)}
    elif tool == "academia" and (folder / GRAPHS_FILE).is_file():
        world = {"graphs": _graphs(folder / GRAPHS_FILE)}
    else:
        path = folder / f"{tool}_recordings.jsonl"
        world = {"recordings": _recordings(path) if path.is_file() else []}
    if tool in ("todo", "weather"):
        for key in ("current_date", "current_location"):
            if not isinstance(dates.get(key), str):
                raise DataError(f"{where}: additional_info.init_config.{key} must be text")
            world[key] = dates[key]
    return world


def _has_answers(folder: Path, tool: str) -> bool:
    files = [folder / f"{tool}_recordings.jsonl", *([folder / GRAPHS_FILE] if tool == "academia" else [])]
    return any(path.is_file() for path in files)


def _needed(tool: str) -> str:
    recorded = f"recorded answers ({tool}_recordings.jsonl)"
    return f"the graphs ({GRAPHS_FILE}) or {recorded}" if tool == "academia" else recorded


def _read_rows(folder: Path, tool: str) -> list[tuple[str, dict[str, Any]]]:
    """(place, row) of a simulator's rows, checked."""
    places = (folder / f"{tool}.jsonl", folder / GROUPS[tool] / ROWS_FILE, folder / ROWS_FILE)
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise DataError(f"{places[0]}: file is missing from the upstream data (nor is there {places[1]})")
    rows = []
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        row = _json(line, where)
        info = row.get("additional_info") if isinstance(row, dict) else None
        if not isinstance(info, dict) or not isinstance(info.get("tool"), str):
            raise DataError(f"{where}: additional_info.tool must name a simulator")
        if info["tool"] == tool:
            _checked(row, tool, where)
            rows.append((where, row))
    return rows


def _checked(row: Mapping[str, Any], tool: str, where: str) -> str:
    """The row's simulator. Raises DataError for a field that is missing or of a wrong type."""
    info = row.get("additional_info")
    named = info.get("tool") if isinstance(info, dict) else None
    if named not in GROUPS or (tool and named != tool):
        raise DataError(f"{where}: additional_info.tool must be one of {', '.join(GROUPS)}")
    if not isinstance(row.get("goal"), str):
        raise DataError(f"{where}: field 'goal' must be text")
    if not isinstance(row.get("id"), int | str):
        raise DataError(f"{where}: field 'id' must be a number or text")
    if row.get("difficulty") not in ("easy", "hard"):
        raise DataError(f"{where}: field 'difficulty' must be easy or hard")
    if named != "sheet" and not (isinstance(row.get("subgoals"), list) and row["subgoals"]):
        raise DataError(f"{where}: field 'subgoals' must be a list of values")
    return str(named)


def _target(answer: Any, where: str) -> list[list[str]]:
    table = _json(answer, f"{where}: additional_info.answer") if isinstance(answer, str) else answer
    rows_fit = isinstance(table, list) and all(isinstance(line, list) for line in table)
    if not rows_fit or not all(isinstance(text, str) for line in table for text in line):
        raise DataError(f"{where}: additional_info.answer must be a table of texts as JSON text")
    return [list(line) for line in table]


def _state(state: Any, where: str) -> dict[str, Any]:
    parts = ("projects", "tasks")
    if not isinstance(state, dict) or not all(isinstance(state.get(part), list) for part in parts):
        raise DataError(f"{where}: additional_info.answer must hold the final projects and tasks")
    return {part: state[part] for part in parts}


def _projects(folder: Path, answer: Any, where: str) -> list[dict[str, Any]]:
    """The start projects whose names are those of the row's final state; the only file where it has none."""
    files = sorted({path for pattern in PROJECT_FILES for path in folder.glob(pattern)})
    if not files:
        raise DataError(f"{folder}: todo rows need their projects ({PROJECT_FILES[0]})")
    names = [entry.get("name") for entry in answer["projects"]] if isinstance(answer, dict) else None
    for path in files:
        projects = _project_file(path)
        if names is None or [entry["name"] for entry in projects] == names:
            return projects
    raise DataError(f"{where}: no projects file in {folder} has the projects {names}")


@lru_cache(maxsize=8)
def _project_file(path: Path) -> list[dict[str, Any]]:
    projects = _json(_read(path), str(path))
    needed = ("content", "description", "due_date", "duration", "duration_unit", "priority")
    try:
        complete = all(
            isinstance(entry["name"], str) and "is_favorite" in entry and all(key in task for key in needed)
            for entry in projects
            for task in entry["tasks"]
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: expected projects with name, is_favorite and tasks ({error!r})") from error
    if not complete:
        raise DataError(f"{path}: every task needs {', '.join(needed)}")
    return projects  # type: ignore[no-any-return]


@lru_cache(maxsize=8)
def _sheets(folder: Path) -> dict[str, dict[str, Any]]:
    if (folder / WORKBOOK_FILE).is_file():
        return read_workbook(folder / WORKBOOK_FILE)
    if not (folder / TABLES_FILE).is_file():
        raise DataError(f"{folder}: sheet rows need {WORKBOOK_FILE} (or {TABLES_FILE}, without notes)")
    tables = _json(_read(folder / TABLES_FILE), str(folder / TABLES_FILE))
    return {name: {"rows": rows} for name, rows in tables.items()}


@lru_cache(maxsize=8)
def _graphs(path: Path) -> dict[str, Any]:
    graphs = _json(_read(path), str(path))
    for name in ("PaperNet", "AuthorNet"):
        graph = graphs.get(name) if isinstance(graphs, dict) else None
        if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), dict):
            raise DataError(f"{path}: {name} must hold nodes and edges")
        for edge in graph.get("edges", ()):
            if len(edge) != 3 or edge[0] not in graph["nodes"] or edge[1] not in graph["nodes"]:
                raise DataError(f"{path}: {name}: an edge must be two nodes and its facts, not {edge!r}")
    return graphs  # type: ignore[no-any-return]


@lru_cache(maxsize=8)
def _recordings(path: Path) -> list[list[Any]]:
    return read_recordings(path)


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not valid JSON ({error})") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
