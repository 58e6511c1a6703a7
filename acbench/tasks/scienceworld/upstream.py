"""Reads the user's upstream folder: one file of rows, the worlds come with the package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from acbench.tasks.scienceworld.settings import Settings

ROWS_FILE = "test.jsonl"


def upstream_samples(folder: Path, settings: Settings) -> list[Sample]:
    """All rows of ``test.jsonl``, in their order; level = the row's difficulty.

    Raises DataError naming file and line for what is missing, malformed or there twice.
    """
    path = folder / ROWS_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    samples: dict[str, Sample] = {}
    taken: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        sample = _sample(line, f"{path}:{number}", settings)
        if sample.id in samples:
            raise DataError(f"{path}:{number}: id {sample.data['id']} is there twice")
        taken[sample.level] = taken.get(sample.level, 0) + 1
        if settings.per_level is None or taken[sample.level] <= settings.per_level:
            samples[sample.id] = sample
    if not samples:
        raise DataError(f"{path}: there are no rows")
    return list(samples.values())


def _sample(line: str, where: str, settings: Settings) -> Sample:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not valid JSON ({error})") from error
    data = {**row_data(row, where=where), "budget": settings.max_steps}
    name = f"scienceworld-{data['id']:03d}"
    return Sample(name, data, level=data["difficulty"], cluster=name, estimated_turns=settings.max_steps)


def row_data(
    row: Mapping[str, Any], _folder: Path | None = None, where: str = "scienceworld row"
) -> dict[str, Any]:
    """An upstream row as a sample's data; ``additional_info`` names task and variation.

    The goal is the row's, in words of its own; without one it is the simulator's.
    """
    info = row.get("additional_info") if isinstance(row, dict) else None
    if not isinstance(info, dict) or not isinstance(info.get("env_name"), str):
        raise DataError(f"{where}: additional_info.env_name must be the name of a task")
    if row.get("difficulty") not in ("easy", "hard"):
        raise DataError(f"{where}: field 'difficulty' must be easy or hard")
    subgoals = row.get("subgoals")
    if not isinstance(subgoals, list) or not subgoals or not all(isinstance(s, str) and s for s in subgoals):
        raise DataError(f"{where}: field 'subgoals' must be a non-empty list of texts")
    goal = row.get("goal", "")
    if not isinstance(goal, str):
        raise DataError(f"{where}: field 'goal' must be a text")
    return {
        "source": "upstream",
        "id": _number(row.get("id"), "field 'id'", where),
        "task": info["env_name"],
        "variation": _number(info.get("var"), "additional_info.var", where),
        "first": None,
        "goal": goal,
        "subgoals": list(subgoals),
        "plan": [],
        "budget": 30,
        "difficulty": row["difficulty"],
    }


def _number(value: Any, name: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError(f"{where}: {name} must be a whole number, not {value!r}")
    return value
