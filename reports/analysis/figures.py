"""The figure of one analysis, and that of all analyses of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis import canvas
from reports.analysis.energy_figure import energy_svg
from reports.analysis.erank_figure import erank_svg
from reports.analysis.ladder_figure import ladder_svg
from reports.analysis.numbers import kind
from reports.analysis.topk_figure import topk_svg

if TYPE_CHECKING:
    from acbench.records import CaseResult

__all__ = ["analysis_svg", "ladder_svg", "missing_note"]

_FIGURES = {"erank": erank_svg, "top-k": topk_svg, "energy": energy_svg}


def analysis_svg(result: CaseResult) -> str:
    """The figure of an analysis as SVG, 900 px wide; empty for other tasks, without series, without matplotlib."""
    found = kind(result)
    return _FIGURES[found](result) if found and canvas.available() else ""


def missing_note(result: CaseResult) -> str:
    """Why an analysis has no figure where that is for want of matplotlib; else empty."""
    return canvas.MISSING if kind(result) and not canvas.available() else ""
