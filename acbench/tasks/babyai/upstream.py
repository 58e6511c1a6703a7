"""Reads the user's upstream folder: one file of rows, the worlds come with the package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.babyai.worlds import published_world
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from acbench.tasks.babyai.settings import Settings

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
    name = f"babyai-{data['id']:03d}"
    return Sample(name, data, level=data["difficulty"], cluster=name, estimated_turns=settings.max_steps)


def row_data(
    row: Mapping[str, Any], _folder: Path | None = None, where: str = "babyai row"
) -> dict[str, Any]:
    """An upstream row as a sample's data.

    The row's number decides the seed, unless ``additional_info`` has one. ``subgoals_1``, ... are
    alternatives to ``subgoals``.
    """
    info = row.get("additional_info") if isinstance(row, dict) else None
    if not isinstance(info, dict) or not isinstance(info.get("subtask"), str):
        raise DataError(f"{where}: additional_info.subtask must be the name of a level")
    if row.get("difficulty") not in ("easy", "hard"):
        raise DataError(f"{where}: field 'difficulty' must be easy or hard")
    number = row.get("id")
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise DataError(f"{where}: field 'id' must be a whole number")
    return {
        "source": "upstream",
        "id": number,
        "world": info["subtask"],
        "seed": _seed(info, number, where),
        "first": info.get("init_obs"),
        "paths": _paths(row, where),
        "plan": [],
        "budget": 30,
        "difficulty": row["difficulty"],
    }


def _seed(info: Mapping[str, Any], number: int, where: str) -> int:
    given = info.get("seed")
    if given is not None:
        if isinstance(given, bool) or not isinstance(given, int) or given < 0:
            raise DataError(f"{where}: additional_info.seed must be a whole number, not {given!r}")
        return given
    name, seed = published_world(number)
    if name != info["subtask"]:
        raise DataError(f"{where}: row {number} is published with {name}, not with {info['subtask']}")
    return seed


def _paths(row: Mapping[str, Any], where: str) -> list[list[str]]:
    names = ["subgoals"]
    while f"subgoals_{len(names)}" in row:
        names.append(f"subgoals_{len(names)}")
    paths = [row.get(name) for name in names]
    for name, path in zip(names, paths, strict=True):
        if not isinstance(path, list) or not path or not all(isinstance(text, str) and text for text in path):
            raise DataError(f"{where}: field {name!r} must be a non-empty list of texts")
        if len(path) != len(paths[0] or ()):
            raise DataError(f"{where}: field {name!r} must be as long as 'subgoals'")
    return [list(path or ()) for path in paths]
