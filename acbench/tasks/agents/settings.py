"""Settings that all multi-turn tasks share, and the reader that checks them and a task's own."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from acbench.errors import ConfigError, did_you_mean
from acbench.tasks.agents.react import AGENTS, MAX_THINK, Agent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.agents.conversation import Layout

Mode = Literal["corrected", "upstream"]
FORMATS: tuple[Layout, ...] = ("chat", "single")
MODES: Mapping[str, Mode] = {"corrected": "corrected", "upstream": "upstream"}
LEVELS = (1, 2, 3)

UPSTREAM: Mapping[str, Any] = {
    "max_tokens": 100,
    "show_actions": False,
    "format": "single",
    "slack": None,
    "keep_first": False,
}
"""What upstream mode changes when a setting is not given (specification, sections 3.1 and 8)."""
REACT: Mapping[str, Any] = {"max_tokens": 128}
"""What the ReAct agent changes: a thought and an action in one reply."""


def whole(default: int | None, least: int) -> Any:
    """A field for a whole number of at least ``least``; with the default None also for None."""
    return field(default=default, metadata={"check": ("whole", least), "optional": default is None})


def limit(default: int | None, least: int) -> Any:
    """A field for a whole number of at least ``least``, or None for no limit."""
    return field(default=default, metadata={"check": ("whole", least), "optional": True})


def flag(*, default: bool) -> Any:
    return field(default=default, metadata={"check": ("flag", None)})


def choice(default: str, names: Sequence[str]) -> Any:
    """A field for one of ``names``."""
    return field(default=default, metadata={"check": ("choice", tuple(names))})


def some(default: Sequence[Any] | None, names: Sequence[Any] = ()) -> Any:
    """A field for a list of ``names``; with the default None also for None, which means all."""
    return field(
        default=None if default is None else tuple(default),
        metadata={"check": ("some", tuple(names)), "optional": default is None},
    )


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """``levels`` and ``slack`` concern the embedded pack only.

    ``per_level``: episodes per level, with upstream data per difficulty; None takes all. ``slack``: an
    episode has at most 2 × plan + slack turns, None for no such limit. ``max_tokens``: of one reply.
    ``memory_turns``: remembered pairs of action and observation. ``show_actions``: what can be done now is
    shown below every observation. ``keep_first``: the first observation stays when the window is full.
    ``agent``: ``react`` thinks aloud between actions, at most ``max_think`` replies in a row without one.
    ``episode_seconds``: an episode whose environment takes longer in all is broken.
    """

    levels: tuple[int, ...] = some(LEVELS, LEVELS)
    per_level: int | None = whole(None, 1)
    max_steps: int = whole(30, 1)
    max_tokens: int = whole(48, 1)
    memory_turns: int = whole(100, 1)
    show_actions: bool = flag(default=True)
    format: Layout = choice("chat", FORMATS)
    slack: int | None = limit(3, 0)
    keep_first: bool = flag(default=True)
    agent: Agent = choice("act", AGENTS)
    max_think: int = whole(MAX_THINK, 0)
    episode_seconds: int = whole(600, 1)
    mode: Mode = "corrected"

    @property
    def upstream(self) -> bool:
        return self.mode == "upstream"


S = TypeVar("S", bound=AgentSettings)


def read_settings(
    kind: type[S],
    slug: str,
    given: Mapping[str, Any],
    *,
    mode: str,
    upstream: Mapping[str, Any] = UPSTREAM,
    without: Sequence[str] = (),
    names: Mapping[str, Sequence[Any]] = MappingProxyType({}),
) -> S:
    """Checked settings of the task ``slug``; ``without`` names fields it does not have, ``names`` what the
    lists of a field may hold where that depends on the data.

    Raises ConfigError naming the setting, for an unknown one with the nearest valid name.
    """
    if mode not in MODES:
        raise ConfigError(f"{slug}: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
    known = {f.name: f for f in fields(kind) if f.name != "mode" and f.name not in without}
    for key in given:
        if key not in known:
            raise ConfigError(f"{slug}: unknown setting {key!r}; {did_you_mean(str(key), known)}")
    thinks = REACT if given.get("agent") == "react" else {}
    values = {**thinks, **(upstream if mode == "upstream" else {}), **given}
    checked = {
        key: _checked(f"{slug}: {key}", value, known[key].metadata, names.get(key))
        for key, value in values.items()
        if key in known
    }
    return kind(**checked, mode=MODES[mode])


def _checked(where: str, value: Any, how: Mapping[str, Any], names: Sequence[Any] | None) -> Any:
    if value is None and how.get("optional"):
        return None
    kind, known = how["check"]
    return _CHECKS[kind](where, value, known if names is None else tuple(names))


def _whole(where: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{where} must be a whole number, not {value!r}")
    if value < least:
        raise ConfigError(f"{where} must be at least {least}, not {value}")
    return value


def _flag(where: str, value: Any, _: None) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{where} must be true or false, not {value!r}")
    return value


def _choice(where: str, value: Any, names: Sequence[str]) -> Any:
    if value not in names:
        slug, _, key = where.partition(": ")
        raise ConfigError(f"{slug}: unknown {key} {value!r}; {did_you_mean(str(value), names)}")
    return value


def _some(where: str, value: Any, names: Sequence[Any]) -> tuple[Any, ...]:
    """A non-empty list of known names without repetition, in the order of ``names``."""
    if isinstance(value, str) or not isinstance(value, list | tuple) or not value:
        raise ConfigError(f"{where} must be a non-empty list, not {value!r}")
    for item in value:
        if isinstance(item, bool) or item not in names:
            known = [str(name) for name in names]
            raise ConfigError(f"{where}: unknown {item!r}; {did_you_mean(str(item), known)}")
    return tuple(name for name in names if name in value)


_CHECKS: Mapping[str, Callable[[str, Any, Any], Any]] = {
    "whole": _whole,
    "flag": _flag,
    "choice": _choice,
    "some": _some,
}
