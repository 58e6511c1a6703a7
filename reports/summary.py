"""What a run says in Markdown (for a pull request) and in plain text (for a terminal).

Pure functions of case results. Shares are printed in per cent, their differences in percentage points.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from acbench.aggregates import group_means
from acbench.cases import BASE
from reports import builds, formats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.aggregates import GroupMean
    from acbench.records import CaseResult

WORST = 5
WIDTH = 110
_TASK_WIDTH, _TEXT_WIDTH = 20, 160
_NOTHING = "No case was judged."


def markdown(
    results: Sequence[CaseResult],
    *,
    title: str = "ACBench",
    broken: Mapping[str, str] | None = None,
    report: str = "",
    command: str = "pytest suites/",
) -> str:
    """The whole summary, fit for a comment on a pull request.

    ``broken`` maps ids of cases without a verdict to the reason, ``report`` names the report's place,
    ``command`` is the call that a selection is appended to.
    """
    ordered = sorted(results, key=lambda r: (r.model, r.compression != BASE, r.compression, r.task))
    parts = [f"## {title}", headline(ordered, broken or {})]
    parts += [_matrix(model, ordered) for model in sorted({r.model for r in ordered})]
    parts.append(_groups(group_means(ordered)))
    parts += [_worst(ordered), _undecided(ordered), _broken(broken or {}), _noise(ordered)]
    parts += [_scored_with(ordered), _facts(ordered)]
    parts.append(_rerun(ordered, broken or {}, report, command))
    return "\n\n".join(part for part in parts if part) + "\n"


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


def _matrix(model: str, results: Sequence[CaseResult]) -> str:
    chosen = {(r.compression, r.task): r for r in results if r.model == model and not r.is_noise_floor}
    if not chosen:
        return ""
    references = {r.compression: formats.against(r) for r in chosen.values()}
    recipes = sorted(references)
    rows = [  # tasks run down: there may be fifty of them, and recipes are few
        [f"`{task}`", *(_cell(chosen.get((recipe, task))) for recipe in recipes)]
        for task in sorted({task for _, task in chosen})
    ]
    return f"### {_escape(model)}\n\n" + _table(["task", *_headings(references)], rows)


def _headings(references: Mapping[str, str]) -> list[str]:
    """Recipes in order, each with what it is judged against where that is not base."""
    return [formats.heading(f"`{recipe}`", references[recipe]) for recipe in sorted(references)]


def _groups(rows: Sequence[GroupMean]) -> str:
    """Group means of the benchmarks with several tasks, recipes across."""
    if not rows:
        return ""
    parts = []
    for model in dict.fromkeys(row.model for row in rows):
        mine = [row for row in rows if row.model == model]
        references = {row.compression: formats.group_against(row) for row in mine}
        recipes = sorted(references)
        found = {(row.family, row.title, row.compression): row for row in mine}
        lines = []
        for family, title in dict.fromkeys((row.family, row.title) for row in mine):
            cells = [found.get((family, title, recipe)) for recipe in recipes]
            first = next(row for row in cells if row is not None)
            covered = "" if first.n == first.of else f" ({first.n} of {first.of} tasks)"
            lines.append([f"{family}: {_escape(title)}{covered}", *(_group_cell(row) for row in cells)])
        head = ["group", *_headings(references)]
        parts.append(f"### Group means, {_escape(model)}\n\n{_table(head, lines)}")
    return "\n\n".join(parts)


def _group_cell(row: GroupMean | None) -> str:
    if row is None:
        return "–"
    return (
        f"{formats.level(row.base, formats.SHARE)} → {formats.level(row.compressed, formats.SHARE)}<br>"
        f"{formats.difference(row.difference, formats.SHARE)} {formats.interval(row.low, row.high, formats.SHARE)}"
    )


def _cell(result: CaseResult | None) -> str:
    if result is None:
        return "–"
    metric = result.primary
    base, compressed = (formats.level(value, metric.unit) for value in (metric.base, metric.compressed))
    change = formats.difference(metric.difference, metric.unit)
    interval = formats.interval(metric.low, metric.high, metric.unit)
    return f"{base} → {compressed}<br>{change} {interval}<br>{formats.mark(result)}"


def worst_gated(results: Sequence[CaseResult], number: int = WORST) -> list[CaseResult]:
    """The gated cases with the largest loss measured in their own margins; noise floors are left out."""
    gated = [r for r in results if formats.is_gated(r.verdict) and not r.is_noise_floor]
    losing = [r for r in gated if formats.loss(r.primary) > 0]
    return sorted(losing, key=lambda r: (-_margins_lost(r), r.id))[:number]


def _margins_lost(result: CaseResult) -> float:
    loss, margin = formats.loss(result.primary), result.verdict.margin
    return loss / margin if margin > 0 else math.inf


def _worst(results: Sequence[CaseResult]) -> str:
    rows = [
        [
            formats.heading(f"`{r.id}`", formats.against(r)),
            formats.difference(r.primary.difference, r.primary.unit),
            formats.interval(r.primary.low, r.primary.high, r.primary.unit),
            formats.limit(r.verdict.margin, r.primary.unit),
            f"{r.primary.worse} worse, {r.primary.better} better of {r.primary.n}",
            formats.mark(r),
        ]
        for r in worst_gated(results)
    ]
    head = ["case", "difference", "interval", "limit", "samples", "verdict"]
    return f"### Largest losses among gated cases\n\n{_table(head, rows)}" if rows else ""


def _undecided(results: Sequence[CaseResult]) -> str:
    rows = [
        [
            f"`{r.id}`" + ("" if formats.is_gated(r.verdict) else " (report-only)"),
            str(r.primary.n),
            f"about {r.primary.samples_needed}" if r.primary.samples_needed else "no number would decide it",
            formats.limit(r.primary.mde, r.primary.unit),
            _escape(_clip(r.verdict.reason)),
        ]
        for r in results
        if r.verdict.outcome == "inconclusive"
    ]
    head = ["case", "samples", "needed", "smallest loss shown", "reason"]
    return f"### Undecided\n\n{_table(head, rows)}" if rows else ""


def _broken(broken: Mapping[str, str]) -> str:
    rows = [[f"`{name}`", _escape(_clip(reason))] for name, reason in sorted(broken.items())]
    return f"### Broken (no verdict)\n\n{_table(['case', 'reason'], rows)}" if rows else ""


def _noise(results: Sequence[CaseResult]) -> str:
    """Noise floor per reference: its own case where it ran, else what came with another."""
    chosen: dict[tuple[str, str], CaseResult] = {}
    for result in sorted(results, key=lambda r: not r.is_noise_floor):
        reference = result.reference_case
        if result.noise:
            served = "" if reference.compression == BASE else f" {reference.compression}"
            name = reference.model + served.replace("@", ", window ")
            chosen.setdefault((name, reference.task), result)
    rows = []
    for (name, task), result in sorted(chosen.items()):
        noise, unit = result.noise, result.primary.unit
        if noise is None or not noise.n:
            continue
        rows.append(
            [
                _escape(name),
                task,
                f"{noise.changed_scores} of {noise.n} ({100 * noise.changed_scores / noise.n:.1f} %)",
                f"{noise.changed_texts} of {noise.n} ({100 * noise.changed_texts / noise.n:.1f} %)",
                formats.difference(noise.difference, unit)
                + f" {formats.interval(noise.low, noise.high, unit)}",
            ]
        )
    head = ["model", "task", "scores changed", "texts changed", "difference"]
    about = (
        "Base, or the reference that is named, against itself under another batch shape: what changes without any "
        "compression."
    )
    return f"### Noise floor\n\n{about}\n\n{_table(head, rows)}" if rows else ""


def _facts(results: Sequence[CaseResult]) -> str:
    rows, seen = [], set()
    for result in results:
        key = (result.model, result.compression)
        if key in seen:
            continue
        seen.add(key)
        group = [r for r in results if (r.model, r.compression) == key]
        checkpoint, engine = result.checkpoint, result.engine
        rows.append(
            [
                f"`{result.model}:{result.compression}`",
                _number(checkpoint.get("bits_per_weight"), ".2f"),
                _number(_scaled(checkpoint.get("bytes"), 2**20), ".0f"),
                _number(_scaled(builds.ratio(checkpoint), 0.01), ".0f"),
                _number(_scaled(checkpoint.get("sparsity"), 0.01), ".0f"),
                _escape(str(checkpoint.get("served_as", ""))) or "–",
                _escape(builds.made_by(result)) or "–",
                _served(checkpoint.get("serving") or {}),
                _escape(" ".join(str(engine[k]) for k in ("name", "version", "device") if engine.get(k)))
                or "–",
                _number(sum(r.seconds for r in group), ".0f"),
            ]
        )
    head = ["checkpoint", "bits/weight", "MiB", "% of base", "sparsity %", "served as", "made by"]
    head += ["perplexity served / stored", "engine", "seconds"]
    return (
        f"<details><summary>Checkpoints and engines</summary>\n\n{_table(head, rows)}\n\n</details>"
        if rows
        else ""
    )


def _served(found: Mapping[str, Any]) -> str:
    return f"{found['served_perplexity']:,.4g} / {found['stored_perplexity']:,.4g}" if found else "–"


def _scored_with(results: Sequence[CaseResult]) -> str:
    """The embedding models that scored, if any; scores of two of them are never compared."""
    models = sorted({r.scoring["embedder"] for r in results if r.scoring.get("embedder")})
    return (
        f"Texts were compared by meaning with {', '.join(f'`{_escape(m)}`' for m in models)}."
        if models
        else ""
    )


def _scaled(value: Any, divisor: float) -> float | None:
    return value / divisor if isinstance(value, int | float) else None


def _number(value: Any, spec: str) -> str:
    return format(value, spec) if isinstance(value, int | float) else "–"


def _rerun(results: Sequence[CaseResult], broken: Mapping[str, str], report: str, command: str) -> str:
    failed = [r.id for r in worst_gated(results) if r.verdict.outcome == "fail"]
    example = (failed or sorted(broken) or [r.id for r in results] or [""])[0]
    lines = [f'Run one case again: `{command} -k "{example}]"`'] if example else []
    if report:
        lines.append(f"Report: `{report}`")
    return "  \n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _clip(text: str) -> str:
    return text if len(text) <= _TEXT_WIDTH else text[: _TEXT_WIDTH - 1] + "…"


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
