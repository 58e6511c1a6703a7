"""The samples of the alfworld task, the environment that belongs to one, and the replay of saved actions."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.agents.packs import frozen_samples
from acbench.tasks.agents.world import replay_steps
from acbench.tasks.alfworld.environment import Environment, with_actions
from acbench.tasks.alfworld.games import packaged_game
from acbench.tasks.alfworld.kinds import HARD_TYPES
from acbench.tasks.alfworld.pool import World, shared_pool
from acbench.tasks.alfworld.problems import goal_sentence, pddl, read_problem
from acbench.tasks.alfworld.settings import read_settings
from acbench.tasks.alfworld.upstream import opened_game, upstream_row, upstream_samples
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acbench.tasks.alfworld.games import Game
    from acbench.tasks.alfworld.settings import Settings
    from acbench.tasks.protocol import TaskContext

PACK_FILE = Path(__file__).parent / "pack" / "episodes.json"
"""Written by ``making``."""
_PROBLEM = ("type", "thing", "target", "receptacles", "objects")
_BEGINNING = ("goal", "first", "commands")


def settings_for(context: TaskContext) -> Settings:
    return read_settings(context.settings, mode=context.mode)


def alfworld_samples(context: TaskContext, settings: Settings) -> list[Sample]:
    """One sample per episode: of the embedded pack, or read from the user's folder."""
    if context.data_dir is not None:
        return upstream_samples(context.data_dir, settings)
    return frozen_samples("alfworld", pack()["episodes"], settings, embedded_data)


@lru_cache(maxsize=1)
def pack() -> Mapping[str, Any]:
    """The frozen pack: ``license``, ``package``, ``examples`` (by type) and ``episodes``."""
    found: dict[str, Any] = json.loads(PACK_FILE.read_text(encoding="utf-8"))
    return found


def embedded_data(episode: Mapping[str, Any]) -> dict[str, Any]:
    """What an environment needs of an episode of the pack; difficulty as in the specification, section 5.1."""
    kept = (*_PROBLEM, *_BEGINNING, "subgoals", "plan")
    missing = [key for key in kept if key not in episode]
    if missing:
        raise DataError(f"alfworld: an episode of the pack has the field {missing[0]!r}")
    difficulty = "hard" if episode["type"] in HARD_TYPES else "easy"
    return {"source": "embedded", **{key: episode[key] for key in kept}, "difficulty": difficulty}


def environment_for(
    data: Mapping[str, Any], *, upstream: bool, show_actions: bool, workers: int = 1
) -> Environment:
    """A fresh environment for one sample's data, in one of ``workers`` shared processes.

    Raises ConfigError without the packages, DataError for what is missing or malformed. The engine is asked
    when the game is needed: for an episode of the pack at its first step.
    """
    if "subgoals" not in data:
        raise DataError("alfworld sample: field 'subgoals' is missing")
    recorded = {key: data[key] for key in _BEGINNING if key in data}
    return Environment(
        World(shared_pool(workers), game_of(data)),
        data["subgoals"],
        upstream=upstream,
        show_actions=show_actions,
        beginning=recorded if len(recorded) == len(_BEGINNING) else None,
    )


def row_data(row: Mapping[str, Any], data_dir: Path | None = None) -> dict[str, Any]:
    """A row as a sample's data: one of the pack (it lists receptacles), or an upstream row.

    An upstream row has a game of its own, or names a file below ``data_dir`` (``upstream.upstream_row``).
    """
    if isinstance(row, dict) and "receptacles" in row:
        return {**embedded_data(row), "budget": 30}
    return upstream_row(row, data_dir)


def game_of(data: Mapping[str, Any]) -> Game:
    """The game of a sample's data: drawn up from the pack's lists, or as the user's data has it."""
    if data.get("source") == "embedded":
        problem = read_problem(data, "alfworld sample")
        return packaged_game(pddl(problem), goal_sentence(problem))
    return opened_game(data, "alfworld sample")


def example_for(kind: str, *, show_actions: bool) -> tuple[tuple[str, str], ...]:
    """The worked example for a type of goal as (label, text): Goal, then Observation and Action in turn.

    Its world is in no pack; it was played in the real engine when the pack was made.
    """
    example = pack()["examples"][kind]
    lines = [("Goal", str(example["goal"]))]
    for step in example["steps"]:
        if step["action"]:
            lines.append(("Action", step["action"]))
        last = step is example["steps"][-1]
        text = step["observation"]
        shown = show_actions and not last
        lines.append(("Observation", with_actions(text, step["commands"]) if shown else text))
    return tuple(lines)


def replay(
    sample_or_data: Sample | Mapping[str, Any],
    actions: Iterable[str],
    *,
    mode: str = "corrected",
    data_dir: Path | None = None,
) -> list[dict[str, Any]]:
    """Plays ``actions`` and tells per step: action, observation, valid, progress (0 to 1), done.

    Takes a sample, its data, or a row of the pack or of upstream's: with a game of its own, or with
    ``data_dir`` for the file it names (``upstream.upstream_row`` says how). Ends after the step that ends
    the episode, whatever follows.
    """
    data = sample_or_data.data if isinstance(sample_or_data, Sample) else sample_or_data
    if "source" not in data:
        data = row_data(data, data_dir)
    return replay_steps(environment_for(data, upstream=mode == "upstream", show_actions=False), actions)
