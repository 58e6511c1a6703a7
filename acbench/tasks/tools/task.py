"""The tasks ``tool-query`` and ``tool-operation``: agents with tools (AgentBoard, section 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acbench.tasks.protocol import Metric, Sample, TaskContext, TaskInfo
from acbench.tasks.tools.episode import ToolEpisode
from acbench.tasks.tools.judging import CHANNELS
from acbench.tasks.tools.samples import settings_for, tool_samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.protocol import Episode

TITLES = {"query": "Tool queries (weather, movie, academia)", "operation": "Tool operations (todo, sheet)"}
TOKENS_PER_TURN = 60
"""A call with its observation; for estimates only."""


def task_info(variant: str) -> TaskInfo:
    return TaskInfo(
        slug=f"tool-{variant}",
        title=TITLES[variant],
        capability="real_world",
        version=1,
        metrics=(
            Metric("progress", "Progress rate"),
            Metric("success", "Success rate", binary=True),
            Metric("grounding", "Grounding accuracy"),
        ),
        channels=CHANNELS,
        kind="rollout",
    )


class ToolTask:
    """Episodes of one variant for one context."""

    def __init__(self, context: TaskContext, variant: str) -> None:
        self._context = context
        self._variant = variant
        self._info = task_info(variant)
        self._settings = settings_for(context, variant)

    @property
    def info(self) -> TaskInfo:
        return self._info

    def samples(self) -> Sequence[Sample]:
        found = tool_samples(self._context, self._variant, self._settings)
        return [replace(sample, estimated_prompt_tokens=self._estimate(sample)) for sample in found]

    def open(self, sample: Sample) -> Episode:
        return ToolEpisode(sample, self._settings, self._context.renderer, self._context.window_tokens)

    def _estimate(self, sample: Sample) -> int:
        """The prompt half-way through the turns, in tokens, without the template."""
        prompt = ToolEpisode(sample, self._settings, self._context.renderer, 10**9).ask()
        if prompt is None:
            return 0
        first = sum(self._context.renderer.count(message.content) for message in prompt.messages)
        return min(first + sample.estimated_turns // 2 * TOKENS_PER_TURN, self._context.window_tokens)


def open_task(context: TaskContext, variant: str) -> ToolTask:
    """Opens ``query`` or ``operation``. Raises ConfigError for wrong settings; data is read by ``samples``."""
    return ToolTask(context, variant)
