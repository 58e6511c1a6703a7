"""The overview of one model as one HTML page: no script, nothing from elsewhere, light and dark."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from acbench.cases import BASE
from reports import formats
from reports.analysis import canvas
from reports.analysis.figures import ladder_svg
from reports.files import write_text
from reports.overview import charts, pareto, reading
from reports.overview.matrix import matrix_html
from reports.overview.prediction import prediction_html
from reports.overview.quality import Kept, Quality, most_tasks, quality_of
from reports.overview.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from acbench.records import CaseResult

    ByRecipe = Mapping[str, Sequence[CaseResult]]

NO_FIGURE = f'<p class="note">{canvas.MISSING}</p>'
AGAIN = "base, repeated"
"""The row of the reference against itself: what changes without any compression."""
_UNSAFE = re.compile(r"[^\w.-]")


def write_overviews(
    results: Sequence[CaseResult], folder: Path, *, broken: Mapping[str, str] | None = None
) -> list[Path]:
    """Writes ``overview-<model>.html`` for each model of a run into ``folder``; returns the files.

    ``broken``: case id -> reason, of cases without a verdict. Models alone with their noise floor have a page too.
    """
    return [
        write_text(folder / file_name(model), overview_html(model, results, broken=broken))
        for model in models(results)
    ]


def models(results: Sequence[CaseResult]) -> list[str]:
    """The models that get a page, in order."""
    return sorted({r.model for r in results})


def file_name(model: str) -> str:
    """``overview-<model>.html``, whatever a model is called."""
    return f"overview-{_UNSAFE.sub('_', model)}.html"


def overview_html(
    model: str, results: Sequence[CaseResult], *, broken: Mapping[str, str] | None = None
) -> str:
    """The page of one model; names and texts are escaped, whatever they hold."""
    mine = [r for r in results if r.model == model]
    by_recipe = _by_recipe(mine)
    lost_to_us = {name: why for name, why in (broken or {}).items() if name.startswith(f"{model}:")}
    speeds, source = _speeds(by_recipe)
    unmeasured = [recipe for recipe in by_recipe if recipe not in speeds]
    sentences = reading.unjudged(by_recipe, lost_to_us, unmeasured)
    ladder = ladder_svg(model, mine)
    qualities = {recipe: quality_of(cases) for recipe, cases in by_recipe.items()}
    again = quality_of([r for r in mine if r.is_noise_floor])
    parts = [
        f"<h1>{escape(model)}</h1>",
        f'<p class="lead">{escape(reading.lead(model, by_recipe))}</p>',
        _list("What could not be judged", sentences),
        f"<h2>Degradation by task</h2>{matrix_html(mine, _headings(by_recipe))}",
        _section("Capabilities", _capabilities(model, qualities, again)),
        _section("Quality against cost", _costs(model, by_recipe, qualities, speeds, source)),
        _section("Do the analyses predict the losses?", prediction_html(model, by_recipe, qualities)),
        _section("Analyses along the ladder", _figure(ladder) if ladder else ""),
    ]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>Overview, {escape(model)}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _by_recipe(results: Sequence[CaseResult]) -> dict[str, list[CaseResult]]:
    """Cases of every recipe but those that are judged against themselves; most bits first, then by name."""
    found: dict[str, list[CaseResult]] = {}
    for result in results:
        if not result.is_noise_floor:
            found.setdefault(result.compression, []).append(result)
    return dict(sorted(found.items(), key=lambda item: (-_bits(item[1]), item[0])))


def _bits(results: Sequence[CaseResult]) -> float:
    value = results[0].checkpoint.get("bits_per_weight")
    return float(value) if isinstance(value, int | float) else 0.0


def _headings(by_recipe: ByRecipe) -> dict[str, str]:
    return {recipe: formats.heading(recipe, formats.against(cases[0])) for recipe, cases in by_recipe.items()}


def _capabilities(model: str, qualities: Mapping[str, Quality], again: Quality) -> str:
    kept = {AGAIN: again.capabilities} if again.capabilities else {}
    kept |= {recipe: quality.capabilities for recipe, quality in qualities.items()}
    if not any(kept.values()):
        return "<p>No task of the four capabilities was judged.</p>"
    floored = sorted({task for found in kept.values() for one in found.values() for task in one.floored})
    note = f'<p class="note">Left out at the floor: {escape(", ".join(floored))}.</p>' if floored else ""
    return _figure(charts.capabilities_svg(model, kept)) + note


def _costs(
    model: str,
    by_recipe: ByRecipe,
    qualities: Mapping[str, Quality],
    speeds: Mapping[str, float],
    source: str,
) -> str:
    kept = {recipe: quality.overall for recipe, quality in qualities.items()}
    if not any(one.share is not None for one in kept.values()):
        return "<p>No quality to set against size: no task above the floor was judged.</p>"
    sizes = {recipe: size for recipe, cases in by_recipe.items() if (size := pareto.size_mib(cases))}
    most = most_tasks(kept)
    comparable = [recipe for recipe, one in kept.items() if len(one.tasks) == most]
    even = pareto.alike({recipe: pareto.generated_tokens(by_recipe[recipe]) for recipe in speeds})
    drawn = dict(kept)
    if (base := _base_size(by_recipe)) is not None:
        sizes[BASE], drawn[BASE] = base, Kept((), (), 1.0, 1.0, 1.0)
    figure = charts.costs_svg(
        model, drawn, sizes, speeds,
        comparable=comparable, alike=[r for r in comparable if r in even], words=_cost_words(speeds, source),
    )  # fmt: skip
    points = [
        pareto.Point(recipe, sizes[recipe], 100 * one.share)
        for recipe, one in kept.items()
        if recipe in sizes and one.share is not None and recipe in comparable
    ]
    best = pareto.front(points, less_is_better=True)
    others = [point for point in points if point not in best]
    return f"<p>{escape(reading.cost(best, others))}</p>{_figure(figure)}"


def _cost_words(speeds: Mapping[str, float], source: str) -> list[str]:
    quality = (
        "Quality: mean over the capabilities of the share of the base score that is kept. Size: the folder that is "
        "served (methods that only zero weights are stored dense)."
    )
    return [quality, _speed_words(source) if speeds else "No speed measured in this run, so none is drawn."]


def _base_size(by_recipe: ByRecipe) -> float | None:
    for cases in by_recipe.values():
        for result in cases:
            found = result.checkpoint.get("base_bytes")
            if isinstance(found, int | float) and found and not result.reference:
                return float(found) / pareto.MIB
    return None


def _speeds(by_recipe: ByRecipe) -> tuple[dict[str, float], str]:
    """Speeds of one kind only: the engine's own where all measured recipes have it, else those of evaluations."""
    found = {recipe: speed for recipe, cases in by_recipe.items() if (speed := pareto.speed(cases))}
    kinds = {source for _, source in found.values()}
    chosen = "engine" if kinds == {"engine"} else "evaluation"
    return {recipe: value for recipe, (value, source) in found.items() if source == chosen}, chosen


def _speed_words(source: str) -> str:
    if source == "engine":
        return "Speed: decoding as the engine measured it, median over tasks."
    return (
        "Speed: generated tokens over the time they took in one go, median over tasks; prompts and what else the "
        "machine did are in it. An indication, no benchmark."
    )


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>{body}" if body else ""


def _list(title: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<p class="note">{escape(title)}:</p><ul>{items}</ul>' if items else ""


def _figure(svg: str) -> str:
    if svg:
        return f"<figure>{svg}</figure>"
    return "" if canvas.available() else NO_FIGURE
