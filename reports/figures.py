"""The figure of one case as a self-contained SVG, without a plotting library.

Base and compressed differ in colour (Okabe-Ito blue and vermilion) and in shape, on a white card, so
that the figure reads on light and dark pages, in print and with any kind of colour vision.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.cases import BASE
from reports import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.records import CaseResult

BASE_COLOUR = "#0072B2"
COMPRESSED_COLOUR = "#D55E00"
INK = "#1f2328"
MUTED = "#57606a"
GRID = "#d8dee4"
FONT = "system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
WIDTH = 720
LEFT = 170
RIGHT = 96
TOP = 84
ROW = 34
MAX_ROWS = 24


class Row(NamedTuple):
    name: str
    n: int
    base: float
    compressed: float
    bold: bool = False


def case_figure(result: CaseResult) -> str:
    """The figure that belongs to a case: its task's own where there is one, else scores by level."""
    return heat_map(result) or positions_svg(result) or levels_svg(result)


def heat_map(result: CaseResult) -> str:
    """The map over length and depth of a task whose cells have both; empty for any other task.

    A cell is ``{"length": tokens, "depth": per cent, "base": score, "compressed": score}``; samples on
    one place are averaged, a score of None is a sample that could not be asked.
    """
    cells = [cell for cell in result.cells if {"length", "depth"} <= set(cell)]
    if not cells:
        return ""
    try:
        from acbench.tasks.needle.heatmap import comparison_panels, heatmap_svg
    except ImportError:
        return ""
    panels = comparison_panels(
        _places(cells, lambda base, _: base),
        _places(cells, lambda _, compressed: compressed),
        _places(cells, lambda base, compressed: compressed - base),
    )
    title = f"{result.task}: {result.primary.title}, {result.compression} and base"
    return heatmap_svg(title, panels, window_tokens=_window(result))


def stacked_maps(model: str, task: str, results: Sequence[CaseResult]) -> str:
    """The maps of all recipes of one model and task below each other; empty for a task without coordinates."""
    from acbench.tasks.needle.heatmap import Panel, stacked_svg

    chosen = [r for r in results if (r.model, r.task) == (model, task) and r.compression != BASE and r.cells]
    chosen = [r for r in chosen if {"length", "depth"} <= set(r.cells[0])]
    if not chosen:
        return ""
    rows = [("base", [Panel("base", _places(chosen[0].cells, lambda base, _: base))])]
    for result in sorted(chosen, key=lambda r: r.compression):
        compressed = Panel("compressed", _places(result.cells, lambda _, other: other))
        change = Panel(
            "compressed minus base", _places(result.cells, lambda base, other: other - base), difference=True
        )
        rows.append((result.compression, [compressed, change]))
    return stacked_svg(f"{model}: {task}, {chosen[0].primary.title}", rows, window_tokens=_window(chosen[0]))


def _window(result: CaseResult) -> int | None:
    found = result.engine.get("settings", {}).get("window_tokens")
    return int(found) if found else None


def _places(
    cells: Sequence[Mapping[str, Any]], value: Callable[[float, float], float]
) -> dict[tuple[int, float], float | None]:
    """The mean of ``value(base, compressed)`` on each place, None where one side has no score."""
    found: dict[tuple[int, float], list[float]] = {}
    for cell in cells:
        scores = found.setdefault((int(cell["length"]), float(cell["depth"])), [])
        base, compressed = cell.get("base"), cell.get("compressed")
        if base is not None and compressed is not None:
            scores.append(value(base, compressed))
    return {place: sum(scores) / len(scores) if scores else None for place, scores in found.items()}


def positions_svg(result: CaseResult) -> str:
    """Scores by the place in a long answer (metrics ``position_1`` ...); empty for a task without them."""
    found = [m for m in result.secondary if m.metric.startswith("position_") and m.n]
    if not found:
        return ""
    rows = [Row(f"part {m.metric.removeprefix('position_')} of 5", m.n, m.base, m.compressed) for m in found]
    return _rows_svg(result, rows, "by place in the answer")


def levels_svg(result: CaseResult) -> str:
    """Base and compressed score by level, with all samples in the last row."""
    rows = [Row(r.level or "(none)", r.n, r.base, r.compressed) for r in result.levels[:MAX_ROWS]]
    return _rows_svg(result, rows, "by level")


def _rows_svg(result: CaseResult, rows: list[Row], by: str) -> str:
    metric = result.primary
    rows.append(Row("all", metric.n, metric.base, metric.compressed, bold=True))
    low, high, ticks = _axis(rows, metric.unit)
    height = TOP + ROW * len(rows) + 46

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low)

    bottom = TOP + ROW * len(rows)
    body = [_text(16, 28, f"{result.task}: {metric.title} {by}", size=17, weight=600)]
    body.append(_legend(result.compression))
    for tick in ticks:
        body.append(f'<line x1="{x(tick):.1f}" y1="{TOP}" x2="{x(tick):.1f}" y2="{bottom}" stroke="{GRID}"/>')
        label = formats.number(tick, metric.unit).removesuffix(".0")
        body.append(_text(x(tick), bottom + 20, label, size=13, colour=MUTED, anchor="middle"))
    body.append(
        _text(WIDTH - RIGHT + 22, bottom + 20, formats.level_unit(metric.unit), size=13, colour=MUTED)
    )
    for index, row in enumerate(rows):
        body.extend(_row(row, TOP + ROW * index + ROW / 2, x))
    if by == "by level" and len(result.levels) > MAX_ROWS:
        body.append(_text(16, bottom + 38, f"first {MAX_ROWS} of {len(result.levels)} levels", colour=MUTED))
    title = escape(f"{result.id}: {metric.title}, base and compressed, {by}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" font-family="{FONT}">'
        f'<title>{title}</title><rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>'
        f"{''.join(body)}</svg>"
    )


def _row(row: Row, y: float, x: Callable[[float], float]) -> list[str]:
    base, compressed = x(row.base), x(row.compressed)
    name = row.name if len(row.name) <= 20 else row.name[:19] + "…"
    weight = 600 if row.bold else 400
    same = abs(base - compressed) < 1.0
    radius = 9 if same else 6.5
    return [
        _text(LEFT - 14, y + 5, name, anchor="end", weight=weight),
        f'<line x1="{base:.1f}" y1="{y}" x2="{compressed:.1f}" y2="{y}" stroke="{MUTED}" stroke-width="2"/>',
        f'<circle cx="{base:.1f}" cy="{y}" r="{radius}" fill="{BASE_COLOUR}"/>',
        _diamond(compressed, y),
        _text(WIDTH - RIGHT + 14, y + 5, f"n = {row.n}", size=13, colour=MUTED, weight=weight),
    ]


def _diamond(x: float, y: float) -> str:
    points = f"{x:.1f},{y - 7:.1f} {x + 7:.1f},{y:.1f} {x:.1f},{y + 7:.1f} {x - 7:.1f},{y:.1f}"
    return f'<polygon points="{points}" fill="{COMPRESSED_COLOUR}" stroke="#ffffff" stroke-width="1"/>'


def _legend(compression: str) -> str:
    name = compression if compression != "base" else "base, other batch shape"
    return (
        f'<circle cx="24" cy="54" r="6.5" fill="{BASE_COLOUR}"/>{_text(38, 59, "base")}'
        f"{_diamond(100, 54)}{_text(114, 59, name)}"
    )


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 14,
    colour: str = INK,
    anchor: str = "start",
    weight: int = 400,
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )


def _axis(rows: Sequence[Row], unit: str) -> tuple[float, float, list[float]]:
    """Ends and ticks of the score axis: 0 to 1 for shares, else what the data spans, padded."""
    if unit == formats.SHARE:
        return 0.0, 1.0, [0.0, 0.25, 0.5, 0.75, 1.0]
    values = [value for row in rows for value in (row.base, row.compressed)]
    low, high = min(values), max(values)
    pad = 0.08 * (high - low) or max(abs(high), 1.0) * 0.1
    low, high = low - pad, high + pad
    return low, high, [low + (high - low) * step / 4 for step in range(5)]
