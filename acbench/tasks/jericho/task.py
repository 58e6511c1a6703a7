"""The ``jericho`` task: text adventures, played by typing (AgentBoard, section 5.4)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.task import AgentTask, Stage, agent_info
from acbench.tasks.jericho.engine import require_package
from acbench.tasks.jericho.environment import GAME_OVER
from acbench.tasks.jericho.prompts import SCRIPT
from acbench.tasks.jericho.samples import environment_for, example_for, jericho_samples, settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.jericho.environment import Environment
    from acbench.tasks.jericho.settings import Settings
    from acbench.tasks.protocol import TaskContext

INFO = agent_info("jericho", "Text adventures (AgentBoard Jericho)", channels=(GAME_OVER,))


def _world(data: Mapping[str, Any], settings: Settings) -> Environment:
    return environment_for(data, upstream=settings.upstream, show_actions=settings.show_actions)


def _facts(data: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        "story": Path(data["story"]).name,
        "gold_steps": len(data["plan"]) or None,
        "show_actions": settings.show_actions,
    }


STAGE = Stage(
    world=_world,
    script=lambda _data, _settings: SCRIPT,
    example=lambda _data, s: example_for(upstream=s.upstream, show_actions=s.show_actions),
    facts=_facts,
    tokens_per_turn=120,
)


def open_task(context: TaskContext) -> AgentTask[Settings]:
    """Opens the task. Raises ConfigError for wrong settings and without the package ``jericho``."""
    require_package()
    return AgentTask(INFO, context, settings_for(context), STAGE, jericho_samples)
