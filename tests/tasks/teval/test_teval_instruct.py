"""Instruct: worked examples T10 to T14 and the faults A15 to A17."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from teval_stubs import both, never, scored, scores

from acbench.tasks.teval.instruct import LITERALS, _string_greedy
from acbench.tasks.teval.loading import LoadError

TEMPLATE = {"thought": "goal", "action": "name", "args": "args"}
GOLD: dict[str, Any] = {"action": "A.b", "args": {"place": "Berlin", "n": 3}}
RECORD = {"template": TEMPLATE, "meta_data": {"response_format": "json"}, "ground_truth": GOLD}
LAYOUT = dict(zip(LITERALS, ("goal:", "\n", "name:", "\n", "args:", ""), strict=True))
ROOMS = {"action": "RoomSearch.find_rooms", "args": {"city": "Turin", "guests": 3, "breakfast": True}}
STRING = {"template": LAYOUT, "meta_data": {"response_format": "string"}, "ground_truth": ROOMS}
FORMAT, ARGS = "json_format_metric", "json_args_em_metric"


def call(args: Any = None, **more: Any) -> str:
    return json.dumps({"goal": "g", "name": "A.b", "args": GOLD["args"] if args is None else args, **more})


@pytest.mark.parametrize(
    ("answer", "layout", "args"),
    [
        pytest.param(call({"place": "Berlin", "n": "3"}), (1, 1), (2 / 3, 2 / 3), id="T10"),
        pytest.param(call("{'place':'Berlin','n':3}"), (1, 1), (1 / 3, 1), id="T11"),
        pytest.param("Sure " + call(), (0, 1), (0, 1), id="T12"),
        pytest.param(call({**GOLD["args"], "x": 1}), (1, 1), (1, 1), id="T13"),
        pytest.param('{"goal": "g", "name": "A.b"}', (0, 0), (0, 0), id="a key is missing"),
        pytest.param("[1]", (0, 0), (0, 0), id="a list"),
        pytest.param("```json\n" + call() + "\n```", (1, 1), (1, 1), id="fenced"),
    ],
)
def test_json(answer: str, layout: tuple[float, float], args: tuple[float, float]) -> None:
    assert both("instruct_json", RECORD, answer, FORMAT) == layout
    assert both("instruct_json", RECORD, answer, ARGS) == pytest.approx(args)


def test_a17_absent_arguments_and_booleans() -> None:
    record = {**RECORD, "ground_truth": {"action": "A.b", "args": {"text": "", "flag": 1}}}
    assert both("instruct_json", record, call({"flag": True}), ARGS) == pytest.approx((1, 1 / 3))
    assert both("instruct_json", record, call({"flag": 1.0, "text": ""}), ARGS) == (1, 1)


def test_t14_string_layout() -> None:
    answer = 'goal: g\nname: RoomSearch.find_rooms\nargs: {"city": "Turin", "guests": 3, "breakfast": true}'
    assert both("instruct_str", STRING, answer, "string_format_metric") == (1, 1)
    assert both("instruct_str", STRING, answer, "string_args_em_metric") == (0.25, 1)


def test_a15_blocks_and_ends() -> None:
    right = f"goal: g\nname: RoomSearch.find_rooms\nargs: {ROOMS['args']}"
    wrong = "goal: g\nname: Other.tool\nargs: {}"
    metric = "string_args_em_metric"
    # greedy groups read the last of several blocks, corrected mode the first
    assert both("instruct_str", STRING, f"{right}\n{wrong}", metric) == (0, 1)
    assert both("instruct_str", STRING, f"{wrong}\n{right}", metric) == (1, 0)
    ended = {**STRING, "template": {**LAYOUT, "args_end": "\n"}}
    assert both("instruct_str", ended, right + "\n", metric) == (0, 1)
    special = {**STRING, "template": {**LAYOUT, "args_start": "args(*):"}}
    assert both("instruct_str", special, right.replace("args:", "args(*):"), metric) == (0, 1)
    broken = {**STRING, "template": {**LAYOUT, "args_start": "args(:"}}
    assert scored("instruct_str", broken, right, "upstream").outcome == "upstream_error"


def test_a_record_is_read_in_its_own_format_and_without_a_model() -> None:
    found = scored("instruct_json", STRING, "goal: g\nname: x\nargs: {}", "upstream", embedder=never)
    assert set(found.scores) == {"string_format_metric", "string_args_em_metric"}


PIECES = st.lists(st.sampled_from(["goal:", "name:", "args:", "\n", "x", " "]), max_size=14).map("".join)
ENDS = st.sampled_from(["", "\n", "x"])


@given(PIECES, ENDS, ENDS, ENDS)
def test_the_fast_reading_equals_the_pattern(text: str, first: str, second: str, last: str) -> None:
    pattern = f"goal:(.*){first}name:(.*){second}args:(.*){last}"
    found = re.search(pattern, text, re.DOTALL)
    try:
        read = _string_greedy(text, "goal:", first + "name:", second + "args:", last).action
    except LoadError:
        read = None
    assert read == (found.group(2).strip() if found else None)


def test_values_that_cannot_be_compared_do_not_raise() -> None:
    deep = "[" * 400 + "]" * 400
    for mode in ("upstream", "corrected"):
        assert scores("instruct_json", RECORD, call().replace("3", deep), mode)[FORMAT] in (0, 1)
        assert scores("instruct_json", RECORD, call().replace("3", "0x" + "f" * 6000), mode)[FORMAT] in (0, 1)
