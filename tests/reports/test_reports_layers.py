"""The figure of a build: which series there are, and where their marks stand."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from report_cases import case_result

from reports import allure_case, drawing, figures, layer_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.records import CaseResult

SVG = "{http://www.w3.org/2000/svg}"
KINDS = ("self_attn.q_proj", "self_attn.o_proj", "mlp.down_proj")


def case(layers: Mapping[str, tuple[float, float]], **changes: Any) -> CaseResult:
    per_layer = {name: {"error": e, "sparsity": s} for name, (e, s) in layers.items()}
    given = {"task": "compress", "method": "rtn", "checkpoint": {"per_layer": per_layer}}
    return case_result(**given | changes)


def model(blocks: int, kinds: tuple[str, ...] = KINDS) -> dict[str, tuple[float, float]]:
    return {
        f"model.layers.{block}.{kind}.weight": (0.001 * (block + 1) * (number + 1), 0.5)
        for block in range(blocks)
        for number, kind in enumerate(kinds)
    }


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own figure


def lines(svg: str) -> list[list[tuple[float, float]]]:
    """The places of each series, without the level lines of the legend and of the panel of zeros."""
    found = [node.attrib["points"] for node in ET.fromstring(svg).iter(f"{SVG}polyline")]  # noqa: S314
    places = [[(float(x), float(y)) for x, y in re.findall(r"([\d.]+),([\d.]+)", points)] for points in found]
    return [row for row in places if len({y for _, y in row}) > 1]


def test_one_series_a_kind_in_the_usual_order() -> None:
    svg = layer_figure.layers_svg(case(model(12)))
    found = texts(svg)
    assert [word for word in found if word in {"q", "o", "down"}] == ["q", "o", "down"]
    assert "squared error of the weights, relative" in found
    assert {"0", "11", "block"} <= set(found)
    series = lines(svg)
    assert [len(places) for places in series] == [12, 12, 12]
    assert all(a[0] < b[0] for places in series for a, b in pairwise(places))


def test_the_scale_is_logarithmic_and_up_is_more() -> None:
    layers = {f"model.layers.{i}.mlp.up_proj.weight": (10.0 ** (i - 5), 0.0) for i in range(4)}
    svg = layer_figure.layers_svg(case(layers))
    (places,) = lines(svg)
    y = [place[1] for place in places]
    assert y == sorted(y, reverse=True)
    assert y[0] - y[1] == pytest.approx(y[1] - y[2], abs=0.2)
    assert y[1] - y[2] == pytest.approx(y[2] - y[3], abs=0.2)
    assert {"0.01", "0.001", "0.0001", "1e-5"} <= set(texts(svg))


@pytest.mark.parametrize("errors", [(0.011, 0.019), (0.01, 0.01), (0.02, 0.05), (1e-9, 33.1), (1.0, 1.0)])
def test_every_scale_has_two_ticks_and_holds_its_errors(errors: tuple[float, float]) -> None:
    y, ticks = layer_figure._scale(errors, 100, 300)
    assert len(ticks) >= 2
    assert y(ticks[0][0]) == pytest.approx(300)
    assert y(ticks[-1][0]) == pytest.approx(100)
    assert all(100 - 1e-6 <= y(error) <= 300 + 1e-6 for error in errors)


def test_an_error_of_zero_stands_below_all_others() -> None:
    layers = {f"model.layers.{i}.mlp.up_proj.weight": (0.01 * i, 0.0) for i in range(3)}
    svg = layer_figure.layers_svg(case(layers))
    (places,) = lines(svg)
    assert places[0][1] > places[1][1] > places[2][1]
    assert texts(svg).count("0") == 2  # the tick, and the block
    nothing = layer_figure.layers_svg(case(dict.fromkeys(layers, (0.0, 0.0))))
    assert texts(nothing).count("0") == 2


def test_experts_of_a_block_are_their_mean_and_odd_weights_are_left_out() -> None:
    found = layer_figure.weights(
        [
            ("model.layers.3.mlp.experts.0.down_proj.weight", 0.1, 0.5),
            ("model.layers.3.mlp.experts.1.down_proj.weight", 0.3, 0.7),
            ("model.layers.3.mlp.shared_expert.down_proj.weight", 0.2, 0.0),
            ("model.layers.3.self_attn.v_proj.weight", math.nan, 0.0),
            ("lm_head.weight", 0.2, 0.0),
        ]
    )
    assert [(w.block, w.kind) for w in found] == [(3, "experts.down"), (3, "shared_expert.down")]
    assert found[0].error == pytest.approx(0.2)
    assert found[0].sparsity == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (("h.0.attn.c_proj", "h.0.mlp.c_proj", "h.0.attn.c_attn"), ["attn.c", "c_attn", "mlp.c"]),
        (("layers.0.fc1", "layers.0.self_attn.out_proj", "layers.0.self_attn.k_proj"), ["k", "fc1", "out"]),
        (("layers.0.mlp.down_proj", "layers.0.mlp.gate_proj"), ["gate", "down"]),
    ],
)
def test_kinds_are_named_as_shortly_as_a_model_allows(names: tuple[str, ...], kinds: list[str]) -> None:
    found = layer_figure.weights([(f"model.{name}.weight", 0.1, 0.0) for name in names])
    assert [weight.kind for weight in found] == kinds


def test_more_kinds_than_can_be_told_apart_are_said() -> None:
    many = tuple(f"mlp.part_{letter}" for letter in "abcdefghijklmno")
    svg = layer_figure.layers_svg(case(model(2, many)))
    assert len(lines(svg)) == layer_figure.MAX_KINDS
    assert f"{layer_figure.MAX_KINDS} of 15 kinds; all of them are in layers.csv" in texts(svg)


def test_marks_differ_in_shape_and_colour_together() -> None:
    drawn = {drawing.marks([(0.0, 0.0)], series) for series in range(layer_figure.MAX_KINDS)}
    assert len(drawn) == layer_figure.MAX_KINDS
    colours = [re.findall(r'fill="(#\w+)"', text)[0] for text in drawn]
    assert len(set(colours)) == len(drawing.SERIES_COLOURS)
    assert len(set(drawing.MARKS)) >= 7  # no shape twice among the seven kinds of a usual block


@pytest.mark.parametrize("method", ["wanda", "llm-compressor"])
def test_zeros_are_drawn_where_they_are_the_point(method: str) -> None:
    layers = {
        "model.layers.0.mlp.up_proj.weight": (0.1, 0.4),
        "model.layers.1.mlp.up_proj.weight": (0.1, 0.6),
        "model.layers.0.self_attn.q_proj.weight": (0.1, 0.5),
        "model.layers.1.self_attn.q_proj.weight": (0.1, 0.5),
    }
    found = texts(layer_figure.layers_svg(case(layers, method=method)))
    assert ("zeros by kind: mean, least and greatest block" in found) == (method == "wanda")
    assert ("50.0 % (40.0 % to 60.0 %)" in found) == ("50.0 %" in found) == (method == "wanda")
    declared = case(layers, method=method)
    declared = case(layers, method=method, checkpoint={**declared.checkpoint, "params": {"pattern": "2:4"}})
    assert "50.0 %" in texts(layer_figure.layers_svg(declared))


def test_a_figure_of_a_deep_model_is_no_heavier_than_allowed() -> None:
    kinds = tuple(f"mlp.part_{letter}" for letter in "abcdefghijkl")
    svg = figures.case_figure(case(model(160, kinds), method="wanda"))
    assert len(svg.encode()) < allure_case.FIGURE_BYTES
    assert [len(places) for places in lines(svg)] == [160] * 12


def test_only_builds_have_it_and_builds_without_layers_have_the_usual_one() -> None:
    assert layer_figure.layers_svg(case(model(2), task="needle")) == ""
    assert layer_figure.layers_svg(case({})) == ""
    assert "by level" in figures.case_figure(case({}))
    assert "error by block" in figures.case_figure(case(model(1)))
    sizes = re.findall(r'font-size="(\d+)"', figures.case_figure(case(model(3), method="wanda")))
    assert min(map(int, sizes)) >= 13
