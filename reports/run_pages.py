"""The pages of a whole run beside its cases: an overview per model, and what it says about the paper's claims.

Made once when a run ends (attachments of the Allure report, files in the run's folder), and again by `acbench report`
for the runs it is given.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from acbench.errors import AcbenchError
from reports.files import write_text
from reports.overview import write_overviews

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from acbench.config import Catalogue
    from acbench.records import CaseResult

CLAIMS_FILE = "claims.html"


def claims_page(results: Sequence[CaseResult], catalogue: Catalogue, sources: Sequence[str]) -> str:
    """The claims of the paper on these results; empty where nothing was compressed.

    ``sources``: names of the runs, shown on the page. Results that cannot be decided on give a page that says why: it
    is one page of a report, written after hours of work that must not be lost for it.
    """
    if all(r.is_noise_floor for r in results):
        return ""
    try:
        return _decided(results, catalogue, sources)
    except AcbenchError as error:
        return (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Claims of the paper</title></head><body>'
            f"<h1>Claims of the paper</h1><p>Not decided for {escape(', '.join(sources))}: {escape(str(error))}</p>"
            "<p>When it is mended, <code>acbench claims</code> decides them.</p></body></html>"
        )


def _decided(results: Sequence[CaseResult], catalogue: Catalogue, sources: Sequence[str]) -> str:
    from acbench.claims import published
    from acbench.claims.comparisons import size_note
    from acbench.claims.evidence import Evidence
    from acbench.claims.page import claims_html
    from acbench.claims.registry import answers

    evidence = Evidence(results, catalogue)
    found = answers(evidence, published.load())
    return claims_html(found, sources=list(sources), remark=size_note(evidence))


def write_pages(
    results: Sequence[CaseResult],
    folder: Path,
    catalogue: Catalogue,
    *,
    sources: Sequence[str],
    broken: Mapping[str, str] | None = None,
) -> list[Path]:
    """Writes ``overview-<model>.html`` and ``claims.html``; returns the files."""
    written = write_overviews(results, folder, broken=broken)
    page = claims_page(results, catalogue, sources)
    return [*written, write_text(folder / CLAIMS_FILE, page)] if page else written
