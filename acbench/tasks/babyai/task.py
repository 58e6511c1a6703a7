"""The ``babyai`` task: an agent follows instructions in grid worlds (AgentBoard, section 5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.task import AgentTask, Stage, agent_info
from acbench.tasks.babyai.prompts import SCRIPT
from acbench.tasks.babyai.samples import babyai_samples, environment_for, example_for, settings_for
from acbench.tasks.babyai.worlds import require_package

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.babyai.environment import Environment
    from acbench.tasks.babyai.settings import Settings
    from acbench.tasks.protocol import TaskContext

INFO = agent_info("babyai", "Instructions in grid worlds (AgentBoard BabyAI)")


def _world(data: Mapping[str, Any], settings: Settings) -> Environment:
    return environment_for(data, upstream=settings.upstream, show_actions=settings.show_actions)


def _facts(data: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        "world": data["world"],
        "seed": data["seed"],
        "gold_steps": len(data["plan"]) or None,
        "show_actions": settings.show_actions,
    }


STAGE = Stage(
    world=_world,
    script=lambda _data, _settings: SCRIPT,
    example=lambda _data, s: example_for(upstream=s.upstream, show_actions=s.show_actions),
    facts=_facts,
    tokens_per_turn=220,
)


def open_task(context: TaskContext) -> AgentTask[Settings]:
    """Opens the task. Raises ConfigError for wrong settings and without the package ``minigrid``."""
    require_package()
    return AgentTask(INFO, context, settings_for(context), STAGE, babyai_samples)
