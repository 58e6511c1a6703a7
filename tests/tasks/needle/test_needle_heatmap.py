"""The heat map as SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from acbench.tasks.needle.heatmap import (
    DIFFERENCE_RAMP,
    SCORE_RAMP,
    Panel,
    comparison_panels,
    heatmap_svg,
    ramp_colour,
    stacked_svg,
)

SVG = "{http://www.w3.org/2000/svg}"
LENGTHS, DEPTHS = (512, 1024, 2048, 3000), (0, 50, 100)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own text


def cells(root: ET.Element) -> list[ET.Element]:
    return [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "cell"]


def texts(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def grid(score: float | None) -> dict[tuple[int, float], float | None]:
    return {(length, depth): score for length in LENGTHS for depth in DEPTHS}


def test_three_panels_over_common_axes() -> None:
    root = parsed(heatmap_svg("a < b & c", comparison_panels(grid(1.0), grid(0.5), grid(-0.5))))
    assert len(cells(root)) == 3 * 4 * 3
    assert len({rect.get("x") for rect in cells(root)}) == 3 * 4
    assert len({rect.get("y") for rect in cells(root)}) == 3
    assert root.get("width") == "900"
    shown = texts(root)
    assert shown[0] == "a < b & c"
    assert {"base", "compressed", "compressed minus base", "512", "1K", "2K", "3,000"} <= set(shown)
    assert (shown.count("1K"), shown.count("−0.5")) == (3, 12)


def test_depth_zero_is_on_top_and_length_runs_to_the_right() -> None:
    values: dict[tuple[int, float], float | None] = {(1024, 0): 0.25, (1024, 100): 0.5, (2048, 0): 0.75}
    root = parsed(heatmap_svg("t", [Panel("p", values)]))
    at = {text.text: (float(text.get("x", 0)), float(text.get("y", 0))) for text in root.iter(f"{SVG}text")}
    assert at["0.25"][1] < at["0.5"][1]
    assert at["0.25"][0] == at["0.5"][0]
    assert at["0.25"][0] < at["0.75"][0]


def test_cells_without_score_are_hatched() -> None:
    values: dict[tuple[int, float], float | None] = {(1024, 0): 0.0, (1024, 100): None, (2048, 0): 1.0}
    root = parsed(heatmap_svg("t", [Panel("p", values)]))
    fills = [rect.get("fill") for rect in cells(root)]
    # one None, one place that no value was given for; a score of 0 is no such cell
    assert fills.count("url(#no-score)") == 2
    assert "hatched: no score" in texts(root)
    assert "hatched: no score" not in texts(parsed(heatmap_svg("t", [Panel("p", {(1024, 0): 0.0})])))


def test_paper_grid_has_forty_columns_and_no_numbers_in_cells() -> None:
    values: dict[tuple[int, float], float | None] = {
        (length, depth): 0.5 for length in range(1000, 40_001, 1000) for depth in range(10)
    }
    root = parsed(heatmap_svg("t", comparison_panels(values, values, values)))
    assert len(cells(root)) == 3 * 400
    assert len({rect.get("x") for rect in cells(root)}) == 3 * 40
    assert "0.5" not in texts(root)
    assert all(float(rect.get("x", 0)) + float(rect.get("width", 0)) <= 900 for rect in cells(root))


def test_scale_is_fixed() -> None:
    assert ramp_colour(SCORE_RAMP, 0) == SCORE_RAMP[0]
    assert ramp_colour(SCORE_RAMP, 1) == ramp_colour(SCORE_RAMP, 7) == SCORE_RAMP[-1]
    assert ramp_colour(DIFFERENCE_RAMP, 0.5) == (247, 247, 247)
    assert ramp_colour(((0, 0, 0), (10, 20, 30)), 0.5) == (5, 10, 15)


def test_lighter_is_better() -> None:
    brightness = [sum(ramp_colour(SCORE_RAMP, i / 20)) for i in range(21)]
    assert brightness == sorted(brightness)


def test_needs_a_panel() -> None:
    with pytest.raises(ValueError, match="panel"):
        heatmap_svg("t", [])
    assert parsed(heatmap_svg("t", [Panel("empty", {})])) is not None


def test_the_window_line_stands_between_columns() -> None:
    values = {(length, 0.0): 1.0 for length in (1000, 2000, 3000, 4000)}
    svg = heatmap_svg("t", [Panel("p", values)], window_tokens=2500)
    line = re.search(r'<line class="window" x1="([0-9.]+)"', svg)
    assert line is not None
    edges = sorted({float(x) for x in re.findall(r'class="cell" x="([0-9.]+)"', svg)})
    assert float(line.group(1)) == pytest.approx(edges[2], abs=0.02)
    for window in (None, 500, 4000):
        assert 'class="window"' not in heatmap_svg("t", [Panel("p", values)], window_tokens=window)


def test_small_multiples_keep_one_scale() -> None:
    values = {(1000, 0.0): 0.5}
    svg = stacked_svg("model", [("a", [Panel("p", values)]), ("b", [Panel("p", values)])])
    assert svg.count("<svg ") == 3
    assert svg.count("</svg>") == 3
    parsed(svg)
    with pytest.raises(ValueError, match="at least one row"):
        stacked_svg("model", [])
