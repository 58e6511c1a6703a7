"""The ``alfworld`` task: an agent does household chores in text worlds (AgentBoard, section 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.task import AgentTask, Stage, agent_info
from acbench.tasks.alfworld.games import require_package
from acbench.tasks.alfworld.prompts import SCRIPT
from acbench.tasks.alfworld.samples import alfworld_samples, environment_for, example_for, settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.alfworld.environment import Environment
    from acbench.tasks.alfworld.settings import Settings
    from acbench.tasks.protocol import TaskContext

INFO = agent_info("alfworld", "Household goals in text worlds (AgentBoard AlfWorld)")

TOKENS_PER_TURN = 150
"""A command with its observation and the commands below it; for estimates only."""


def _world(data: Mapping[str, Any], settings: Settings) -> Environment:
    return environment_for(
        data, upstream=settings.upstream, show_actions=settings.show_actions, workers=settings.workers
    )


def _facts(data: Mapping[str, Any], settings: Settings) -> Mapping[str, Any]:
    return {
        "type": data["type"],
        **({"description": data["description"]} if "description" in data else {}),
        "gold_steps": len(data["plan"]) or None,
        "show_actions": settings.show_actions,
    }


STAGE = Stage(
    world=_world,
    script=lambda _data, _settings: SCRIPT,
    example=lambda data, settings: example_for(data["type"], show_actions=settings.show_actions),
    facts=_facts,
    tokens_per_turn=TOKENS_PER_TURN,
)


def open_task(context: TaskContext) -> AgentTask[Settings]:
    """Opens the task. Raises ConfigError for wrong settings and without the packages."""
    require_package()
    return AgentTask(INFO, context, settings_for(context), STAGE, alfworld_samples)
