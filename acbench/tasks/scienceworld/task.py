"""The ``scienceworld`` task: an agent experiments in a text world (AgentBoard, section 5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.task import AgentTask, Stage, agent_info
from acbench.tasks.protocol import Metric
from acbench.tasks.scienceworld.prompts import SCRIPT
from acbench.tasks.scienceworld.samples import (
    environment_for,
    example_for,
    scienceworld_samples,
    settings_for,
)
from acbench.tasks.scienceworld.worlds import require_package

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.protocol import TaskContext
    from acbench.tasks.scienceworld.environment import Environment
    from acbench.tasks.scienceworld.settings import Settings

INFO = agent_info(
    "scienceworld",
    "Experiments in a text world (AgentBoard ScienceWorld)",
    metrics=(Metric("native", "Score of the simulator"),),
    channels=("failed",),
)
"""``failed``: the simulator ended the task, as after a focus on the wrong thing."""


def _world(data: Mapping[str, Any], settings: Settings) -> Environment:
    return environment_for(
        data, upstream=settings.upstream, show_actions=settings.show_actions, jvms=settings.jvms
    )


def _facts(data: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        "task": data["task"],
        "variation": data["variation"],
        "gold_steps": len(data["plan"]) or None,
        "show_actions": settings.show_actions,
    }


STAGE = Stage(
    world=_world,
    script=lambda _data, _settings: SCRIPT,
    example=lambda _data, s: example_for(show_actions=s.show_actions),
    facts=_facts,
    tokens_per_turn=220,
)


def open_task(context: TaskContext) -> AgentTask[Settings]:
    """Opens the task. Raises ConfigError for wrong settings and without the package ``scienceworld`` or Java."""
    require_package()
    return AgentTask(INFO, context, settings_for(context), STAGE, scienceworld_samples)
