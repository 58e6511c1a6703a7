"""The samples of the jericho task, the environment that belongs to one, and the replay of saved actions."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError, did_you_mean
from acbench.tasks.agents.packs import frozen_samples
from acbench.tasks.agents.world import replay_steps
from acbench.tasks.jericho.engine import Play, shared_pool
from acbench.tasks.jericho.environment import Environment
from acbench.tasks.jericho.settings import read_settings
from acbench.tasks.jericho.text import clean
from acbench.tasks.jericho.upstream import row_data, upstream_samples
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acbench.tasks.jericho.settings import Settings
    from acbench.tasks.protocol import TaskContext

PACK = Path(__file__).parent / "pack"
PACK_FILE = PACK / "episodes.json"
"""Written by ``making``."""
HARD_LEVEL = 3


def settings_for(context: TaskContext) -> Settings:
    return read_settings(context.settings, mode=context.mode)


def jericho_samples(context: TaskContext, settings: Settings) -> list[Sample]:
    """One sample per episode: of the embedded pack, of made TextWorld games, or of the user's folder."""
    if context.data_dir is not None:
        return upstream_samples(context.data_dir, settings)
    return _embedded_samples(settings)


def _embedded_samples(settings: Settings) -> list[Sample]:
    prefix = "jericho-tw" if settings.games == "textworld" else "jericho"
    episodes = [episode for level in settings.levels for episode in _episodes(level, settings)]
    return frozen_samples(prefix, episodes, settings, _data)


def _episodes(level: int, settings: Settings) -> list[dict[str, Any]]:
    if settings.games == "textworld" and settings.cache_dir is not None:
        from acbench.tasks.jericho.textworld_games import textworld_episodes

        folder = Path(settings.cache_dir)
        return textworld_episodes(folder, level, seed=settings.seed, count=settings.per_level)
    return [
        {**embedded_data(episode), "level": episode["level"]}
        for episode in pack()["episodes"]
        if episode["level"] == level
    ]


@lru_cache(maxsize=1)
def pack() -> Mapping[str, Any]:
    """The frozen pack: ``license``, ``library``, ``example`` and ``episodes``."""
    found: dict[str, Any] = json.loads(PACK_FILE.read_text(encoding="utf-8"))
    return found


def _data(episode: Mapping[str, Any]) -> dict[str, Any]:
    difficulty = "hard" if episode["level"] >= HARD_LEVEL else "easy"
    return {**{key: value for key, value in episode.items() if key != "level"}, "difficulty": difficulty}


def embedded_data(episode: Mapping[str, Any]) -> dict[str, Any]:
    """What an environment needs of an episode of the pack. ``story`` is a file name of the pack."""
    return {
        "source": "embedded",
        "story": episode["file"],
        "opening": [str(episode["number"])],
        "goal": episode["goal"],
        "first": episode["first"],
        "subgoals": list(episode["subgoals"]),
        "plan": list(episode["plan"]),
        "verbs": list(episode["verbs"]),
    }


def environment_for(data: Mapping[str, Any], *, upstream: bool, show_actions: bool) -> Environment:
    """A fresh environment for one sample's data.

    Raises ConfigError without the package, DataError for a missing field or story and for an embedded story
    that does not begin as recorded.
    """
    for name in ("source", "story", "goal", "subgoals"):
        if name not in data:
            raise DataError(f"jericho sample: field {name!r} is missing")
    own = data["source"] == "embedded"
    story = PACK / Path(data["story"]).name if own else Path(data["story"])
    play = Play(shared_pool(), story, opening=data.get("opening", ()), seed=data.get("seed"))
    if own and clean(play.start_text) != data["first"]:
        raise DataError(f"jericho: {story.name} does not begin as recorded; install jericho 3.3.1")
    return Environment(
        play,
        data["goal"],
        data["subgoals"],
        first=data.get("first"),
        templates=data.get("verbs"),
        upstream=upstream,
        show_actions=show_actions,
    )


@lru_cache(maxsize=4)
def example_for(*, upstream: bool, show_actions: bool) -> tuple[tuple[str, str], ...]:
    """A worked example as (label, text): Goal, then Observation and Action in turn. It is no episode of the pack."""
    data = embedded_data(pack()["example"])
    environment = environment_for(data, upstream=upstream, show_actions=show_actions)
    lines = [("Goal", environment.goal_text()), ("Observation", environment.first_observation())]
    for command in data["plan"]:
        lines += [("Action", command), ("Observation", environment.step(command).observation)]
    environment.close()
    return tuple(lines)


def replay(
    episode: Sample | Mapping[str, Any] | str,
    actions: Iterable[str],
    *,
    mode: str = "corrected",
    data_dir: Path | None = None,
) -> list[dict[str, Any]]:
    """Plays ``actions`` and tells per step: action, observation, valid, progress (0..1), done.

    ``episode``: the name of an embedded episode ("jericho-l1-00"), a sample or its data, or an upstream row,
    which needs ``data_dir``. Ends after the step that ends the episode, whatever follows.
    """
    data = _data_of(episode, mode, data_dir)
    return replay_steps(environment_for(data, upstream=mode == "upstream", show_actions=False), actions)


def _data_of(
    episode: Sample | Mapping[str, Any] | str, mode: str, data_dir: Path | None
) -> Mapping[str, Any]:
    if isinstance(episode, Sample):
        return episode.data
    if not isinstance(episode, str):
        if "source" in episode:
            return episode
        return row_data(episode, data_dir, mode=mode)
    settings = read_settings({}, mode=mode)
    found = {sample.id: sample.data for sample in _embedded_samples(settings)}
    if episode not in found:
        raise DataError(f"jericho: there is no episode {episode!r}; {did_you_mean(episode, found)}")
    return found[episode]
