"""The samples of the webshop task, the environment that belongs to one, and the replay of saved actions."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.agents.packs import frozen_samples
from acbench.tasks.agents.world import replay_steps
from acbench.tasks.protocol import Sample
from acbench.tasks.webshop.catalogue import embedded_shop, fingerprint
from acbench.tasks.webshop.environment import Environment
from acbench.tasks.webshop.reward import Wanted
from acbench.tasks.webshop.settings import read_settings
from acbench.tasks.webshop.upstream import row_data, upstream_samples, upstream_shop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acbench.tasks.protocol import TaskContext
    from acbench.tasks.webshop.settings import Settings

PACK_FILE = Path(__file__).parent / "pack" / "episodes.json"
"""Written by ``making``."""


def settings_for(context: TaskContext) -> Settings:
    return read_settings(context.settings, mode=context.mode)


def webshop_samples(context: TaskContext, settings: Settings) -> list[Sample]:
    """One sample per episode: of the embedded pack, or read from the user's folder."""
    if context.data_dir is not None:
        return upstream_samples(context.data_dir, settings)
    check_catalogue()
    return frozen_samples("webshop", pack()["episodes"], settings, embedded_data)


@lru_cache(maxsize=1)
def pack() -> Mapping[str, Any]:
    """The frozen pack: ``license``, ``catalogue`` (a fingerprint), ``example`` and ``episodes``."""
    found: dict[str, Any] = json.loads(PACK_FILE.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def check_catalogue() -> None:
    """Raises DataError if the catalogue made here is not the one the episodes were made for."""
    made = fingerprint(embedded_shop().products)
    if made != pack()["catalogue"]:
        raise DataError(
            f"{PACK_FILE}: the episodes belong to catalogue {pack()['catalogue']}, not to {made}; after a "
            f"change of words or catalogue run python -m acbench.tasks.webshop.making"
        )


def embedded_data(episode: Mapping[str, Any]) -> dict[str, Any]:
    """What an environment needs of an episode of the pack: a row with gold plan and hint."""
    return {**row_data(episode), "hint": episode["hint"], "plan": list(episode["plan"])}


def environment_for(data: Mapping[str, Any], *, show_actions: bool) -> Environment:
    """A fresh environment for one sample's data. Raises DataError for a missing field."""
    try:
        fields, folder, hint = dict(data["wanted"]), data["shop"], data.get("hint", "")
        wanted = Wanted(
            name=fields["name"],
            query=fields["query"],
            category=fields["category"],
            attributes=tuple(fields["attributes"]),
            options=tuple(fields["options"]),
            price_upper=fields["price_upper"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"webshop sample: a field is missing or malformed ({error!r})") from error
    shop = embedded_shop() if folder is None else upstream_shop(Path(folder))
    return Environment(shop, wanted, str(data.get("goal", "")), show_actions=show_actions, hint=hint)


@lru_cache(maxsize=2)
def example_for(*, show_actions: bool) -> tuple[tuple[str, str], ...]:
    """A worked example as (label, text): Goal, then Observation and Action in turn. Its goal is in no pack."""
    data = embedded_data(pack()["example"])
    environment = environment_for(data, show_actions=show_actions)
    lines = [("Goal", data["goal"]), ("Observation", environment.first_observation())]
    for action in data["plan"]:
        lines += [("Action", action), ("Observation", environment.step(action).observation)]
    return tuple(lines)


def replay(
    sample_or_data: Sample | Mapping[str, Any], actions: Iterable[str], *, mode: str = "corrected"
) -> list[dict[str, Any]]:
    """Plays ``actions`` and tells per step: action, observation, valid, progress (0..1), done.

    Ends after the step that ends the episode, whatever follows. Both modes are the same shop.
    """
    read_settings({}, mode=mode)
    data = sample_or_data.data if isinstance(sample_or_data, Sample) else sample_or_data
    environment = environment_for(data, show_actions=False)
    return replay_steps(environment, actions)
