"""The settings of a set: names, types, defaults, and which of them belong to which source of records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, did_you_mean
from acbench.tasks.longbench.truncation import CONTEXT, TRUNCATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.longbench.sets import LongBenchSet

LENGTHS = (512, 1024, 2048)
LONGEST = 131_072
NO_BUCKETS, LONGBENCH_E = "none", "longbench-e"
PACK_ONLY = ("lengths", "per_length")
UPSTREAM_ONLY = ("extended", "buckets")
KEYS = (
    *("limit", "seed", "length_limit", "truncation", "max_tokens", "reasoning_budget", "likelihood"),
    *PACK_ONLY,
    *UPSTREAM_ONLY,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings.

    ``limit``: at most this many records of each level (a bucket, or a length of the pack; else the whole set),
    chosen by hash of seed and id; None takes all. ``length_limit``: most prompt tokens beside the window's own
    limit. ``max_tokens``: None takes the set's. ``lengths``: None takes the default ones that fit.
    ``buckets``: whether the records' level is their LongBench-E bucket.
    """

    limit: int | None = None
    seed: int = 0
    length_limit: int | None = None
    truncation: str = CONTEXT
    max_tokens: int | None = None
    reasoning_budget: int = 0
    likelihood: bool = True
    lengths: tuple[int, ...] | None = None
    per_length: int = 8
    extended: bool = False
    buckets: str = NO_BUCKETS


def read_settings(given: Mapping[str, Any], which: LongBenchSet, *, has_data: bool) -> Settings:
    """Checks settings and fills in defaults. Raises ConfigError naming the key and the nearest valid one.

    ``likelihood`` is on by default for the embedded pack and off for real records; ``buckets`` is
    `longbench-e` by default when ``extended`` is on.
    """
    for key in given:
        if key not in KEYS:
            raise ConfigError(f"task {which.slug}: unknown setting {key!r}; {did_you_mean(str(key), KEYS)}")
    for key in PACK_ONLY if has_data else UPSTREAM_ONLY:
        if key in given:
            source = "the embedded pack" if has_data else "a data folder"
            raise ConfigError(f"task {which.slug}: setting {key!r} is for {source} only; remove it")
    reader = _Reader(given, which.slug)
    extended = reader.flag("extended", default=False)
    if extended and not which.extended:
        raise ConfigError(f"task {which.slug}: extended: LongBench-E does not have this set; leave it out")
    return Settings(
        limit=reader.optional("limit", 1, 10**9),
        seed=reader.number("seed", 0, 2**63, 0),
        length_limit=reader.optional("length_limit", 16, 10**9),
        truncation=reader.choice("truncation", TRUNCATIONS, CONTEXT),
        max_tokens=reader.optional("max_tokens", 1, 10**6),
        reasoning_budget=reader.number("reasoning_budget", 0, 10**6, 0),
        likelihood=reader.flag("likelihood", default=not has_data),
        lengths=reader.lengths("lengths"),
        per_length=reader.number("per_length", 1, 10_000, 8),
        extended=extended,
        buckets=reader.choice("buckets", (NO_BUCKETS, LONGBENCH_E), LONGBENCH_E if extended else NO_BUCKETS),
    )


class _Reader:
    """Takes values of a known type out of the settings; errors name task and key."""

    def __init__(self, given: Mapping[str, Any], slug: str) -> None:
        self._given = given
        self._slug = slug

    def number(self, key: str, low: int, high: int, default: int) -> int:
        return self._checked(key, self._given.get(key, default), low, high)

    def optional(self, key: str, low: int, high: int) -> int | None:
        value = self._given.get(key)
        return None if value is None else self._checked(key, value, low, high)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._given.get(key, default)
        if not isinstance(value, bool):
            raise self._error(key, value, "expected true or false")
        return value

    def choice(self, key: str, valid: Sequence[str], default: str) -> str:
        value = self._given.get(key, default)
        if value not in valid:
            raise self._error(key, value, did_you_mean(str(value), valid))
        return str(value)

    def lengths(self, key: str) -> tuple[int, ...] | None:
        value = self._given.get(key)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not value:
            raise self._error(key, value, "expected a list of whole numbers")
        found = tuple(self._checked(key, item, 128, LONGEST) for item in value)
        if len(set(found)) != len(found):
            raise self._error(key, value, "a number stands there twice")
        return tuple(sorted(found))

    def _checked(self, key: str, value: Any, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._error(key, value, f"expected a whole number from {low} to {high}")
        return value

    def _error(self, key: str, value: Any, why: str) -> ConfigError:
        return ConfigError(f"task {self._slug}: {key} = {value!r}: {why}")
