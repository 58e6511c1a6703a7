"""Settings of the webarena task: those that all multi-turn tasks share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.settings import UPSTREAM, AgentSettings
from acbench.tasks.agents.settings import read_settings as read_agent_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

Settings = AgentSettings
OWN: Mapping[str, Any] = {"max_tokens": 64}
"""Typed words and answers make actions longer than elsewhere."""


def read_settings(given: Mapping[str, Any], *, mode: str) -> Settings:
    """Checked settings. Raises ConfigError naming the setting, for an unknown one with the nearest valid name."""
    own = {} if mode == "upstream" or given.get("agent") == "react" else OWN
    return read_agent_settings(Settings, "webarena", {**own, **given}, mode=mode, upstream=UPSTREAM)
