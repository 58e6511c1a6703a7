"""ERank by layer: of every kind of matrix and of the hidden states, with the change and CKA beside it."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from reports import formats
from reports.analysis import canvas
from reports.analysis.numbers import finite, floor_words, numbers, other_side, pair, protocol, written
from reports.drawing import BASE_COLOUR, COMPRESSED_COLOUR, MUTED, SERIES_COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import CaseResult

MARKS = "oDs^vPXdph"
USUAL = ("q", "k", "v", "o", "gate", "up", "down")
MAX_KINDS = 10
MARKED = 12
"""Places of a line that carry a mark; a deeper model's line goes on between them."""


class Layer(NamedTuple):
    """One kind of matrix in one layer: shares of the largest ERank it could have, and the change in per cent."""

    layer: int
    base: float
    value: float
    change: float


def erank_svg(result: CaseResult) -> str:
    """Left the levels, right the change; empty if the analysis has neither weights nor layers."""
    weights = by_kind(result.analysis.get("weights") or ())
    layers = [row for row in result.analysis.get("layers") or () if finite(row.get("layer")) is not None]
    if not weights and not layers:
        return ""
    left_out = max(0, len(weights) - MAX_KINDS)
    weights = dict(list(weights.items())[:MAX_KINDS])
    upper, lower = (300 if weights else 0), (250 if layers else 0)
    words = canvas.wrapped(_words(result, left_out))
    height = 66 + upper + lower + 8 + canvas.LINE * len(words)
    reference = formats.against(result)
    title = f"{result.task}: effective rank by layer, {pair(result)}"
    with canvas.style():
        figure = canvas.sheet(height, title)
        if weights:
            _weights(figure, weights, 58, reference)
        if layers:
            _layers(figure, layers, 66 + upper, reference, other_side(result))
        canvas.caption(figure, words)
        return canvas.svg(figure, f"{result.id}: effective rank of weights and hidden states by layer")


def by_kind(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Layer]]:
    """Weights by kind, the usual kinds first; several of one kind in a layer (experts) as their mean.

    Matrices outside of the layers (embeddings, head: layer -1) have no place by layer and are left out.
    """
    places: dict[str, dict[int, list[tuple[float, float, float]]]] = {}
    for row in rows:
        rank, base, value = (finite(row.get(name)) for name in ("rank", "base", "value"))
        layer = finite(row.get("layer"))
        if layer is not None and layer >= 0 and rank and base and value is not None:
            found = places.setdefault(str(row.get("kind")), {}).setdefault(int(layer), [])
            found.append((base / rank, value / rank, 100 * (value / base - 1)))
    order = sorted(places, key=lambda name: (USUAL.index(name) if name in USUAL else math.inf, name))
    return {
        name: [
            Layer(layer, *map(fmean, zip(*found, strict=True)))
            for layer, found in sorted(places[name].items())
        ]
        for name in order
    }


def _weights(figure: Any, kinds: Mapping[str, Sequence[Layer]], top: float, reference: str) -> None:
    levels = canvas.box(figure, 66, top + 62, 370, 196)
    changes = canvas.box(figure, 516, top + 62, 366, 196)
    handles = []
    for series, (kind, rows) in enumerate(kinds.items()):
        colour, mark = SERIES_COLOURS[series % len(SERIES_COLOURS)], MARKS[series % len(MARKS)]
        x = [row.layer for row in rows]
        every = math.ceil(len(x) / MARKED)
        look = {"color": colour, "marker": mark, "markersize": 5, "markevery": every, "markeredgewidth": 0}
        levels.plot(x, [100 * row.base for row in rows], color=colour, linestyle=(0, (2, 2)), linewidth=1.1)
        levels.plot(x, [100 * row.value for row in rows], linewidth=1.1, **look)
        handles += changes.plot(x, [row.change for row in rows], linewidth=1.1, label=kind, **look)
    changes.axhline(0, color=MUTED, linewidth=1.1)
    levels.set_title("weights: ERank, share of its maximum")
    levels.set_ylabel("% of the smaller side")
    changes.set_title(f"weights: change from {canvas.plain(reference)}")
    changes.set_ylabel("% of base" if reference == "base" else "% of the reference")
    for axes in (levels, changes):
        _whole_layers(axes)
    figure.legend(
        handles=handles, ncols=min(len(handles), 10), loc="upper left", columnspacing=1.4,
        bbox_to_anchor=(58 / canvas.WIDTH, _from_top(figure, top)), borderaxespad=0,
    )  # fmt: skip


def _layers(figure: Any, rows: Sequence[Mapping[str, Any]], top: float, reference: str, other: str) -> None:
    hidden = canvas.box(figure, 66, top + 34, 370, 160)
    agreement = canvas.box(figure, 516, top + 34, 366, 160)
    x = [int(row["layer"]) for row in rows]
    base, value, cka = (
        canvas.clean([finite(row.get(name)) for row in rows]) for name in ("base", "value", "cka")
    )
    every = math.ceil(len(x) / MARKED)
    hidden.plot(
        x, base, color=BASE_COLOUR, marker="o", markersize=5, markevery=every, label=canvas.plain(reference)
    )
    hidden.plot(
        x,
        value,
        color=COMPRESSED_COLOUR,
        marker="D",
        markersize=5,
        markevery=every,
        label=canvas.plain(other),
    )
    hidden.set_ylim(bottom=0)
    hidden.legend(loc="best")
    hidden.set_title("hidden states after each layer: ERank")
    hidden.set_ylabel("ERank (lambda form)")
    agreement.plot(x, cka, color=MUTED, marker="s", markersize=5, markevery=every)
    agreement.set_title(f"hidden states: linear CKA with {canvas.plain(reference)}")
    agreement.set_ylabel("CKA (1 = same)")
    known = canvas.known(cka)
    agreement.set_ylim(min(0.9, *known) - 0.02 if known else 0.0, 1.005)
    for axes in (hidden, agreement):
        _whole_layers(axes)


def _whole_layers(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.set_xlabel("layer")


def _from_top(figure: Any, pixels: float) -> float:
    return float(1 - pixels / (figure.get_figheight() * 72))


def _words(result: CaseResult, left_out: int) -> list[str]:
    found = numbers(result)
    distance = found.get("erank.hidden.distance")
    lines = [
        f"Sigma form, norms folded into the weights. Dashed: {formats.against(result)}. {protocol(result)}."
    ]
    if distance is not None and distance.value is not None:
        floor = (
            ""
            if distance.floor is None
            else f"; {floor_words(result)} {written(distance.floor, distance.unit)}"
        )
        value = written(distance.value, distance.unit)
        lines.append(f"Relative change of the hidden ERank at the head {value}{floor}; n = {distance.n:,}.")
    if left_out:
        lines[-1] += f" {left_out} more kinds of matrix: numbers.json."
    return lines
