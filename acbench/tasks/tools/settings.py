"""Settings of the tool tasks: checked names and types, defaults by mode."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from acbench.errors import ConfigError, did_you_mean
from acbench.tasks.agents.react import AGENTS, MAX_THINK, Agent
from acbench.tasks.tools.data.drafts import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.agents.conversation import Layout

CHOICES: Mapping[str, tuple[str, ...]] = {
    "format": ("chat", "single"),
    "agent": AGENTS,
    "check_state": ("row", "always"),
    "unrecorded": ("refuse", "leave_out", "play"),
}
MODES: Mapping[str, Literal["corrected", "upstream"]] = {"corrected": "corrected", "upstream": "upstream"}


@dataclass(frozen=True, slots=True)
class Settings:
    """``None`` for ``tools`` or ``slack`` means all or no limit.

    ``per_level``: episodes per simulator and level; with upstream data per simulator and difficulty, where
    None takes all. ``levels``, ``slack`` and ``seed`` concern the embedded pack only. ``slack``: at levels
    1 and 2 an episode has at most 2 × plan + slack turns. ``memory_turns``: remembered pairs of action and
    observation. ``show_choices``: at level 1 the right call is shown among wrong ones until a call was
    carried out. ``agent``: ``react`` thinks aloud between calls, at most ``max_think`` replies in a row without
    one. Only with upstream data: ``check_state`` compares the final to-do list where the row asks for it
    (``row``) or in every row that has one (``always``); ``unrecorded`` says what becomes of rows whose
    service answers were not recorded: an error, left out, or played with tools that fail.
    """

    tools: tuple[str, ...] | None = None
    levels: tuple[int, ...] = tuple(LEVELS)
    per_level: int | None = None
    max_steps: int = 30
    max_tokens: int = 128
    memory_turns: int = 100
    seed: int = 0
    format: Layout = "chat"
    slack: int | None = 3
    keep_first: bool = True
    show_choices: bool = True
    check_state: str = "row"
    unrecorded: str = "refuse"
    agent: Agent = "act"
    max_think: int = MAX_THINK
    mode: Literal["corrected", "upstream"] = "corrected"

    @property
    def upstream(self) -> bool:
        return self.mode == "upstream"


PER_LEVEL = 10
UPSTREAM_DEFAULTS: Mapping[str, Any] = {
    "max_tokens": 100,
    "format": "single",
    "slack": None,
    "keep_first": False,
    "show_choices": False,
}
"""What upstream mode changes when a setting is not given (specification, sections 3.1 and 8)."""

_SMALLEST = {
    "per_level": 1,
    "max_steps": 1,
    "max_tokens": 1,
    "memory_turns": 1,
    "slack": 0,
    "seed": 0,
    "max_think": 0,
}


def read_settings(slug: str, given: Mapping[str, Any], *, mode: str, tools: Sequence[str]) -> Settings:
    """Checked settings of the task ``slug``, which has these ``tools``.

    Raises ConfigError naming the setting, for an unknown one with the nearest valid name.
    """
    if mode not in MODES:
        raise ConfigError(f"{slug}: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
    valid = {f.name for f in fields(Settings)} - {"mode"}
    for key in given:
        if key not in valid:
            raise ConfigError(f"{slug}: unknown setting {key!r}; {did_you_mean(str(key), valid)}")
    values = {**(UPSTREAM_DEFAULTS if mode == "upstream" else {}), **given}
    checked: dict[str, Any] = {key: _check(slug, key, value) for key, value in values.items()}
    if checked.get("tools") is not None:
        checked["tools"] = _some(slug, "tools", checked["tools"], tools)
    if "levels" in checked:
        checked["levels"] = _some(slug, "levels", checked["levels"], tuple(LEVELS))
    return Settings(**checked, mode=MODES[mode])


def _check(slug: str, key: str, value: Any) -> Any:
    if key in ("tools", "levels"):
        return value
    if key in CHOICES:
        if value not in CHOICES[key]:
            raise ConfigError(f"{slug}: unknown {key} {value!r}; {did_you_mean(str(value), CHOICES[key])}")
        return value
    if key in ("keep_first", "show_choices"):
        if not isinstance(value, bool):
            raise ConfigError(f"{slug}: {key} must be true or false, not {value!r}")
        return value
    if value is None and key in ("per_level", "slack"):
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{slug}: {key} must be a whole number, not {value!r}")
    if value < _SMALLEST[key]:
        raise ConfigError(f"{slug}: {key} must be at least {_SMALLEST[key]}, not {value}")
    return value


def _some(slug: str, key: str, value: Any, known: Sequence[Any]) -> tuple[Any, ...]:
    """A non-empty list of known names without repetition, in the order of ``known``."""
    if isinstance(value, str) or not isinstance(value, list | tuple) or not value:
        raise ConfigError(f"{slug}: {key} must be a non-empty list, not {value!r}")
    for item in value:
        if isinstance(item, bool) or item not in known:
            names = [str(name) for name in known]
            raise ConfigError(f"{slug}: {key}: unknown {item!r}; {did_you_mean(str(item), names)}")
    return tuple(name for name in known if name in value)
