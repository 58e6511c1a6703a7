"""Energy by position: both distributions over each other, and how far apart they are against the noise floor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reports import formats
from reports.analysis import canvas
from reports.analysis.numbers import finite, floor_words, numbers, other_side, pair, protocol, written
from reports.analysis.topk_figure import COMPRESSED_LOOK, FLOOR_LOOK, bins_axis
from reports.drawing import BASE_COLOUR, COMPRESSED_COLOUR, SERIES_COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import CaseResult

COLUMNS = 4
ROW = 142
MOST_BINS = 12


def energy_svg(result: CaseResult) -> str:
    """Histograms by position bin as small multiples, distances by position below; empty without either."""
    histogram = result.analysis.get("histogram") or {}
    edges = [float(edge) for edge in histogram.get("edges") or ()]
    bins = [row for row in histogram.get("bins") or () if _fits(row, edges)][:MOST_BINS]
    by_position = list(result.analysis.get("by_position") or ())
    if not bins and not by_position:
        return ""
    rows = math.ceil(len(bins) / COLUMNS)
    upper = 56 + ROW * rows if rows else 0
    lower = 250 if by_position else 0
    reference = formats.against(result)
    title = f"{result.task}: energy by position, {pair(result)}"
    words = canvas.wrapped(_words(result))
    with canvas.style():
        figure = canvas.sheet(60 + upper + lower + 8 + canvas.LINE * len(words), title)
        if bins:
            _histograms(figure, edges, bins, (reference, other_side(result)))
        if by_position:
            _distances(figure, by_position, 60 + upper, floor_words(result))
        canvas.caption(figure, words)
        return canvas.svg(figure, f"{result.id}: energy by position, {reference} and compressed")


def _fits(row: Mapping[str, Any], edges: Sequence[float]) -> bool:
    return len(edges) > 1 and all(len(row.get(side) or ()) == len(edges) - 1 for side in ("base", "value"))


def _histograms(
    figure: Any, edges: list[float], bins: Sequence[Mapping[str, Any]], names: tuple[str, str]
) -> None:
    sides = [[_shares(row[side]) for side in ("base", "value")] for row in bins]
    first, last = _span(edges, sides)
    handles: list[Any] = []
    for index, (row, (base, value)) in enumerate(zip(bins, sides, strict=True)):
        column, line = index % COLUMNS, index // COLUMNS
        axes = canvas.box(figure, 58 + 214 * column, 108 + ROW * line, 182, 84)
        left = axes.stairs(
            base, edges, fill=True, color=BASE_COLOUR, alpha=0.4, linewidth=0, label=canvas.plain(names[0])
        )
        right = axes.stairs(
            value, edges, color=COMPRESSED_COLOUR, linewidth=1.6, label=canvas.plain(names[1])
        )
        handles = handles or [left, right]
        axes.set_xlim(first, last)
        axes.set_ylim(0, 1.08 * max(*base, *value) or 1.0)
        place = str(row.get("bin", "")).replace("-", "–")
        axes.set_title(f"position {place}", fontsize=canvas.TEXT)
        axes.text(1, 1.03, f"n = {row.get('n', '?')}", transform=axes.transAxes, ha="right", va="bottom",
                  fontsize=canvas.SMALL, color="#57606a")  # fmt: skip
        axes.locator_params(axis="x", nbins=4)
        axes.locator_params(axis="y", nbins=3)
        if column == 0:
            axes.set_ylabel("% of them")
        if index + COLUMNS >= len(bins):
            axes.set_xlabel("energy, nats")
    top = 1 - 56 / (figure.get_figheight() * 72)
    figure.legend(handles=handles, ncols=2, loc="upper left", borderaxespad=0,
                  bbox_to_anchor=(54 / canvas.WIDTH, top))  # fmt: skip


def _shares(counts: Sequence[Any]) -> list[float]:
    values = [finite(count) or 0.0 for count in counts]
    total = sum(values)
    return [100 * value / total if total else 0.0 for value in values]


def _span(edges: Sequence[float], sides: Sequence[Sequence[Sequence[float]]]) -> tuple[float, float]:
    """The part of the axis that holds anything."""
    held = [any(side[i] for pair in sides for side in pair) for i in range(len(edges) - 1)]
    if not any(held):
        return edges[0], edges[-1]
    return edges[held.index(True)], edges[len(held) - held[::-1].index(True)]


def _distances(figure: Any, rows: Sequence[Mapping[str, Any]], top: float, floor: str) -> None:
    nats = canvas.box(figure, 62, top + 44, 420, 136)
    kolmogorov = canvas.box(figure, 590, top + 44, 292, 136)
    series: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        ("abs", "mean |ΔE|", COMPRESSED_LOOK),
        (
            "w1",
            "Wasserstein-1",
            {
                "color": SERIES_COLOURS[2],
                "clip_on": False,
                "marker": "^",
                "markersize": 5.5,
                "linewidth": 1.2,
            },
        ),
        (
            "signed",
            "mean ΔE",
            {"color": SERIES_COLOURS[4], "marker": "s", "markersize": 4.5, "linewidth": 1.2},
        ),
        ("floor_abs", f"|ΔE|, {floor}", FLOOR_LOOK),
    )
    for name, label, look in series:
        _line(nats, rows, name, {**look, "label": label})
    nats.axhline(0, color="#57606a", linewidth=0.9)
    canvas.headroom(nats)
    nats.set_ylabel("nats")
    nats.set_title("distance of energies, by position", pad=26)
    nats.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4, handlelength=1.4, columnspacing=1.0,
                borderaxespad=0.2)  # fmt: skip
    _line(kolmogorov, rows, "ks", COMPRESSED_LOOK)
    kolmogorov.set_title("Kolmogorov-Smirnov, by position", pad=26)
    kolmogorov.set_ylabel("largest gap, share")
    kolmogorov.set_ylim(0, max([finite(row.get("ks")) or 0.0 for row in rows] + [0.2]) * 1.1)
    for axes in (nats, kolmogorov):
        bins_axis(axes, [str(row.get("bin")) for row in rows])


def _line(axes: Any, rows: Sequence[Mapping[str, Any]], name: str, look: Mapping[str, Any]) -> None:
    values = canvas.clean([finite(row.get(name)) for row in rows])
    if canvas.known(values):
        axes.plot(range(len(rows)), values, **look)


def _words(result: CaseResult) -> list[str]:
    found = numbers(result).get("energy.abs_delta")
    parts = [protocol(result)]
    if found is not None and found.value is not None:
        floor = "" if found.floor is None else f" (floor {written(found.floor, found.unit)})"
        parts.append(f"mean |ΔE| {written(found.value, found.unit)}{floor}, n = {found.n:,}")
    return [
        ". ".join(part for part in parts if part) + ".",
        "Lower energy = larger logits; a constant added to all logits moves it and changes no answer.",
    ]
