"""Settings of the webshop task: those that all multi-turn tasks share; one reply may be a whole search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.settings import AgentSettings, whole
from acbench.tasks.agents.settings import read_settings as read_agent_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Settings(AgentSettings):
    """``show_actions``: possible actions below every observation."""

    max_tokens: int = whole(64, 1)


def read_settings(given: Mapping[str, Any], *, mode: str) -> Settings:
    """Checked settings. Raises ConfigError naming the setting, for an unknown one with the nearest valid name."""
    return read_agent_settings(Settings, "webshop", given, mode=mode)
