"""The samples of the scienceworld task, the environment that belongs to one, and the replay of saved actions."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.agents.packs import frozen_samples
from acbench.tasks.agents.world import replay_steps
from acbench.tasks.protocol import Sample
from acbench.tasks.scienceworld.environment import Environment
from acbench.tasks.scienceworld.settings import read_settings
from acbench.tasks.scienceworld.upstream import upstream_samples
from acbench.tasks.scienceworld.worlds import World, shared_pool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acbench.tasks.protocol import TaskContext
    from acbench.tasks.scienceworld.settings import Settings

PACK_FILE = Path(__file__).parent / "pack" / "episodes.json"
"""Written by ``making``."""


def settings_for(context: TaskContext) -> Settings:
    return read_settings(context.settings, mode=context.mode)


def scienceworld_samples(context: TaskContext, settings: Settings) -> list[Sample]:
    """One sample per episode: of the embedded pack, or read from the user's folder."""
    if context.data_dir is not None:
        return upstream_samples(context.data_dir, settings)
    return frozen_samples("scienceworld", pack()["episodes"], settings, _data)


@lru_cache(maxsize=1)
def pack() -> Mapping[str, Any]:
    """The frozen pack: ``license``, ``package``, ``example`` and ``episodes``."""
    found: dict[str, Any] = json.loads(PACK_FILE.read_text(encoding="utf-8"))
    return found


def _data(episode: Mapping[str, Any]) -> dict[str, Any]:
    return {**embedded_data(episode), "difficulty": episode["difficulty"]}


def embedded_data(episode: Mapping[str, Any]) -> dict[str, Any]:
    """What an environment needs of an episode of the pack."""
    return {
        "source": "embedded",
        "task": episode["task"],
        "variation": episode["variation"],
        "first": episode["first"],
        "goal": episode["goal"],
        "subgoals": list(episode["subgoals"]),
        "plan": list(episode["plan"]),
    }


def environment_for(
    data: Mapping[str, Any], *, upstream: bool, show_actions: bool, jvms: int = 1
) -> Environment:
    """A fresh environment for one sample's data, in one of ``jvms`` shared Java processes.

    Raises ConfigError without package or Java, DataError for a missing field and for a world that does not
    begin with the recorded observation: then another version of the package is installed.
    """
    try:
        task, variation, subgoals = data["task"], data["variation"], data["subgoals"]
    except KeyError as error:
        raise DataError(f"scienceworld sample: field {error.args[0]!r} is missing") from error
    world = World(shared_pool(jvms), task, variation)
    first = data.get("first")
    if first is not None and world.start_text != first:
        raise DataError(
            f"scienceworld: {task} {variation} does not begin as recorded; the worlds were recorded with "
            f"scienceworld 1.2.3, check the installed version"
        )
    goal = data.get("goal") or ""
    return Environment(world, subgoals, goal=goal, upstream=upstream, show_actions=show_actions)


def example_for(*, show_actions: bool) -> tuple[tuple[str, str], ...]:
    """A worked example as (label, text): Goal, then Observation and Action in turn. It is none of the episodes.

    What its world shows is part of the pack, so a prompt needs no Java.
    """
    example = pack()["example"]
    shown = [entry["observation"] + (entry["hint"] if show_actions else "") for entry in example["shown"]]
    lines = [("Goal", example["goal"]), ("Observation", shown[0])]
    for command, seen in zip(example["plan"], shown[1:], strict=True):
        lines += [("Action", command), ("Observation", seen)]
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
