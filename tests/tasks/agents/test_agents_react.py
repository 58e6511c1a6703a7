"""The agent that thinks: reading its replies, the bound on its thoughts, its prompts in two tasks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.errors import ConfigError
from acbench.tasks.agents.conversation import Conversation, Frame, Layout, entries
from acbench.tasks.agents.react import (
    ACT_NOW,
    GO_ON,
    HOW,
    STOP,
    ReactReply,
    Thinking,
    read_react,
    thinking_frame,
    with_thoughts,
)
from acbench.tasks.protocol import Prompt, Reply, TaskContext
from acbench.tasks.registry import open_task


@pytest.mark.parametrize(
    ("text", "thought", "action"),
    [
        ("Think: I need the key.", "I need the key.", None),
        ("Think: I need the key.\nAction: take key", "I need the key.", "take key"),
        ("Thought: the action should be x\nAction: y", "the action should be x", "y"),
        ("Action: go to cabinet 1", None, "go to cabinet 1"),
        ("go to cabinet 1", None, "go to cabinet 1"),
        ("Think: a\nThink: b\nAction: c\nObservation: d\nAction: e", "b", "c"),
        ("Think: several\nlines of it", "several", None),
        ("Think: a\nAction:", "a", ""),
        ("Think:", "", None),
        ("<think>hidden\nAction: no</think>Think: shown\nAction: yes", "shown", "yes"),
        ("", None, ""),
    ],
)
def test_replies(text: str, thought: str | None, action: str | None) -> None:
    assert read_react(text) == ReactReply(thought, action)


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["Think:", "Action:", "\n", " a", "Observation:"])).map("".join)
)
def test_no_reply_makes_it_raise(text: str) -> None:
    reply = read_react(text)
    assert reply.thought is not None or reply.action is not None
    assert "\n" not in (reply.thought or "") + (reply.action or "")


def conversation(layout: Layout = "chat") -> Conversation:
    example = tuple(entries(with_thoughts([("Observation", "e"), ("Action", "ea")])))
    made = Conversation(thinking_frame(Frame("sys", "intro", layout, example=example, cue="Action:")))
    made.observe("start")
    return made


def test_thoughts_in_a_row_are_bounded() -> None:
    thinking, told = Thinking(2), conversation()
    assert thinking.hear(ReactReply("a", None), told) is None
    assert thinking.hear(ReactReply("b", None), told) is None
    assert thinking.hear(ReactReply("c", None), told) == ""  # the third is a turn with an empty action
    assert thinking.hear(ReactReply("d", "go"), told) == "go"
    assert thinking.hear(ReactReply("e", None), told) is None  # counted anew after an action
    notes = [entry.text for entry in told.entries if entry.label == "Note"]
    assert notes == [GO_ON, ACT_NOW, GO_ON]
    assert thinking.total == 4
    assert Thinking(0).hear(ReactReply("a", None), conversation()) == ""


def test_chat_prompts_alternate_and_keep_thoughts_with_their_actions() -> None:
    told = conversation()
    thinking = Thinking(3)
    assert thinking.hear(ReactReply("hm", None), told) is None
    before = told.prompt()
    assert thinking.hear(ReactReply("now", "go"), told) == "go"
    told.act("go")
    told.observe("there")
    prompt = told.prompt()
    assert [f"{m.role}|{m.content}" for m in prompt.messages] == [
        f"system|sys\n{HOW}",
        "user|Observation: e",
        "assistant|Think: the goal is 1 step away.\nAction: ea",
        "user|intro\n\nObservation: start",
        "assistant|Think: hm",
        f"user|{GO_ON}",
        "assistant|Think: now\nAction: go",
        "user|Observation: there",
    ]
    assert prompt.messages[: len(before.messages)] == before.messages  # only grows at its end
    assert (prompt.prefill, prompt.sampling.stop) == ("", STOP)


def test_the_single_layout_has_no_final_cue() -> None:
    told = conversation("single")
    Thinking(3).hear(ReactReply("hm", None), told)
    prompt = told.prompt()
    assert prompt.messages[-1].content == f"intro\nObservation: start\nThink: hm\n{GO_ON}"


class Words:
    def count(self, text: str) -> int:
        return len(text.split())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))] * self.count(text)

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(range(sum(3 + self.count(m.content) for m in prompt.messages)))


def task(slug: str, **settings: Any) -> Any:
    """One of the two tasks with one short episode."""
    if slug == "pddl":
        settings = {"levels": [2], "per_level": 1, "domains": ["gripper"], **settings}
        return open_task(slug, TaskContext(Words(), 100_000, settings, None, "corrected"))
    from acbench.tasks.tools import open_task as open_tools

    settings = {"levels": [2], "per_level": 1, "tools": ["weather"], **settings}
    return open_tools(TaskContext(Words(), 100_000, settings, None, "corrected"), "query")


@pytest.mark.parametrize("layout", ["chat", "single"])
@pytest.mark.parametrize("slug", ["pddl", "tool-query"])
def test_thinking_costs_no_turn_of_the_environment(slug: str, layout: str) -> None:
    opened = task(slug, agent="react", format=layout)
    sample = opened.samples()[0]
    episode = opened.open(sample)
    for step, action in enumerate(sample.data["plan"]):
        for reply in (f"Think: number {step}", f"Think: so be it\nAction: {action}"):
            assert episode.ask() is not None
            episode.tell(Reply(reply))
    assert episode.ask() is None
    grade = episode.grade()
    assert (grade.scores["success"], grade.scores["grounding"]) == (1.0, 1.0)
    count = len(sample.data["plan"])
    assert (grade.detail["agent"], grade.detail["thoughts"], grade.detail["turns"]) == ("react", count, count)


@pytest.mark.parametrize("slug", ["pddl", "tool-query"])
def test_a_model_that_only_thinks_comes_to_an_end(slug: str) -> None:
    opened = task(slug, agent="react", max_think=2)
    sample = opened.samples()[0]
    episode = opened.open(sample)
    asked = 0
    while episode.ask() is not None:
        episode.tell(Reply("Think: I wonder."))
        asked += 1
    assert asked == 3 * sample.data["budget"]
    grade = episode.grade()
    assert set(grade.detail["outcomes"]) == {"unparsed"}
    assert (grade.scores["progress"], grade.channel) == (0.0, "unparsed")


@pytest.mark.parametrize("slug", ["pddl", "tool-query"])
def test_the_setting_is_checked_and_off_by_default(slug: str) -> None:
    plain, told = task(slug), task(slug, agent="act")
    sample = plain.samples()[0]
    assert plain.open(sample).ask() == told.open(sample).ask()
    assert "Think" not in "".join(m.content for m in plain.open(sample).ask().messages)
    with pytest.raises(ConfigError, match="did you mean 'react'"):
        task(slug, agent="reakt")
    with pytest.raises(ConfigError, match="max_think must be at least 0"):
        task(slug, max_think=-1)
