"""Heat maps as SVG text: panels side by side, depth downwards, length to the right. No plotting library.

Scores run from dark blue over grey to yellow (the cividis ramp), differences from orange (worse) over white
to blue (better); both can be told apart without red and green. Cells without a score are hatched.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Values = Mapping[tuple[int, float], float | None]
    Colour = tuple[int, int, int]

K = 1024
WIDTH = 900
MARGIN, LEFT, GAP, TOP, BELOW = 16, 58, 18, 70, 92
ROW_MIN, ROW_MAX, PLOT_HEIGHT = 16, 30, 260
NUMBER_WIDTH, LETTER_WIDTH = 27.0, 7.0
"""Least width in px of a cell that shows its number; width of a letter of a length's label."""
INK, FAINT, NO_SCORE = "#1f2430", "#5b6270", "#d5d8dd"

SCORE_RAMP: tuple[Colour, ...] = (
    (0, 34, 78),
    (53, 69, 108),
    (102, 105, 112),
    (148, 142, 119),
    (200, 184, 102),
    (254, 232, 56),
)
DIFFERENCE_RAMP: tuple[Colour, ...] = (
    (179, 88, 6),
    (241, 163, 64),
    (247, 247, 247),
    (103, 169, 207),
    (33, 102, 172),
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One map: ``values[length in tokens, depth in per cent]``; None or a missing place is hatched.

    A score lies in 0..1; with ``difference`` the values lie in -1..1.
    """

    title: str
    values: Values
    difference: bool = False


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the cells lie, in px."""

    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    panels: int

    @property
    def panel_width(self) -> float:
        return (WIDTH - 2 * MARGIN - LEFT - GAP * (self.panels - 1)) / self.panels

    @property
    def cell_width(self) -> float:
        return self.panel_width / max(len(self.lengths), 1)

    @property
    def cell_height(self) -> float:
        return min(max(PLOT_HEIGHT / max(len(self.depths), 1), ROW_MIN), ROW_MAX)

    @property
    def plot_bottom(self) -> float:
        return TOP + self.cell_height * len(self.depths)

    @property
    def height(self) -> float:
        return self.plot_bottom + BELOW

    def panel_left(self, index: int) -> float:
        return MARGIN + LEFT + index * (self.panel_width + GAP)


def heatmap_svg(title: str, panels: Sequence[Panel], *, window_tokens: int | None = None) -> str:
    """Draws the panels over common axes as one SVG of 900 px width on a white card.

    A dashed line stands between the lengths that fit the model's window and those that do not, where
    there are such. Raises ValueError without panels.
    """
    if not panels:
        raise ValueError("a heat map needs at least one panel")
    places = {place for panel in panels for place in panel.values}
    layout = _Layout(
        tuple(sorted({length for length, _ in places})),
        tuple(sorted({depth for _, depth in places})),
        len(panels),
    )
    body = [_head(title, layout), _depth_axis(layout)]
    for index, panel in enumerate(panels):
        body.append(_panel(panel, layout, layout.panel_left(index)))
        body.append(_window_line(layout, layout.panel_left(index), window_tokens))
    if any(panel.values.get(place) is None for panel in panels for place in places):
        body.append(_text(WIDTH - MARGIN, 28, "hatched: no score", anchor="end", fill=FAINT))
    return "\n".join([*body, "</svg>", ""])


def comparison_panels(base: Values, compressed: Values, difference: Values) -> tuple[Panel, Panel, Panel]:
    """The usual three: base, compressed, and compressed minus base."""
    return (
        Panel("base", base),
        Panel("compressed", compressed),
        Panel("compressed minus base", difference, difference=True),
    )


def ramp_colour(ramp: Sequence[Colour], share: float) -> Colour:
    """The colour at ``share`` (0..1, clamped) of a ramp of evenly spaced stops."""
    at = min(max(share, 0.0), 1.0) * (len(ramp) - 1)
    low = min(int(at), len(ramp) - 2)
    red, green, blue = (
        round(a + (b - a) * (at - low)) for a, b in zip(ramp[low], ramp[low + 1], strict=True)
    )
    return red, green, blue


def _head(title: str, layout: _Layout) -> str:
    height = f"{layout.height:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" font-family="Helvetica, Arial, sans-serif">\n'
        f"<title>{escape(title)}</title>\n"
        '<defs><pattern id="no-score" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="6" height="6" fill="#f3f4f6"/>'
        f'<rect width="2" height="6" fill="{NO_SCORE}"/></pattern></defs>\n'
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{layout.height - 1:g}" rx="8" '
        'fill="#ffffff" stroke="#d5d8dd"/>\n' + _text(MARGIN, 28, title, size=16, anchor="start", bold=True)
    )


def _depth_axis(layout: _Layout) -> str:
    middle = (TOP + layout.plot_bottom) / 2
    parts = [
        f'<g transform="rotate(-90 {MARGIN + 8} {middle:g})">'
        + _text(MARGIN + 8, middle, "depth of the needle, %", fill=FAINT)
        + "</g>"
    ]
    for row, depth in enumerate(layout.depths):
        y = TOP + (row + 0.5) * layout.cell_height + 4
        parts.append(_text(MARGIN + LEFT - 6, y, f"{depth:g}", anchor="end"))
    return "\n".join(parts)


def _panel(panel: Panel, layout: _Layout, left: float) -> str:
    parts = [_text(left, TOP - 12, panel.title, size=13, anchor="start", bold=True)]
    for column, length in enumerate(layout.lengths):
        for row, depth in enumerate(layout.depths):
            x, y = left + column * layout.cell_width, TOP + row * layout.cell_height
            parts.append(_cell(panel, panel.values.get((length, depth)), layout, x, y))
    parts += [_length_axis(layout, left), _legend(panel, layout, left)]
    return "\n".join(parts)


def _window_line(layout: _Layout, left: float, window_tokens: int | None) -> str:
    fitting = sum(length <= window_tokens for length in layout.lengths) if window_tokens else 0
    if not fitting or fitting == len(layout.lengths):
        return ""
    x = left + fitting * layout.cell_width  # between two columns
    return (
        f'<line class="window" x1="{x:.2f}" y1="{TOP - 4}" x2="{x:.2f}" y2="{layout.plot_bottom + 4:g}" '
        f'stroke="{INK}" stroke-width="1.5" stroke-dasharray="5 3"/>'
    )


def stacked_svg(
    title: str, rows: Sequence[tuple[str, Sequence[Panel]]], *, window_tokens: int | None = None
) -> str:
    """Small multiples: one row of panels for each name, all with the same colours and axes.

    Raises ValueError without rows.
    """
    if not rows:
        raise ValueError("small multiples need at least one row")
    parts, top = [], 40.0
    for name, panels in rows:
        figure = heatmap_svg(name, panels, window_tokens=window_tokens)
        height = float(figure.split('height="', 1)[1].split('"', 1)[0])
        parts.append(figure.replace("<svg ", f'<svg y="{top:g}" ', 1))
        top += height + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top:g}" viewBox="0 0 {WIDTH} {top:g}" '
        f'role="img" font-family="Helvetica, Arial, sans-serif">\n<title>{escape(title)}</title>\n'
        f'<rect width="{WIDTH}" height="{top:g}" fill="#ffffff"/>\n'
        + _text(MARGIN, 26, title, size=17, anchor="start", bold=True)
        + "\n".join(["", *parts, "</svg>", ""])
    )


def _cell(panel: Panel, value: float | None, layout: _Layout, x: float, y: float) -> str:
    colour = None if value is None else _colour(panel, value)
    fill = "url(#no-score)" if colour is None else _hex(colour)
    shape = (
        f'<rect class="cell" x="{x:.2f}" y="{y:.2f}" width="{layout.cell_width:.2f}" '
        f'height="{layout.cell_height:.2f}" fill="{fill}" stroke="#c3c7ce" stroke-width="0.5"/>'
    )
    if value is None or colour is None or layout.cell_width < NUMBER_WIDTH:
        return shape
    ink = INK if _luminance(colour) > 0.5 else "#ffffff"
    middle = y + layout.cell_height / 2 + 4
    return shape + _text(x + layout.cell_width / 2, middle, _number(value, signed=panel.difference), fill=ink)


def _length_axis(layout: _Layout, left: float) -> str:
    widest = max((len(_length_label(length)) for length in layout.lengths), default=1) * LETTER_WIDTH + 4
    every = max(1, math.ceil(widest / layout.cell_width))
    parts = [
        _text(left + (column + 0.5) * layout.cell_width, layout.plot_bottom + 15, _length_label(length))
        for column, length in enumerate(layout.lengths)
        if column % every == 0
    ]
    middle = left + layout.panel_width / 2
    return "\n".join([*parts, _text(middle, layout.plot_bottom + 32, "prompt length, tokens", fill=FAINT)])


def _legend(panel: Panel, layout: _Layout, left: float) -> str:
    ramp = DIFFERENCE_RAMP if panel.difference else SCORE_RAMP
    name = f"difference-{left:.0f}" if panel.difference else f"score-{left:.0f}"
    stops = "".join(
        f'<stop offset="{i / (len(ramp) - 1):g}" stop-color="{_hex(colour)}"/>'
        for i, colour in enumerate(ramp)
    )
    low, high = ("−1 worse", "better +1") if panel.difference else ("0", "1")
    y, width = layout.plot_bottom + 48, min(layout.panel_width * 0.5, 160)
    x = left + (layout.panel_width - width) / 2
    bar = (
        f'<defs><linearGradient id="{name}">{stops}</linearGradient></defs>'
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="9" fill="url(#{name})" stroke="#c3c7ce" '
        'stroke-width="0.5"/>'
    )
    ends = _text(x, y + 23, low, anchor="middle") + _text(x + width, y + 23, high, anchor="middle")
    return bar + ends


def _colour(panel: Panel, value: float) -> Colour:
    return (
        ramp_colour(DIFFERENCE_RAMP, (value + 1) / 2) if panel.difference else ramp_colour(SCORE_RAMP, value)
    )


def _number(value: float, *, signed: bool) -> str:
    shown = f"{abs(value):.2f}".rstrip("0").rstrip(".")
    if not signed or shown == "0":
        return shown
    return ("+" if value > 0 else "−") + shown


def _length_label(length: int) -> str:
    return f"{length:,}" if length % K else f"{length // K}K"


def _luminance(colour: Colour) -> float:
    red, green, blue = colour
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 11,
    anchor: str = "middle",
    fill: str = INK,
    bold: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"{weight}>'
        f"{escape(text)}</text>"
    )
