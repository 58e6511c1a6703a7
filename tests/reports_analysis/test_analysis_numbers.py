"""The table, the JSON and the metric samples of an analysis."""

from __future__ import annotations

import json
from dataclasses import replace

import analysis_cases as cases
import pytest

from reports import allure_case, allure_session
from reports.analysis import numbers


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.5201, "share", "52.01 %"),
        (0.0004, "share", "0.040 %"),
        (1.0, "share", "100.0 %"),
        (0.00012, "nats", "0.00012 nats"),
        (3.2, "nats", "3.20 nats"),
        (376.7725, "", "376.8"),
        (48211.4, "", "48,211"),
        (0.0, "nats", "0.00 nats"),
        (None, "nats", "–"),
    ],
)
def test_values_keep_the_digits_that_matter(value: float | None, unit: str, words: str) -> None:
    assert numbers.written(value, unit) == words


def test_description_has_the_table_of_numbers() -> None:
    result = cases.analysis_case("rtn-w4g64", "erank")
    html = allure_case.description_html(result)
    assert "<th>number</th><th>base</th><th>compressed</th><th>95 % interval</th><th>noise floor</th>" in html
    # a level: interval of the difference; a distance: no base, interval of the value
    assert "<td>28.00</td><td>24.19</td><td>[-4.08, -3.54] of the difference</td><td>28.02</td>" in html
    assert "<td>–</td><td>13.60 %</td><td>[12.24, 14.96]</td><td>0.400 %</td><td>30</td>" in html
    assert "<script" not in html


def test_titles_are_escaped_and_nulls_are_dashes() -> None:
    result = cases.analysis_case("rtn-w4g64", "energy")
    result.analysis["numbers"]["energy.w1"] = cases.number("<b>&", "nats", None, n=0, undefined=3)
    html = numbers.table_html(result)
    assert "&lt;b&gt;&amp;" in html
    assert "<td>–</td><td>–</td><td>–</td><td>–</td><td>0</td><td>3</td>" in html


def test_a_perplexity_beyond_the_vocabulary_is_not_a_number_to_read() -> None:
    """Worse than guessing: how much worse says nothing (specification of the analysis metrics, section 4)."""
    result = cases.analysis_case("rtn-w2g64", "energy")
    result.analysis["protocol"]["vocabulary"] = 49152
    result.analysis["numbers"]["perplexity"] = cases.number("Perplexity", "", 5.1e6, base=31.6)
    html = numbers.table_html(result)
    assert "<td>31.60</td><td>&gt;49152</td>" in html


def test_other_tasks_have_no_table() -> None:
    assert numbers.table_html(cases.task_case("rtn-w4g64", "needle", [1.0], [0.0])) == ""
    unknown = replace(cases.analysis_case("rtn-w4g64", "erank"), analysis={"kind": "other", "numbers": {}})
    assert numbers.table_html(unknown) == ""


def test_attachments_of_an_analysis() -> None:
    result = replace(cases.analysis_case("rtn-w4g64", "top-k"), sample_prompt="a text of the set")
    found = {one.name: one for one in allure_case.attachments(result)}
    assert list(found) == ["verdict.json", "figure.svg", "numbers.json"]
    data = json.loads(found["numbers.json"].body)
    assert data["id"] == result.id
    assert data["numbers"]["topk.jaccard.10"]["floor"] == 0.951
    assert len(data["by_k"]) == len(cases.KS)
    assert "analysis" not in json.loads(found["verdict.json"].body)
    assert sum(len(one.body.encode()) for one in found.values()) < 300_000


def test_metric_samples_are_levels_in_their_own_group() -> None:
    result = cases.analysis_case("rtn-w4g64", "top-k", model="qwen2.5-7b")
    samples = allure_session.metric_samples(result, now_ms=1000)
    difference, *levels = samples
    assert difference["group"] == "qwen2_5-7b"
    assert [sample["key"].rsplit(".", 1)[1] for sample in levels] == [
        "level_topk_jaccard_10",
        "level_topk_tau_base_set_10",
        "level_kl_mean",
        "level_flips_right_to_wrong",
    ]
    assert len({sample["key"] for sample in samples}) == len(samples)
    assert {sample["group"] for sample in levels} == {"qwen2_5-7b-analyses"}
    assert levels[0]["value"] == round(100 * 0.97 * 0.66**1.5, 3)
    assert (levels[0]["unit"], levels[0]["better"]) == ("%", "higher")
    assert levels[2]["value"] == round(3 * 0.34**2, 3)


def test_numbers_without_a_value_or_a_direction() -> None:
    result = cases.analysis_case("rtn-w4g64", "erank")
    result.analysis["numbers"]["weight.sqnr"]["value"] = None
    levels = [s for s in allure_session.metric_samples(result, now_ms=0) if "-analyses" in s["group"]]
    assert len(levels) == 3
    assert [("better" in sample) for sample in levels] == [True, False, True]
