"""The samples of the babyai task, the environment that belongs to one, and the replay of saved actions."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.agents.packs import frozen_samples
from acbench.tasks.agents.world import replay_steps
from acbench.tasks.babyai.environment import Environment
from acbench.tasks.babyai.settings import read_settings
from acbench.tasks.babyai.upstream import upstream_samples
from acbench.tasks.babyai.worlds import World
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acbench.tasks.babyai.settings import Settings
    from acbench.tasks.protocol import TaskContext

PACK_FILE = Path(__file__).parent / "pack" / "episodes.json"
"""Written by ``making``."""
HARD_LEVEL = 3


def settings_for(context: TaskContext) -> Settings:
    return read_settings(context.settings, mode=context.mode)


def babyai_samples(context: TaskContext, settings: Settings) -> list[Sample]:
    """One sample per episode: of the embedded pack, or read from the user's folder."""
    if context.data_dir is not None:
        return upstream_samples(context.data_dir, settings)
    return frozen_samples("babyai", pack()["episodes"], settings, _data)


@lru_cache(maxsize=1)
def pack() -> Mapping[str, Any]:
    """The frozen pack: ``license``, ``package``, ``example`` and ``episodes``."""
    found: dict[str, Any] = json.loads(PACK_FILE.read_text(encoding="utf-8"))
    return found


def _data(episode: Mapping[str, Any]) -> dict[str, Any]:
    difficulty = "hard" if episode["level"] >= HARD_LEVEL else "easy"
    return {**embedded_data(episode), "difficulty": difficulty}


def embedded_data(episode: Mapping[str, Any]) -> dict[str, Any]:
    """What an environment needs of an episode of the pack."""
    return {
        "source": "embedded",
        "world": episode["world"],
        "seed": episode["seed"],
        "first": episode["first"],
        "paths": [list(episode["subgoals"])],
        "plan": list(episode["plan"]),
    }


def environment_for(data: Mapping[str, Any], *, upstream: bool, show_actions: bool) -> Environment:
    """A fresh environment for one sample's data.

    Raises ConfigError without the package, DataError for a missing field and for a world that does not
    begin with the recorded observation: then the installed package builds other worlds than the data's.
    """
    try:
        name, seed, paths = data["world"], data["seed"], data["paths"]
    except KeyError as error:
        raise DataError(f"babyai sample: field {error.args[0]!r} is missing") from error
    world = World(name, seed)
    first = data.get("first")
    if first is not None and world.view().describe() != first:
        raise DataError(
            f"babyai: {name} with seed {seed} does not begin as recorded; the worlds were recorded with "
            f"minigrid 3.2.0, check the installed version"
        )
    return Environment(world, paths, upstream=upstream, show_actions=show_actions)


@lru_cache(maxsize=4)
def example_for(*, upstream: bool, show_actions: bool) -> tuple[tuple[str, str], ...]:
    """A worked example as (label, text): Goal, then Observation and Action in turn. Its world is in no pack."""
    data = embedded_data(pack()["example"])
    environment = environment_for(data, upstream=upstream, show_actions=show_actions)
    lines = [("Goal", environment.goal_text()), ("Observation", environment.first_observation())]
    for command in data["plan"]:
        lines += [("Action", command), ("Observation", environment.step(command).observation)]
    return tuple(lines)


def replay(
    sample_or_data: Sample | Mapping[str, Any], actions: Iterable[str], *, mode: str = "corrected"
) -> list[dict[str, Any]]:
    """Plays ``actions`` and tells per step: action, observation, valid, progress (0..1), done.

    Ends after the step that ends the episode, whatever follows.
    """
    data = sample_or_data.data if isinstance(sample_or_data, Sample) else sample_or_data
    environment = environment_for(data, upstream=mode == "upstream", show_actions=False)
    return replay_steps(environment, actions)
