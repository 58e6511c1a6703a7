"""What figures of the analyses are drawn on: a white card, text that stays text, and the same bytes every time.

matplotlib is used through its objects only, never through pyplot, so nothing here leaves a trace in a process that
draws figures of its own. It is an optional package: where it is missing, ``available`` says so and the callers
leave their figure out with a note.
"""

from __future__ import annotations

import io
import math
import re
import textwrap
import warnings
from contextlib import contextmanager
from functools import cache
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from reports.drawing import FONT, GRID, INK, MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 900
"""Width of every figure in px; one unit of the drawing is one px."""
MISSING = "Figure left out: matplotlib is not installed (it comes with the extra `suite`)."
TEXT, SMALL = 13, 12
NO_VALUE = float("nan")

_UNITS_PER_INCH = 72
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "acbench",
    "font.family": ["DejaVu Sans"],  # shipped with matplotlib: the same layout on every machine
    "font.size": TEXT,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": SMALL,
    "axes.titlesize": TEXT,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "legend.handlelength": 1.8,
    "figure.dpi": _UNITS_PER_INCH,
    "mathtext.default": "regular",
}
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
_GROUP_ID = re.compile(r"<g id=\"[^\"]*\"")
_HEAD = re.compile(r"<svg [^>]*?viewBox=\"(?P<box>[^\"]*)\"[^>]*>")
_LONG = re.compile(r"(-?\d+\.\d)\d+")
_COORDINATES = re.compile(r"\b(?:d|x|y)=\"[^\"]*\"")
_FONT = re.compile(r"font: (?:(?P<weight>\w+) )?(?P<size>[\d.]+px) 'DejaVu Sans'")
CHARACTERS = 138
"""What fits into a line of small text."""
LINE = 17


@cache
def available() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


@contextmanager
def style() -> Iterator[None]:
    """Context in which figures are made and drawn; everything outside of it keeps its own settings.

    A remark of the library (a letter its font lacks, an axis of one value) is no reason to lose a result where
    warnings are errors.
    """
    import matplotlib as mpl

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def sheet(height: float, title: str, subtitle: str = "") -> Any:
    """An empty figure of ``WIDTH`` x ``height`` px with its title; call it inside of ``style``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / _UNITS_PER_INCH, height / _UNITS_PER_INCH))
    figure.patch.set_visible(False)  # the card below it has round corners
    figure.text(*_at(16, 28, height), plain(title), fontsize=17, fontweight="bold", va="baseline")
    if subtitle:
        figure.text(*_at(16, 50, height), plain(subtitle), color=MUTED, va="baseline")
    return figure


def wrapped(lines: Sequence[str]) -> list[str]:
    """Small lines as they fit into the width of a figure."""
    return [part for line in lines for part in textwrap.wrap(line, CHARACTERS)]


def caption(figure: Any, lines: Sequence[str]) -> None:
    """Small lines at the foot (samples, protocol, what a mark means), ``LINE`` px each; already ``wrapped``."""
    height = figure.get_figheight() * _UNITS_PER_INCH
    for index, line in enumerate(lines):
        at = _at(16, height - 12 - LINE * (len(lines) - 1 - index), height)
        figure.text(*at, plain(line), color=MUTED, fontsize=SMALL, va="baseline")


def headroom(axes: Any, share: float = 0.06) -> None:
    """A little air above the highest mark, so that it is not cut; ``share`` of the axis."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + share * (high - low))


def _at(x: float, y: float, height: float) -> tuple[float, float]:
    """A place in px from the top left corner, as matplotlib counts."""
    return x / WIDTH, 1 - y / height


def box(figure: Any, left: float, top: float, width: float, height: float) -> Any:
    """Axes at a place in px, counted from the top left corner of the figure."""
    total = figure.get_figheight() * _UNITS_PER_INCH
    return figure.add_axes((left / WIDTH, 1 - (top + height) / total, width / WIDTH, height / total))


def plain(words: str) -> str:
    """Text as it is: names are never read as formulas."""
    return words.replace("$", r"\$")


def svg(figure: Any, title: str) -> str:
    """The figure as SVG on a white card, without prologue, dates and ids; ``title`` is for who does not see it."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    FigureCanvasSVG(figure).print_svg(out, metadata=nothing)
    text = _PROLOGUE.sub("", out.getvalue(), count=1)
    text = _GROUP_ID.sub("<g", _COMMENT.sub("", _METADATA.sub("", text)))
    text = _COORDINATES.sub(lambda found: _LONG.sub(r"\1", found.group()), text)
    text = _FONT.sub(_inherited, text)
    head = _HEAD.search(text)
    if head is None:
        raise ValueError("matplotlib wrote an SVG without a view box")
    width, height = (float(value) for value in head["box"].split()[2:])
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{head["box"]}" width="{width:g}" height="{height:g}" role="img" font-family="{FONT}">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#ffffff"/>'
    )
    lines = (line.strip() for line in (opening + text[head.end() :]).splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def _inherited(found: re.Match[str]) -> str:
    """Size and weight alone: the family is said once, at the head of the figure."""
    weight = f"; font-weight: {found['weight']}" if found["weight"] else ""
    return f"font-size: {found['size']}{weight}"


def known(values: Sequence[float]) -> list[float]:
    """The values that are no gaps."""
    return [value for value in values if not math.isnan(value)]


def clean(values: Sequence[float | None]) -> list[float]:
    """Numbers for a line: what is missing becomes a gap."""
    return [NO_VALUE if value is None else float(value) for value in values]
