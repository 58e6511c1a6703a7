"""What the agent in a ScienceWorld variation is told."""

from __future__ import annotations

from acbench.tasks.agents.prompting import Script
from acbench.tasks.scienceworld.environment import LIST_COMMAND

SCRIPT = Script(
    system=(
        "You act in a house with a laboratory to reach a goal. After each observation, answer with one command, "
        "on one line, and nothing else."
    ),
    thinking_system=(
        "You act in a house with a laboratory to reach a goal. After each observation, give one command."
    ),
    rules=(
        "Commands: go to <place>; look around; look at <thing>; look in <thing>; pick up <thing>; put down <thing>; "
        "move <thing> to <thing>; pour <thing> in <thing>; dunk <thing> in <thing>; mix <thing>; use <thing> on "
        "<thing>; focus on <thing>; open <thing>; close <thing>; activate <thing>; deactivate <thing>; read "
        "<thing>; eat <thing>; flush <thing>; task; wait; wait1. Things are named as observations name them. Focus "
        "only on what the goal asks for: a wrong focus ends the task. A question with numbers is answered by one "
        f"of its numbers. '{LIST_COMMAND}' lists the kinds of commands, 'inventory' what you carry."
    ),
)
