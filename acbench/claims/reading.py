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
_RESULTS = ("*.json", "results/*.json", "allure-results/*-result.json")


@dataclass(frozen=True, slots=True)
class Loaded:
    """``results`` by case id; ``folders`` as read, oldest first; ``replaced``: results a newer run has again."""

    results: tuple[CaseResult, ...]
    folders: tuple[Path, ...]
    replaced: int


def load_runs(folders: Sequence[Path]) -> Loaded:
    """Reads ``results/*.json`` of every run folder (or of a folder of such files itself), a folder named twice once.

    Raises ConfigError for a folder without results, DataError naming the file that cannot be read.
    """
    unique = {folder.resolve(): folder for folder in reversed(folders)}
    read = sorted(((age(folder), folder) for folder in unique.values()), key=lambda item: item[0])
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


def age(folder: Path) -> tuple[float, str]:
    """What orders runs, oldest first: the time that a run folder's name begins with, else that of its newest result.

    A stamp in the name is local time, as a file's time is turned into. A run without a verdict has an age too.
    """
    from time import mktime, strptime

    place = folder.resolve()
    name = place.name if place.name != "results" else place.parent.name
    stamp = _STAMP.match(name)
    if stamp:
        try:
            return mktime(strptime(stamp[0], "%Y%m%d-%H%M%S")), name
        except ValueError:
            pass
    files = [file for pattern in _RESULTS for file in place.glob(pattern)]
    return max((file.stat().st_mtime for file in files), default=0.0), name


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
