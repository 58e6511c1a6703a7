"""Settings of the worfbench tasks: checked names and types."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN = ("wikihow", "toolbench", "toolalpaca", "lumos", "alfworld", "webshop", "os")
"""The tasks that the published scripts and the headline mean take in."""
HELD_OUT = ("seal_tools", "intercodesql")
VARIANTS = MAIN + HELD_OUT
LEVELS = (1, 2, 3, 4)
SHOTS = (0, 2)
MAX_TOKENS, MAX_TOKENS_PACK = 1024, 384
PACK_ONLY = ("levels", "per_level", "seed")
DATA_ONLY = ("exclude_flagged", "demonstrations")
PER_LEVEL_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """``shots`` None: two where the data has demonstrations for the task, else none.

    ``levels``, ``per_level`` and ``seed`` choose embedded records, ``exclude_flagged`` and ``demonstrations`` (a task
    whose demonstrations are borrowed) concern the published ones. ``max_tokens`` None: 1,024, embedded pack 384.
    """

    shots: int | None = None
    max_tokens: int | None = None
    likelihood: bool = True
    embedder: str = "auto"
    levels: tuple[int, ...] = LEVELS
    per_level: int = 10
    seed: int = 0
    exclude_flagged: bool = False
    demonstrations: str = ""


def read_settings(given: Mapping[str, Any], *, task: str, has_data_dir: bool) -> Settings:
    """Checked settings. Raises ConfigError naming the task and the setting."""
    valid = [field.name for field in fields(Settings)]
    for key in given:
        if key not in valid:
            raise ConfigError(f"task {task}: unknown setting {key!r}; {did_you_mean(str(key), valid)}")
    misplaced = [key for key in (PACK_ONLY if has_data_dir else DATA_ONLY) if key in given]
    if misplaced:
        where = "the embedded records" if has_data_dir else "a folder with published records"
        raise ConfigError(f"task {task}: setting {misplaced[0]!r} concerns {where} only; remove it")
    return Settings(**{key: _check(task, key, value) for key, value in given.items()})


def _check(task: str, key: str, value: Any) -> Any:
    checked, expected = _CHECKS[key](value)
    if not checked:
        raise ConfigError(f"task {task}: {key} = {value!r}: expected {expected}")
    return tuple(value) if key == "levels" else value


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _levels(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(_whole(level, LEVELS[0], LEVELS[-1]) for level in value)
        and len(set(value)) == len(value)
    )


_CHECKS: dict[str, Any] = {
    "shots": lambda v: (_whole(v, 0, 2) and v in SHOTS, "0 or 2"),
    "max_tokens": lambda v: (_whole(v, 1, 65_536), "a whole number from 1 to 65536"),
    "likelihood": lambda v: (isinstance(v, bool), "true or false"),
    "embedder": lambda v: (isinstance(v, str) and bool(v), "'auto', a hub id or a folder"),
    "levels": lambda v: (_levels(v), "a list of different levels from 1 to 4"),
    "per_level": lambda v: (_whole(v, 1, PER_LEVEL_LIMIT), f"a whole number from 1 to {PER_LEVEL_LIMIT}"),
    "seed": lambda v: (_whole(v, 0, 2**63), "a whole number from 0"),
    "exclude_flagged": lambda v: (isinstance(v, bool), "true or false"),
    "demonstrations": lambda v: (v in VARIANTS, f"one of {', '.join(VARIANTS)}"),
}
