"""Several runs as one folder of Allure results: shards, a base run and later ones, a case run again.

Of a case that several runs have, the newest run's counts: its verdict, its evidence, its attachments. What exists once
per run (environment, categories, metrics, pages of all cases) is made again for the whole.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.claims.reading import age, load_runs
from acbench.errors import DataError
from reports.allure_case import case_of_nodeid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from acbench.records import CaseResult

RESULTS = "allure-results"


@dataclass(frozen=True, slots=True)
class Merged:
    """``results`` of judged cases; ``broken``: case id -> reason of those without a verdict; ``runs``: newest last."""

    results: tuple[CaseResult, ...]
    broken: Mapping[str, str]
    runs: tuple[Path, ...]


def read_runs(folders: Sequence[Path]) -> Merged:
    """The cases of runs, the newest run's of each.

    Raises ConfigError or DataError naming the folder or file that cannot be read.
    """
    runs = tuple(sorted({folder.resolve() for folder in folders}, key=age))
    judged = [
        run for run in runs if any((run / "results").glob("*.json"))
    ]  # a run may have broken as a whole
    loaded = load_runs(judged).results if judged else ()
    broken: dict[str, str] = {}
    for run in runs:
        for case, status, reason in _cases(run):
            broken.pop(case, None)
            if status == "broken":
                broken[case] = reason
    results = tuple(result for result in loaded if result.id not in broken)
    return Merged(results, broken, runs)


def _allure(run: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The Allure results of a run in the order in which they ended: of a case that was tried again the last counts."""
    folder = run / RESULTS
    if not folder.is_dir():
        raise DataError(f"{run}: no folder {RESULTS}; give run folders as `pytest suites/` leaves them")
    found = [(file, _object(file)) for file in sorted(folder.glob("*-result.json"))]
    return sorted(found, key=lambda item: int(item[1].get("stop") or 0))


def _object(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(
            f"{file}: not valid JSON ({error}); run the case again or take the file away"
        ) from error
    if not isinstance(data, dict):
        raise DataError(f"{file}: expected a JSON object with one Allure result; take the file away")
    return data


def _cases(run: Path) -> Iterator[tuple[str, str, str]]:
    for _, data in _allure(run):
        case = case_of(data)
        if case:
            message = str((data.get("statusDetails") or {}).get("message") or "")
            yield case, str(data.get("status")), (message.splitlines() or ["broken without a message"])[0]


def case_of(data: Mapping[str, Any]) -> str:
    """The id of the case that an Allure result is about; empty for other tests."""
    for text in (str(data.get("fullName", "")), str(data.get("name", "")), *_parameters(data)):
        case = case_of_nodeid(text)
        if case is not None:
            return case.id
    labels = {label["name"]: label["value"] for label in data.get("labels", [])}
    parts = [labels.get(name, "") for name in ("model", "compression", "task")]
    return ":".join(parts) if all(parts) else ""


def _parameters(data: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(one.get("value", "")) for one in data.get("parameters", []))


def collect(merged: Merged, out: Path) -> Path:
    """Copies the Allure results that count, with their attachments and fixtures, into an empty folder; returns it."""
    out.mkdir(parents=True)
    chosen: dict[str, tuple[Path, dict[str, Any]]] = {}
    for run in merged.runs:
        for file, data in _allure(run):
            chosen[case_of(data) or str(data.get("historyId") or file.name)] = (file, data)
    for file, data in chosen.values():
        _copy(file, data, out)
    _copy_fixtures(merged, {str(data.get("uuid", "")) for _, data in chosen.values()}, out)
    return out


def _copy(file: Path, data: Mapping[str, Any], out: Path) -> None:
    shutil.copy2(file, out / file.name)
    for source in _attachments(data):
        if (file.parent / source).is_file():
            shutil.copy2(file.parent / source, out / source)


def _copy_fixtures(merged: Merged, chosen: set[str], out: Path) -> None:
    """Set-up and tear-down records of the chosen results: runs keep only those that failed or hold something."""
    for run in merged.runs:
        for file in sorted((run / RESULTS).glob("*-container.json")):
            data = _object(file)
            if chosen.intersection(data.get("children", ())):
                _copy(file, {"steps": [*data.get("befores", ()), *data.get("afters", ())]}, out)


def environment(merged: Merged) -> dict[str, str]:
    """The facts of the newest run that wrote them, and which runs were put together."""
    found: dict[str, str] = {}
    for run in merged.runs:
        file = run / RESULTS / "environment.properties"
        if file.is_file():
            pairs = (
                line.partition("=") for line in file.read_text(encoding="utf-8").splitlines() if "=" in line
            )
            found = {key.replace("\\", ""): value.replace("\\", "") for key, _, value in pairs}
    names = [run.name for run in merged.runs]
    return found | {"runs": ", ".join(names), "run": names[-1]}


def _attachments(data: Mapping[str, Any]) -> Iterator[str]:
    """Files that a result or any of its steps refers to."""
    yield from (str(one["source"]) for one in data.get("attachments", []))
    for step in data.get("steps", []):
        yield from _attachments(step)
