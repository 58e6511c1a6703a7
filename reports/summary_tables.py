"""The tables of the Markdown summary, each a section that can be shortened.

Pure functions of case results. Shares are printed in per cent, their differences in percentage points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.cases import BASE
from reports import builds, formats
from reports.sections import Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.aggregates import GroupMean
    from acbench.records import CaseResult

TEXT_WIDTH = 160
COMPACT_ABOVE = 200
"""Cases in a summary above which a cell of the matrix holds the difference and nothing else."""


def matrix(model: str, results: Sequence[CaseResult]) -> Section | None:
    """Tasks down, recipes across; above ``COMPACT_ABOVE`` cases in all the cells hold differences only."""
    chosen = {(r.compression, r.task): r for r in results if r.model == model and not r.is_noise_floor}
    if not chosen:
        return None
    cell = _cell if len(results) <= COMPACT_ABOVE else _compact_cell
    references = {r.compression: formats.against(r) for r in chosen.values()}
    recipes = sorted(references)
    rows = [  # tasks run down: there may be fifty of them, and recipes are few
        [f"`{task}`", *(cell(chosen.get((recipe, task))) for recipe in recipes)]
        for task in sorted({task for _, task in chosen})
    ]
    about = "" if cell is _cell else "Differences; (r) = report-only."
    return Section(["task", *_headings(references)], rows, "tasks", 4, escape(model), about)


def _headings(references: Mapping[str, str]) -> list[str]:
    """Recipes in order, each with what it is judged against where that is not base."""
    return [formats.heading(f"`{recipe}`", references[recipe]) for recipe in sorted(references)]


def groups(rows: Sequence[GroupMean]) -> list[Section]:
    """Group means of the benchmarks with several tasks, recipes across."""
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
            lines.append([f"{family}: {escape(title)}{covered}", *(_group_cell(row) for row in cells)])
        head = ["group", *_headings(references)]
        parts.append(Section(head, lines, "group means", 6, f"Group means, {escape(model)}"))
    return parts


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


def _compact_cell(result: CaseResult | None) -> str:
    if result is None:
        return "–"
    metric, gated = result.primary, formats.is_gated(result.verdict)
    sign = formats.mark(result).partition(" ")[0] + ("" if gated else " (r)")
    return f"{sign} {formats.difference(metric.difference, metric.unit)}"


def undecided(results: Sequence[CaseResult]) -> Section:
    """What more samples would decide."""
    rows = [
        [
            f"`{r.id}`" + ("" if formats.is_gated(r.verdict) else " (report-only)"),
            str(r.primary.n),
            f"about {r.primary.samples_needed}" if r.primary.samples_needed else "no number would decide it",
            formats.limit(r.primary.mde, r.primary.unit),
            escape(clip(r.verdict.reason)),
        ]
        for r in results
        if r.verdict.outcome == "inconclusive"
    ]
    head = ["case", "samples", "needed", "smallest loss shown", "reason"]
    return Section(head, rows, "undecided cases", 5, "Undecided")


def without_verdict(broken: Mapping[str, str]) -> Section:
    """Cases that ended without a verdict, and why."""
    rows = [[f"`{name}`", escape(clip(reason))] for name, reason in sorted(broken.items())]
    return Section(["case", "reason"], rows, "broken cases", 3, "Broken (no verdict)")


def noise(results: Sequence[CaseResult]) -> Section:
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
        found, unit = result.noise, result.primary.unit
        if found is None or not found.n:
            continue
        rows.append(
            [
                escape(name),
                task,
                f"{found.changed_scores} of {found.n} ({100 * found.changed_scores / found.n:.1f} %)",
                f"{found.changed_texts} of {found.n} ({100 * found.changed_texts / found.n:.1f} %)",
                formats.difference(found.difference, unit)
                + f" {formats.interval(found.low, found.high, unit)}",
            ]
        )
    head = ["model", "task", "scores changed", "texts changed", "difference"]
    about = (
        "Base, or the reference that is named, against itself under another batch shape: what changes without any "
        "compression."
    )
    return Section(head, rows, "noise floors", 7, "Noise floor", about)


def facts(results: Sequence[CaseResult]) -> Section:
    """Checkpoints and engines, folded."""
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
                escape(str(checkpoint.get("served_as", ""))) or "–",
                escape(builds.made_by(result)) or "–",
                _served(checkpoint.get("serving") or {}),
                escape(" ".join(str(engine[k]) for k in ("name", "version", "device") if engine.get(k)))
                or "–",
                _number(sum(r.seconds for r in group), ".0f"),
            ]
        )
    head = ["checkpoint", "bits/weight", "MiB", "% of base", "sparsity %", "served as", "made by"]
    head += ["perplexity served / stored", "engine", "seconds"]
    return Section(head, rows, "checkpoints", 8, summary="Checkpoints and engines")


def _served(found: Mapping[str, Any]) -> str:
    return f"{found['served_perplexity']:,.4g} / {found['stored_perplexity']:,.4g}" if found else "–"


def scored_with(results: Sequence[CaseResult]) -> str:
    """The embedding models that scored, if any; scores of two of them are never compared."""
    models = sorted({r.scoring["embedder"] for r in results if r.scoring.get("embedder")})
    return (
        f"Texts were compared by meaning with {', '.join(f'`{escape(m)}`' for m in models)}."
        if models
        else ""
    )


def _scaled(value: Any, divisor: float) -> float | None:
    return value / divisor if isinstance(value, int | float) else None


def _number(value: Any, spec: str) -> str:
    return format(value, spec) if isinstance(value, int | float) else "–"


def escape(text: str) -> str:
    """Text for a cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def clip(text: str) -> str:
    """At most ``TEXT_WIDTH`` characters."""
    return text if len(text) <= TEXT_WIDTH else text[: TEXT_WIDTH - 1] + "…"
