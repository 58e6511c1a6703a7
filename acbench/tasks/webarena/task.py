"""The ``webarena`` task: an agent uses six web sites through a browser (AgentBoard, section 5.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.task import AgentTask, Stage, agent_info
from acbench.tasks.webarena.environment import WRONG_ANSWER, Environment
from acbench.tasks.webarena.prompts import SCRIPT
from acbench.tasks.webarena.samples import environment_for, example_for, settings_for, webarena_samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.protocol import TaskContext
    from acbench.tasks.webarena.settings import Settings

INFO = agent_info("webarena", "Web sites (AgentBoard WebArena)", channels=(WRONG_ANSWER,))


def _world(data: Mapping[str, Any], settings: Settings) -> Environment:
    return environment_for(data, upstream=settings.upstream, show_actions=settings.show_actions)


def _facts(data: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        "sites": data["sites"],
        "seed": data["seed"],
        "original_task_id": data["original_task_id"],
        "eval_types": data["eval"]["eval_types"],
        "gold_steps": len(data["plan"]) or None,
        "show_actions": settings.show_actions,
    }


STAGE = Stage(
    world=_world,
    script=lambda _data, _settings: SCRIPT,
    example=lambda _data, s: example_for(upstream=s.upstream, show_actions=s.show_actions),
    facts=_facts,
    tokens_per_turn=420,
)


def open_task(context: TaskContext) -> AgentTask[Settings]:
    """Opens the task. Raises ConfigError for wrong settings."""
    return AgentTask(INFO, context, settings_for(context), STAGE, webarena_samples)
