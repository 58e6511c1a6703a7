"""What the agent in a room is told."""

from __future__ import annotations

from acbench.tasks.agents.prompting import Script
from acbench.tasks.alfworld.environment import LIST_COMMAND

SCRIPT = Script(
    system=(
        "You move through a room and handle things to reach a goal. After each observation, answer with one "
        "command, on one line, and nothing else."
    ),
    thinking_system=(
        "You move through a room and handle things to reach a goal. After each observation, give one command."
    ),
    rules=(
        "Commands: go to <place>; open <place>; close <place>; take <thing> from <place>; put <thing> in/on "
        "<place>; use <lamp>; clean <thing> with <place>; heat <thing> with <place>; cool <thing> with <place>; "
        "examine <thing or place>; inventory; look. Places and things have a number, as in mug 1, and are named "
        "as observations name them. You can carry one thing, and reach only what is at the place you went to. "
        f"What is in a closed place shows when you open it. '{LIST_COMMAND}' lists what is possible now, "
        "'inventory' what you carry."
    ),
)
