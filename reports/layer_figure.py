"""The figure of a build: error of every weight by block and kind, and zeros by kind where zeros are the point."""

from __future__ import annotations

import math
import re
from collections import Counter
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from reports import builds
from reports.drawing import GRID, MUTED, WIDTH, card, line, marks, text
from reports.formats import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.records import CaseResult

BLOCK = re.compile(r"\.(?:layers|h|blocks)\.(\d+)\.")
USUAL = ("q", "k", "v", "o", "gate", "up", "down")
PRUNING = ("magnitude", "wanda", "sparsegpt")
MAX_KINDS = 12
MAX_MARKS = 40
"""Marks per series; of a deeper model every second (third ...) block has one, its line goes through all."""
LEFT, RIGHT, TOP, PLOT, ROW = 78, 24, 52, 270, 26
LEGEND_ROW = 24


class Weight(NamedTuple):
    """One compressed weight, or the mean of several of one kind in a block (experts)."""

    block: int
    kind: str
    error: float
    sparsity: float


def layers_svg(result: CaseResult) -> str:
    """Errors by block, one series a kind, on a logarithmic scale; empty for cases without facts of layers."""
    found = weights(builds.layers(result)) if builds.is_build(result) else []
    if not found:
        return ""
    kinds = list(dict.fromkeys(weight.kind for weight in found))
    shown = kinds[:MAX_KINDS]
    legend, top = _legend(shown, TOP + 8)
    body = [text(16, 28, f"{result.compression}: error by block", size=17, weight=600)]
    body.append(text(16, 50, builds.error_name(result), size=13, colour=MUTED))
    body += [*legend, *_errors([weight for weight in found if weight.kind in shown], shown, top)]
    height = top + PLOT + 46
    if len(kinds) > len(shown):
        words = f"{len(shown)} of {len(kinds)} kinds; all of them are in layers.csv"
        body.append(text(16, height + 6, words, size=13, colour=MUTED))
        height += 24
    if prunes(result):
        body += _zeros(found, shown, height)
        height += 64 + ROW * len(shown)
    return card(f"{result.id}: {builds.error_name(result)}, by block and kind of weight", height, body)


def prunes(result: CaseResult) -> bool:
    """Whether zeros are what the recipe is about."""
    return result.method in PRUNING or bool(
        {"sparsity", "pattern"} & (result.checkpoint.get("params") or {}).keys()
    )


def weights(layers: Sequence[tuple[str, float, float]]) -> list[Weight]:
    """Weights by block and kind, the usual kinds first; several of a kind in one block (experts) as their mean.

    Weights outside of numbered blocks, and errors that are no number, cannot be drawn and are left out.
    """
    places: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for name, error, sparsity in layers:
        found = BLOCK.search(name)
        if found and math.isfinite(error):
            inside = name[found.end() :].removesuffix(".weight")
            path = ".".join(part for part in inside.split(".") if not part.isdigit())
            places.setdefault((int(found[1]), path), []).append((error, sparsity))
    names = _short({path for _, path in places})
    made = [
        Weight(block, names[path], fmean(error for error, _ in values), fmean(zeros for _, zeros in values))
        for (block, path), values in places.items()
    ]
    return sorted(made, key=lambda w: (_rank(w.kind), w.kind, w.block))


def _rank(kind: str) -> int:
    return USUAL.index(kind) if kind in USUAL else len(USUAL)


def _short(paths: set[str]) -> dict[str, str]:
    """``self_attn.q_proj`` -> ``q``; as many parts as it takes to tell the kinds of a model apart."""
    short = {path: path.replace("_proj", "").split(".") for path in paths}
    for parts in range(1, 1 + max(map(len, short.values()), default=0)):
        names = {path: ".".join(words[-parts:]) for path, words in short.items()}
        doubled = {name for name, count in Counter(names.values()).items() if count > 1}
        if not doubled:
            return names
        short = {path: words if names[path] in doubled else words[-parts:] for path, words in short.items()}
    return {path: path for path in paths}


def _legend(kinds: Sequence[str], top: float) -> tuple[list[str], float]:
    """Mark and name of each series, in as many rows as they need; and where the plot begins."""
    body, x, y = [], LEFT, top + 14.0
    for series, kind in enumerate(kinds):
        width = 34 + 8 * len(kind)
        if x + width > WIDTH - RIGHT and x > LEFT:
            x, y = LEFT, y + LEGEND_ROW
        body += [
            line([(x - 6, y), (x + 10, y)], series),
            marks([(x + 2, y)], series),
            text(x + 16, y + 5, kind, size=13),
        ]
        x += width
    return body, y + 22


def _errors(found: Sequence[Weight], kinds: Sequence[str], top: float) -> list[str]:
    bottom = top + PLOT
    y, ticks = _scale([weight.error for weight in found], top, bottom)
    last = max(weight.block for weight in found)
    first = min(weight.block for weight in found)

    def x(block: int) -> float:
        return LEFT + 10 + (WIDTH - LEFT - RIGHT - 20) * (block - first) / max(last - first, 1)

    body = []
    for value, label in ticks:
        body.append(
            f'<line x1="{LEFT}" y1="{y(value):.1f}" x2="{WIDTH - RIGHT}" y2="{y(value):.1f}" stroke="{GRID}"/>'
        )
        body.append(text(LEFT - 8, y(value) + 5, label, size=13, colour=MUTED, anchor="end"))
    step = max(1, math.ceil((last - first + 1) / 16))
    for block in range(first, last + 1, step):
        body.append(text(x(block), bottom + 20, str(block), size=13, colour=MUTED, anchor="middle"))
    body.append(
        text((LEFT + WIDTH - RIGHT) / 2, bottom + 40, "block", size=13, colour=MUTED, anchor="middle")
    )
    for series, kind in enumerate(kinds):
        places = [(x(weight.block), y(weight.error)) for weight in found if weight.kind == kind]
        every = math.ceil(len(places) / MAX_MARKS)
        body += [line(places, series), marks(places[::every], series)]
    return body


def _scale(
    errors: Sequence[float], top: float, bottom: float
) -> tuple[Callable[[float], float], list[tuple[float, str]]]:
    """Logarithmic from ``top`` to ``bottom`` with its ticks; errors of zero have a line of their own below it."""
    positive = [error for error in errors if error > 0] or [1.0]
    low, high = math.log10(min(positive)), math.log10(max(positive))
    steps = (1,) if high - low > 2 else (1, 2, 5)
    values = [m * 10.0**e for e in range(math.floor(low) - 1, math.ceil(high) + 2) for m in steps]
    below = max(value for value in values if math.log10(value) < low + 1e-9)
    above = min(value for value in values if math.log10(value) > high - 1e-9 and value > below)
    ticks = [(value, _written(value)) for value in values if below <= value <= above]
    low, high = math.log10(below), math.log10(above)
    floor = bottom - 24 if min(errors) <= 0 else bottom
    if floor < bottom:
        ticks.append((0.0, "0"))

    def y(error: float) -> float:
        if error <= 0:
            return bottom - 6
        return floor - (floor - top) * (math.log10(error) - low) / (high - low)

    return y, ticks


def _written(value: float) -> str:
    return f"{value:.3g}".replace("e-0", "e-")


def _zeros(found: Sequence[Weight], kinds: Sequence[str], top: float) -> list[str]:
    """Share of zeros of each kind: from the least to the greatest block, with the mean marked."""
    body = [text(16, top + 24, "zeros by kind: mean, least and greatest block", size=15, weight=600)]

    def x(share: float) -> float:
        return LEFT + 10 + (WIDTH - LEFT - 210) * share

    first, bottom = top + 40, top + 40 + ROW * len(kinds)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        body.append(
            f'<line x1="{x(share):.1f}" y1="{first}" x2="{x(share):.1f}" y2="{bottom}" stroke="{GRID}"/>'
        )
        body.append(text(x(share), bottom + 16, percent(share), size=13, colour=MUTED, anchor="middle"))
    by_kind: Mapping[str, list[float]] = {k: [w.sparsity for w in found if w.kind == k] for k in kinds}
    for series, (kind, values) in enumerate(by_kind.items()):
        y, mean, least, most = first + ROW * (series + 0.5), fmean(values), min(values), max(values)
        words = percent(mean, 1)
        if most - least > 0.0005:
            words += f" ({percent(least, 1)} to {percent(most, 1)})"
        body.append(text(LEFT - 8, y + 5, kind, size=13, anchor="end"))
        body += [line([(x(least), y), (x(most), y)], series), marks([(x(mean), y)], series)]
        body.append(text(x(1.0) + 16, y + 5, words, size=13, colour=MUTED))
    return body
