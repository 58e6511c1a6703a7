"""The degradation matrix: tasks down, recipes across, the noise floor beside them. HTML without script."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from acbench.cases import CAPABILITIES
from reports import formats
from reports.analysis.numbers import digits, finite, kind, written
from reports.overview.quality import CAPABILITY_NAMES, at_floor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import CaseResult, Comparison, Noise

SIGNS = {"pass": "✓", "fail": "✗", "inconclusive": "?"}
NAMES = {"pass": "within the limit", "fail": "worse", "inconclusive": "undecided"}
NARROW = 0.05
"""Width of an interval (share) below which its ends are written with a decimal."""
LEGEND = (
    '<p class="legend"><span class="cell pass">✓ within the limit</span> <span class="cell fail">✗ worse</span> '
    '<span class="cell inconclusive">? undecided</span> <span class="cell fail report">(✗) hatched: report-only, gates '
    "nothing</span> <span>grey row: base score at the floor, nothing can be lost there</span></p>"
)


def matrix_html(results: Sequence[CaseResult], recipes: Mapping[str, str]) -> str:
    """Differences with intervals and verdicts of one model; ``recipes``: slug -> what stands over its column."""
    judged = {(r.compression, r.task): r for r in results if not r.is_noise_floor}
    floors = {r.task: r for r in results if r.is_noise_floor}
    tasks = sorted({task for _, task in judged}, key=lambda task: _order(task, judged))
    if not tasks:
        return "<p>No recipe was judged.</p>"
    columns = ("task", "base", "noise floor", *recipes.values())
    head = "".join(f'<th scope="col">{_breakable(words)}</th>' for words in columns)
    body, capability = [], None
    for task in tasks:
        row = [judged.get((recipe, task)) for recipe in recipes]
        first = next(one for one in row if one is not None)
        if first.capability != capability:
            capability = first.capability
            name = escape(CAPABILITIES.get(capability, capability) or "other")
            body.append(f'<tr><th class="group" colspan="{len(columns)}" scope="rowgroup">{name}</th></tr>')
        body.append(_row(first, row, floors.get(task)))
    return (
        f'{LEGEND}<div class="wide"><table class="matrix"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _order(task: str, judged: Mapping[tuple[str, str], CaseResult]) -> tuple[int, str, str]:
    capability = next(r.capability for (_, name), r in judged.items() if name == task)
    names = list(CAPABILITIES)
    return (names.index(capability) if capability in names else len(names), capability, task)


def _breakable(words: str) -> str:
    """Names may break behind their hyphens, so that nine recipes fit beside each other."""
    return escape(words).replace("-", "-<wbr>").replace("+", "+<wbr>")


def _row(first: CaseResult, row: Sequence[CaseResult | None], floor: CaseResult | None) -> str:
    metric = first.primary
    floored = first.capability in CAPABILITY_NAMES and at_floor(first)
    unit = formats.difference_unit(metric.unit)
    about = f"{metric.title}, {unit}" if unit else metric.title
    note = "<br><small>at the floor</small>" if floored else ""
    name = f'<th scope="row">{_breakable(first.task)}<br><small>{escape(about)}</small></th>'
    base = "" if kind(first) else written(finite(metric.base), metric.unit)
    cells = "".join(_cell(one) for one in row)
    kind_of_row = ' class="floored"' if floored else ""
    return (
        f"<tr{kind_of_row}>{name}<td>{_minus(escape(base))}{note}</td>{_floor_cell(first, floor)}{cells}</tr>"
    )


def _floor_cell(first: CaseResult, floor: CaseResult | None) -> str:
    """Base against itself: of a task its repetition, of an analysis the same number in other arithmetic."""
    if kind(first):
        return f"<td>{escape(written(finite(first.primary.base), first.primary.unit))}</td>"
    noise = floor.noise if floor is not None and floor.noise else first.noise
    if noise is None or not noise.n:
        return '<td class="none">not measured</td>'
    unit = first.primary.unit
    return (
        f'<td title="{noise.changed_scores} of {noise.n} scores change"><b>{_signed(noise.difference, unit)}</b>'
        f"<br><small>{_interval(noise, unit)}</small></td>"
    )


def _cell(result: CaseResult | None) -> str:
    if result is None:
        return '<td class="none">–</td>'
    metric, outcome = result.primary, result.verdict.outcome
    gated = formats.is_gated(result.verdict)
    words = f"{result.id}: {NAMES[outcome]}{'' if gated else ', report-only'}; {result.verdict.reason}"
    sign = SIGNS[outcome] if gated else f"({SIGNS[outcome]})"
    kinds = f"cell {outcome}{'' if gated else ' report'}"
    return (
        f'<td class="{kinds}" title="{escape(words)}"><b>{sign} {_signed(metric.difference, metric.unit)}</b>'
        f"<br><small>{_interval(metric, metric.unit)}</small></td>"
    )


def _interval(metric: Comparison | Noise, unit: str) -> str:
    """Whole points are enough for the ends of an interval, unless it is narrow."""
    narrow = metric.high - metric.low < NARROW
    if unit != formats.SHARE or narrow or math.isnan(metric.low) or math.isnan(metric.high):
        return f"[{_signed(metric.low, unit)}, {_signed(metric.high, unit)}]"
    low, high = (f"{round(100 * end) + 0:+d}".replace("+0", "0") for end in (metric.low, metric.high))
    return _minus(f"[{low}, {high}]")


def _signed(value: float, unit: str) -> str:
    """Short: one decimal for points, three digits for anything else; a real minus sign."""
    if math.isnan(value):
        return "–"
    text = formats.number(value, unit, signed=True) if unit == formats.SHARE else digits(value, signed=True)
    return _minus(text)


def _minus(text: str) -> str:
    return text.replace("-", "−")
