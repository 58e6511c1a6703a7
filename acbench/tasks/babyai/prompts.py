"""What the agent in a BabyAI level is told."""

from __future__ import annotations

from acbench.tasks.agents.prompting import Script
from acbench.tasks.babyai.commands import LIST_COMMAND

SCRIPT = Script(
    system=(
        "You move through rooms on a grid to reach a goal. After each observation, answer with one command, on "
        "one line, and nothing else."
    ),
    thinking_system=(
        "You move through rooms on a grid to reach a goal. After each observation, give one command."
    ),
    rules=(
        "Commands: turn left; turn right; move forward; go to <thing> <number>; pickup <thing> <number>; drop; "
        "toggle; go through <open door> <number>; toggle and go through <closed or locked door> <number>. Things "
        "are named as the observation names them, such as red ball 1. You can carry one thing. A locked door "
        "needs the key of its colour. What you do not see may be beside or behind you, or behind a door. "
        f"'{LIST_COMMAND}' lists what is possible now, and what you carry stands at the end of every observation."
    ),
)
