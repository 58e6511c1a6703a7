"""`acbench report`: the HTML report of one run or of several, with the pages that belong to it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from reports import merging
from reports.publish import ReportToolMissingError, build_report, serve_hint
from reports.run_pages import write_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.config import Catalogue


def report_of(
    folders: Sequence[Path],
    *,
    out: Path | None,
    history: Path | None,
    tool: Path,
    catalogue: Catalogue,
    optional: bool = False,
) -> list[str]:
    """Builds the report; returns what to tell the user. ``out``: default ``report/`` in the newest run's folder.

    ``optional``: without Node.js the pages are written all the same, and nothing fails. Raises AcbenchError.
    """
    merged = merging.read_runs(folders)
    newest = merged.runs[-1]
    out = out or newest / "report"
    try:
        built = _html(merged, out, history=history, tool=tool, catalogue=catalogue)
    except ReportToolMissingError as error:
        if not optional:
            raise
        built = [f"no HTML report: {error}"]
    pages = write_pages(
        merged.results, out, catalogue, sources=[run.name for run in merged.runs], broken=merged.broken
    )
    built += [f"{_title(page)}: {page}" for page in pages]
    summary = newest / "summary.md"
    if summary.is_file() and len(merged.runs) == 1:
        built.append(f"Markdown summary: {summary}")
    return built


def _html(
    merged: merging.Merged, out: Path, *, history: Path | None, tool: Path, catalogue: Catalogue
) -> list[str]:
    newest = merged.runs[-1]
    if len(merged.runs) == 1:
        page = build_report(newest / merging.RESULTS, out, history=history, cache_dir=tool)
    else:
        with tempfile.TemporaryDirectory(prefix="acbench-report-") as scratch:
            together = _together(merged, Path(scratch) / "results", catalogue)
            page = build_report(together, out, history=history, cache_dir=tool)
    return [serve_hint(out), f"Allure report: {page}"]


def _together(merged: merging.Merged, folder: Path, catalogue: Catalogue) -> Path:
    """One folder of Allure results for several runs."""
    from reports.allure import write_run
    from reports.run_pages import claims_page

    merging.collect(merged, folder)
    names = [run.name for run in merged.runs]
    write_run(
        folder,
        list(merged.results),
        merging.environment(merged),
        broken=merged.broken,
        crashed=[],
        claims=claims_page(merged.results, catalogue, names),
    )
    return folder


def _title(page: Path) -> str:
    return "Claims of the paper" if page.name.startswith("claims") else "Overview"
