"""The fixed part of an agent's prompt, put together in one way for all multi-turn tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from acbench.engines.protocol import Sampling
from acbench.tasks.agents.conversation import Entry, Frame, entries
from acbench.tasks.agents.react import thinking_frame, with_thoughts
from acbench.tasks.agents.replies import MAX_ACTION_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.agents.settings import AgentSettings

CUE = "Action:"
STOP = ("\n",)
"""One action is one line."""


@dataclass(frozen=True, slots=True)
class Script:
    """The words of a task. ``thinking_system`` stands for ``system`` when the agent may think aloud.

    ``labels``: words in front of a colon that a reply may put before its action. ``strip_period``: a
    closing period is no part of an action. ``limit``: characters of an action.
    """

    system: str
    thinking_system: str
    rules: str
    labels: tuple[str, ...] = ("action", "answer", "command")
    strip_period: bool = True
    limit: int = MAX_ACTION_CHARACTERS


def frame_for(
    script: Script, example: Sequence[tuple[str, str]], goal: str, settings: AgentSettings
) -> Frame:
    """The fixed part, equal for all episodes with the same script and example up to the goal.

    ``example``: a worked one as (label, text): Goal, then Observation and Action in turn.
    """
    thinks = settings.agent == "react"
    shown = with_thoughts(example) if thinks else list(example)
    opening = script.thinking_system if thinks else script.system
    start = f"Goal: {goal}"
    frame = Frame(
        system=opening,
        intro="",
        layout=settings.format,
        window=2 * settings.memory_turns,
        keep_first=settings.keep_first,
        sampling=Sampling(max_tokens=settings.max_tokens, stop=STOP),
    )
    if settings.format == "chat":
        turns: list[Entry | str] = [f"An example.\nGoal: {shown[0][1]}", *entries(shown[1:])]
        system = f"{opening}\n{script.rules}"
        frame = replace(frame, system=system, intro=f"A new task.\n{start}", example=tuple(turns), cue=CUE)
    else:
        lines = (f"{label}: {text}" for label, text in shown)
        parts = (script.rules, "", "An example:", *lines, "", "Now it is your turn.", start)
        frame = replace(frame, intro="\n".join(parts))
    return thinking_frame(frame) if thinks else frame
