"""The analyses of all recipes of one model, from many bits to few: what they say along the ladder."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from reports import formats
from reports.analysis import canvas
from reports.analysis.erank_figure import MARKS, MAX_KINDS, by_kind
from reports.analysis.numbers import Number, finite, floor_words, kind, numbers, protocol
from reports.analysis.topk_figure import FLOOR_LOOK
from reports.drawing import COMPRESSED_COLOUR, GRID, MUTED, SERIES_COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from acbench.records import CaseResult

PANELS: tuple[tuple[str, str, bool], ...] = (
    ("erank.hidden.distance", "hidden ERank: relative change", False),
    ("topk.jaccard.10", "top-k: Jaccard at k = 10", False),
    ("energy.abs_delta", "energy: mean |ΔE|", True),
    ("kl.mean", "KL divergence, mean", True),
)
"""Number, title of its panel, and whether it is drawn on a logarithmic axis."""
DENSE_BITS = 15.5
SAME_RUNG = 0.6
"""Bits per weight that scales and zero points make; recipes closer than that are of one rung."""
LABEL = 18


class Rung(NamedTuple):
    """One recipe of the ladder with the numbers of all of its analyses."""

    recipe: str
    bits: float | None
    sparsity: float
    numbers: Mapping[str, Number]
    ratios: Mapping[str, float]

    @property
    def label(self) -> str:
        return self.recipe if len(self.recipe) <= LABEL else self.recipe[: LABEL - 1] + "…"


def rungs(model: str, results: Sequence[CaseResult]) -> list[Rung]:
    """The recipes of a model that were analysed, most bits first; base itself is no rung."""
    mine = [r for r in results if r.model == model and kind(r) and not r.is_noise_floor]
    found = []
    for recipe in dict.fromkeys(r.compression for r in mine):
        cases = [r for r in mine if r.compression == recipe]
        facts = cases[0].checkpoint
        ratios: dict[str, float] = {}
        for case in cases:
            ratios.update(weight_ratios(case))
        merged = {name: number for case in cases for name, number in numbers(case).items()}
        bits, zeros = finite(facts.get("bits_per_weight")), finite(facts.get("sparsity")) or 0.0
        found.append(Rung(recipe, bits, zeros, merged, ratios))
    return sorted(found, key=lambda rung: (-(rung.bits or 0.0), rung.sparsity, rung.recipe))


def weight_ratios(result: CaseResult) -> dict[str, float]:
    """Kind of matrix -> mean over layers of the weight ERank's change, in per cent of base."""
    kinds = by_kind(result.analysis.get("weights") or ())
    return {name: fmean(row.change for row in rows) for name, rows in kinds.items()}


def ladder_svg(model: str, results: Sequence[CaseResult]) -> str:
    """Weight ERank by kind and the main numbers, recipes from many bits to few; empty below two recipes."""
    steps = rungs(model, results)
    if len(steps) < 2 or not canvas.available():
        return ""
    shown = [panel for panel in PANELS if any(_value(step, panel[0]) is not None for step in steps)]
    kinds = list(dict.fromkeys(name for step in steps for name in step.ratios))[:MAX_KINDS]
    if not shown and not kinds:
        return ""
    names = 14 + 5.4 * max(len(step.label) for step in steps)
    upper = 236 if kinds else 0
    words = canvas.wrapped(_words(model, results))
    height = 92 + upper + 156 * ((len(shown) + 1) // 2) + names + canvas.LINE * len(words)
    with canvas.style():
        figure = canvas.sheet(height, f"{model}: the analyses along the ladder of recipes")
        panels = [_ratios(figure, steps, kinds)] if kinds else []
        panels += [
            _panel(figure, steps, panel, (64 + 450 * (i % 2), 92 + upper + 156 * (i // 2)))
            for i, panel in enumerate(shown)
        ]
        _headings(panels[0], steps)
        for index, axes in enumerate(panels):
            lowest = index >= len(panels) - 2 if shown else True
            _recipes(axes, steps, named=lowest)
        canvas.caption(figure, words)
        return canvas.svg(figure, f"{model}: analyses by bits per weight")


def _value(step: Rung, name: str) -> float | None:
    return step.numbers[name].value if name in step.numbers else None


def _ratios(figure: Any, steps: Sequence[Rung], kinds: Sequence[str]) -> Any:
    axes = canvas.box(figure, 64, 104, 820, 174)
    for series, name in enumerate(kinds):
        places = [i for i, step in enumerate(steps) if name in step.ratios]
        offset = 0.07 * (series - (len(kinds) - 1) / 2)
        axes.plot(
            [i + offset for i in places], [steps[i].ratios[name] for i in places], linestyle="",
            marker=MARKS[series % len(MARKS)], color=SERIES_COLOURS[series % len(SERIES_COLOURS)],
            markersize=6, markeredgewidth=0, label=canvas.plain(name),
        )  # fmt: skip
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.set_title("weight ERank: change from base by kind of matrix, mean over layers", pad=24)
    axes.set_ylabel("% of base")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=10, handlelength=1, columnspacing=1.2,
                borderaxespad=0.2)  # fmt: skip
    return axes


def _panel(figure: Any, steps: Sequence[Rung], panel: tuple[str, str, bool], at: tuple[float, float]) -> Any:
    name, title, logarithmic = panel
    axes = canvas.box(figure, *at, 370, 112)
    places = [(i, step.numbers[name]) for i, step in enumerate(steps) if _value(step, name) is not None]
    unit = places[0][1].unit
    factor = formats.factor(unit)
    for i, number in places:
        assert number.value is not None  # noqa: S101 - chosen above; for the type checker
        if number.low is not None and number.high is not None and number.base is None:
            axes.plot(
                [i, i], [factor * number.low, factor * number.high], color=COMPRESSED_COLOUR, linewidth=1.5
            )
    values = [factor * (number.value or 0.0) for _, number in places]
    axes.plot(
        [i for i, _ in places], values, "D", color=COMPRESSED_COLOUR, markersize=6, clip_on=False, zorder=5
    )
    floors = canvas.clean([None if n.floor is None else factor * n.floor for _, n in places])
    if canvas.known(floors):
        axes.plot([i for i, _ in places], floors, **FLOOR_LOOK)
    positive = all(value > 0 for value in [*values, *canvas.known(floors)])
    if logarithmic and positive:
        axes.set_yscale("log")
        _plain_ticks(axes)
    elif name == "topk.jaccard.10":
        axes.set_ylim(0, 102)
    else:
        axes.set_ylim(bottom=min(0.0, *values, 0.0))
    axes.set_title(title)
    axes.set_ylabel(formats.level_unit(unit) + (", log" if logarithmic and positive else ""))
    return axes


def _plain_ticks(axes: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()


def _recipes(axes: Any, steps: Sequence[Rung], *, named: bool) -> None:
    labels = [canvas.plain(step.label) for step in steps]
    axes.set_xticks(range(len(steps)), labels if named else [""] * len(steps))
    axes.set_xlim(-0.6, len(steps) - 0.4)
    axes.grid(visible=False, axis="x")
    for boundary in _boundaries(steps):
        axes.axvline(boundary, color=GRID, linewidth=1.2)
    if named:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")


def _headings(axes: Any, steps: Sequence[Rung]) -> None:
    """Bits per weight over each rung, and the zeros where those are what a recipe is about."""
    cuts = [-0.5, *_boundaries(steps), len(steps) - 0.5]
    for left, right in pairwise(cuts):
        inside = steps[round(left + 0.5) : round(right + 0.5)]
        bits = sorted({f"{step.bits:.3g}" for step in inside if step.bits is not None}, key=float)
        if bits:
            words = "–".join(dict.fromkeys((bits[0], bits[-1]))) + " bits"
            if any(step.bits and step.bits > DENSE_BITS and step.sparsity for step in inside):
                words += ", pruned"
            axes.text((left + right) / 2, 0.97, words, transform=axes.get_xaxis_transform(), ha="center",
                      va="top", color=MUTED, fontsize=canvas.SMALL)  # fmt: skip
    canvas.headroom(axes, 0.14)


def _boundaries(steps: Sequence[Rung]) -> Iterator[float]:
    """Between recipes whose bits per weight differ by more than scales and zero points do."""
    for i, (left, right) in enumerate(pairwise(steps)):
        if left.bits is not None and right.bits is not None and left.bits - right.bits > SAME_RUNG:
            yield i + 0.5


def _words(model: str, results: Sequence[CaseResult]) -> list[str]:
    mine = [r for r in results if r.model == model and kind(r) and not r.is_noise_floor]
    words = {protocol(r): None for r in mine}
    lines = [f"{next(iter(words))}. Dashed: {floor_words(mine[0])}; bars: 95 % intervals over texts."]
    if len(words) > 1:
        lines.append("The cases do not share one protocol: compare with care.")
    return lines
