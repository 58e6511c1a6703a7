"""Settings of the task and their checks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, did_you_mean
from acbench.tasks.longgenbench.arithmetic import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.longgenbench.forms import Form

MOST_QUESTIONS = 40
"""The longest published form; questions of the embedded pack are distinct within a prompt."""
DEMOS = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """``k`` questions in each of ``prompts`` prompts; ``max_tokens`` for the whole reply.

    ``prompts`` is per level (gsm8k pack), per subject (mmlu pack) or in all (csqa); for a user's data it limits the
    prompts (mmlu: per subject), 0 = all of them. ``source``: what to read in a user's folder.
    """

    k: int
    prompts: int
    demos: int
    max_tokens: int
    seed: int
    likelihood: bool
    levels: tuple[str, ...]
    source: str
    cue: bool
    """The reply is begun for the model with the label of the first answer. Small models need it to keep to the
    labels at all; the published protocol has none, so it is off for a user's data."""


def read_settings(table: Mapping[str, Any], form: Form, *, has_data_dir: bool) -> Settings:
    """Raises ConfigError naming the key for unknown keys and wrong values."""
    defaults: dict[str, Any] = {
        "k": form.k,
        "prompts": 0 if has_data_dir else 4,
        "demos": DEMOS,
        "max_tokens": 4096,
        "seed": 0,
        "likelihood": not has_data_dir,
        "levels": LEVELS,
        "source": "auto",
        "cue": not has_data_dir,
    }
    known = {f.name for f in fields(Settings)}
    for key in table:
        if key not in known:
            raise ConfigError(f"longgenbench: unknown setting {key!r}; {did_you_mean(key, known)}")
    values = {**defaults, **table}
    for key, least in (
        ("k", 1),
        ("prompts", 0 if has_data_dir else 1),
        ("demos", 0),
        ("max_tokens", 16),
        ("seed", 0),
    ):
        _whole(key, values[key], least)
    if not has_data_dir and values["k"] > MOST_QUESTIONS:
        raise ConfigError(
            f"longgenbench: k = {values['k']}: the embedded pack has at most {MOST_QUESTIONS} questions"
        )
    if not has_data_dir and values["demos"] > DEMOS:
        raise ConfigError(
            f"longgenbench: demos = {values['demos']}: there are {DEMOS} built-in demonstrations"
        )
    for key in ("likelihood", "cue"):
        if not isinstance(values[key], bool):
            raise ConfigError(f"longgenbench: {key} must be true or false, not {values[key]!r}")
    levels = values["levels"]
    if not isinstance(levels, list | tuple) or not levels or not all(level in LEVELS for level in levels):
        raise ConfigError(f"longgenbench: levels must be a list out of {', '.join(LEVELS)}, not {levels!r}")
    if len(set(levels)) != len(levels):
        raise ConfigError(f"longgenbench: levels: a level stands there twice in {levels!r}")
    if "source" in table and not has_data_dir:
        raise ConfigError("longgenbench: source is for a data folder, and there is none")
    if values["source"] not in ("auto", "raw", "packed"):
        raise ConfigError(f"longgenbench: source must be auto, raw or packed, not {values['source']!r}")
    return Settings(**{**values, "levels": tuple(levels)})


def _whole(key: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigError(f"longgenbench: {key} must be a whole number of at least {least}, not {value!r}")
