"""Settings of the scienceworld task: those that all multi-turn tasks share, and its Java processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.settings import AgentSettings, limit, whole
from acbench.tasks.agents.settings import read_settings as read_agent_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Settings(AgentSettings):
    """``jvms``: Java processes that hold the worlds of all episodes. ``show_actions``: exits and things
    below every observation."""

    slack: int | None = limit(6, 0)
    jvms: int = whole(2, 1)


def read_settings(given: Mapping[str, Any], *, mode: str) -> Settings:
    """Checked settings. Raises ConfigError naming the setting, for an unknown one with the nearest valid name."""
    return read_agent_settings(Settings, "scienceworld", given, mode=mode)
