"""Settings of the pddl tasks: those that all multi-turn tasks share, and which problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.settings import AgentSettings, some, whole
from acbench.tasks.agents.settings import read_settings as read_agent_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEVELS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Settings(AgentSettings):
    """``None`` for ``domains`` means all games of upstream data. Of the embedded pack it means blocksworld and
    gripper, and for the rollout barman and tyreworld at their readable levels (``domains.DEFAULT_LEVELS``).

    ``per_level``: episodes per domain and level; with upstream data per game and difficulty, where None
    takes all. ``seed`` concerns the embedded pack only. ``slack``: at levels 1-3 an episode has at most
    2 × optimal + slack turns. ``steps``: scored plan steps per problem, likelihood task only.
    """

    levels: tuple[int, ...] = some(LEVELS, LEVELS)
    domains: tuple[str, ...] | None = some(None)
    seed: int = whole(0, 0)
    steps: int = whole(4, 1)


PER_LEVEL = 4
LIKELIHOOD_ONLY = ("steps",)
ROLLOUT_ONLY = ("agent", "max_think", "episode_seconds")


def read_settings(
    given: Mapping[str, Any], *, mode: str, domains: Sequence[str], likelihood: bool
) -> Settings:
    """Checked settings; ``domains`` are the names that exist.

    Raises ConfigError naming the setting, for an unknown one with the nearest valid name.
    """
    without = ROLLOUT_ONLY if likelihood else LIKELIHOOD_ONLY
    return read_agent_settings(
        Settings, "pddl", given, mode=mode, without=without, names={"domains": domains}
    )
