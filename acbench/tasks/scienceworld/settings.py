"""Settings of the scienceworld task: checked names and types, defaults by mode."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.agents.conversation import Layout

FORMATS: tuple[Layout, ...] = ("chat", "single")
MODES: Mapping[str, Literal["corrected", "upstream"]] = {"corrected": "corrected", "upstream": "upstream"}
LEVELS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Settings:
    """``levels`` and ``slack`` concern the embedded pack only.

    ``per_level``: episodes per level, with upstream data per difficulty; None takes all. ``slack``: an
    episode has at most 2 × plan + slack turns, None for no such limit. ``memory_turns``: remembered pairs
    of action and observation. ``jvms``: Java processes that hold the worlds of all episodes.
    ``show_actions``: exits and things below every observation.
    """

    levels: tuple[int, ...] = LEVELS
    per_level: int | None = None
    max_steps: int = 30
    max_tokens: int = 48
    memory_turns: int = 100
    show_actions: bool = True
    format: Layout = "chat"
    slack: int | None = 6
    keep_first: bool = True
    jvms: int = 2
    mode: Literal["corrected", "upstream"] = "corrected"

    @property
    def upstream(self) -> bool:
        return self.mode == "upstream"


UPSTREAM_DEFAULTS: Mapping[str, Any] = {
    "max_tokens": 100,
    "show_actions": False,
    "format": "single",
    "slack": None,
    "keep_first": False,
}
"""What upstream mode changes when a setting is not given (specification, sections 3.1 and 8)."""

_SMALLEST = {"per_level": 1, "max_steps": 1, "max_tokens": 1, "jvms": 1, "memory_turns": 1, "slack": 0}


def read_settings(given: Mapping[str, Any], *, mode: str) -> Settings:
    """Checked settings. Raises ConfigError naming the setting, for an unknown one with the nearest valid name."""
    if mode not in MODES:
        raise ConfigError(f"scienceworld: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
    valid = {f.name for f in fields(Settings)} - {"mode"}
    for key in given:
        if key not in valid:
            raise ConfigError(f"scienceworld: unknown setting {key!r}; {did_you_mean(str(key), valid)}")
    values = {**(UPSTREAM_DEFAULTS if mode == "upstream" else {}), **given}
    return Settings(**{key: _check(key, value) for key, value in values.items()}, mode=MODES[mode])


def _check(key: str, value: Any) -> Any:
    if key == "levels":
        return _levels(value)
    if key in ("show_actions", "keep_first"):
        if not isinstance(value, bool):
            raise ConfigError(f"scienceworld: {key} must be true or false, not {value!r}")
        return value
    if key == "format":
        if value not in FORMATS:
            raise ConfigError(f"scienceworld: unknown format {value!r}; {did_you_mean(str(value), FORMATS)}")
        return value
    if value is None and key in ("per_level", "slack"):
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"scienceworld: {key} must be a whole number, not {value!r}")
    if value < _SMALLEST[key]:
        raise ConfigError(f"scienceworld: {key} must be at least {_SMALLEST[key]}, not {value}")
    return value


def _levels(value: Any) -> tuple[int, ...]:
    """A non-empty list of known levels, in their own order without repetition."""
    if isinstance(value, str) or not isinstance(value, list | tuple) or not value:
        raise ConfigError(f"scienceworld: levels must be a non-empty list, not {value!r}")
    for item in value:
        if isinstance(item, bool) or item not in LEVELS:
            raise ConfigError(f"scienceworld: levels: unknown {item!r}; there are 1, 2 and 3")
    return tuple(level for level in LEVELS if level in value)
