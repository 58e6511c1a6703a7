"""``acbench score agent-parse``: what replies are read as, in both modes and by both agents."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.cli import main
from acbench.errors import DataError
from acbench.tasks import registry
from acbench.tasks.agents.parse_check import PLAIN, TASKS, TOOL_TASKS, open_scorer, script_of
from acbench.tasks.protocol import Prediction, Scored

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.tasks.agents.prompting import Script


def score(gold: Any, reply: str, mode: str = "corrected") -> Scored:
    def no_embedder() -> Any:
        raise AssertionError("nothing here is compared by meaning")

    scorer = open_scorer("", mode=mode, embedder=no_embedder)
    line = Prediction("1", gold, reply)
    scorer.prepare([line])
    return scorer.score(line)


TOOL_CALL = 'get_tasks with Action Input: {"project_id": "1"}'


@pytest.mark.parametrize(
    ("reply", "own", "published"),
    [
        # kept
        ("Action: go to cabinet 1", "go to cabinet 1", "go to cabinet 1"),
        ("go to cabinet 1", "go to cabinet 1", "go to cabinet 1"),
        ("The next action is to open door", "open door", "open door"),
        (TOOL_CALL, TOOL_CALL, TOOL_CALL),
        (f"Action: {TOOL_CALL}", TOOL_CALL, TOOL_CALL),
        # fixed
        ("Action:\ngo north", "go north", "Action:"),
        ("Thought: the action should be x\nAction: y", "y", "the action should be x"),
        ("take 'key'", "take 'key'", "take 'key"),
        ("transaction: buy", "transaction: buy", "buy"),
        # the rules, one by one
        ("My next action:\n\nopen door\nmore", "open door", "open door"),
        ("1. Action: wait", "wait", "wait"),
        ("Action: first\nAction: second", "second", "first"),
        ("<think>Action: no</think>\nAction: yes", "yes", "no</think>"),
        ("```\nopen door\n```", "open door", "```"),
        ("'open door'", "open door", "open door"),
        ("/open door'", "/open door'", "open door"),
        ("I look around\nand wait", "I look around", "I look around"),
        ("I act: now", "I act: now", "I act: now"),
        ("My action is to go: north", "go: north", "north"),
        ("", "", ""),
    ],
)
def test_section_3_3(reply: str, own: str, published: str) -> None:
    for mode, action in (("corrected", own), ("upstream", published)):
        found = score(action, reply, mode)
        assert (found.scores, found.outcome) == ({"match": 1}, "match"), (mode, found)
        assert found.detail["action"] == action
        assert score(f"{action} not", reply, mode).scores == {"match": 0}


@pytest.mark.parametrize(
    ("reply", "match", "outcome"),
    [
        ('Action: get_tasks with Action Input: {"project_id": "1"}', 1, "match"),
        ("get_tasks with Action Input: {'project_id': '1',}", 1, "match"),
        ('get_tasks with Action Input: {"project_id": 1}', 0, "differs"),
        ('get_task with Action Input: {"project_id": "1"}', 0, "differs"),
        ('get_tasks with Action Input {"project_id": "1"}', 0, "format"),  # worked example 16
        ("get_tasks with Action Input: {project_id}", 0, "arguments"),
        ("", 0, "empty"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_calls_are_compared_by_what_they_say(reply: str, match: int, outcome: str, wrapped: bool) -> None:
    call: dict[str, Any] = {"tool": "get_tasks", "arguments": {"project_id": "1"}}
    found = score({"task": "tool-operation", "action": call} if wrapped else call, reply)
    assert (found.scores["match"], found.outcome) == (match, outcome)
    if outcome in ("format", "arguments"):
        assert found.detail["call"] is None
        assert found.detail["error"].startswith("ERROR | ")
    else:
        assert (found.detail["call"] == call) == bool(match)


def test_true_is_read_in_both_notations_and_is_not_one() -> None:
    gold = {"tool": "a", "arguments": {"x": True}}
    assert score(gold, 'a with  Action Input: {"x": true}').scores["match"] == 1  # worked example 16
    assert score(gold, "a with Action Input: {'x': True}").scores["match"] == 1
    assert score(gold, "a with Action Input: {'x': 1}").scores["match"] == 0
    two = {"tool": "a", "arguments": {"x": [2]}}
    assert score(two, "a with Action Input: {'x': [2.0]}").scores["match"] == 1
    assert score(two, "a with Action Input: {'x': ['2']}").scores["match"] == 0


def test_a_text_that_is_a_call_is_read_as_one() -> None:
    found = score(TOOL_CALL, f"{TOOL_CALL}.")
    assert found.scores == {"match": 0}  # a closing period belongs to the arguments
    assert found.outcome == "arguments"
    assert score(TOOL_CALL, TOOL_CALL).detail["call"] == {
        "tool": "get_tasks",
        "arguments": {"project_id": "1"},
    }


@pytest.mark.parametrize(
    ("reply", "mode", "action", "thought", "outcome"),
    [
        ("Think: where is it?\nAction: look", "corrected", "look", "where is it?", "match"),
        ("Think: where is it?\nAction: look", "upstream", None, "where is it?", "thought"),
        ("Thought: where is it?", "corrected", None, "where is it?", "thought"),
        ("Action: look\nThink: no", "upstream", "look", None, "match"),
        ("look", "corrected", "look", None, "match"),
        ("look", "upstream", None, None, "thought"),  # the model is asked again
    ],
)
def test_the_agent_that_thinks(
    reply: str, mode: str, action: str | None, thought: str | None, outcome: str
) -> None:
    found = score({"agent": "react", "action": "look"}, reply, mode)
    assert (found.detail["action"], found.detail.get("thought"), found.outcome) == (action, thought, outcome)
    assert score({"agent": "react", "action": action}, reply, mode).outcome == "match"


def test_a_task_brings_its_own_labels_and_endings() -> None:
    assert score({"task": "jericho", "action": "open door"}, "Command: open door.").scores["match"] == 1
    assert score({"task": "webshop", "action": "Command: open"}, "Command: open.").scores["match"] == 1
    stop = "@stop [Yes.]@."
    assert score({"task": "webarena", "action": stop}, f"Answer: {stop}").scores["match"] == 1
    finish = 'finish with Action Input: {"answer": "x."}'
    assert score({"task": "tool-query", "action": finish}, f"Action: {finish}").scores["match"] == 1


@pytest.mark.parametrize("task", TASKS)
def test_replies_are_read_as_the_task_reads_them(task: str) -> None:
    """The labels and endings are those of the script that a run of the task is given."""
    package, _, variant = task.partition("-")
    if variant:
        from acbench.tasks.tools.data import generate
        from acbench.tasks.tools.prompts import script_for

        made = generate({"query": "movie", "operation": "sheet"}[variant], 1, 1, 0)[0]
        tool = {"query": "movie", "operation": "sheet"}[variant]
        script: Script = script_for({"tool": tool, "world": made.world, "goal": made.goal, "offered": made.offered,
                                     "subgoals": made.subgoals, "target": made.target})  # fmt: skip
    elif task == "pddl":
        from acbench.tasks.pddl.prompts import script_for as pddl_script

        script = pddl_script({"source": "embedded", "domain": "gripper"})
    else:
        script = import_module(f"acbench.tasks.{package}.prompts").SCRIPT
    own = script_of(task)
    assert (own.labels, own.strip_period, own.limit) == (script.labels, script.strip_period, script.limit)
    assert (task in TOOL_TASKS) == (own.limit > PLAIN.limit)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        (3, "field 'gold' must be a text or an object"),
        ([], "field 'gold' must be a text or an object"),
        ({}, "must have 'action'"),
        ({"acton": "x"}, "did you mean 'action'"),
        ({"task": "pddle", "action": "x"}, "did you mean 'pddl'"),
        ({"task": ["pddl"], "action": "x"}, "unknown task"),
        ({"agent": "think", "action": "x"}, "must be one of act, react"),
        ({"action": 3}, r"field 'gold\.action'"),
        ({"tool": 3, "arguments": {}}, "field 'gold' must have 'tool'"),
        ({"tool": "a", "arguments": []}, "field 'gold' must have 'tool'"),
        ({"tool": "a", "argument": {}}, "and nothing else"),
        ({"action": {"tool": "a", "arguments": 1}}, r"field 'gold\.action' must have 'tool'"),
    ],
)
def test_malformed_golds_are_named(gold: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        score(gold, "x")


def test_the_command_writes_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scores and outcome as of any scorer, and beside them action and call; half a surrogate pair survives."""
    monkeypatch.setitem(
        registry.SCORERS, "agent-parse", registry.ScorerEntry("acbench.tasks.agents.parse_check")
    )
    source = tmp_path / "in.jsonl"
    lines = [
        {"id": 1, "gold": {"tool": "get_tasks", "arguments": {"project_id": "1"}}, "prediction": TOOL_CALL},
        {"id": 2, "gold": "go", "prediction": "Action: \ud800"},
        {"id": 3, "gold": {"task": "x", "action": ""}, "prediction": ""},
    ]
    source.write_text("\n".join(map(json.dumps, lines)))
    assert main(["score", "agent-parse", "--in", str(source)]) == 1
    shown = capsys.readouterr()
    assert [json.loads(line) for line in shown.out.splitlines()] == [
        {"id": "1", "scores": {"match": 1}, "outcome": "match", "action": TOOL_CALL,
         "call": {"tool": "get_tasks", "arguments": {"project_id": "1"}}},
        {"id": "2", "scores": {"match": 0}, "outcome": "differs", "action": "\ud800"},
    ]  # fmt: skip
    assert "line 3: field 'gold.task': unknown task 'x'" in shown.err


GOLDS: list[Any] = [
    "look",
    {"tool": "a", "arguments": {}},
    {"agent": "react", "action": None},
    {"task": "webshop", "agent": "react", "action": "look"},
]
PIECES = st.sampled_from(
    ["Action", "action", "next action", ":", "is to", "Think: ", "with Action Input: ", "{'a': 1}", "\n", " ",
     "<think>", "</think>", "```", "'", "/", "*", "1. ", "go", "Observation:"]
)  # fmt: skip


@given(st.sampled_from(GOLDS), st.text(max_size=60) | st.lists(PIECES, max_size=14).map("".join))
@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_any_reply_is_judged(mode: str, gold: Any, reply: str) -> None:
    found = score(gold, reply, mode)
    assert set(found.scores) == {"match"}
    assert (found.scores["match"] == 1) == (found.outcome == "match")
    assert found.outcome in ("match", "differs", "thought", "empty", "format", "arguments")
    action = found.detail["action"]
    assert action is None or ("\n" not in action and action == action.strip())
    json.dumps(dict(found.detail))
