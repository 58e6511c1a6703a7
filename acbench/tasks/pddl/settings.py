"""Settings of the pddl tasks: checked names and types, defaults by mode."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from acbench.errors import ConfigError, did_you_mean
from acbench.tasks.agents.react import AGENTS, MAX_THINK, Agent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.agents.conversation import Layout

FORMATS: tuple[Layout, ...] = ("chat", "single")
MODES: Mapping[str, Literal["corrected", "upstream"]] = {"corrected": "corrected", "upstream": "upstream"}


@dataclass(frozen=True, slots=True)
class Settings:
    """``None`` for ``slack`` means no limit; for ``domains`` blocksworld and gripper of the embedded pack, or
    all games of upstream data.

    ``per_level``: episodes per domain and level; with upstream data per game and difficulty, where None
    takes all. ``levels``, ``slack`` and ``seed`` concern the embedded pack only. ``slack``: at levels 1-3
    an episode has at most 2 × optimal + slack turns. ``memory_turns``: remembered pairs of action and
    observation. ``steps``: scored plan steps per problem, likelihood task only. ``agent``: ``react`` thinks
    aloud between commands, at most ``max_think`` replies in a row without one.
    """

    domains: tuple[str, ...] | None = None
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)
    per_level: int | None = None
    max_steps: int = 30
    max_tokens: int = 48
    memory_turns: int = 100
    seed: int = 0
    show_actions: bool = True
    format: Layout = "chat"
    slack: int | None = 3
    keep_first: bool = True
    steps: int = 4
    agent: Agent = "act"
    max_think: int = MAX_THINK
    mode: Literal["corrected", "upstream"] = "corrected"


PER_LEVEL = 4
LIKELIHOOD_ONLY = ("steps",)
ROLLOUT_ONLY = ("agent", "max_think")
UPSTREAM_DEFAULTS: Mapping[str, Any] = {
    "max_tokens": 100,
    "show_actions": False,
    "format": "single",
    "slack": None,
    "keep_first": False,
}
"""What upstream mode changes when a setting is not given (specification, sections 3.1 and 8)."""
REACT_DEFAULTS: Mapping[str, Any] = {"max_tokens": 128}
"""A thought and a command in one reply."""

_SMALLEST = {
    "per_level": 1,
    "max_steps": 1,
    "max_tokens": 1,
    "memory_turns": 1,
    "slack": 0,
    "steps": 1,
    "max_think": 0,
}


def read_settings(
    given: Mapping[str, Any], *, mode: str, domains: Sequence[str], levels: Sequence[int], likelihood: bool
) -> Settings:
    """Checked settings. ``domains`` and ``levels`` are the names that exist.

    Raises ConfigError naming the setting, for an unknown one with the nearest valid name.
    """
    if mode not in MODES:
        raise ConfigError(f"pddl: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
    valid = {f.name for f in fields(Settings)} - {"mode"}
    valid -= set(ROLLOUT_ONLY) if likelihood else set(LIKELIHOOD_ONLY)
    for key in given:
        if key not in valid:
            raise ConfigError(f"pddl: unknown setting {key!r}; {did_you_mean(str(key), valid)}")
    thinks = REACT_DEFAULTS if given.get("agent") == "react" else {}
    values = {**thinks, **(UPSTREAM_DEFAULTS if mode == "upstream" else {}), **given}
    checked: dict[str, Any] = {key: _check(key, value) for key, value in values.items()}
    if checked.get("domains") is not None:
        checked["domains"] = _choices("domains", checked["domains"], domains)
    if "levels" in checked:
        checked["levels"] = _choices("levels", checked["levels"], levels)
    return Settings(**checked, mode=MODES[mode])


def _check(key: str, value: Any) -> Any:
    if key in ("show_actions", "keep_first"):
        if not isinstance(value, bool):
            raise ConfigError(f"pddl: {key} must be true or false, not {value!r}")
        return value
    if key == "format":
        if value not in FORMATS:
            raise ConfigError(f"pddl: unknown format {value!r}; {did_you_mean(str(value), FORMATS)}")
        return value
    if key == "agent":
        if value not in AGENTS:
            raise ConfigError(f"pddl: unknown agent {value!r}; {did_you_mean(str(value), AGENTS)}")
        return value
    if key in ("domains", "levels"):
        return value
    if value is None and key in ("per_level", "slack"):
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"pddl: {key} must be a whole number, not {value!r}")
    if value < _SMALLEST.get(key, value):
        raise ConfigError(f"pddl: {key} must be at least {_SMALLEST[key]}, not {value}")
    return value


def _choices(key: str, value: Any, known: Sequence[Any]) -> tuple[Any, ...]:
    """A non-empty list of known names without repetition, in the order of ``known``."""
    if isinstance(value, str) or not isinstance(value, list | tuple) or not value:
        raise ConfigError(f"pddl: {key} must be a non-empty list, not {value!r}")
    for item in value:
        if isinstance(item, bool) or item not in known:
            names = [str(name) for name in known]
            raise ConfigError(f"pddl: {key}: unknown {item!r}; {did_you_mean(str(item), names)}")
    return tuple(name for name in known if name in value)
