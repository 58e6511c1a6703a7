"""What one case looks like: numbers, labels, description, figure and attachments."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from report_cases import case_result, comparison, flip

from acbench.records import LevelRow
from reports import allure_case, figures, formats


@pytest.mark.parametrize(
    ("value", "unit", "level", "difference"),
    [
        (0.467, "share", "46.7 %", "+46.7 pp"),
        (-0.0333, "share", "-3.3 %", "-3.3 pp"),
        (-0.0001, "share", "0.0 %", "0.0 pp"),
        (2.1304, "nats", "2.130 nats", "+2.130 nats"),
        (-0.0004, "nats", "0.000 nats", "0.000 nats"),
    ],
)
def test_units(value: float, unit: str, level: str, difference: str) -> None:
    assert formats.level(value, unit) == level
    assert formats.difference(value, unit) == difference


def test_loss_follows_the_direction_of_the_metric() -> None:
    assert formats.loss(comparison(0.5, 0.4)) == pytest.approx(0.1)
    assert formats.loss(comparison(-2.0, -2.5, unit="nats")) == pytest.approx(0.5)
    divergence = replace(comparison(2.0, 2.5, unit="nats"), higher_is_better=False)
    assert formats.loss(divergence) == pytest.approx(0.5)


def test_report_only_is_always_said() -> None:
    free = case_result(outcome="fail", gate="report")
    assert formats.mark(free) == "❌ worse (report-only)"
    assert formats.word(free) == "WORSE, report-only"
    assert "report-only" not in formats.mark(case_result(outcome="fail"))


def test_case_of_nodeid() -> None:
    case = allure_case.case_of_nodeid("suites/test_x.py::test_case[m:awq-w4g128+autoawq:needle]")
    assert case is not None
    assert case.compression == "awq-w4g128+autoawq"
    assert allure_case.case_of_nodeid("suites/test_x.py::test_case[m-awq-needle]") is None
    assert allure_case.case_of_nodeid("suites/test_x.py::test_case") is None


def test_description_is_a_table_without_script() -> None:
    metric = comparison(title="<b>Exact</b>", samples_needed=None)
    html = allure_case.description_html(case_result(primary=metric, outcome="fail"))
    assert "<th>metric</th><th>base</th><th>compressed</th><th>difference</th><th>interval</th>" in html
    assert (
        "<td>50.0 %</td><td>45.0 %</td><td>-5.0 pp</td><td>[-9.0, -1.0] at 95 %</td><td>5.0 pp</td>" in html
    )
    assert "&lt;b&gt;Exact" in html
    assert "<script" not in html
    assert "Limit: set for the demo (thresholds.toml)" in html
    assert "smallest loss this many samples can show: 7.1 pp" in html


def test_description_says_how_many_samples_would_decide() -> None:
    result = case_result(primary=comparison(samples_needed=900, excluded=4), outcome="inconclusive")
    html = allure_case.description_html(result)
    assert "About 900 samples would decide it." in html
    assert "4 samples were left out." in html


def test_flips_are_capped_and_cut() -> None:
    result = case_result(flips=tuple(flip(i, text='a "quoted", line\n' * 100) for i in range(80)))
    rows = list(csv.DictReader(io.StringIO(allure_case.flips_csv(result))))
    assert len(rows) == allure_case.FLIP_ROWS
    assert len(rows[0]["base_text"]) == allure_case.TEXT_LIMIT
    assert rows[0]["base_text"].endswith("(+1400)")
    assert rows[0]["compressed_text"] == "The city is <Oslo>."


def test_flips_stay_within_their_bytes() -> None:
    result = case_result(
        flips=tuple(flip(i, text="\U0001f600" * 400) for i in range(50)),
    )
    text = allure_case.flips_csv(result)
    assert len(text.encode()) <= allure_case.FLIPS_BYTES
    assert len(list(csv.DictReader(io.StringIO(text)))) == 50


def test_attachments_of_a_huge_case_stay_below_the_limit() -> None:
    huge = case_result(
        flips=tuple(flip(i, text="\U0001f600" * 4000) for i in range(400)),
        sample_prompt="word " * 200_000,
        levels=tuple(LevelRow(f"{i}" * 40, 3, 0.4, 0.5) for i in range(2_000)),
        checkpoint={"log": "x" * 100_000},
    )
    found = allure_case.attachments(huge)
    assert len(found) <= 4
    assert sum(len(a.body.encode()) for a in found) < 300_000
    assert "bytes left out here" in found[-1].body
    assert json.loads(found[0].body)["primary"]["n"] == 120


def test_verdict_json_has_the_evidence_but_no_samples() -> None:
    data = json.loads(allure_case.verdict_json(case_result()))
    assert data["verdict"]["outcome"] == "pass"
    assert data["channels"][0]["channel"] == "correct"
    assert not {"flips", "cells", "sample_prompt"} & set(data)


def test_levels_figure_is_well_formed_and_complete() -> None:
    result = case_result(levels=(LevelRow("<easy>", 30, 0.9, 0.8), LevelRow("hard", 30, 0.2, 0.2)))
    root = ET.fromstring(figures.levels_svg(result))  # noqa: S314 - our own figure
    texts = ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"<easy>", "hard", "all", "n = 120", "base", "rtn-w4g64", "%"} <= set(texts)
    sizes = [float(node.attrib["font-size"]) for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert min(sizes) >= 13
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == 1 + 3  # the legend and one a row
    x = [float(node.attrib["cx"]) for node in circles[1:]]
    assert x[0] > x[2] > x[1]


def test_levels_figure_of_nats_spans_the_data() -> None:
    result = case_result(primary=comparison(2.0, 2.0, unit="nats"), levels=())
    root = ET.fromstring(figures.levels_svg(result))  # noqa: S314
    assert "nats" in "".join(root.itertext())


def test_heat_map_for_cells_with_length_and_depth() -> None:
    cells = tuple(
        {"length": length, "depth": depth, "base": 1.0, "compressed": None if depth else 0.5}
        for length in (512, 1024)
        for depth in (0.0, 50.0)
    )
    svg = figures.case_figure(case_result(cells=cells))
    text = "".join(ET.fromstring(svg).itertext())  # noqa: S314
    assert "compressed minus base" in text
    assert figures.heat_map(case_result(cells=({"depth": 3},))) == ""
    assert "by level" in figures.case_figure(case_result())


def test_a_long_answer_is_drawn_by_place() -> None:
    parts = tuple(
        comparison(0.9 - 0.1 * i, 0.8 - 0.2 * i, metric=f"position_{i}", title=f"part {i}")
        for i in range(1, 4)
    )
    svg = figures.case_figure(case_result(task="longgenbench-gsm8k", secondary=parts))
    assert "by place in the answer" in svg
    assert [f"part {i} of 5" in svg for i in range(1, 5)] == [True, True, True, False]
    assert "by level" in figures.case_figure(case_result(task="pddl"))
