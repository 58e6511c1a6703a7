"""Figures of the analyses: what they say, how large they are, and that they come out the same."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import analysis_cases as cases
import pytest

from reports import allure_case, figures
from reports.analysis import canvas
from reports.analysis.erank_figure import by_kind
from reports.analysis.figures import analysis_svg, ladder_svg
from reports.analysis.ladder_figure import rungs, weight_ratios

SVG = "{http://www.w3.org/2000/svg}"
LIMIT = 80_000


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own


@pytest.mark.parametrize("task", cases.ANALYSES)
@pytest.mark.parametrize("recipe", ["rtn-w8g64", "rtn-w2g64"])
def test_figure_is_whole_small_legible_and_loads_nothing(task: str, recipe: str) -> None:
    svg = analysis_svg(cases.analysis_case(recipe, task))
    root = ET.fromstring(svg)  # noqa: S314
    assert root.attrib["width"] == "900"
    assert len(svg.encode()) <= LIMIT
    said = texts(svg)
    assert any(text.startswith(f"{task}: ") and f"{recipe} against base" in text for text in said)
    assert any("30 texts x 128 tokens, 3,840 positions" in text for text in said)
    assert min(float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)) >= 12
    outside = set(re.findall(r"https?://[^\"\s]+", svg))
    assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "<script" not in svg
    assert 'fill="#ffffff"' in svg  # the card


@pytest.mark.parametrize("task", cases.ANALYSES)
def test_the_same_result_gives_the_same_bytes(task: str) -> None:
    result = cases.analysis_case("rtn-w4g64", task)
    assert analysis_svg(result) == analysis_svg(result)


def test_drawing_leaves_no_settings_behind() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    analysis_svg(cases.analysis_case("rtn-w4g64", "erank"))
    assert dict(mpl.rcParams) == before


def test_erank_has_a_series_for_every_kind_and_says_the_floor() -> None:
    svg = analysis_svg(cases.analysis_case("rtn-w4g64", "erank"))
    said = texts(svg)
    assert [text for text in said if text in cases.KINDS] == list(cases.KINDS)
    assert any("13.60 %" in text and "0.400 %" in text for text in said)  # 0.4 x 0.34, and the floor
    for colour in ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#882255"):
        drawn = re.findall(rf'<path d="M[^"]*" clip-path[^>]*stroke: {colour}', svg)
        assert len(drawn) >= 3, colour  # base, compressed and change


def test_weights_by_kind_skip_what_has_no_layer_or_no_value() -> None:
    rows: list[dict[str, Any]] = [
        {"layer": 0, "kind": "up", "rank": 10, "base": 8.0, "value": 9.0},
        {"layer": 0, "kind": "up", "rank": 10, "base": 8.0, "value": 8.0},  # a second expert
        {"layer": 0, "kind": "q", "rank": 4, "base": 2.0, "value": 1.0},
        {"layer": 1, "kind": "q", "rank": 4, "base": None, "value": 1.0},
        {"layer": -1, "kind": "head", "rank": 4, "base": 2.0, "value": 2.0},
    ]
    found = by_kind(rows)
    assert list(found) == ["q", "up"]
    assert found["q"] == [(0, 0.5, 0.25, -50.0)]
    assert found["up"][0] == pytest.approx((0, 0.8, 0.85, 6.25))


def test_topk_draws_the_floor_and_the_law_of_independence() -> None:
    svg = analysis_svg(cases.analysis_case("rtn-w4g64", "top-k"))
    said = texts(svg)
    assert {"Jaccard of the top k", "spread of tau", "KL, by position", "sd of independent ranks"} <= set(
        said
    )
    assert "noise floor: base against itself in bfloat16" in said
    assert [text for text in said if text in ("1", "3", "5", "10", "20", "50")] == [
        "1",
        "3",
        "5",
        "10",
        "20",
        "50",
    ] * 3
    assert "tau undefined at 4 positions" in " ".join(said)


def test_energy_has_a_panel_for_every_bin_with_its_count() -> None:
    said = texts(analysis_svg(cases.analysis_case("rtn-w4g64", "energy")))
    assert sum(text.startswith("position ") for text in said) == len(cases.BINS)
    assert "n = 1920" in said
    assert any("3.20 nats (floor 0.090 nats)" in text for text in said)  # 9.4 x 0.34


@pytest.mark.parametrize("task", cases.ANALYSES)
def test_nothing_but_gaps_is_no_crash(task: str) -> None:
    result = cases.analysis_case("rtn-w4g64", task)
    emptied = _nulls(result.analysis)
    emptied["kind"] = task
    svg = analysis_svg(replace(result, analysis=emptied))
    if svg:
        ET.fromstring(svg)  # noqa: S314
    bare = {"schema": 1, "kind": task, "protocol": {}, "numbers": {}}
    assert analysis_svg(replace(result, analysis=bare)) == ""


def _nulls(value: Any) -> Any:
    """The same shape with null for every number but layers, k and edges."""
    if isinstance(value, dict):
        kept = ("layer", "k", "edges", "kind", "bin", "rank", "title", "unit", "n", "undefined", "schema")
        return {key: item if key in kept else _nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_nulls(item) for item in value]
    return value if isinstance(value, str) else None


def test_deep_models_with_many_kinds_stay_within_the_limit() -> None:
    result = cases.analysis_case("rtn-w4g64", "erank")
    deep = replace(result, analysis=cases.erank_analysis(0.3, layers=80))
    assert len(analysis_svg(deep).encode()) <= LIMIT


def test_one_layer_one_bin_one_k() -> None:
    erank = cases.erank_analysis(0.3, layers=1)
    topk = cases.topk_analysis(0.3)
    topk["by_k"], topk["by_position"] = topk["by_k"][:1], topk["by_position"][:1]
    energy = cases.energy_analysis(0.3)
    energy["by_position"], energy["histogram"]["bins"] = (
        energy["by_position"][:1],
        energy["histogram"]["bins"][:1],
    )
    for found in (erank, topk, energy):
        svg = analysis_svg(replace(cases.analysis_case("rtn-w4g64", found["kind"]), analysis=found))
        ET.fromstring(svg)  # noqa: S314


def test_names_are_text_never_markup_or_formulas() -> None:
    result = replace(cases.analysis_case("rtn-w4g64", "erank"), compression="<b>$x$", id="<i>")
    said = texts(analysis_svg(result))
    assert any("<b>$x$ against base" in text for text in said)


def test_the_noise_floor_is_called_what_it_is() -> None:
    result = cases.analysis_case("base", "energy", 0.01)
    assert "energy: energy by position, base in bfloat16 against base" in texts(analysis_svg(result))


def test_other_tasks_and_a_missing_library_have_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert analysis_svg(cases.task_case("rtn-w4g64", "needle", [1.0], [0.0])) == ""
    result = cases.analysis_case("rtn-w4g64", "energy")
    monkeypatch.setattr(canvas, "available", lambda: False)
    assert analysis_svg(result) == ladder_svg(cases.MODEL, cases.ladder(("needle",))) == ""
    assert canvas.MISSING in allure_case.description_html(result)
    assert "<svg" in figures.case_figure(result)  # by level, without the library


def test_ladder_goes_from_many_bits_to_few() -> None:
    results = [cases.analysis_case(recipe, task) for recipe in cases.LADDER for task in cases.ANALYSES]
    steps = rungs(cases.MODEL, results)
    bits = [step.bits for step in steps if step.bits is not None]
    assert bits == sorted(bits, reverse=True)
    svg = ladder_svg(cases.MODEL, results)
    said = texts(svg)
    assert set(cases.LADDER) <= set(said)
    assert {"16 bits, pruned", "8.25 bits", "4.25–4.31 bits", "3.25 bits", "2.25 bits"} <= set(said)
    assert len(svg.encode()) <= LIMIT
    assert svg == ladder_svg(cases.MODEL, results)


def test_weight_ratio_is_the_mean_change_over_layers() -> None:
    result = cases.analysis_case("rtn-w4g64", "erank")
    rows = [row for row in result.analysis["weights"] if row["kind"] == "o"]
    expected = sum(100 * (row["value"] - row["base"]) / row["base"] for row in rows) / len(rows)
    assert weight_ratios(result)["o"] == pytest.approx(expected)


def test_no_ladder_below_two_recipes() -> None:
    assert ladder_svg(cases.MODEL, [cases.analysis_case("rtn-w4g64", "erank")]) == ""
    assert ladder_svg(cases.MODEL, []) == ""
