"""Reads the user's upstream folder: the label file, and the game files its rows name.

The folder is the unpacked ``data/`` of the published benchmark, its ``alfworld/``, or any folder that holds
``test.jsonl``. Games are ``<folder>/<trial>/game.tw-pddl`` below ``json_2.1.1/valid_unseen/``; a row names
its own in ``additional_info.description``. The grammar inside a game file decides its wording.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.alfworld.games import KEYS, game_file, game_from
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from acbench.tasks.alfworld.games import Game
    from acbench.tasks.alfworld.settings import Settings

ROWS_FILE = "test.jsonl"
GAME_FILE = "game.tw-pddl"
HOMES = ("", "alfworld", "data/alfworld")
"""Where below the given folder the labels may be, and the games' own folder."""
GAMES = ("json_2.1.1/valid_unseen", "valid_unseen", "")

TYPE_BY_PREFIX: Mapping[str, str] = {
    "pick_and_place": "put",
    "pick_clean_then_place": "clean",
    "pick_heat_then_place": "heat",
    "pick_cool_then_place": "cool",
    "look_at_obj": "examine",
    "pick_two_obj": "puttwo",
}
"""Beginning of a game's folder -> its type, which chooses the worked example (specification, section 3.1)."""


def upstream_samples(folder: Path, settings: Settings) -> list[Sample]:
    """All rows of ``test.jsonl``, by the path of their games; level = the row's difficulty.

    Raises DataError naming file and line for what is missing, malformed or there twice.
    """
    path = _labels(folder)
    samples: dict[str, Sample] = {}
    for number, row in _rows(path):
        data = upstream_row(row, folder, f"{path}:{number}")
        name = f"alfworld-{data['id']:03d}"
        if name in samples:
            raise DataError(f"{path}:{number}: id {data['id']} is there twice")
        samples[name] = Sample(
            name,
            {**data, "budget": settings.max_steps},
            level=data["difficulty"],
            cluster=name,
            estimated_turns=settings.max_steps,
        )
    if not samples:
        raise DataError(f"{path}: there are no rows")
    ordered = sorted(samples.values(), key=lambda sample: (sample.data["description"], sample.id))
    taken: dict[str, int] = {}
    kept = []
    for sample in ordered:
        taken[sample.level] = taken.get(sample.level, 0) + 1
        if settings.per_level is None or taken[sample.level] <= settings.per_level:
            kept.append(sample)
    return kept


def _labels(folder: Path) -> Path:
    for home in HOMES:
        if (path := folder / home / ROWS_FILE).is_file():
            return path
    raise DataError(f"{folder / ROWS_FILE}: cannot be read (also looked in {', '.join(HOMES[1:])} below it)")


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(f"{path}:{number}: not valid JSON ({error})") from error


def upstream_row(
    row: Mapping[str, Any], data_dir: Path | None = None, where: str = "alfworld row"
) -> dict[str, Any]:
    """An upstream row as a sample's data, with a game of its own or the file it names below ``data_dir``.

    A game of its own stands in the row, or in ``additional_info``, as one of: the field ``game``, an object
    with the keys of a game file or such a file's text; those keys themselves; ``game_file`` (or
    ``gamefile``), a path whose last three parts are looked for below ``data_dir`` if it is not there itself.
    Domain and grammar may be missing together, then the package's are taken, with the published wording and
    the row's goal. Raises DataError naming what is missing.
    """
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected an object")
    info = row.get("additional_info", {})
    if not isinstance(info, dict):
        raise DataError(f"{where}: additional_info must be an object")
    subgoals = row.get("subgoals", [])
    if not isinstance(subgoals, list) or not all(isinstance(item, str) and item for item in subgoals):
        raise DataError(f"{where}: field 'subgoals' must be a list of regular expressions")
    number = row.get("id", 0)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise DataError(f"{where}: field 'id' must be a whole number")
    difficulty = row.get("difficulty", "easy")
    if difficulty not in ("easy", "hard"):
        raise DataError(f"{where}: field 'difficulty' must be easy or hard")
    description = _text(info.get("description", ""), "additional_info.description", where)
    goal = _text(row.get("goal", ""), "field 'goal'", where)
    return {
        "source": "upstream",
        "id": number,
        "description": description,
        "type": game_type(description, goal),
        **_game_of(row, info, data_dir, goal, where),
        "subgoals": list(subgoals),
        "plan": [],
        "budget": 30,
        "difficulty": difficulty,
    }


def _text(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"{where}: {name} must be a text")
    return value


def _game_of(
    row: Mapping[str, Any], info: Mapping[str, Any], data_dir: Path | None, goal: str, where: str
) -> dict[str, Any]:
    """Either ``game`` (the three texts) or ``game_file`` (a path, read when the game is opened)."""
    for holder in (row, info):
        if "game" in holder:
            return {"game": asdict(game_from(holder["game"], f"{where}: game", goal=goal))}
        if KEYS[2] in holder:
            own = {key: holder[key] for key in KEYS if key in holder}
            return {"game": asdict(game_from(own, where, goal=goal))}
        for name in ("game_file", "gamefile"):
            if name in holder:
                path = _text(holder[name], name, where)
                return {"game_file": str(_found(path, data_dir, where)), "goal_sentence": goal}
    if not info.get("description"):
        raise DataError(f"{where}: additional_info.description must name the game, or the row must hold one")
    path = f"{info['description']}/{GAME_FILE}"
    return {"game_file": str(_found(path, data_dir, where)), "goal_sentence": goal}


def _found(path: str, data_dir: Path | None, where: str) -> Path:
    if data_dir is None and not Path(path).is_absolute():
        raise DataError(f"{where}: say where the folder with {path} is")
    base, short = data_dir or Path("/"), "/".join(Path(path).parts[-3:])
    places = [base / home / games / short for home in HOMES for games in GAMES]
    for place in (*places, base / path):
        if place.is_file():
            return place
    raise DataError(f"{where}: there is no game file {places[0]}; is json_2.1.1/valid_unseen unpacked there?")


def opened_game(data: Mapping[str, Any], where: str) -> Game:
    """The game of an upstream sample's data. Raises DataError for a missing field or file."""
    if "game" in data:
        given = data["game"]
        if not isinstance(given, dict):
            raise DataError(f"{where}: field 'game' must be an object")
        named = dict(zip(("domain", "grammar", "problem"), KEYS, strict=True))
        return game_from({named.get(key, key): value for key, value in given.items()}, where)
    if "game_file" not in data:
        raise DataError(f"{where}: field 'game' or 'game_file' is missing")
    return game_file(Path(data["game_file"]), str(data.get("goal_sentence", "")))


def game_type(description: str, goal: str = "") -> str:
    """The type of a game by its folder's name, else by words of its goal; "put" if neither tells."""
    for prefix, kind in TYPE_BY_PREFIX.items():
        if description.startswith(prefix):
            return kind
    words = goal.lower().split()
    for kind, signs in _SIGNS.items():
        if any(sign in words for sign in signs):
            return kind
    return "put"


_SIGNS: Mapping[str, tuple[str, ...]] = {
    "examine": ("examine", "look"),
    "puttwo": ("two",),
    "clean": ("clean",),
    "heat": ("heat", "hot"),
    "cool": ("cool",),
}
