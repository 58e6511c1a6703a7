"""Reading a call: the form, the literals, and that nothing is ever evaluated."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import acbench.tasks.tools as package
from acbench.tasks.tools.calls import Call, CallError, read_call
from acbench.tasks.tools.literals import LARGEST, MAX_DEPTH, read_literal
from acbench.tasks.tools.prompts import read_action


def test_worked_example_16() -> None:
    with pytest.raises(CallError) as caught:
        read_call('get_tasks with Action Input {"project_id": "1"}')
    assert caught.value.trouble == "format"
    assert read_call('a with  Action Input: {"x": true}') == Call("a", {"x": True})


@pytest.mark.parametrize(
    ("line", "tool", "arguments"),
    [
        ("get_projects with Action Input: {}", "get_projects", {}),
        ("  t   with Action Input:{'a': 1}  ", "t", {"a": 1}),
        (
            "t with Action Input: {'a': True, \"b\": null, 'c': None, \"d\": false}",
            "t",
            {"a": True, "b": None, "c": None, "d": False},
        ),
        ('t with Action Input: {"a": "with Action Input: {}"}', "t", {"a": "with Action Input: {}"}),
        ("t with Action Input: {'a': [[25.00 + 5], [2 * 3, -4]],}", "t", {"a": [[30.0], [6, -4]]}),
        ('{"q"} with Action Input: {}', '{"q"}', {}),
        ("t with Action Input: {'a': (1, 2), 'b': (3), 'c': ()}", "t", {"a": [1, 2], "b": 3, "c": []}),
    ],
)
def test_calls_that_read(line: str, tool: str, arguments: dict[str, Any]) -> None:
    assert read_call(line) == Call(tool, arguments)


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("", "format"),
        ("get_projects", "format"),
        ("get_projects()", "format"),
        ("t with action input: {}", "format"),  # case matters
        ("t with Action Input: {}\nmore", "format"),
        ("t with Action Input:", "arguments"),
        ("t with Action Input: []", "arguments"),
        ('t with Action Input: "x"', "arguments"),
        ("t with Action Input: {a: 1}", "arguments"),
        ("t with Action Input: {'a': b}", "arguments"),
        ("t with Action Input: {'a': 1} trailing", "arguments"),
        ("t with Action Input: {'a': 'open", "arguments"),
        ("t with Action Input: {'a': 9**9}", "arguments"),
        ("t with Action Input: {'a': 1e999}", "arguments"),
        ("t with Action Input: {'a': 1/0}", "arguments"),
        ("t with Action Input: {'a': 'x' * 3}", "arguments"),
        ("t with Action Input: {'a': True + 1}", "arguments"),
        ("t with Action Input: {'a': [x for x in y]}", "arguments"),
        ("t with Action Input: {'a': __import__('os')}", "arguments"),
        ("t with Action Input: {1: 2}", "arguments"),
        ("t with Action Input: {'a': nan}", "arguments"),
        ("t with Action Input: {'a': " + "[" * 500 + "]" * 500 + "}", "arguments"),
        ("t with Action Input: {'a': " + "(" * 5000, "arguments"),
        ("t with Action Input: {'a': " + "-" * 5000 + "}", "arguments"),
        ("t with Action Input: {'a': " + "9" * 5000 + "}", "arguments"),
    ],
)
def test_calls_that_do_not_read(line: str, trouble: str) -> None:
    with pytest.raises(CallError) as caught:
        read_call(line)
    assert caught.value.trouble == trouble
    assert str(caught.value).startswith("ERROR | ")
    if trouble == "arguments":
        assert str(caught.value).startswith("ERROR | Exception(Parameters in action input are not valid, ")


def test_escapes_are_those_of_both_notations() -> None:
    assert read_literal(r'"a\"b\n\u00e9\ud83d\ude00\/"') == json.loads(r'"a\"b\n\u00e9\ud83d\ude00\/"')
    assert read_literal(r"'it\'s \x41 \d+ \U0001F600'") == "it's A \\d+ \U0001f600"
    assert read_literal(r'"\ud800 alone"') == r"\ud800 alone"


def test_depth_is_bounded_exactly() -> None:
    def nested(depth: int) -> str:
        return "[" * depth + "]" * depth

    assert read_literal(nested(MAX_DEPTH + 1)) is not None
    with pytest.raises(ValueError, match="nested"):
        read_literal(nested(MAX_DEPTH + 2))


NUMBERS = st.integers(-(10**14), 10**14) | st.floats(-1e14, 1e14, allow_nan=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_whatever_json_and_python_write_is_read_back(value: Any) -> None:
    assert read_literal(json.dumps(value)) == value
    assert read_literal(json.dumps(value, ensure_ascii=False)) == value
    assert read_literal(repr(value)) == value


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="{}[]()'\"\\,:+-*/ 0123456789.eExunTrueFalsNone_^", max_size=40))
def test_any_text_gives_a_value_or_a_value_error(text: str) -> None:
    try:
        value = read_literal(text)
    except ValueError:
        return
    json.dumps(value, allow_nan=False)
    if isinstance(value, int | float):
        assert abs(value) <= LARGEST


@settings(max_examples=100, deadline=None)
@given(st.integers(-999, 999), st.integers(-999, 999), st.integers(1, 999), st.sampled_from("+-*/"))
def test_sums_are_those_of_python(first: int, second: int, third: int, operator: str) -> None:
    # The expression holds numbers made here; the oracle is the language itself.
    text = f"({first} - {second}) {operator} {third} * 2"
    expected = {
        "+": first - second + third * 2,
        "-": first - second - third * 2,
        "*": (first - second) * third * 2,
        "/": (first - second) / third * 2,
    }
    assert read_literal(text) == expected[operator]


def test_the_package_has_no_way_to_run_code() -> None:
    forbidden = {
        "eval",
        "exec",
        "compile",
        "__import__",
        "pickle",
        "subprocess",
        "os",
        "ast",
        "importlib",
        "getattr_static",
    }
    for path in Path(package.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").split(".")[0])
        # The converter's reader loads no code (test_tools_pickles); nothing else touches a pickle.
        allowed = {"pickle"} if path.name == "inert_pickle.py" else set()
        assert not names & forbidden - allowed, path


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        (
            ' get_tasks with Action Input: {"project_id": "1"}',
            'get_tasks with Action Input: {"project_id": "1"}',
        ),
        ('Action: finish with Action Input: {"answer": "x."}', 'finish with Action Input: {"answer": "x."}'),
        (
            'Thought: I must act.\nAction: t with Action Input: {"a": "Action: b"}\nObservation: made up',
            't with Action Input: {"a": "Action: b"}',
        ),
        (
            "<think>t with Action Input: {}</think>Action 2: u with Action Input: {}",
            "u with Action Input: {}",
        ),
        ("```\nt with Action Input: {}\n```", "t with Action Input: {}"),
        ("t with Action Input: {'a': 1}.", "t with Action Input: {'a': 1}."),
    ],
)
def test_the_call_in_a_reply(reply: str, action: str) -> None:
    assert read_action(reply) == action


def test_long_calls_are_kept_whole() -> None:
    line = 't with Action Input: {"a": "' + "x" * 2000 + '"}'
    assert read_action(f"Action: {line}") == line
