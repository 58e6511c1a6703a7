"""The ``pddl`` task: an agent plays planning problems in a text world (AgentBoard, section 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.task import AgentTask, Stage, agent_info
from acbench.tasks.pddl.prompts import script_for
from acbench.tasks.pddl.samples import environment_for, example_for, problem_samples, settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.pddl.environment import Environment
    from acbench.tasks.pddl.settings import Settings
    from acbench.tasks.protocol import Prompt, Renderer, TaskContext

INFO = agent_info("pddl", "Planning worlds (AgentBoard PDDL)")


def _world(data: Mapping[str, Any], settings: Settings) -> Environment:
    return environment_for(data, mode=settings.mode, show_actions=settings.show_actions)


def _facts(data: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    optimal, budget = data["optimal"], data["budget"]
    return {
        "domain": data["domain"],
        "optimal": optimal,
        "solvable": None if optimal is None else optimal <= budget,
        "show_actions": settings.show_actions,
    }


STAGE = Stage(
    world=_world,
    script=lambda data, _settings: script_for(data),
    example=lambda data, s: example_for(data, mode=s.mode, show_actions=s.show_actions),
    facts=_facts,
    tokens_per_turn=70,
)


def prompt_tokens(renderer: Renderer, prompt: Prompt) -> int:
    """Tokens of the messages' texts; an estimate without the template."""
    return sum(renderer.count(message.content) for message in prompt.messages)


def open_task(context: TaskContext) -> AgentTask[Settings]:
    """Opens the task. Raises ConfigError for wrong settings; data is read by ``samples``."""
    return AgentTask(INFO, context, settings_for(context, likelihood=False), STAGE, problem_samples)
