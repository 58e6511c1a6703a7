"""The pytest plug-in: options, header, matrix -> cases, order, distribution, terminal summary.

Imports nothing heavy: collecting ten thousand cases must neither take seconds nor load torch.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from acbench.cases import BASE, Case
from acbench.children import exit_with_parent
from acbench.environment import describe
from acbench.errors import AcbenchError, ConfigError
from acbench.plugin import hookspecs
from acbench.plugin.baselines import BaselineBook, terminal_lines
from acbench.plugin.options import add_options
from acbench.plugin.progress import ProgressPrinter
from acbench.plugin.session import SESSION, AcbenchSession, open_session
from acbench.records import case_result_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "acbench_cases"
PRINTER = pytest.StashKey[ProgressPrinter]()
RESULT_PROPERTY = "acbench_result"


# -- configuration -------------------------------------------------------------------------------


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """A plan is made by one process: ``-n`` is dropped before xdist reads it."""
    plan = config.getoption("acb_plan") or config.getini("acb_plan")
    if plan and hasattr(config.option, "numprocesses"):
        config.option.numprocesses = None
        config.option.dist = "no"
        config.option.tx = []


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}(capability): the test runs once per case of that capability")
    try:
        session = open_session(config)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SESSION] = session
    if session.is_worker:
        exit_with_parent()
    elif _wants_suites(config):
        try:
            session.baselines = BaselineBook.open(config.rootpath)
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from error
    option = config.option
    if _wants_suites(config) and getattr(option, "allure_report_dir", "absent") is None:
        option.allure_report_dir = str(session.run_dir / "allure-results")


def _wants_suites(config: pytest.Config) -> bool:
    """True when this run collects cases: only then is there anything to report."""
    if config.option.collectonly or config.stash[SESSION].settings.plan:
        return False
    here = config.invocation_params.dir
    return any("suites" in (here / argument.partition("::")[0]).parts for argument in config.args)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker which run it belongs to."""
    node.workerinput["acbench_run"] = node.config.stash[SESSION].run_dir.name


def pytest_report_header(config: pytest.Config) -> list[str]:
    session = config.stash[SESSION]
    matrix, profile = session.matrix, session.matrix.profile
    lines = [
        f"acbench: profile {profile.name} ({', '.join(session.catalogue.sources)}), {len(matrix.cases)} cases, "
        f"back-end {profile.engine.get('backend', 'vllm')}, store {_short(session.settings.store, config)}"
    ]
    if matrix.planned:
        lines.append(f"acbench: declared, without code in this version: {', '.join(matrix.planned)}")
    if matrix.on_demand:
        names = ", ".join(matrix.on_demand)
        lines.append(f"acbench: on demand, by -k with the name or -m with the capability: {names}")
    workers = config.getoption("numprocesses", None) or 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(workers, int) and workers > cores:
        lines.append(f"acbench: {workers} workers on {cores} cores: on a CPU the extra ones only cost memory")
    return lines


def _short(path: Any, config: pytest.Config) -> str:
    try:
        return str(path.relative_to(config.rootpath))
    except ValueError:
        return str(path)


# -- cases ---------------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker(MARK)
    if marker is None:
        return
    session = metafunc.config.stash[SESSION]
    capability = marker.kwargs["capability"]
    mark = getattr(pytest.mark, capability)
    tasks = session.catalogue.tasks
    cases = [
        pytest.param(*case, id=case.id, marks=mark)
        for case in session.matrix.cases
        if tasks[case.task].capability == capability and session.in_shard(case)
    ]
    metafunc.parametrize(("model", "compression", "task"), cases, scope="session")


def case_of(item: pytest.Item) -> Case | None:
    """The case an item stands for; None for every other kind of test."""
    if item.get_closest_marker(MARK) is None or not isinstance(item, pytest.Function):
        return None
    values = [item.callspec.params.get(name) for name in Case._fields]
    if not all(isinstance(value, str) for value in values):
        return None  # the placeholder pytest makes for a capability without cases
    return Case(*map(str, values))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Drops placeholders of empty capabilities and sorts: base models first, one engine after the other."""
    session = config.stash[SESSION]
    cases = {id(item): case_of(item) for item in items}
    items[:] = [i for i in items if cases[id(i)] is not None or i.get_closest_marker(MARK) is None]
    order = {case: position for position, case in enumerate(session.matrix.cases)}

    def rank(item: pytest.Item) -> tuple[int, bool, int]:
        case = cases[id(item)]
        if case is None:
            return (0, False, 0)
        return (1, case.compression != BASE, order[case])

    items.sort(key=rank)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is left after ``-k`` and ``-m``: the caseworker decides by it who prepares a base model."""
    selected = session.config.stash[SESSION].selected
    selected[:] = [case for item in session.items if (case := case_of(item)) is not None]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getoption("dist", "no") not in ("load", "loadscope", "loadgroup"):
        return None
    from acbench.plugin.scheduling import EngineGroupScheduling

    return EngineGroupScheduling(config, log, group_of_node)


def group_of_node(node_id: str) -> str:
    """Engine group of a node id; other tests are grouped by file."""
    name, bracket, parameters = node_id.partition("[")
    if bracket and parameters.count(":") == 2:  # model:compression:task
        return parameters.rpartition(":")[0]
    return name.partition("::")[0]


# -- running -------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    config = session.config
    acbench = config.stash[SESSION]
    if config.option.collectonly:
        return None
    if acbench.settings.plan and not session.testsfailed:
        from acbench.planning import plan_lines

        reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        try:
            lines = plan_lines(acbench.caseworker)
        except AcbenchError as error:
            raise pytest.UsageError(str(error)) from error
        for line in lines:
            reporter.write_line(line)
        return True
    if not acbench.is_worker and _wants_suites(config):
        capture: Any = config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled():
            stream = os.fdopen(os.dup(1), "w")
        config.stash[PRINTER] = ProgressPrinter(acbench.run_dir, stream)
    return None


class ResultCollector:
    """Receives case results from this process or from workers."""

    def __init__(self, session: AcbenchSession) -> None:
        self._session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call":
            return
        for name, value in report.user_properties:
            if name == RESULT_PROPERTY:
                self._session.results.append(case_result_from_json(json.loads(str(value))))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    acbench = session.config.stash[SESSION]
    if not acbench.is_worker:
        session.config.pluginmanager.register(ResultCollector(acbench), "acbench-results")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    acbench = session.config.stash[SESSION]
    acbench.close()
    printer = session.config.stash.get(PRINTER, None)
    if printer is not None:
        printer.close()
    if acbench.baselines is not None:
        acbench.baselines.close(acbench, exitstatus)
    if not acbench.is_worker and (acbench.results or _wants_suites(session.config)):
        session.config.hook.pytest_acbench_finished(
            config=session.config, results=list(acbench.results), run_dir=acbench.run_dir
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


def pytest_acbench_environment(config: pytest.Config) -> Mapping[str, str]:
    session = config.stash[SESSION]
    profile = session.matrix.profile
    return describe(config.rootpath) | {
        "profile": profile.name,
        "backend": str(profile.engine.get("backend", "vllm")),
        "mode": profile.mode,
        "stage": profile.stage,
        "run": session.run_dir.name,
    }


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = config.stash[SESSION]
    events = session.events()
    if not session.results and not events:
        return
    starts = [event for event in events if event["event"] == "engine-start"]
    groups = sorted({str(event["label"]) for event in starts})
    terminalreporter.section("acbench")
    generated = sum(result.seconds for result in session.results)
    terminalreporter.write_line(
        f"engine starts: {len(starts)} for {len(groups)} checkpoints; evaluation time {generated:.0f} s"
    )
    for line in terminal_lines(session.baselines.changes) if session.baselines is not None else ():
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"results: {_short(session.run_dir, config)}")
