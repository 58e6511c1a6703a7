"""Prompt layout, memory window and truncation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.engines.protocol import Sampling
from acbench.tasks.agents.conversation import LEFT_OUT, NO_ACTION, Conversation, Entry, Frame, Layout

if TYPE_CHECKING:
    from acbench.tasks.protocol import Prompt


class Words:
    """One token per word of messages and prefill, three per message."""

    def __init__(self) -> None:
        self.renderings = 0

    def count(self, text: str) -> int:
        return len(text.split())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))] * self.count(text)

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        self.renderings += 1
        words = sum(3 + self.count(m.content) for m in prompt.messages)
        return tuple(range(words + self.count(prompt.prefill)))


EXAMPLE = ("example", Entry("Observation", "e-first"), Entry("Action", "ea"), Entry("Observation", "e-last"))


def played(
    turns: int,
    *,
    layout: Layout = "chat",
    window: int = 100,
    keep_first: bool = False,
    example: tuple[Entry | str, ...] = (),
    cue: str = "",
) -> Conversation:
    frame = Frame("sys", "intro", layout, window, keep_first, Sampling(max_tokens=5), example, cue)
    conversation = Conversation(frame)
    conversation.observe("o-first")
    for turn in range(turns):
        conversation.act(f"a{turn}")
        conversation.observe(f"o{turn}")
    return conversation


def texts(prompt: Prompt) -> list[str]:
    return [f"{m.role}|{m.content}" for m in prompt.messages]


def rendered(prompt: Prompt) -> str:
    """What a chat template makes of a prompt: closed turns, then the answer's turn with its prefill."""
    turns = "".join(f"<{m.role}>{m.content}</{m.role}>" for m in prompt.messages)
    return f"{turns}<assistant>{prompt.prefill}"


def test_chat_alternates_and_keeps_the_order() -> None:
    assert texts(played(2).prompt()) == [
        "system|sys",
        "user|intro\n\nObservation: o-first",
        "assistant|a0",
        "user|Observation: o0",
        "assistant|a1",
        "user|Observation: o1",
    ]


def test_the_example_is_real_turns_and_the_cue_begins_every_answer() -> None:
    prompt = played(1, example=EXAMPLE, cue="Act:").prompt()
    assert texts(prompt) == [
        "system|sys",
        "user|example\n\nObservation: e-first",
        "assistant|Act: ea",
        "user|Observation: e-last\n\nintro\n\nObservation: o-first",
        "assistant|Act: a0",
        "user|Observation: o0",
    ]
    assert prompt.prefill == "Act:"
    plain = played(1, example=EXAMPLE).prompt()
    assert texts(plain) == [text.replace("Act: ", "") for text in texts(prompt)]
    assert plain.prefill == ""


@pytest.mark.parametrize("window", [1, 3, 100])
def test_single_knows_neither_cue_nor_example(window: int) -> None:
    plain = played(3, layout="single", window=window).prompt()
    assert played(3, layout="single", window=window, cue="Act:", example=EXAMPLE).prompt() == plain
    assert plain.prefill == ""


def test_the_cue_counts_towards_the_window() -> None:
    renderer = Words()
    need = len(renderer.render(played(0).prompt())) + 5
    assert played(0).fitted(renderer, need) is not None
    assert played(0, cue="Act now:").fitted(renderer, need + 1) is None
    assert played(0, cue="Act now:").fitted(renderer, need + 2) is not None


def test_the_example_is_never_dropped() -> None:
    renderer = Words()
    fixed = texts(played(0, example=EXAMPLE, cue="Act:").prompt())[:3]
    smallest = len(renderer.render(played(9, example=EXAMPLE, cue="Act:", window=1).prompt())) + 5
    prompt = played(9, example=EXAMPLE, cue="Act:").fitted(renderer, smallest)
    assert prompt is not None
    assert texts(prompt) == [*fixed, f"user|Observation: e-last\n\nintro\n\n{LEFT_OUT}\n\nObservation: o8"]
    assert prompt.prefill == "Act:"


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
@pytest.mark.parametrize("example", [(), EXAMPLE])
def test_chat_roles_alternate_for_any_window(
    window: int, keep_first: bool, example: tuple[Entry | str, ...]
) -> None:
    conversation = played(3, window=window, keep_first=keep_first, example=example, cue="Act:")
    roles = [m.role for m in conversation.prompt().messages]
    assert roles[0] == "system"
    assert roles[1::2] == ["user"] * len(roles[1::2])
    assert roles[2::2] == ["assistant"] * len(roles[2::2])
    assert roles[-1] == "user"


def test_an_empty_action_is_never_an_empty_message() -> None:
    conversation = played(0)
    conversation.act("")
    conversation.observe("o")
    assert all(m.content for m in conversation.prompt().messages)
    cued = played(0, cue="Act:")
    cued.act("")
    cued.observe("o")
    assert cued.prompt().messages[-2].content == f"Act: {NO_ACTION}"


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


@pytest.mark.parametrize("cue", ["", "Act:"])
@pytest.mark.parametrize("example", [(), EXAMPLE])
def test_prompt_and_answer_begin_the_next_prompt(cue: str, example: tuple[Entry | str, ...]) -> None:
    conversation, renderer = played(0, cue=cue, example=example), Words()
    before = ""
    for turn in range(5):
        prompt = conversation.fitted(renderer, 10_000)
        assert prompt is not None
        assert rendered(prompt).startswith(before)
        before = f"{rendered(prompt)}{' ' if cue else ''}a{turn}</assistant>"
        conversation.act(f"a{turn}")
        conversation.observe(f"o{turn}")


@given(st.integers(0, 12), st.integers(0, 60), st.booleans(), st.sampled_from(["", "Act:"]))
def test_fitting_is_bounded_and_respects_the_window(
    turns: int, window: int, keep_first: bool, cue: str
) -> None:
    conversation, renderer = played(turns, keep_first=keep_first, cue=cue), Words()
    prompt = conversation.fitted(renderer, window)
    assert renderer.renderings <= len(conversation.entries)
    if prompt is None:
        smallest = played(turns, window=1, keep_first=keep_first, cue=cue).prompt()
        assert len(renderer.render(smallest)) + 5 > window
    else:
        assert len(renderer.render(prompt)) + 5 <= window
        assert prompt.messages[-1].content.endswith(conversation.entries[-1].text)


def test_a_continuation_takes_the_place_of_the_answer() -> None:
    conversation, renderer = played(0), Words()
    need = len(renderer.render(conversation.prompt()))
    assert conversation.fitted(renderer, need + 2, continuation="two words") is not None
    assert conversation.fitted(renderer, need + 1, continuation="two words") is None
