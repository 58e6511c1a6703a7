"""What all figures are drawn with: colours, text, marks and the card they stand on.

Colours are Okabe and Ito's without their pale ones, with a dark wine red (Tol) as the seventh. Every series also
has a shape of its own, and the card is white: figures read on light and dark pages, in print and with any kind of
colour vision.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE_COLOUR = "#0072B2"
COMPRESSED_COLOUR = "#D55E00"
SERIES_COLOURS = (BASE_COLOUR, COMPRESSED_COLOUR, "#009E73", "#CC79A7", "#000000", "#E69F00", "#882255")
INK = "#1f2328"
MUTED = "#57606a"
GRID = "#d8dee4"
FONT = "system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
WIDTH = 720


def card(title: str, height: float, body: Sequence[str]) -> str:
    """A whole figure of ``WIDTH`` px on a white card; ``title`` is for readers who do not see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
        f'height="{height:g}" role="img" font-family="{FONT}">'
        f'<title>{escape(title)}</title><rect width="{WIDTH}" height="{height:g}" rx="8" fill="#ffffff"/>'
        f"{''.join(body)}</svg>"
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 14,
    colour: str = INK,
    anchor: str = "start",
    weight: int = 400,
) -> str:
    """One line of text; ``y`` is its baseline."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )


def diamond(x: float, y: float) -> str:
    """The mark of a compressed model's score."""
    points = f"{x:.1f},{y - 7:.1f} {x + 7:.1f},{y:.1f} {x:.1f},{y + 7:.1f} {x - 7:.1f},{y:.1f}"
    return f'<polygon points="{points}" fill="{COMPRESSED_COLOUR}" stroke="#ffffff" stroke-width="1"/>'


MARKS = (
    "M{x},{y}m-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",  # circle
    "M{x},{y}m0,-5l5,5l-5,5l-5,-5z",  # diamond
    "M{x},{y}m-3.5,-3.5h7v7h-7z",  # square
    "M{x},{y}m0,-5l4.6,8h-9.2z",  # triangle
    "M{x},{y}m0,5l4.6,-8h-9.2z",  # triangle, point down
    "M{x},{y}m-1.3,-4.5h2.6v3.2h3.2v2.6h-3.2v3.2h-2.6v-3.2h-3.2v-2.6h3.2z",  # plus
    "M{x},{y}m-5.5,-2h11v4h-11z",  # bar
    "M{x},{y}m-2,-5.5h4v11h-4z",  # bar, upright
)
"""Shapes of series as path data around a place. One more than colours: no pair of both comes back early."""


def marks(places: Sequence[tuple[float, float]], series: int) -> str:
    """The marks of one series (0, 1, ...), all in one path."""
    shape = MARKS[series % len(MARKS)]
    data = "".join(shape.format(x=f"{x:.1f}", y=f"{y:.1f}") for x, y in places)
    colour = SERIES_COLOURS[series % len(SERIES_COLOURS)]
    return f'<path d="{data}" fill="{colour}" stroke="#ffffff" stroke-width="0.6"/>'


def line(places: Sequence[tuple[float, float]], series: int) -> str:
    """The thin line through the places of one series."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    colour = SERIES_COLOURS[series % len(SERIES_COLOURS)]
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.3" stroke-opacity="0.7"/>'
    )
