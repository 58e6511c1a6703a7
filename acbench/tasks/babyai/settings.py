"""Settings of the babyai task: those that all multi-turn tasks share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.settings import LEVELS, AgentSettings
from acbench.tasks.agents.settings import read_settings as read_agent_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LEVELS", "Settings", "read_settings"]

Settings = AgentSettings


def read_settings(given: Mapping[str, Any], *, mode: str) -> Settings:
    """Checked settings. Raises ConfigError naming the setting, for an unknown one with the nearest valid name."""
    return read_agent_settings(Settings, "babyai", given, mode=mode)
