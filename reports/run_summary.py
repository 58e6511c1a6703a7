"""pytest plug-in: the verdict table in the terminal and the Markdown summary in the run's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from acbench.plugin.session import SESSION
from reports import summary
from reports.allure import COLLECTED
from reports.run_pages import write_pages

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.records import CaseResult

SUMMARY_FILE = "summary.md"


def pytest_acbench_finished(config: pytest.Config, results: list[CaseResult], run_dir: Path) -> None:
    collected = config.stash.get(COLLECTED, None)
    book = config.stash[SESSION].baselines
    text = summary.markdown(
        results,
        title=f"ACBench, profile {config.stash[SESSION].matrix.profile.name}",
        broken=collected.broken if collected is not None else {},
        command=" ".join(["pytest suites/", *_options(config)]),
        changes=book.changes if book is not None else None,
    )
    run_dir.mkdir(parents=True, exist_ok=True)
    (run_dir / SUMMARY_FILE).write_text(text, encoding="utf-8")
    write_pages(
        results,
        run_dir,
        config.stash[SESSION].catalogue,
        sources=[run_dir.name],
        broken=collected.broken if collected is not None else {},
    )


def _options(config: pytest.Config) -> list[str]:
    """The ``--acb-*`` options of this run that decide what a case is."""
    given = ((name, config.getoption(f"acb_{name}")) for name in ("profile", "config", "backend", "stage"))
    return [f"--acb-{name}={value}" for name, value in given if value]


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = config.stash[SESSION]
    if not session.results:
        return
    for line in summary.terminal(session.results):
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"summary: {session.run_dir / SUMMARY_FILE}")
    terminalreporter.write_line("next: acbench report   (builds the HTML report of the newest run)")
