"""The tasks ``tool-query`` and ``tool-operation``: agents with tools (AgentBoard, section 6)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.task import AgentTask, Stage, agent_info
from acbench.tasks.tools.judging import CHANNELS, TROUBLES
from acbench.tasks.tools.play import build_environment
from acbench.tasks.tools.prompts import example_for, script_for
from acbench.tasks.tools.samples import settings_for, tool_samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.protocol import TaskContext, TaskInfo
    from acbench.tasks.tools.environment import Environment
    from acbench.tasks.tools.settings import Settings

TITLES = {"query": "Tool queries (weather, movie, academia)", "operation": "Tool operations (todo, sheet)"}


def task_info(variant: str) -> TaskInfo:
    return agent_info(f"tool-{variant}", TITLES[variant], channels=CHANNELS)


def _world(data: Mapping[str, Any], settings: Settings) -> Environment:
    return build_environment(
        data, upstream=settings.upstream, choices=data["choices"], sheet_match=settings.sheet_match
    )


def _facts(data: Mapping[str, Any], _settings: Settings) -> dict[str, Any]:
    return {
        "tool": data["tool"],
        "gold_calls": len(data["plan"]) or None,
        "show_choices": bool(data["choices"]),
    }


STAGE = Stage(
    world=_world,
    script=lambda data, _settings: script_for(data),
    example=lambda data, _settings: example_for(data["tool"], show_choices=bool(data["choices"])),
    facts=_facts,
    tokens_per_turn=60,
    troubles=TROUBLES,
    forget_unparsed=True,  # a line that is no call would be the model's next example (section 6.1)
)


def open_task(context: TaskContext, variant: str) -> AgentTask[Settings]:
    """Opens ``query`` or ``operation``. Raises ConfigError for wrong settings; data is read by ``samples``."""
    settings = settings_for(context, variant)
    return AgentTask(task_info(variant), context, settings, STAGE, partial(_samples, variant))


def _samples(variant: str, context: TaskContext, settings: Settings) -> list[Any]:
    return tool_samples(context, variant, settings)
