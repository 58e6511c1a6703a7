"""The settings of a column's task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.embeddings import AUTO
from acbench.errors import ConfigError, did_you_mean
from acbench.tasks.toolbox import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = ("levels", "per_level", "seed", "max_tokens", "likelihood", "embedder")
PER_LEVEL = 15


@dataclass(frozen=True, slots=True)
class Settings:
    """``per_level``: records of each level; of the published files so many in all, 0 = every one."""

    levels: tuple[str, ...] = LEVELS
    per_level: int = PER_LEVEL
    seed: int = 0
    max_tokens: int = 512
    likelihood: bool = True
    embedder: str = AUTO


def read_settings(given: Mapping[str, Any], *, slug: str, has_data_dir: bool = False) -> Settings:
    """Checks settings and fills in the defaults. Raises ConfigError naming task and key.

    ``levels`` and ``seed`` belong to the embedded pack and are refused beside a data folder.
    """
    for key in given:
        if key not in KEYS:
            raise ConfigError(f"task {slug}: unknown setting {key!r}; {did_you_mean(key, KEYS)}")
    if has_data_dir and (ours := [key for key in ("levels", "seed") if key in given]):
        raise ConfigError(
            f"task {slug}: {ours[0]!r} belongs to the embedded pack; leave it out with a data folder"
        )
    default = 0 if has_data_dir else PER_LEVEL
    return Settings(
        levels=_levels(given.get("levels", LEVELS), slug),
        per_level=_number(given, "per_level", default, slug, low=default and 1),
        seed=_number(given, "seed", 0, slug, high=2**31),
        max_tokens=_number(given, "max_tokens", 512, slug, low=1, high=65_536),
        likelihood=_flag(given.get("likelihood", True), slug),
        embedder=_name(given.get("embedder", AUTO), slug),
    )


def _levels(value: Any, slug: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ConfigError(f"task {slug}: levels = {value!r}: expected a list out of {', '.join(LEVELS)}")
    for level in value:
        if level not in LEVELS:
            raise ConfigError(f"task {slug}: levels: {level!r}: {did_you_mean(str(level), LEVELS)}")
    return tuple(level for level in LEVELS if level in value)


def _number(
    given: Mapping[str, Any], key: str, default: int, slug: str, *, low: int = 0, high: int = 100_000
) -> int:
    value = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"task {slug}: {key} = {value!r}: expected a whole number from {low} to {high}")
    return value


def _flag(value: Any, slug: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"task {slug}: likelihood = {value!r}: expected true or false")
    return value


def _name(value: Any, slug: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"task {slug}: embedder = {value!r}: expected 'auto', a hub id or a folder")
    return value
