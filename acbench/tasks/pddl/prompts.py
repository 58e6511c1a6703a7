"""What an agent in a PDDL world is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.prompting import Script
from acbench.tasks.agents.prompting import frame_for as agent_frame
from acbench.tasks.pddl.environment import LIST_COMMAND, LOOK_COMMAND
from acbench.tasks.pddl.samples import example_for, rules_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.agents.conversation import Frame
    from acbench.tasks.pddl.environment import Environment
    from acbench.tasks.pddl.settings import Settings

SYSTEM = (
    "You act in a small text world to reach a goal. After each observation, answer with one of the valid "
    "commands, on one line, and nothing else."
)
THINKING_SYSTEM = (
    "You act in a small text world to reach a goal. After each observation, give one of the valid commands."
)
COMMANDS = f"'{LIST_COMMAND}' lists what is possible now, '{LOOK_COMMAND}' describes everything again."


def script_for(data: Mapping[str, Any]) -> Script:
    """The words for all problems of a domain."""
    return Script(SYSTEM, THINKING_SYSTEM, f"{rules_for(data)}\n{COMMANDS}")


def frame_for(data: Mapping[str, Any], environment: Environment, settings: Settings) -> Frame:
    """The fixed part of the prompt, equal for all problems of a domain up to the goal."""
    example = example_for(data, mode=settings.mode, show_actions=settings.show_actions)
    return agent_frame(script_for(data), example, environment.goal_text(), settings)
