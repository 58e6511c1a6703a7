"""The joint answer, the string tasks, review and the cleaner: worked examples T15 to T20 and their faults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from teval_stubs import both, never, scored, scores

from acbench.tasks.teval.cleaning import clean
from acbench.tasks.teval.values import same_value

GOLD: dict[str, Any] = {"thought": "find it", "name": "N.x", "args": {"place": "Berlin", "limit": 3}}


def joint(args: Any, gold: Any = None) -> tuple[Any, str]:
    truth = {**GOLD, "args": GOLD["args"] if gold is None else gold}
    record = {"meta_data": {"response_format": "json"}, "ground_truth": truth}
    return record, json.dumps({"thought": "find it", "name": "N.x", "args": args})


def test_t15_and_t16_arguments() -> None:
    for args, upstream, corrected in (
        ({"place": "Berlin", "limit": "3"}, 2 / 2.00001, 1),
        ({"place": "Berlin"}, 1 / 2.00001, 0.5),
        (GOLD["args"], 2 / 2.00001, 1),
        ({**GOLD["args"], "more": 1}, 2 / 2.00001, 1),
        (str(GOLD["args"]), 0, 1),
    ):
        record, answer = joint(args)
        for column in ("reason_json", "retrieve_json", "understand_json"):
            assert both(column, record, answer, "args") == pytest.approx((upstream, corrected), abs=1e-12)
    assert pytest.approx(0.999995, abs=1e-9) == 2 / 2.00001


def test_t17_an_empty_object() -> None:
    record, _ = joint({}, gold={})
    assert scores("retrieve_json", record, "{}", "upstream") == {
        "thought": 0.0,
        "name": 0.0,
        "args": 1.0,
        "parse_rate": 1.0,
    }
    assert set(scores("retrieve_json", record, "{}", "corrected").values()) == {0.0}
    assert both("retrieve_json", *joint({}, gold={}), "args") == (1, 1)
    assert both("retrieve_json", *joint({"x": 1}, gold={}), "args") == (0, 0)
    # the closing step has text for arguments, which counts as none
    assert both("retrieve_json", *joint({}, gold="all done"), "args") == (1, 1)
    assert both("retrieve_json", *joint("all done", gold="all done"), "args") == (1, 1)


def test_a8_a_null_is_no_text() -> None:
    record, answer = joint(GOLD["args"])
    for key in ("thought", "name"):
        given = json.dumps({**json.loads(answer), key: None})
        assert both("reason_json", record, given, key) == (0, 0)
        assert both("reason_json", record, given, "parse_rate") == (1, 0)


def test_a10_braces_in_front_and_a_second_object() -> None:
    record, answer = joint(GOLD["args"])
    for text in ("{see below} " + answer, answer + " {}"):
        assert both("reason_json", record, text, "name") == (0, 1)
        assert scored("reason_json", record, text, "corrected").outcome == "repaired"
    assert scored("reason_json", record, answer, "corrected").outcome == "ok"
    assert scored("reason_json", record, "nothing", "upstream").outcome == "unparsed"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (True, "true", True),
        (None, "null", True),
        (1, 1.0, True),
        (1, True, False),
        (1, "1", True),
        ([1, 2], (1, 2), True),
        ([1], [True], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (" Berlin ", "Berlin", True),
        ("Berlin", "berlin", False),
    ],
)
def test_a9_equal_values(a: Any, b: Any, same: bool) -> None:
    assert same_value(a, b) is same
    assert same_value(b, a) is same


PLACE = "AirbnbSearch.search_property_by_place"


def retrieve(name: str = PLACE, **more: Any) -> Any:
    return {"meta_data": {"response_format": "str", **more}, "ground_truth": {"name": name}}


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        pytest.param(f"{PLACE}, e.g. for Berlin", (0, 1), id="T18"),
        (PLACE, (1, 1)),
        (f"{PLACE} costs 2.0", (0, 1)),
        (f"Use {PLACE}.", (1, 1)),
        (f"{PLACE} or AirbnbSearch.get_reviews", (0, 0)),
        (f"{PLACE} or FinishAction", (0, 0)),
        ("search_property_by_place", (0, 0)),
        (f"{PLACE}_fast", (0, 0)),
    ],
)
def test_retrieve(answer: str, values: tuple[float, float]) -> None:
    assert both("retrieve_str", retrieve(), answer, "name") == values


def test_retrieve_with_a_tool_list_and_the_closing_step() -> None:
    listed = retrieve(API_list=[PLACE, "Zoo.feed"])
    assert scores("retrieve_str", listed, f"{PLACE} as in Read.me", "corrected")["name"] == 1
    assert scores("retrieve_str", listed, f"{PLACE}, Zoo.feed", "corrected")["name"] == 0
    assert both("retrieve_str", retrieve("FinishAction"), "FinishAction", "name") == (1, 1)
    prompt = [{"role": "system", "content": f"tools: [{{'name': '{PLACE}'}}, {{\"name\": \"Zoo.feed\"}}]"}]
    told = {**retrieve(), "origin_prompt": prompt}
    assert scores("retrieve_str", told, f"{PLACE}, not Read.me", "corrected")["name"] == 1
    assert scores("retrieve_str", told, f"{PLACE}, not Zoo.feed", "corrected")["name"] == 0


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        ("'Berlin'", (1, 1)),
        ('"Berlin"', (1, 1)),
        ("'\"Berlin\"'", (1, 1)),
        ("\"'Berlin'\"", (0, 1)),
        ("Berlin.", (0, 0)),
        (" Berlin ", (1, 1)),
        ("", (0, 0)),
    ],
)
def test_t19_understand(answer: str, values: tuple[float, float]) -> None:
    record = {"ground_truth": {"args": "Berlin"}}
    assert both("understand_str", record, answer, "args") == values


def test_a12_values_of_other_types() -> None:
    assert both("understand_str", {"ground_truth": {"args": '"x"'}}, '"x"', "args") == (0, 1)
    assert both("understand_str", {"ground_truth": {"args": ["a", "b"]}}, '["a", "b"]', "args") == (0, 1)
    assert both("understand_str", {"ground_truth": {"args": True}}, "true", "args") == (0, 1)
    assert both("understand_str", {"ground_truth": {"args": 3}}, "3", "args") == (1, 1)
    assert both("understand_str", {"ground_truth": {"args": "007"}}, "7", "args") == (0, 0)


@pytest.mark.parametrize(
    ("answer", "values", "parsed"),
    [
        pytest.param("Answer: C", (1, 1), (1, 1), id="T20a"),
        pytest.param("The answer is C", (0, 1), (0, 1), id="T20b"),
        pytest.param("Here is my judgement:\nAnswer: C", (0, 1), (1, 1), id="T20c"),
        pytest.param("Answer: (C)", (0, 1), (0, 1), id="T20d"),
        ("**Answer:** **C**", (0, 1), (0, 1)),
        ("Answer\uff1aC", (0, 1), (1, 1)),
        ("c", (0, 1), (0, 1)),
        ("C", (1, 1), (1, 1)),
        ("Answer: A\nNo, wait. Answer: C", (0, 1), (1, 1)),
        ("A tool failed, so C.", (0, 1), (1, 1)),
        ("Because", (0, 0), (1, 0)),
        ("A or C", (0, 0), (1, 0)),
        ("", (0, 0), (0, 0)),
    ],
)
def test_review(answer: str, values: tuple[float, float], parsed: tuple[float, float]) -> None:
    record = {"template": "", "ground_truth": {"answer": "C"}}
    assert both("review", record, answer, "review_quality") == values
    assert both("review", record, answer, "parse_rate") == parsed


def test_a8_an_empty_thought() -> None:
    record = {"ground_truth": {"thought": "find it"}}
    assert both("reason_str", record, "find it", "thought") == (1, 1)
    assert both("reason_str", record, "", "parse_rate") == (1, 0)


def test_only_texts_that_are_compared_by_meaning_need_a_model() -> None:
    scored("retrieve_str", retrieve(), "x", "corrected", embedder=never)
    scored("understand_str", {"ground_truth": {"args": 1}}, "x", "upstream", embedder=never)
    scored("review", {"ground_truth": {"answer": "A"}}, "x", "corrected", embedder=never)


@pytest.mark.parametrize(
    ("raw", "upstream", "corrected"),
    [
        ("a\nuser: b", "a", "a\nuser: b"),
        ('```json\n{"a": 1}\n```', '{"a": 1}', '{"a": 1}'),
        ("`C`", "C", "C"),
        ("done<eoa>rest", "done", "done"),
        ("<think>\nuser x</think> C", "C", "C"),
        ("a<|user|>b", "a", "a"),
        ("a[INST]b", "a", "a"),
    ],
)
def test_cleaner(raw: str, upstream: str, corrected: str) -> None:
    assert clean(raw, upstream=True) == upstream
    assert clean(raw, upstream=False) == corrected
