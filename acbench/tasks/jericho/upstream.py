"""Reads the user's folder: rows of the published task with their stories, or any stories of the user's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError, did_you_mean
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.jericho.settings import Settings

ROWS_FILE = "test.jsonl"
GOALS_FILE = "games_goals.json"
GAMES_FOLDER = "games"
"""Where stories are looked for beside the rows, unless ``game_dir`` says otherwise."""
NAMES = (
    *("905", "acorncourt", "afflicted", "balances", "dragon", "jewel", "library", "omniquest", "reverb"),
    *("snacktime", "zenon", "zork1", "zork2", "zork3", "detective", "night", "pentari", "weapon", "huntdark"),
    "loose",
)
"""The published rows belong to these stories, in this order (specification, section 2.2)."""
LONGER = ("afflicted", "snacktime", "anchor", "partyfoul")
"""Stories whose file ends in .z8."""
SUFFIXES = (".z1", ".z2", ".z3", ".z4", ".z5", ".z6", ".z7", ".z8")
OWN_GOAL = "Explore the story and score as many points as you can."
_NAME_FIELDS = ("game", "game_name", "env_name", "name", "subtask", "file")


def story_file(name: str) -> str:
    """The published file name of a story."""
    return f"{name}.z8" if name in LONGER else f"{name}.z5"


def upstream_samples(folder: Path, settings: Settings) -> list[Sample]:
    """All rows of ``test.jsonl`` in their order, level = difficulty; without that file, one per story file.

    Raises DataError naming file and line for what is missing, malformed or there twice.
    """
    game_dir = None if settings.game_dir is None else Path(settings.game_dir)
    path = folder / ROWS_FILE
    if not path.is_file():
        return _own_stories(folder, game_dir, settings)
    samples: dict[str, Sample] = {}
    taken: dict[str, int] = {}
    for where, row in _rows(path):
        data = row_data(row, folder, mode=settings.mode, game_dir=game_dir, where=where)
        data["budget"] = settings.max_steps
        name = f"jericho-{Path(data['story']).stem}"
        if name in samples:
            raise DataError(f"{where}: the story {Path(data['story']).stem} has a row already")
        taken[data["difficulty"]] = taken.get(data["difficulty"], 0) + 1
        samples[name] = Sample(
            name, data, level=data["difficulty"], cluster=name, estimated_turns=settings.max_steps
        )
    if not samples:
        raise DataError(f"{path}: there are no rows")
    return _first_of_each(list(samples.values()), settings.per_level)


def _rows(path: Path) -> list[tuple[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                rows.append((f"{path}:{number}", json.loads(line)))
            except json.JSONDecodeError as error:
                raise DataError(f"{path}:{number}: not valid JSON ({error})") from error
    return rows


def _first_of_each(samples: Sequence[Sample], per_level: int | None) -> list[Sample]:
    counts: dict[str, int] = {}
    kept = []
    for sample in samples:
        counts[sample.level] = counts.get(sample.level, 0) + 1
        if per_level is None or counts[sample.level] <= per_level:
            kept.append(sample)
    return kept


def row_data(
    row: Mapping[str, Any],
    data_dir: Path | None,
    *,
    mode: str = "corrected",
    game_dir: Path | None = None,
    where: str = "jericho row",
) -> dict[str, Any]:
    """An upstream row as a sample's data.

    The story is found by a name in the row (``additional_info``), else by its goal in ``games_goals.json``,
    else by the row's number; ``upstream`` mode knows the number alone. A goal that the row lacks comes from
    ``games_goals.json``. ``subgoals`` may be empty: then the story's own points count.
    """
    if data_dir is None:
        raise DataError(f"{where}: a row needs the data folder with its story file")
    if not isinstance(row, dict):
        raise DataError(f"{where}: a row must be a JSON object")
    info = row.get("additional_info") or {}
    if not isinstance(info, dict):
        raise DataError(f"{where}: field 'additional_info' must be an object")
    if row.get("difficulty") not in ("easy", "hard"):
        raise DataError(f"{where}: field 'difficulty' must be easy or hard")
    subgoals = row.get("subgoals", [])
    if not isinstance(subgoals, list) or not all(isinstance(text, str) and text for text in subgoals):
        raise DataError(f"{where}: field 'subgoals' must be a list of texts")
    goals = _goals(data_dir)
    given = row.get("goal")
    name = _name(row, info, goals, where, by_number=mode == "upstream" and "id" in row)
    goal = given if isinstance(given, str) and given.strip() else goals.get(name, "")
    if not goal:
        raise DataError(f"{where}: {name} has no goal, neither in the row nor in {data_dir / GOALS_FILE}")
    first = info.get("init_obs")
    return {
        "source": "upstream",
        "id": row.get("id"),
        "story": str(_found(name, game_dir, data_dir, where)),
        "goal": goal.strip(),
        "first": first if isinstance(first, str) and first else None,
        "subgoals": subgoals,
        "plan": [],
        "verbs": None,
        "budget": 30,
        "difficulty": row["difficulty"],
    }


def _name(
    row: Mapping[str, Any], info: Mapping[str, Any], goals: Mapping[str, str], where: str, *, by_number: bool
) -> str:
    told = [info[key] for key in _NAME_FIELDS if isinstance(info.get(key), str) and info[key]]
    if told and not by_number:
        return Path(told[0]).stem if Path(told[0]).suffix.lower() in SUFFIXES else Path(told[0]).name
    goal = str(row.get("goal") or "").strip()
    alike = [name for name, known in goals.items() if goal and known.strip() == goal]
    if len(alike) == 1 and not by_number:
        return alike[0]
    number = row.get("id")
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(NAMES):
        raise DataError(
            f"{where}: nothing tells the story: give additional_info.game, or a field 'id' from 0 to "
            f"{len(NAMES) - 1}"
        )
    return NAMES[number]


def _goals(folder: Path) -> dict[str, str]:
    path = folder / GOALS_FILE
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {str(entry["game"]): str(entry["goal"]) for entry in entries}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: must be a list of objects with 'game' and 'goal' ({error!r})") from error


def _stories(game_dir: Path | None, data_dir: Path) -> dict[str, Path]:
    """Story name -> file, of the folder that is named or the usual ones."""
    folders = [game_dir] if game_dir is not None else [data_dir / GAMES_FOLDER, data_dir]
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            if game_dir is not None:
                raise DataError(f"{folder}: there is no such folder (setting game_dir)")
            continue
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                found.setdefault(path.stem.lower(), path)
    return found


def _found(name: str, game_dir: Path | None, data_dir: Path, where: str) -> Path:
    stories = _stories(game_dir, data_dir)
    if name.lower() not in stories:
        folder = game_dir if game_dir is not None else data_dir / GAMES_FOLDER
        hint = did_you_mean(name, stories) if stories else "the folder holds no stories."
        raise DataError(
            f"{where}: the story file {story_file(name)} is missing in {folder} (setting game_dir); {hint}"
        )
    return stories[name.lower()]


def _own_stories(folder: Path, game_dir: Path | None, settings: Settings) -> list[Sample]:
    stories = _stories(game_dir, folder)
    if not stories:
        raise DataError(f"{folder}: there is neither {ROWS_FILE} nor a story file (.z3, .z5, .z8)")
    goals = _goals(folder)
    samples = []
    for name, path in sorted(stories.items()):
        data: dict[str, Any] = {
            "source": "upstream",
            "id": None,
            "story": str(path),
            "goal": goals.get(name, OWN_GOAL),
            "first": None,
            "subgoals": [],
            "plan": [],
            "verbs": None,
            "budget": settings.max_steps,
            "difficulty": "easy",
        }
        sample = f"jericho-{name}"
        samples.append(Sample(sample, data, level="own", cluster=sample, estimated_turns=settings.max_steps))
    return samples[: settings.per_level]
