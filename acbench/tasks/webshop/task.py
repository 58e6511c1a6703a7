"""The ``webshop`` task: an agent buys what was asked for in a simulated shop (AgentBoard, section 5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.task import AgentTask, Stage, agent_info
from acbench.tasks.webshop.prompts import OPENING, SCRIPT
from acbench.tasks.webshop.reward import require_package
from acbench.tasks.webshop.samples import environment_for, example_for, settings_for, webshop_samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.protocol import TaskContext
    from acbench.tasks.webshop.settings import Settings

INFO = agent_info("webshop", "Shopping (AgentBoard WebShop)", channels=("wrong_purchase",))
"""Buying something else ends an episode as surely as buying the right thing."""


def _facts(data: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        "product": data["product_id"],
        "gold_steps": len(data["plan"]) or None,
        "show_actions": settings.show_actions,
    }


STAGE = Stage(
    world=lambda data, settings: environment_for(data, show_actions=settings.show_actions),
    script=lambda _data, _settings: SCRIPT,
    example=lambda _data, settings: example_for(show_actions=settings.show_actions),
    facts=_facts,
    tokens_per_turn=220,
    before=lambda settings: OPENING if settings.upstream and not settings.keep_first else "",
)


def open_task(context: TaskContext) -> AgentTask[Settings]:
    """Opens the task. Raises ConfigError for wrong settings and without the package ``rapidfuzz``."""
    require_package()
    return AgentTask(INFO, context, settings_for(context), STAGE, webshop_samples)
