"""Text games made by the package ``textworld`` when they are first asked for, kept in a folder of the user's.

Games, goals and plans are a function of level, seed and number. The package holds a compiler; a game takes
one to five seconds and 0.4 MB.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, DataError
from acbench.tasks.jericho.engine import Play, shared_pool
from acbench.tasks.jericho.environment import Environment
from acbench.tasks.jericho.finder import DIRECTIONS
from acbench.tasks.jericho.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MISSING = (
    "games = 'textworld' makes games with the package textworld, which is not installed: "
    "pip install 'acbench[alfworld]'"
)
PER_LEVEL = 10
SHAPES: Mapping[int, Mapping[str, int]] = {
    1: {"nb_rooms": 1, "nb_objects": 3, "quest_length": 2},
    2: {"nb_rooms": 3, "nb_objects": 5, "quest_length": 4},
    3: {"nb_rooms": 6, "nb_objects": 9, "quest_length": 8},
}
"""What the maker is asked for at each level."""
VERBS = (
    *(f"go {way}" for way in DIRECTIONS[:4]),
    *("look", "inventory", "examine {}", "take {}", "drop {}", "open {}", "close {}", "eat {}"),
    *("take {} from {}", "put {} on {}", "insert {} into {}", "unlock {} with {}", "lock {} with {}"),
)
MOST_SUBGOALS = 6
TRIES = 8
"""So many games are made for one whose plan fits."""
WON = "*** The End ***"
_ROOM = re.compile(r"-= .+? =-")


def textworld_episodes(
    folder: Path, level: int, *, seed: int = 1, count: int | None = None
) -> list[dict[str, Any]]:
    """The first ``count`` (default 10) episodes of a level; those not in ``folder`` yet are made.

    Raises ConfigError without the package, DataError when no game fits.
    """
    wanted = PER_LEVEL if count is None else count
    return [_episode(folder.resolve(), level, seed, number) for number in range(wanted)]


def _episode(folder: Path, level: int, seed: int, number: int) -> dict[str, Any]:
    name = f"textworld-l{level}-s{seed}-{number:02d}"
    told, story = folder / f"{name}.json", folder / f"{name}.z8"
    if not (told.is_file() and story.is_file()):
        _make(folder, name, level, seed, number)
    try:
        found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{told}: cannot be read ({error}); remove it to have it made again") from error
    return {**found, "story": str(story), "level": level}


def _make(folder: Path, name: str, level: int, seed: int, number: int) -> None:
    """Makes one game beside its place and moves both files there, the description last."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as scratch:
        for attempt in range(TRIES):
            story = Path(scratch) / f"game{attempt}.z8"
            drawn = 1_000_000 * level + 10_000 * seed + 100 * number + attempt
            goal, plan = _made(story, SHAPES[level], drawn)
            data = _described(story, goal, plan)
            if data is not None:
                shutil.move(story, folder / f"{name}.z8")
                text = Path(scratch) / "told.json"
                text.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
                text.replace(folder / f"{name}.json")
                return
    raise DataError(f"textworld: none of {TRIES} games for {name} has a plan that fits; try another seed")


def _made(story: Path, shape: Mapping[str, int], seed: int) -> tuple[str, list[str]]:
    """Compiles one game; its goal in the maker's words, and its plan."""
    try:
        textworld: Any = import_module("textworld")
        generator: Any = import_module("textworld.generator")
    except ImportError as error:
        raise ConfigError(f"{MISSING} ({error})") from error
    options = textworld.GameOptions()
    for key, value in {**shape, "quest_breadth": 1, "seeds": seed, "path": str(story)}.items():
        setattr(options, key, value)
    with redirect_stdout(StringIO()):
        game = generator.make_game(options)
        generator.compile_game(game, options)
    return str(game.objective), list(game.metadata["walkthrough"])


def _described(story: Path, goal: str, plan: Sequence[str]) -> dict[str, Any] | None:
    """The episode's data; None unless the plan wins with its last step and shows at least two sub-goals."""
    play = Play(shared_pool(), story)
    try:
        first = clean(play.start_text)
        first = first[max(first.find("-= "), 0) :]  # without the maker's banner and the goal
        shown = [clean(str(play.type(command)["text"])) for command in plan]
    finally:
        play.close()
    if not plan or WON not in shown[-1] or any(WON in text for text in shown[:-1]):
        return None
    subgoals = _subgoals(first, shown)
    data = {
        "source": "textworld",
        "opening": [],
        "goal": goal,
        "first": first,
        "subgoals": subgoals,
        "plan": list(plan),
        "verbs": list(VERBS),
    }
    world = Environment(Play(shared_pool(), story), goal, subgoals)
    steps = [world.step(command) for command in plan]
    world.close()
    fits = world.success and [step.done for step in steps] == [False] * (len(plan) - 1) + [True]
    return data if fits and len(subgoals) > 1 and all(step.valid for step in steps) else None


def _subgoals(first: str, shown: Sequence[str]) -> list[str]:
    """What the plan's steps show first: a room not seen before, or the first sentence about an act.

    The last one is the end itself: the act before it may be done in the wrong place.
    """
    found: list[str] = []
    for text in shown[:-1]:
        room = _ROOM.match(text)
        snippet = room[0] if room else text.split(". ")[0].rstrip(".")
        if snippet not in first and snippet not in found:
            found.append(snippet)
    return [*found[-MOST_SUBGOALS + 1 :], WON]
