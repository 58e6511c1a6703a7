"""Prompt layout, memory window and truncation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.engines.protocol import Sampling
from acbench.tasks.agents.conversation import LEFT_OUT, Conversation, Frame, Layout

if TYPE_CHECKING:
    from acbench.tasks.protocol import Prompt


class Words:
    """One token per word, three per message."""

    def __init__(self) -> None:
        self.renderings = 0

    def count(self, text: str) -> int:
        return len(text.split())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))] * self.count(text)

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        self.renderings += 1
        return tuple(range(sum(3 + self.count(m.content) for m in prompt.messages)))


def played(
    turns: int, *, layout: Layout = "chat", window: int = 100, keep_first: bool = False
) -> Conversation:
    frame = Frame("sys", "intro", layout, window, keep_first, Sampling(max_tokens=5))
    conversation = Conversation(frame)
    conversation.observe("o-first")
    for turn in range(turns):
        conversation.act(f"a{turn}")
        conversation.observe(f"o{turn}")
    return conversation


def texts(prompt: Prompt) -> list[str]:
    return [f"{m.role}|{m.content}" for m in prompt.messages]


def test_chat_alternates_and_keeps_the_order() -> None:
    assert texts(played(2).prompt()) == [
        "system|sys",
        "user|intro\n\nObservation: o-first",
        "assistant|a0",
        "user|Observation: o0",
        "assistant|a1",
        "user|Observation: o1",
    ]


def test_single_is_one_user_message_that_ends_with_the_cue() -> None:
    assert texts(played(1, layout="single").prompt()) == [
        "system|sys",
        "user|intro\nObservation: o-first\nAction: a0\nObservation: o0\nAction: ",
    ]


def test_window_of_four_after_six_turns() -> None:
    """Worked example 24."""
    user = played(6, layout="single", window=4).prompt().messages[1].content
    assert user == "intro\nAction: a4\nObservation: o4\nAction: a5\nObservation: o5\nAction: "


def test_keep_first_shows_the_first_observation_before_the_gap() -> None:
    messages = texts(played(6, window=4, keep_first=True).prompt())
    assert messages[1] == f"user|intro\n\nObservation: o-first\n\n{LEFT_OUT}"
    assert messages[2:] == ["assistant|a4", "user|Observation: o4", "assistant|a5", "user|Observation: o5"]


@pytest.mark.parametrize("window", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("keep_first", [True, False])
def test_chat_roles_alternate_for_any_window(window: int, keep_first: bool) -> None:
    roles = [m.role for m in played(3, window=window, keep_first=keep_first).prompt().messages]
    assert roles[0] == "system"
    assert roles[1::2] == ["user"] * len(roles[1::2])
    assert roles[2::2] == ["assistant"] * len(roles[2::2])
    assert roles[-1] == "user"


def test_an_empty_action_is_never_an_empty_message() -> None:
    conversation = played(0)
    conversation.act("")
    conversation.observe("o")
    assert all(m.content for m in conversation.prompt().messages)


@pytest.mark.parametrize("layout", ["chat", "single"])
def test_prompts_only_grow_at_their_end(layout: Layout) -> None:
    def flat(prompt: Prompt) -> str:
        text = "".join(f"<{m.role}>{m.content}" for m in prompt.messages)
        return text.removesuffix("Action: ")

    conversation, renderer = played(0, layout=layout), Words()
    before = ""
    for turn in range(5):
        prompt = conversation.fitted(renderer, 10_000)
        assert prompt is not None
        assert flat(prompt).startswith(before)
        before = flat(prompt)
        conversation.act(f"a{turn}")
        conversation.observe(f"o{turn}")


@given(st.integers(0, 12), st.integers(0, 60), st.booleans())
def test_fitting_is_bounded_and_respects_the_window(turns: int, window: int, keep_first: bool) -> None:
    conversation, renderer = played(turns, keep_first=keep_first), Words()
    prompt = conversation.fitted(renderer, window)
    assert renderer.renderings <= len(conversation.entries)
    if prompt is None:
        smallest = played(turns, window=1, keep_first=keep_first).prompt()
        assert len(renderer.render(smallest)) + 5 > window
    else:
        assert len(renderer.render(prompt)) + 5 <= window
        assert prompt.messages[-1].content.endswith(conversation.entries[-1].text)


def test_a_continuation_takes_the_place_of_the_answer() -> None:
    conversation, renderer = played(0), Words()
    need = len(renderer.render(conversation.prompt()))
    assert conversation.fitted(renderer, need + 2, continuation="two words") is not None
    assert conversation.fitted(renderer, need + 1, continuation="two words") is None
