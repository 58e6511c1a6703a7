"""Allure results for cases whose worker died: nobody else is left to write them."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from acbench.cases import BASE
from reports import allure_case, formats
from reports.files import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.cases import Case
    from acbench.records import CaseResult


@dataclass(frozen=True, slots=True)
class Crash:
    """A case that was running when its worker died. Times are epoch milliseconds."""

    nodeid: str
    message: str
    start_ms: int
    stop_ms: int
    capability: str = ""
    method: str = ""
    against: str = BASE


def full_name(nodeid: str) -> str:
    """Allure's full name of a test: dotted module, classes, ``#``, function; no parameters."""
    path, *classes, function = nodeid.partition("[")[0].split("::")
    package = path.removesuffix(".py").replace("/", ".")
    return f"{'.'.join([package, *classes])}#{function}"


def history_id(nodeid: str, case: Case | None) -> str:
    """The identity under which Allure joins runs of one case.

    The same as allure-pytest computes for a test whose only parameters are the three parts of the
    case id, in the order of their names (compression, model, task).
    """
    parts = (case.compression, case.model, case.task) if case else ()
    return _md5(full_name(nodeid), *parts)


def crash_result(crash: Crash) -> dict[str, Any]:
    """The broken test result of a crashed case, with the labels a finished one would have."""
    case = allure_case.case_of_nodeid(crash.nodeid)
    name = full_name(crash.nodeid)
    labels = [("framework", "pytest"), ("language", "cpython3"), ("package", name.partition("#")[0])]
    title = crash.nodeid.rpartition("::")[2]
    parameters: list[tuple[str, str]] = []
    if case:
        title = allure_case.case_title(case, crash.against)
        labels += allure_case.place_labels(case, crash.capability)
        labels += allure_case.method_labels(crash.method)
        parameters = list(case._asdict().items())
    path, *classes, _ = crash.nodeid.partition("[")[0].split("::")
    return {
        "uuid": str(uuid.uuid4()),
        "name": title,
        "fullName": name,
        "titlePath": [*path.split("/"), *classes],
        "testCaseId": _md5(name),
        "historyId": history_id(crash.nodeid, case),
        "status": "broken",
        "statusDetails": {"message": crash.message},
        "start": crash.start_ms,
        "stop": crash.stop_ms,
        "parameters": [{"name": key, "value": f"'{value}'"} for key, value in parameters],
        "labels": [{"name": key, "value": value} for key, value in labels],
    }


def complete(crash: Crash, results: Sequence[CaseResult]) -> Crash:
    """The crash with capability, method and reference as other cases of the same task and recipe have them."""
    case = allure_case.case_of_nodeid(crash.nodeid)
    if case is None:
        return crash
    capability = next((r.capability for r in results if r.task == case.task), crash.capability)
    method = next((r.method for r in results if r.compression == case.compression), crash.method)
    siblings = [r for r in results if (r.model, r.compression) == (case.model, case.compression)]
    against = next((formats.against(r) for r in siblings), crash.against)
    return replace(crash, capability=capability, method=method, against=against)


def write_crash(results_dir: Path, crash: Crash) -> Path:
    """Writes the result of a crashed case; returns its file."""
    result = crash_result(crash)
    text = json.dumps(result, ensure_ascii=False, sort_keys=True)
    return write_text(results_dir / f"{result['uuid']}-result.json", text)


def _md5(*parts: str) -> str:
    """Allure's own hash of an identity; nothing depends on its strength."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        digest.update(part.encode())
    return digest.hexdigest()
