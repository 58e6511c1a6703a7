"""The ReAct agent: thoughts between actions, bounded (AgentBoard specification, section 3.2).

A reply is a thought, an action, or both ("Think: ... Action: ..."). A thought alone costs no step of the
environment: the model is asked again. After ``max_think`` such thoughts in a row an action is demanded; a
further reply without one counts as a turn with an empty action, so every turn ends after at most
``max_think`` + 1 replies. A reply without any label is read as the act-only agent's replies are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from acbench.tasks.agents.replies import (
    MAX_ACTION_CHARACTERS,
    extract_action,
    has_label,
    thought_in,
    without_thoughts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.agents.conversation import Conversation, Frame

Agent = Literal["act", "react"]
AGENTS: tuple[Agent, ...] = ("act", "react")

MAX_THINK = 3
HOW = (
    "Before an action you may write one line 'Think: ' with a short thought. Each action stands on its own "
    "line after 'Action: '."
)
GO_ON = "Go on: think further or give the next action."
ACT_NOW = "Stop thinking. Give the next action now, on a line that starts with 'Action: '."
STOP = ("\nObservation:",)
"""Where a reply ends: the model would go on to play the environment's part."""
MAX_THOUGHT_CHARACTERS = 600
"""Longer thoughts are cut in memory."""


@dataclass(frozen=True, slots=True)
class ReactReply:
    """What a reply holds; ``None`` for what it does not."""

    thought: str | None
    action: str | None


def read_react(
    text: str,
    *,
    labels: Sequence[str] = ("action",),
    strip_period: bool = True,
    limit: int = MAX_ACTION_CHARACTERS,
) -> ReactReply:
    """Thought and action of a reply; the action is read as ``extract_action`` does. Never raises."""
    thought = thought_in(text)
    if thought is not None:
        thought = thought[:MAX_THOUGHT_CHARACTERS].strip()
        if not has_label(text, labels):
            return ReactReply(thought, None)
    rest = without_thoughts(text)
    return ReactReply(thought, extract_action(rest, labels=labels, strip_period=strip_period, limit=limit))


class Thinking:
    """Keeps count of the thoughts of one episode. ``total``: replies that were a thought and nothing else."""

    def __init__(self, max_think: int) -> None:
        self._max_think = max_think
        self._in_a_row = 0
        self.total = 0

    def hear(self, reply: ReactReply, conversation: Conversation) -> str | None:
        """Remembers the thought; the action to carry out, or None when the model is to be asked again."""
        if reply.thought:
            conversation.think(reply.thought)
        if reply.action is not None:
            self._in_a_row = 0
            return reply.action
        self.total += 1
        self._in_a_row += 1
        if self._in_a_row > self._max_think:
            self._in_a_row = 0
            return ""
        conversation.note(ACT_NOW if self._in_a_row == self._max_think else GO_ON)
        return None


def thinking_frame(frame: Frame) -> Frame:
    """A frame of the act-only agent for one that thinks: told how, and free to begin with a thought."""
    return replace(
        frame,
        system=f"{frame.system}\n{HOW}",
        window=frame.window * 3 // 2,  # a thought to each pair of action and observation
        sampling=replace(frame.sampling, stop=STOP),
        thinks=True,
        cue="Action:",
    )


def with_thoughts(example: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """A worked example of (label, text) with a thought before each action."""
    left = sum(label == "Action" for label, _ in example)
    shown: list[tuple[str, str]] = []
    for label, text in example:
        if label == "Action":
            shown.append(("Think", f"the goal is {left} {'step' if left == 1 else 'steps'} away."))
            left -= 1
        shown.append((label, text))
    return shown
