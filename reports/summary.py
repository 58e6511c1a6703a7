"""What a run says in Markdown (for a pull request) and in plain text (for a terminal).

Pure functions of case results. Shares are printed in per cent, their differences in percentage points.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.aggregates import group_means
from acbench.cases import BASE
from reports import changes as baseline_table
from reports import formats, sections, summary_tables
from reports.sections import Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.aggregates import GroupMean
    from acbench.baseline_changes import Changes
    from acbench.records import CaseResult

WORST = 5
WIDTH = 110
_TASK_WIDTH = 20
_NOTHING = "No case was judged."


def markdown(
    results: Sequence[CaseResult],
    *,
    title: str = "ACBench",
    broken: Mapping[str, str] | None = None,
    report: str = "",
    command: str = "pytest suites/",
    changes: Changes | None = None,
) -> str:
    """The whole summary, fit for a comment on a pull request: what decides first, shortened where it must be.

    ``broken`` maps ids of cases without a verdict to the reason, ``report`` names the report's place,
    ``command`` is the call that a selection is appended to, ``changes`` what happened since the baselines.
    """
    ordered = sorted(results, key=lambda r: (r.model, r.compression != BASE, r.compression, r.task))
    tables = summary_tables
    parts: list[str | Section | None] = [f"## {title}", headline(ordered, broken or {})]
    parts += [_worst(ordered), *baseline_table.parts(changes), tables.without_verdict(broken or {})]
    parts += [tables.matrix(model, ordered) for model in sorted({r.model for r in ordered})]
    parts += tables.groups(group_means(ordered))
    parts += [tables.undecided(ordered), tables.noise(ordered), tables.scored_with(ordered)]
    parts += [tables.facts(ordered), _rerun(ordered, broken or {}, report, command)]
    return sections.join(parts)


def headline(results: Sequence[CaseResult], broken: Mapping[str, str]) -> str:
    """One or two sentences with the counts that decide whether somebody has to look."""
    if not results and not broken:
        return _NOTHING
    gated = [r for r in results if formats.is_gated(r.verdict)]
    free = [r for r in results if not formats.is_gated(r.verdict)]
    counts = {
        name: sum(r.verdict.outcome == name for r in gated) for name in ("pass", "fail", "inconclusive")
    }
    text = (
        f"**{_count(len(results) + len(broken), 'case')}**: {counts['pass']} passed, "
        f"{counts['fail']} worse than allowed, {counts['inconclusive']} undecided, {len(broken)} broken."
    )
    if free:
        beyond = sum(r.verdict.outcome == "fail" for r in free)
        verb = "is" if len(free) == 1 else "are"
        text += f" {len(free)} of them {verb} report-only ({beyond} beyond the limit) and gate nothing."
    return text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def worst_gated(results: Sequence[CaseResult], number: int = WORST) -> list[CaseResult]:
    """The gated cases with the largest loss measured in their own margins; noise floors are left out."""
    return [r for r in worst(results, len(results)) if formats.is_gated(r.verdict)][:number]


def worst(results: Sequence[CaseResult], number: int = WORST) -> list[CaseResult]:
    """The cases with the largest loss measured in their own margins, gated ones before report-only ones."""
    losing = [r for r in results if formats.loss(r.primary) > 0 and not r.is_noise_floor]
    return sorted(losing, key=lambda r: (not formats.is_gated(r.verdict), -_margins_lost(r), r.id))[:number]


def _margins_lost(result: CaseResult) -> float:
    loss, margin = formats.loss(result.primary), result.verdict.margin
    return loss / margin if margin > 0 else math.inf


def _worst(results: Sequence[CaseResult]) -> Section:
    rows = [
        [
            formats.heading(f"`{r.id}`", formats.against(r)),
            formats.difference(r.primary.difference, r.primary.unit),
            formats.interval(r.primary.low, r.primary.high, r.primary.unit),
            formats.limit(r.verdict.margin, r.primary.unit),
            f"{r.primary.worse} worse, {r.primary.better} better of {r.primary.n}",
            formats.mark(r),
        ]
        for r in worst(results)
    ]
    head = ["case", "difference", "interval", "limit", "samples", "verdict"]
    about = "In their own margins; cases that gate come first."
    return Section(head, rows, "cases", 1, "Largest losses", about)


def _rerun(results: Sequence[CaseResult], broken: Mapping[str, str], report: str, command: str) -> str:
    failed = [r.id for r in worst_gated(results) if r.verdict.outcome == "fail"]
    example = (failed or sorted(broken) or [r.id for r in results] or [""])[0]
    lines = [f'Run one case again: `{command} -k "{example}]"`'] if example else []
    if report:
        lines.append(f"Report: `{report}`")
    return "  \n".join(lines)


def terminal(results: Sequence[CaseResult]) -> list[str]:
    """The verdicts as aligned lines of at most 110 columns, under a heading per model and recipe."""
    if not results:
        return [_NOTHING]
    lines: list[str] = []
    group = None
    for result in sorted(results, key=lambda r: (r.model, r.compression != BASE, r.compression, r.task)):
        if (result.model, result.compression) != group:
            group = (result.model, result.compression)
            recipe = result.compression
            if not result.is_noise_floor:
                recipe = formats.heading(recipe, formats.against(result))
            lines.append(_fit(f"{result.model}  {recipe}", WIDTH))
        lines.append(_terminal_row(result))
    return lines + [_terminal_group(row) for row in group_means(results)]


def _terminal_group(row: GroupMean) -> str:
    unit = formats.SHARE
    name = _fit(f"{row.compression}  {row.family}: {row.title}", 2 * _TASK_WIDTH + 6)
    numbers = (
        f"{formats.number(row.base, unit):>7} -> {formats.number(row.compressed, unit):>7} %",
        f"{formats.number(row.difference, unit, signed=True):>7}",
        f"{formats.interval(row.low, row.high, unit):>16} pp",
        f"{row.n} of {row.of} tasks",
    )
    return f"{name:<{2 * _TASK_WIDTH + 6}} {' '.join(numbers)}"[:WIDTH]


def _terminal_row(result: CaseResult) -> str:
    metric = result.primary
    cells = (
        f"  {_fit(result.task, _TASK_WIDTH):<{_TASK_WIDTH}}",
        f"{formats.number(metric.base, metric.unit):>7}",
        "->",
        f"{formats.number(metric.compressed, metric.unit):>7} {formats.level_unit(metric.unit)[:4]:<4}",
        f"{formats.number(metric.difference, metric.unit, signed=True):>7}",
        f"{formats.interval(metric.low, metric.high, metric.unit):>16}",
        f"{formats.difference_unit(metric.unit)[:4]:<4}",
        f"n={metric.n:<5}",
        formats.word(result),
    )
    return " ".join(cells).rstrip()[:WIDTH]


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
