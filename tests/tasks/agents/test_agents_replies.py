"""Reading an action out of a reply."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.tasks.agents.react import read_react
from acbench.tasks.agents.replies import (
    MAX_ACTION_CHARACTERS,
    extract_action,
    extract_published,
    turn_outcome,
)


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        # kept from upstream
        ("Action: go to cabinet 1", "go to cabinet 1"),
        ("go to cabinet 1", "go to cabinet 1"),
        ("The next action is to open door", "open door"),
        ("get_tasks with Action Input: {}", "get_tasks with Action Input: {}"),
        ("Next action:\nopen door", "open door"),
        # fixed
        ("Action:\ngo north", "go north"),
        ("Thought: the action should be x\nAction: y", "y"),
        ("take 'key'", "take 'key'"),
        ("transaction: buy", "transaction: buy"),
        ("'go to cabinet 1'", "go to cabinet 1"),
        # own rules
        ("1. Action: stack a on b", "stack a on b"),
        ("Action 3: stack a on b", "stack a on b"),
        ("**Action:** stack a on b", "stack a on b"),
        ("action go north", "go north"),
        ("Actions speak louder", "Actions speak louder"),
        ("Action: first\nAction: second", "second"),
        ("Action: first\nAction:", "first"),
        ("Action: real\nObservation: invented\nAction: invented too", "real"),
        ("<think>Action: no\nnever</think>\nAction: yes", "yes"),
        ("thinking without a start</think>open door", "open door"),
        ("<think>never closed", ""),
        ("```\nopen door\n```", "open door"),
        ("Action: `open door`.", "open door"),
        ("open door.", "open door"),
        ("wait...", "wait..."),
        ("Action: get with Action Input: {'a': 1}", "get with Action Input: {'a': 1}"),
        ("\n\n  look  \nmore", "look"),
        ("", ""),
        ("  \n ", ""),
        ("Action:", ""),
        ("Action:\nAction:", ""),
    ],
)
def test_extracts_the_action(reply: str, action: str) -> None:
    assert extract_action(reply) == action


def test_a_closing_period_stays_where_it_belongs_to_the_command() -> None:
    assert extract_action("Action: finish No.", strip_period=False) == "finish No."


def test_further_labels_need_their_colon() -> None:
    labels = ("action", "answer")
    assert extract_action("Answer: open door", labels=labels) == "open door"
    assert extract_action("Answer the door", labels=labels) == "Answer the door"
    assert extract_action("Answer: open door") == "Answer: open door"


@given(st.text())
def test_any_text_gives_one_bounded_line(text: str) -> None:
    action = extract_action(text)
    assert len(action.splitlines()) <= 1
    assert len(action) <= MAX_ACTION_CHARACTERS
    assert action == action.strip()


MANY = 40_000
LONG = (
    *("action " * MANY, "action is " * MANY, "action" + " " * MANY + "x", "1." + " " * MANY + "x"),
    *("x" + " ." * MANY, "'" * MANY + "x" + "'" * MANY, "think" + " " * MANY + "x", "**" * MANY + "action"),
    *(
        "with " * MANY,
        "with" + " " * MANY,
        "<think>" * MANY,
        "</think>" * MANY,
        "action:\n" * MANY,
        "\n" * MANY,
    ),
    *(
        "next action:" * MANY,
        "next action:\n" * MANY,
        "is to " * MANY,
        "```\n" * MANY,
        "`" * MANY,
        "1" * MANY,
    ),
    *("observation " * MANY, "action\t1" * MANY, "action" + "1" * MANY, "a\n" * MANY + "action" + " " * MANY),
)


@pytest.mark.parametrize("number", range(len(LONG)))
def test_long_replies_take_linear_time(number: int) -> None:
    """Up to half a megabyte each: a reader that is quadratic in any of them would take minutes, not milliseconds."""
    for text in (LONG[number], f"Action: {LONG[number]}", f"{LONG[number]}\nAction: go"):
        assert len(extract_action(text)) <= MAX_ACTION_CHARACTERS
        assert "\n" not in extract_published(text)
        read = read_react(text)
        assert read.action is None or len(read.action) <= MAX_ACTION_CHARACTERS
        turn_outcome(reply=text, finish_reason="length", valid=False, understood=False)


@pytest.mark.parametrize(
    ("reply", "finish", "valid", "understood", "outcome"),
    [
        ("stack a on b", "stop", True, True, "valid"),
        ("stack a on b\nand then", "length", True, True, "valid"),
        ("stack a on a", "stop", False, True, "invalid"),
        ("dance", "stop", False, False, "unparsed"),
        ("I would like to", "length", False, False, "cut"),
        ("Action: stack a o", "length", False, True, "cut"),
        ("Action:\nstack a o", "length", False, True, "cut"),
        ("Action: dance\nThis is because", "length", False, False, "unparsed"),
        ("dance\nObservation: you dance", "length", False, False, "unparsed"),
        ("<think>let me see", "length", False, False, "cut"),
    ],
)
def test_names_the_outcome(reply: str, finish: str, valid: bool, understood: bool, outcome: str) -> None:
    found = turn_outcome(reply=reply, finish_reason=finish, valid=valid, understood=understood)
    assert found == outcome
