"""Settings of the alfworld task: the shared ones, and how many processes hold the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.settings import AgentSettings, whole
from acbench.tasks.agents.settings import read_settings as read_agent_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Settings(AgentSettings):
    """``workers``: processes that hold the engine, about 80 MB each."""

    workers: int = whole(2, 1)


def read_settings(given: Mapping[str, Any], *, mode: str) -> Settings:
    """Checked settings. Raises ConfigError naming the setting, for an unknown one with the nearest valid name."""
    return read_agent_settings(Settings, "alfworld", given, mode=mode)
