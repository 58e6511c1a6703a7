"""The figure of one case as a self-contained SVG, without a plotting library.

Base and compressed differ in colour and in shape (``reports.drawing``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.cases import BASE
from reports import formats, layer_figure
from reports.analysis.figures import analysis_svg
from reports.drawing import BASE_COLOUR, GRID, MUTED, WIDTH, card, diamond, text
from reports.rollout_figure import rollout_svg

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.records import CaseResult

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
    own = layer_figure.layers_svg(result) or analysis_svg(result) or rollout_svg(result)
    return own or heat_map(result) or positions_svg(result) or levels_svg(result)


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
    title = f"{result.task}: {result.primary.title}, {result.compression} and {formats.against(result)}"
    return heatmap_svg(title, panels, window_tokens=_window(result))


def stacked_maps(model: str, task: str, results: Sequence[CaseResult]) -> str:
    """The maps of all recipes of one model and task below each other, each below what it is judged against.

    Empty for a task without coordinates.
    """
    from acbench.tasks.needle.heatmap import Panel, stacked_svg

    chosen = [r for r in results if (r.model, r.task) == (model, task) and not r.is_noise_floor and r.cells]
    chosen = [r for r in chosen if {"length", "depth"} <= set(r.cells[0])]
    if not chosen:
        return ""
    rows: list[tuple[str, list[Panel]]] = []
    for reference in sorted({formats.against(r) for r in chosen}, key=lambda name: (name != BASE, name)):
        judged = sorted((r for r in chosen if formats.against(r) == reference), key=lambda r: r.compression)
        rows.append((reference, [Panel(reference, _places(judged[0].cells, lambda base, _: base))]))
        for result in judged:
            compressed = Panel("compressed", _places(result.cells, lambda _, other: other))
            change = _places(result.cells, lambda base, other: other - base)
            panels = [compressed, Panel(f"compressed minus {reference}", change, difference=True)]
            rows.append((result.compression, panels))
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
    body = [text(16, 28, f"{result.task}: {metric.title} {by}", size=17, weight=600)]
    body.append(_legend(result))
    for tick in ticks:
        body.append(f'<line x1="{x(tick):.1f}" y1="{TOP}" x2="{x(tick):.1f}" y2="{bottom}" stroke="{GRID}"/>')
        label = formats.number(tick, metric.unit).removesuffix(".0")
        body.append(text(x(tick), bottom + 20, label, size=13, colour=MUTED, anchor="middle"))
    body.append(text(WIDTH - RIGHT + 22, bottom + 20, formats.level_unit(metric.unit), size=13, colour=MUTED))
    for index, row in enumerate(rows):
        body.extend(_row(row, TOP + ROW * index + ROW / 2, x))
    if by == "by level" and len(result.levels) > MAX_ROWS:
        body.append(text(16, bottom + 38, f"first {MAX_ROWS} of {len(result.levels)} levels", colour=MUTED))
    title = f"{result.id}: {metric.title}, {formats.against(result)} and compressed, {by}"
    return card(title, height, body)


def _row(row: Row, y: float, x: Callable[[float], float]) -> list[str]:
    base, compressed = x(row.base), x(row.compressed)
    name = row.name if len(row.name) <= 20 else row.name[:19] + "…"
    weight = 600 if row.bold else 400
    same = abs(base - compressed) < 1.0
    radius = 9 if same else 6.5
    return [
        text(LEFT - 14, y + 5, name, anchor="end", weight=weight),
        f'<line x1="{base:.1f}" y1="{y}" x2="{compressed:.1f}" y2="{y}" stroke="{MUTED}" stroke-width="2"/>',
        f'<circle cx="{base:.1f}" cy="{y}" r="{radius}" fill="{BASE_COLOUR}"/>',
        diamond(compressed, y),
        text(WIDTH - RIGHT + 14, y + 5, f"n = {row.n}", size=13, colour=MUTED, weight=weight),
    ]


def _legend(result: CaseResult) -> str:
    reference = formats.against(result)
    name = f"{reference}, other batch shape" if result.is_noise_floor else result.compression
    at = 62 + 8 * len(reference)
    return (
        f'<circle cx="24" cy="54" r="6.5" fill="{BASE_COLOUR}"/>{text(38, 59, reference)}'
        f"{diamond(at, 54)}{text(at + 14, 59, name)}"
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
