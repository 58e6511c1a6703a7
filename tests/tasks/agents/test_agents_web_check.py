"""``acbench score agent-web``: recorded pages and answers through the scores of the web task."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.errors import DataError
from acbench.tasks.agents.web_check import open_scorer
from acbench.tasks.protocol import Prediction, Scored
from acbench.tasks.webarena.checking import check


def score(gold: Any, prediction: str, mode: str = "corrected") -> Scored:
    def no_embedder() -> Any:
        raise AssertionError("nothing here is compared by meaning")

    scorer = open_scorer("", mode=mode, embedder=no_embedder)
    line = Prediction("1", gold, prediction)
    scorer.prepare([line])
    return scorer.score(line)


HOST = "http://shop.example"


@pytest.mark.parametrize(
    ("reference", "current", "progress"),
    [
        ("/x/y", "/x", 0.5),
        ("/x/y/z", "/q/x/z", 0.6667),
        ("/s?q=1&p=2", "/s?q=1", 0.8333),
        ("/s?q=1&p=2", "/s?q=1&p=3&r=4", 0.7),
        ("/s?q=1", "/s", 0.5),
        ("", "/anything", 1.0),
    ],
)
def test_worked_example_13(reference: str, current: str, progress: float) -> None:
    found = score({"kind": "url", "reference": HOST + reference}, HOST + current)
    assert found.scores["progress"] == pytest.approx(progress, abs=5e-5)
    assert found.scores["success"] in (0, 1)
    assert score({"kind": "url", "reference": HOST + "/x"}, "http://other.example/x").scores["progress"] == 0


def test_worked_example_14_takes_no_prediction() -> None:
    mix = {"kind": "mix", "url": 0.5, "content": 1, "snippets": 2}
    assert score(mix, "").scores == {"progress": pytest.approx(0.7)}
    assert score(mix, "").outcome == "scored"
    with pytest.raises(DataError, match="takes no prediction"):
        score(mix, "x")


@pytest.mark.parametrize(
    ("references", "answer", "success"),
    [
        ({"must_include": ["3"]}, "13", 0),
        ({"must_include": ["3"]}, "it is 3", 1),
        ({"must_include": ["red", "blue"]}, "red", 0),
        ({"exact_match": "Yes"}, "yes ", 1),
    ],
)
def test_worked_example_15(references: dict[str, Any], answer: str, success: int) -> None:
    found = score({"kind": "string", "reference_answers": references}, answer)
    assert found.scores == {"success": success}
    assert found.outcome == ("success" if success else "failure")


def test_what_is_no_number_stands_beside_the_scores() -> None:
    seen = score({"kind": "content", "required": ["a b", "c"]}, "here is a b")
    assert (seen.scores, dict(seen.detail)) == ({"progress": 0.5}, {"seen": [True, False]})
    pages = {"kind": "content", "required": ["a b", "c"], "texts": ["a b", "c"]}
    assert score(pages, "").scores == {"progress": 1.0}
    page = {"kind": "page", "required_contents": {"must_include": ["Blue"]}}
    assert score(page, "blue shoes").scores == {"success": 1}
    click = score({"kind": "action", "text": "is replaced"}, "@click [7]@")
    assert click.detail["action"]["verb"] == "click"
    assert (click.scores, click.outcome) == ({}, "scored")
    assert score({"kind": "action"}, "click").outcome == "unparsed"


def test_a_trajectory_takes_its_answer() -> None:
    record = {
        "kind": "trajectory",
        "eval": {"eval_types": ["string_match"], "reference_answers": {"exact_match": "42"}},
        "turns": [{"url": HOST, "texts": []}],
        "final": {"url": HOST, "texts": []},
    }
    right, wrong = score(record, "42"), score(record, "41")
    assert (right.scores, wrong.scores) == (
        {"final_progress": 1.0, "success": 1},
        {"final_progress": 0.0, "success": 0},
    )
    assert right.detail == {"progress": [0.0]}


def test_means_list_what_failed() -> None:
    rows = [
        {"id": 1, "difficulty": "easy", "progress": 1.0, "success": 1},
        {"id": 2, "difficulty": "easy", "error": "the browser died"},
    ]
    found = score({"kind": "summary", "episodes": rows}, "")
    assert found.scores == {"progress": 0.5, "success": 0.5}
    assert (found.detail["failed"], found.detail["hard"]) == ([2], {"progress": None, "success": None})


def test_the_mode_is_the_records_own_or_the_commands() -> None:
    record = {"kind": "action"}
    bare = "click [7]"
    both = {mode: score(record, bare, mode).outcome for mode in ("corrected", "upstream")}
    for mode, outcome in both.items():
        expected = check({"kind": "action", "text": bare, "mode": mode})
        assert (outcome == "unparsed") == bool(expected["error"])
        assert score({**record, "mode": mode}, bare, "corrected").outcome == outcome


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ("x", "must be a web record"),
        ({}, "unknown kind"),
        ({"kind": "urls"}, "did you mean 'url'"),
        ({"kind": "url"}, "field 'reference'"),
        ({"kind": "trajectory"}, "field 'final'"),
        ({"kind": "action", "mode": "new"}, "field 'mode'"),
    ],
)
def test_malformed_records_are_named(gold: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        score(gold, "x")


RECORDS: list[dict[str, Any]] = [
    {"kind": "url", "reference": f"{HOST}/a/b?c=1 |OR| {HOST}/d"},
    {"kind": "string", "reference_answers": {"must_include": ["3", "red"], "fuzzy_match": ["x"]}},
    {"kind": "content", "required": ["a", ""]},
    {"kind": "page", "required_contents": {"exact_match": "a"}},
    {"kind": "action"},
]
HOSTILE = [
    "http://[",
    "http://[::1",
    "//",
    "http://a:99999999/",
    "%",
    "?&=&;",
    "@" * 50,
    "@click [" + "9" * 5000 + "]@",
]


@given(st.sampled_from(RECORDS), st.text(max_size=40) | st.sampled_from(HOSTILE))
@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_any_prediction_is_scored(mode: str, record: dict[str, Any], prediction: str) -> None:
    found = score(record, prediction, mode)
    assert all(0 <= value <= 1 for value in found.scores.values())
    json.dumps(dict(found.detail))
