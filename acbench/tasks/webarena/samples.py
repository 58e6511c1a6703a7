"""The samples of the webarena task, the environment that belongs to one, and the replay of saved actions."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, DataError
from acbench.tasks.agents.packs import frozen_samples
from acbench.tasks.agents.world import replay_steps
from acbench.tasks.protocol import Sample
from acbench.tasks.webarena.browser import Browser
from acbench.tasks.webarena.environment import Environment
from acbench.tasks.webarena.evaluation import LAST, read_evaluation
from acbench.tasks.webarena.settings import read_settings
from acbench.tasks.webarena.sites import Sites
from acbench.tasks.webarena.upstream import NOT_PLAYABLE, row_data, upstream_samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acbench.tasks.protocol import TaskContext
    from acbench.tasks.webarena.evaluation import Evaluation
    from acbench.tasks.webarena.settings import Settings

PACK_FILE = Path(__file__).parent / "pack" / "episodes.json"
"""Written by ``making``."""
SEVERAL = " |AND| "
"""Joins start addresses, one tab each."""
_LOCATOR = re.compile(r"(?:#[a-z0-9-]+)?")


def settings_for(context: TaskContext) -> Settings:
    return read_settings(context.settings, mode=context.mode)


def webarena_samples(context: TaskContext, settings: Settings) -> list[Sample]:
    """One sample per episode: of the embedded pack, or read from the user's folder."""
    if context.data_dir is not None:
        return upstream_samples(context.data_dir, settings)
    return frozen_samples("webarena", pack()["episodes"], settings, row_data)


@lru_cache(maxsize=1)
def pack() -> Mapping[str, Any]:
    """The frozen pack: ``license``, ``example`` and ``episodes``, rows of the published schema and more."""
    found: dict[str, Any] = json.loads(PACK_FILE.read_text(encoding="utf-8"))
    return found


def environment_for(data: Mapping[str, Any], *, upstream: bool, show_actions: bool) -> Environment:
    """A fresh environment for one sample's data, with sites of its own.

    Raises ConfigError for a row of the hosted sites, DataError for a field that is missing or malformed.
    """
    for field in ("source", "seed", "start_url", "goal", "eval"):
        if field not in data:
            raise DataError(f"webarena sample: field {field!r} is missing")
    if data["source"] == "upstream" or data["seed"] is None:
        raise ConfigError(NOT_PLAYABLE.format(task=data.get("original_task_id", "")))
    evaluation = read_evaluation(data["eval"], "webarena sample")
    sites = Sites(data["seed"]).by_host()
    _check_targets(evaluation, sites)
    start = str(data["start_url"]).split(SEVERAL)
    for address in start:
        if address.removeprefix("http://").partition("/")[0] not in sites:
            raise DataError(f"webarena sample: start_url {address!r} is on none of {', '.join(sites)}")
    browser = Browser(sites, start)
    return Environment(browser, str(data["goal"]), evaluation, upstream=upstream, show_actions=show_actions)


def _check_targets(evaluation: Evaluation, sites: Iterable[str]) -> None:
    """Refuses what only a real browser could look up: JavaScript, programs, foreign addresses."""
    for number, target in enumerate(evaluation.targets):
        where = f"webarena sample: eval.program_html[{number}]"
        if _LOCATOR.fullmatch(target.locator.strip()) is None:
            raise DataError(
                f"{where}.locator {target.locator!r} is for a browser; the built-in sites know '' (the whole page) "
                f"and '#name'"
            )
        if target.url != LAST and target.url.removeprefix("http://").partition("/")[0] not in sites:
            raise DataError(f"{where}.url {target.url!r} is neither {LAST!r} nor on a built-in site")


@lru_cache(maxsize=4)
def example_for(*, upstream: bool, show_actions: bool) -> tuple[tuple[str, str], ...]:
    """A worked example as (label, text): Goal, then Observation and Action in turn. Its goal is in no pack."""
    data = row_data(pack()["example"])
    environment = environment_for(data, upstream=upstream, show_actions=show_actions)
    lines = [("Goal", environment.goal_text()), ("Observation", environment.first_observation())]
    for action in data["plan"]:
        lines += [("Action", action), ("Observation", environment.step(action).observation)]
    return tuple(lines)


def replay(
    sample_or_data: Sample | Mapping[str, Any], actions: Iterable[str], *, mode: str = "corrected"
) -> list[dict[str, Any]]:
    """Plays ``actions`` and tells per step: action, observation, valid, progress (0..1), done.

    Ends after the step that ends the episode, whatever follows.
    """
    upstream = read_settings({}, mode=mode).upstream
    data = sample_or_data.data if isinstance(sample_or_data, Sample) else sample_or_data
    return replay_steps(environment_for(data, upstream=upstream, show_actions=False), actions)
