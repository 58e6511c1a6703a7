"""Reads the user's upstream folder: one sub-folder per game and ``test.jsonl``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.pddl.strips import load_world
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from acbench.tasks.pddl.settings import Settings

GAMES = ("gripper", "blockworld", "barman", "tyreworld")
ROWS_FILE = "test.jsonl"
PLANS_FILE = "gold_plans.json"
"""Optional: {game: [{"file": name, "plan": [...]}, ...]}. Upstream publishes no plans."""


def upstream_samples(folder: Path, settings: Settings) -> list[Sample]:
    """All problems of the chosen games, in the order of the rows. Level = the row's difficulty.

    Row *i* of a game belongs to its *i*-th problem file in lexicographic order. Raises DataError naming
    the file (and row) that is missing or malformed.
    """
    rows = _read_rows(folder / ROWS_FILE)
    plans = _read_plans(folder / PLANS_FILE)
    samples: list[Sample] = []
    for game in settings.domains or GAMES:
        own = [row for row in rows if row["additional_info"]["subtask"] == game]
        files = _problem_files(folder / game)
        if len(own) != len(files):
            raise DataError(f"{folder / game}: {len(files)} problem files for {len(own)} rows of {ROWS_FILE}")
        pairs = list(zip(own, files, strict=True))
        samples += (
            _sample(game, row, file, plans.get(game, {}).get(file.name, []), settings)
            for row, file in _limited(pairs, settings.per_level)
        )
    return samples


def row_sample(row: Mapping[str, Any], folder: Path, settings: Settings) -> Sample:
    """The problem that belongs to one row, found by its game and ``id``. Raises DataError."""
    info = row.get("additional_info")
    game = info.get("subtask") if isinstance(info, dict) else None
    if game not in GAMES:
        raise DataError(f"row: additional_info.subtask must be one of {', '.join(GAMES)}")
    rows = [own for own in _read_rows(folder / ROWS_FILE) if own["additional_info"]["subtask"] == game]
    places = [place for place, own in enumerate(rows) if own.get("id") == row.get("id")]
    if len(places) != 1 or rows[places[0]]["goal"] != row.get("goal"):
        raise DataError(f"row: id {row.get('id')!r} with this goal is no {game} row of {folder / ROWS_FILE}")
    return upstream_samples(folder, replace(settings, domains=(game,), per_level=None))[places[0]]


def _limited(
    pairs: list[tuple[dict[str, Any], Path]], most: int | None
) -> Iterator[tuple[dict[str, Any], Path]]:
    """At most ``most`` rows of each difficulty."""
    taken: dict[str, int] = {}
    for row, file in pairs:
        taken[row["difficulty"]] = taken.get(row["difficulty"], 0) + 1
        if most is None or taken[row["difficulty"]] <= most:
            yield row, file


def _sample(game: str, row: Mapping[str, Any], file: Path, plan: list[str], settings: Settings) -> Sample:
    domain_text = _read(file.with_name("domain.pddl"))
    problem = _read(file)
    where = f"{game}/{file.name}"
    load_world(domain_text, problem, f"{game}/domain.pddl", where)  # malformed files fail now, not in a run
    lead, colon, _ = str(row["goal"]).partition(": ")
    name = f"{game}-{file.stem}"
    data = {
        "source": "upstream",
        "domain": game,
        "domain_text": domain_text,
        "problem": problem,
        "where": where,
        "goal_lead": lead + colon,
        "plan": plan,
        "optimal": len(plan) or None,
        "budget": settings.max_steps,
        "difficulty": row["difficulty"],
    }
    return Sample(name, data, level=row["difficulty"], cluster=name, estimated_turns=settings.max_steps)


def _problem_files(folder: Path) -> list[Path]:
    if not (folder / "domain.pddl").is_file():
        raise DataError(f"{folder / 'domain.pddl'}: file is missing from the upstream data")
    return sorted(path for path in folder.glob("*.pddl") if path.name != "domain.pddl")


def _read_rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        row = _json(line, where)
        info = row.get("additional_info") if isinstance(row, dict) else None
        if not isinstance(info, dict) or info.get("subtask") not in GAMES:
            raise DataError(f"{where}: additional_info.subtask must be one of {', '.join(GAMES)}")
        if not isinstance(row.get("goal"), str):
            raise DataError(f"{where}: field 'goal' must be text")
        if row.get("difficulty") not in ("easy", "hard"):
            raise DataError(f"{where}: field 'difficulty' must be easy or hard")
        rows.append(row)
    return rows


def _read_plans(path: Path) -> dict[str, dict[str, list[str]]]:
    if not path.is_file():
        return {}
    games = _json(_read(path), str(path))
    try:
        return {
            game: {row["file"]: [str(action) for action in row["plan"]] for row in rows}
            for game, rows in games.items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(f"{path}: expected {{game: [{{file, plan}}]}} ({error!r})") from error


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
