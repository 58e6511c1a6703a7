"""The fixed part of an agent's prompt: both layouts, both agents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from agent_stubs import EXAMPLE, SCRIPT, settings

from acbench.tasks.agents.conversation import Conversation
from acbench.tasks.agents.prompting import CUE, frame_for
from acbench.tasks.agents.react import HOW

if TYPE_CHECKING:
    from acbench.tasks.protocol import Prompt


def first_prompt(**given: Any) -> Prompt:
    made = Conversation(frame_for(SCRIPT, EXAMPLE, "reach 3", settings(**given)))
    made.observe("at 0")
    return made.prompt()


def texts(prompt: Prompt) -> list[str]:
    return [f"{m.role}|{m.content}" for m in prompt.messages]


def test_the_chat_of_an_agent_that_acts() -> None:
    prompt = first_prompt()
    assert texts(prompt) == [
        "system|You walk.\nCommands: go, wait, dig.",
        "user|An example.\nGoal: reach 1\n\nObservation: at 0",
        "assistant|Action: go",
        "user|Observation: at 1\n\nA new task.\nGoal: reach 3\n\nObservation: at 0",
    ]
    assert (prompt.prefill, prompt.sampling.stop, prompt.sampling.max_tokens) == (CUE, ("\n",), 48)


def test_the_chat_of_an_agent_that_thinks() -> None:
    prompt = first_prompt(agent="react")
    assert texts(prompt) == [
        f"system|You walk and think.\nCommands: go, wait, dig.\n{HOW}",
        "user|An example.\nGoal: reach 1\n\nObservation: at 0",
        "assistant|Think: the goal is 1 step away.\nAction: go",
        "user|Observation: at 1\n\nA new task.\nGoal: reach 3\n\nObservation: at 0",
    ]
    assert (prompt.prefill, prompt.sampling.stop, prompt.sampling.max_tokens) == (
        *("", ("\nObservation:",)),
        128,
    )


@pytest.mark.parametrize(
    ("agent", "system", "thought", "end"),
    [
        ("act", "You walk.", "", "\nAction: "),
        ("react", f"You walk and think.\n{HOW}", "\nThink: the goal is 1 step away.", ""),
    ],
)
def test_one_message_of_the_published_order(agent: str, system: str, thought: str, end: str) -> None:
    """Section 3.1: rules, example, goal, memory, cue."""
    prompt = first_prompt(agent=agent, format="single")
    assert texts(prompt) == [
        f"system|{system}",
        "user|Commands: go, wait, dig.\n\nAn example:\nGoal: reach 1\nObservation: at 0"
        f"{thought}\nAction: go\nObservation: at 1\n\nNow it is your turn.\nGoal: reach 3\nObservation: at 0{end}",
    ]
    assert prompt.prefill == ""


def test_a_window_counts_pairs_and_thoughts_beside_them() -> None:
    acts = frame_for(SCRIPT, EXAMPLE, "g", settings(memory_turns=5))
    thinks = frame_for(SCRIPT, EXAMPLE, "g", settings(memory_turns=5, agent="react"))
    assert (acts.window, thinks.window) == (10, 15)
    assert (acts.keep_first, frame_for(SCRIPT, EXAMPLE, "g", settings(keep_first=False)).keep_first) == (
        True,
        False,
    )


def test_the_fixed_part_is_equal_up_to_the_goal() -> None:
    """What episodes have in common stands first: an engine computes it once."""
    one, other = (
        frame_for(SCRIPT, EXAMPLE, goal, settings(format="single")) for goal in ("reach 3", "dig a hole")
    )
    assert one.intro.removesuffix("reach 3") == other.intro.removesuffix("dig a hole")
    assert replace(one, intro=other.intro) == other
