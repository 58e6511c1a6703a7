"""Figures of the overview: what is kept by capability, quality against cost, and losses against the analyses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from acbench.cases import BASE, CAPABILITIES
from reports.analysis import canvas
from reports.drawing import BASE_COLOUR, COMPRESSED_COLOUR, INK, MUTED, SERIES_COLOURS
from reports.overview import labels
from reports.overview.pareto import Point, front
from reports.overview.quality import CAPABILITY_NAMES, Kept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROW = 27
AXIS_END = 1.3
"""Of the kept share; what lies beyond is drawn at the edge with an arrow."""


def capabilities_svg(model: str, kept: Mapping[str, Mapping[str, Kept]]) -> str:
    """A panel per capability, a row per recipe (first the reference against itself, if it is there)."""
    shown = [c for c in CAPABILITY_NAMES if any(c in found for found in kept.values())]
    if not shown or not canvas.available():
        return ""
    recipes = list(kept)
    names = 34 + 7.8 * max(len(name) for name in recipes)
    width = (canvas.WIDTH - names - 20 - 26 * (len(shown) - 1)) / len(shown)
    words = canvas.wrapped(
        [
            "Mean score over a capability's tasks, compressed over base; bars: 95 % intervals from resampling by "
            "cluster. Arrow: beyond the axis. Cross: every task at the floor, nothing can be said; dash: no task."
        ]
    )
    height = 92 + ROW * len(recipes) + 46 + canvas.LINE * len(words)
    with canvas.style():
        figure = canvas.sheet(height, f"{model}: share of the base score that is kept")
        for index, capability in enumerate(shown):
            axes = canvas.box(figure, names + index * (width + 26), 76, width, ROW * len(recipes))
            _capability(axes, capability, [kept[recipe].get(capability) for recipe in recipes])
            axes.set_ylim(len(recipes) - 0.5, -0.5)
            axes.set_yticks(range(len(recipes)), [canvas.plain(r) for r in recipes] if not index else [])
            axes.tick_params(axis="y", length=0, pad=9, labelcolor=INK, labelsize=canvas.TEXT)
        canvas.caption(figure, words)
        return canvas.svg(figure, f"{model}: share of the base score that each recipe keeps, by capability")


def _capability(axes: Any, capability: str, rows: Sequence[Kept | None]) -> None:
    axes.set_title(CAPABILITIES[capability])
    axes.axvline(100, color=BASE_COLOUR, linewidth=1.2)
    for y, kept in enumerate(rows):
        if kept is None:
            axes.text(4, y, "–", va="center", color=MUTED)
        elif kept.share is None:
            axes.plot([5], [y], "x", color=MUTED, markersize=7, markeredgewidth=1.6)
            axes.text(13, y, "at the floor", va="center", color=MUTED, fontsize=canvas.SMALL)
        else:
            # Without an interval (a single cluster) the point stands alone.
            low, high = (kept.share if end is None else end for end in (kept.low, kept.high))
            ends = [100 * min(max(end, 0.0), AXIS_END) for end in (low, high)]
            axes.plot(ends, [y, y], color=COMPRESSED_COLOUR, linewidth=1.8, solid_capstyle="butt")
            if high > AXIS_END:
                axes.plot([100 * AXIS_END], [y], ">", color=COMPRESSED_COLOUR, markersize=6, clip_on=False)
            axes.plot(
                [100 * min(kept.share, AXIS_END)],
                [y],
                "D",
                color=COMPRESSED_COLOUR,
                markersize=6.5,
                clip_on=False,
            )
    axes.set_xlim(0, 100 * AXIS_END)
    axes.set_xticks([0, 50, 100])
    axes.set_xlabel("% of base")
    axes.grid(visible=False, axis="y")


def costs_svg(
    model: str,
    kept: Mapping[str, Kept],
    sizes: Mapping[str, float],
    speeds: Mapping[str, float],
    *,
    comparable: Sequence[str],
    alike: Sequence[str],
    words: Sequence[str],
) -> str:
    """Quality against size and, where any speed was measured, against speed; with the Pareto front of each."""
    if not canvas.available():
        return ""
    by_size = _points(kept, sizes)
    by_speed = _points(kept, speeds)
    if len(by_size) < 2 and len(by_speed) < 2:
        return ""
    panels = [(by_size, True, "size on disk, MiB")] if len(by_size) > 1 else []
    panels += [(by_speed, False, "tokens per second")] if len(by_speed) > 1 else []
    width = (canvas.WIDTH - 76 - 16 - 84 * (len(panels) - 1)) / len(panels)
    small = canvas.wrapped(
        ["Steps: the Pareto front of the values as drawn; bars: 95 % intervals. Hollow, and not on the front: judged "
         "on fewer tasks than others or, for speed, with answers of quite another length.", *words]
    )  # fmt: skip
    with canvas.style():
        figure = canvas.sheet(92 + 300 + 46 + canvas.LINE * len(small), f"{model}: quality against cost")
        for index, (points, less, name) in enumerate(panels):
            axes = canvas.box(figure, 66 + index * (width + 84), 84, width, 300)
            axes.set_title("quality against size" if less else "quality against speed")
            _cost_panel(axes, points, kept, comparable if less else alike, less=less)
            axes.set_xlabel(name)
            axes.set_ylabel("% of the base score kept" if not index else "")
        canvas.caption(figure, small)
        return canvas.svg(figure, f"{model}: share of the base score kept against size and speed")


def _points(kept: Mapping[str, Kept], costs: Mapping[str, float]) -> list[Point]:
    return [
        Point(name, costs[name], 100 * one.share)
        for name, one in kept.items()
        if name in costs and one.share is not None
    ]


def _cost_panel(
    axes: Any, points: Sequence[Point], kept: Mapping[str, Kept], solid: Sequence[str], *, less: bool
) -> None:
    best = front([p for p in points if p.name in solid and p.name != BASE], less_is_better=less)
    costs = [point.cost for point in points]
    margin = 0.06 * (max(costs) - min(costs)) or 0.1 * max(costs)
    room = 0.3 * (max(costs) - min(costs)) or margin
    highest = max(104.0, 4 + max(point.quality for point in points))
    axes.set_xlim(min(costs) - margin, max(costs) + room)
    axes.set_ylim(-4, highest)
    axes.axhline(100, color=BASE_COLOUR, linewidth=1.1)
    axes.step(
        [p.cost for p in best], [p.quality for p in best], where="post" if less else "pre",
        color=SERIES_COLOURS[2], linewidth=2.2, alpha=0.75, zorder=1,
    )  # fmt: skip
    for point in points:
        colour, mark = (BASE_COLOUR, "o") if point.name == BASE else (COMPRESSED_COLOUR, "D")
        fill = colour if point.name in solid or point.name == BASE else "#ffffff"
        low, high = kept[point.name].low, kept[point.name].high
        if low is not None and high is not None:
            ends = [max(100 * low, -4), min(100 * high, highest)]
            axes.plot([point.cost] * 2, ends, color=colour, linewidth=1.2, alpha=0.55, zorder=2)
        axes.plot(
            [point.cost], [point.quality], mark, color=colour, markerfacecolor=fill, markersize=7, zorder=3
        )
    labels.put(axes, [(p.name, p.cost, p.quality) for p in points])


def scatter_svg(
    model: str,
    panels: Sequence[tuple[str, str, Mapping[str, float]]],
    lost: Mapping[str, float],
    words: Sequence[str],
) -> str:
    """A small panel per analysis (title, unit, recipe -> value) with the loss over all tasks on the upright axis."""
    if not panels or not canvas.available():
        return ""
    rows = math.ceil(len(panels) / 2)
    small = canvas.wrapped(words)
    with canvas.style():
        figure = canvas.sheet(
            62 + 262 * rows + 8 + canvas.LINE * len(small), f"{model}: losses against the analyses"
        )
        for index, (title, unit, values) in enumerate(panels):
            axes = canvas.box(figure, 66 + 450 * (index % 2), 84 + 262 * (index // 2), 366, 180)
            places = [(name, x, 100 * lost[name]) for name, x in values.items() if name in lost]
            axes.set_title(title)
            axes.set_xlabel(unit)
            axes.set_ylabel("% of the score lost" if index % 2 == 0 else "")
            _spread(axes, [x for _, x, _ in places])
            heights = [y for _, _, y in places]
            axes.set_ylim(min(0.0, *heights, 0.0) - 6, max(100.0, *heights) + 6)
            axes.plot(
                [x for _, x, _ in places], heights, "D", color=COMPRESSED_COLOUR, markersize=6, zorder=3
            )
            labels.put(axes, places)
        canvas.caption(figure, small)
        return canvas.svg(figure, f"{model}: loss over all tasks against each analysis, by recipe")


def _spread(axes: Any, values: Sequence[float]) -> None:
    """The axis of an analysis: logarithmic where its values span more than a factor of thirty."""
    low, high = min(values), max(values)
    if low > 0 and high / low > 30:
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlim(low / 1.6, high * (high / low) ** 0.16)
    else:
        width = high - low or abs(high) or 1.0
        axes.set_xlim(low - 0.07 * width, high + 0.2 * width)
