"""The task's settings: what may be set, the named grids, and how depths are spaced."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, did_you_mean
from acbench.tasks.needle.haystack import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

K = 1024
SPACINGS = ("linear", "sigmoid")
KEYS = ("grid", "lengths", "depths", "depth_count", "spacing", "repeats", "seed", "haystack", "max_tokens")


@dataclass(frozen=True, slots=True)
class Grid:
    """Prompt lengths in tokens, depths in per cent, and how often each cell is asked."""

    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    repeats: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings. ``clipped``: lengths that do not fit the window are dropped, not `too_long`."""

    grid: Grid
    clipped: bool = True
    seed: int = 0
    haystack: str = "synthetic"
    max_tokens: int = 64


def spaced_depths(count: int, spacing: str = "linear") -> tuple[float, ...]:
    """``count`` depths from 0 to 100 per cent: whole numbers when linear, dense at both ends when sigmoid.

    Sigmoid: ``100 / (1 + exp(-0.1 (x - 50)))`` of the linear points, three decimals, ends fixed.
    """
    points = [100 * i / (count - 1) for i in range(count)] if count > 1 else [0.0]
    if spacing == "linear":
        return tuple(round(x) for x in points)
    inner = [round(100 / (1 + math.exp(-0.1 * (x - 50))), 3) for x in points[1:-1]]
    return (0, *inner, 100) if count > 1 else (0,)


GRIDS: dict[str, Grid] = {
    "paper": Grid(tuple(range(1000, 40_001, 1000)), spaced_depths(10), 1),
    "standard": Grid((4 * K, 8 * K, 16 * K, 32 * K, 64 * K), spaced_depths(11), 3),
    "smoke": Grid((1 * K, 2 * K, 4 * K), (0, 50, 100), 1),
}


def read_settings(given: Mapping[str, Any], *, has_data_dir: bool = False) -> Settings:
    """Checks settings and fills in the defaults. Raises ConfigError naming the key.

    ``lengths``, ``repeats`` and ``depths`` (or ``depth_count`` with ``spacing``) replace those of ``grid``.
    The default haystack is the data folder if there is one, else `synthetic`.
    """
    for key in given:
        if key not in KEYS:
            raise ConfigError(f"task needle: unknown setting {key!r}; {did_you_mean(key, KEYS)}")
    name = _choice(given, "grid", tuple(GRIDS), "standard")
    named = GRIDS[name]
    lengths = _numbers(given, "lengths", 1, 10**8) if "lengths" in given else named.lengths
    return Settings(
        grid=Grid(lengths, _depths(given) or named.depths, _number(given, "repeats", 1, 999, named.repeats)),
        clipped=name == "standard" and "lengths" not in given,
        seed=_number(given, "seed", 0, 2**63, 0),
        haystack=_choice(given, "haystack", SOURCES, "dir" if has_data_dir else "synthetic"),
        max_tokens=_number(given, "max_tokens", 1, 4096, 64),
    )


def clip_to_window(settings: Settings, window_tokens: int) -> tuple[int, ...]:
    """The lengths to run; `standard` drops those that do not fit with their answer.

    Raises ConfigError when none is left.
    """
    lengths = settings.grid.lengths
    if not settings.clipped:
        return lengths
    fitting = tuple(length for length in lengths if length + settings.max_tokens <= window_tokens)
    if not fitting:
        raise ConfigError(
            f"task needle: no length of grid 'standard' fits a window of {window_tokens} tokens with "
            f"{settings.max_tokens} new ones; set grid = 'smoke' or give lengths"
        )
    return fitting


def _depths(given: Mapping[str, Any]) -> tuple[float, ...]:
    if "depths" in given and "depth_count" in given:
        raise ConfigError("task needle: set 'depths' or 'depth_count', not both")
    if "spacing" in given and "depth_count" not in given:
        raise ConfigError("task needle: 'spacing' needs 'depth_count'")
    if "depth_count" in given:
        count = _number(given, "depth_count", 1, 101, 1)
        return spaced_depths(count, _choice(given, "spacing", SPACINGS, "linear"))
    return _numbers(given, "depths", 0, 100) if "depths" in given else ()


def _choice(given: Mapping[str, Any], key: str, valid: Sequence[str], default: str) -> str:
    value = given.get(key, default)
    if value not in valid:
        raise ConfigError(f"task needle: {key} = {value!r}: {did_you_mean(str(value), valid)}")
    return str(value)


def _number(given: Mapping[str, Any], key: str, low: int, high: int, default: int) -> int:
    value = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"task needle: {key} = {value!r}: expected a whole number from {low} to {high}")
    return value


def _numbers(given: Mapping[str, Any], key: str, low: int, high: int) -> tuple[int, ...]:
    values = given[key]
    if not isinstance(values, list | tuple) or not values:
        raise ConfigError(f"task needle: {key} = {values!r}: expected a list of whole numbers")
    checked = tuple(_number({key: value}, key, low, high, low) for value in values)
    if len(set(checked)) != len(checked):
        raise ConfigError(f"task needle: {key} = {values!r}: a number stands there twice")
    return checked
