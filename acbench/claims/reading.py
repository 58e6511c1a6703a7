"""Case results from run folders; of a case that is there more than once the newest result counts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, DataError
from acbench.records import case_result_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.records import CaseResult

_STAMP = re.compile(r"\d{8}-\d{6}")


@dataclass(frozen=True, slots=True)
class Loaded:
    """``results`` by case id; ``folders`` as read, oldest first; ``replaced``: results a newer run has again."""

    results: tuple[CaseResult, ...]
    folders: tuple[Path, ...]
    replaced: int


def load_runs(folders: Sequence[Path]) -> Loaded:
    """Reads ``results/*.json`` of every run folder (or of a folder of such files itself).

    A run folder's name begins with its time; where a name does not, the time of its newest file decides. Raises
    ConfigError for a folder without results, DataError naming the file that cannot be read.
    """
    read = sorted(((_age(folder), folder) for folder in folders), key=lambda item: item[0])
    found: dict[str, CaseResult] = {}
    total = 0
    for _, folder in read:
        for file in _files(folder):
            result = _result(file)
            found[result.id] = result
            total += 1
    results = tuple(found[case] for case in sorted(found))
    return Loaded(results, tuple(folder for _, folder in read), total - len(results))


def _files(folder: Path) -> list[Path]:
    inner = folder / "results"
    files = sorted((inner if inner.is_dir() else folder).glob("*.json"))
    if not files:
        raise ConfigError(
            f"{folder}: no case results (results/*.json); name a folder that `pytest suites/` wrote, "
            "by default one below .acbench/runs"
        )
    return files


def _age(folder: Path) -> tuple[float, str]:
    """Comparable times: a stamp in the name is local time, as a file's time is turned into."""
    from time import mktime, strptime

    name = folder.resolve().name if folder.resolve().name != "results" else folder.resolve().parent.name
    stamp = _STAMP.match(name)
    if stamp:
        try:
            return mktime(strptime(stamp[0], "%Y%m%d-%H%M%S")), name
        except ValueError:
            pass
    return max(file.stat().st_mtime for file in _files(folder)), name


def _result(file: Path) -> CaseResult:
    again = "run the case again with this version, or take the file away"
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: not a readable case result ({error}); {again}") from error
    if not isinstance(data, dict):
        raise DataError(f"{file}: expected a JSON object with one case result; {again}")
    try:
        return case_result_from_json(data)
    except KeyError as error:
        raise DataError(f"{file}: field {error} is missing; {again}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{file}: not a case result of this version ({error}); {again}") from error
