"""The pages of a whole run beside its cases: an overview per model, and what it says about the paper's claims.

Made once when a run ends (attachments of the Allure report, files in the run's folder), and again by `acbench report`
for the runs it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    ``sources``: names of the runs, shown on the page.
    """
    from acbench.claims import published
    from acbench.claims.comparisons import size_note
    from acbench.claims.evidence import Evidence
    from acbench.claims.page import claims_html
    from acbench.claims.registry import answers

    if all(r.is_noise_floor for r in results):
        return ""
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
