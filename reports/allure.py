"""pytest plug-in: judged cases, broken cases and the facts of a run in the Allure results.

Active only with ``--alluredir``; silent otherwise. What belongs to one test is added in the process
that runs it; files of the whole run are written by the controller alone, at session finish. There a
result arrives through ``report.user_properties`` as ``("acbench_result", <json>)``, with and without
workers.
"""

from __future__ import annotations

import json
import logging
import os
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import allure
import pytest
from allure_commons.types import AttachmentType

from acbench.cases import BASE, Case
from acbench.errors import EngineError
from acbench.plugin.session import SESSION
from acbench.records import CaseResult, case_result_from_json
from reports import allure_case, allure_session, crashes, fixtures, formats, links
from reports.run_pages import claims_page

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from acbench.baseline_changes import Changes

log = logging.getLogger(__name__)

RESULT_PROPERTY = "acbench_result"
METHOD_PROPERTY = "acbench_method"
"""Optional property of an item: the method, for the labels of a case that breaks before its verdict."""

_KINDS = {
    "json": AttachmentType.JSON,
    "csv": AttachmentType.CSV,
    "svg": AttachmentType.SVG,
    "txt": AttachmentType.TEXT,
    "html": AttachmentType.HTML,
}


@dataclass
class Collected:
    """What the controller saw: results by case id, and the cases that have none with the reason."""

    results: dict[str, CaseResult] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    crashed: list[crashes.Crash] = field(default_factory=list)
    started_ms: dict[str, int] = field(default_factory=dict)


COLLECTED = pytest.StashKey[Collected]()
PLACED = pytest.StashKey[frozenset[str]]()
REPOSITORY = pytest.StashKey[links.Repository]()


class _Shown:
    """A value whose repr is the text itself, because Allure prints the repr of parameters."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def pytest_configure(config: pytest.Config) -> None:
    """Registers the working part where there is a folder to write to and something will run."""
    folder = getattr(config.option, "allure_report_dir", None)
    if not folder or config.option.collectonly:
        return
    # Captured output would add three files a test; engine logs are artefacts of the store.
    config.option.attach_capture = False
    config.pluginmanager.register(_CasePlugin(), "acbench_allure_cases")
    if not hasattr(config, "workerinput"):
        config.stash[COLLECTED] = Collected()
        config.pluginmanager.register(_RunPlugin(config, Path(folder)), "acbench_allure_run")


class _CasePlugin:
    """Adds to the running Allure test; lives in every process that runs tests."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_acbench_result(self, config: pytest.Config, item: pytest.Item, result: CaseResult) -> None:
        placed = item.stash.get(PLACED, frozenset())
        for name, value in allure_case.all_labels(result):
            if name not in placed:
                allure.dynamic.label(name, value)
        case = Case(result.model, result.compression, result.task)
        allure.dynamic.title(allure_case.case_title(case, formats.against(result)))
        allure.dynamic.description_html(allure_case.description_html(result))
        for name, value in allure_case.parameters(result):
            allure.dynamic.parameter(name, _Shown(value), excluded=True)
        for name, value in allure_case.identity_parameters(result):
            allure.dynamic.parameter(name, _Shown(value))
        for attachment in allure_case.attachments(result):
            allure.attach(attachment.body, name=attachment.name, attachment_type=_KINDS[attachment.kind])

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        if call.when == "setup":
            _place(item)
        if call.excinfo is not None:
            _attach_log_tail(call.excinfo.value)
        return (yield)


def _place(item: pytest.Item) -> None:
    """Title and tree labels right after setup, so that a case that breaks later stands in its place."""
    case = allure_case.case_of_nodeid(item.nodeid)
    if case is None:
        return
    allure.dynamic.title(allure_case.case_title(case, _against(item.config, case)))
    capability = allure_case.capability_of_marks([mark.name for mark in item.iter_markers()])
    labels = allure_case.place_labels(case, capability)
    labels += allure_case.method_labels(_property(item, METHOD_PROPERTY))
    labels += _linked(item.config, case)
    for name, value in labels:
        allure.dynamic.label(name, value)
    item.stash[PLACED] = frozenset(name for name, _ in labels)


def _linked(config: pytest.Config, case: Case) -> list[tuple[str, str]]:
    """Adds the links of a case; returns its severity as a label."""
    session = config.stash.get(SESSION, None)
    if session is None:
        return []
    if REPOSITORY not in config.stash:
        config.stash[REPOSITORY] = links.read_repository(config.rootpath)
    for link in links.case_links(session, case, config.stash[REPOSITORY]):
        allure.dynamic.link(link.url, link_type=link.kind, name=link.name)
    severity = links.severity(session, case)
    return [("severity", severity)] if severity else []


def _against(config: pytest.Config, case: Case) -> str:
    """What the recipe says a case will be judged against; base where no catalogue is loaded."""
    session = config.stash.get(SESSION, None)
    recipe = session.catalogue.recipes.get(case.compression) if session is not None else None
    if recipe is None:
        return BASE
    reference = Case(recipe.compare_model or case.model, recipe.compare, case.task)
    return formats.reference_name(case, reference)


def _property(item: pytest.Item, name: str) -> str:
    return next((str(value) for key, value in item.user_properties if key == name), "")


def _attach_log_tail(error: BaseException | None) -> None:
    """Attaches the engine's last words if an engine error is the failure or its cause."""
    while error is not None:
        if isinstance(error, EngineError) and error.log_tail:
            tail = allure_case.cut(error.log_tail, allure_case.LOG_TAIL_BYTES)
            allure.attach(tail, name="engine log (tail)", attachment_type=AttachmentType.TEXT)
            return
        error = error.__cause__


class _RunPlugin:
    """Collects results on the controller and writes the files of the run."""

    def __init__(self, config: pytest.Config, results_dir: Path) -> None:
        self._config = config
        self._results_dir = results_dir
        self._collected = config.stash[COLLECTED]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._collected.started_ms[nodeid] = _now_ms()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == RESULT_PROPERTY and isinstance(value, str):
                self._take(report.nodeid, value)
        case = allure_case.case_of_nodeid(report.nodeid)
        if not report.failed or case is None or case.id in self._collected.results:
            return
        if report.when not in ("setup", "call", "teardown"):
            self._crashed(report)
        reason = _last_line(report)
        self._collected.broken.setdefault(case.id, reason)

    def _take(self, nodeid: str, text: str) -> None:
        try:
            result = case_result_from_json(json.loads(text))
        except (ValueError, TypeError, KeyError) as error:
            log.warning("the result that %s reported cannot be read: %s", nodeid, error)
            return
        self._collected.results[result.id] = result

    def _crashed(self, report: pytest.TestReport) -> None:
        now = _now_ms()
        start = self._collected.started_ms.get(report.nodeid, now)
        message = str(report.longrepr)
        case = allure_case.case_of_nodeid(report.nodeid)
        against = BASE if case is None else _against(self._config, case)
        self._collected.crashed.append(crashes.Crash(report.nodeid, message, start, now, against=against))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        collected = self._collected
        results = list(collected.results.values())
        session = self._config.stash.get(SESSION, None)
        page, changes = "", None
        if session is not None:
            page = claims_page(results, session.catalogue, [session.run_dir.name])
            changes = session.baselines.changes if session.baselines is not None else None
        try:
            write_run(
                self._results_dir,
                results,
                _environment(self._config),
                broken=collected.broken,
                crashed=collected.crashed,
                claims=page,
                changes=changes,
            )
        except OSError as error:
            log.warning(
                "the Allure files of this run could not be written to %s: %s", self._results_dir, error
            )


def write_run(
    results_dir: Path,
    results: list[CaseResult],
    environment: Mapping[str, str],
    *,
    broken: Mapping[str, str],
    crashed: list[crashes.Crash],
    claims: str = "",
    changes: Changes | None = None,
) -> None:
    """Writes everything that exists once per run into a folder of Allure results.

    ``claims``: the page of the paper's claims; ``changes``: since the baselines.
    """
    run, now = environment.get("run", "") or uuid.uuid4().hex, _now_ms()
    allure_session.write_environment(results_dir, results, environment)
    allure_session.write_executor(results_dir, os.environ, run=run)
    allure_session.write_categories(results_dir)
    allure_session.write_metrics(results_dir, results, run=run, now_ms=now)
    allure_session.write_globals(
        results_dir, results, environment, broken=broken, now_ms=now, changes=changes, claims=claims
    )
    fixtures.drop_quiet(results_dir)
    for crash in crashed:
        crashes.write_crash(results_dir, crashes.complete(crash, results))


def _environment(config: pytest.Config) -> Mapping[str, str]:
    ask: Any = getattr(config.hook, "pytest_acbench_environment", None)
    facts = ask(config=config) if ask is not None else None
    return facts or {}


def _last_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash is not None else report.longrepr or "").strip()
    return text.splitlines()[0] if text else "failed without a message"


def _now_ms() -> int:
    return round(time.time() * 1000)
