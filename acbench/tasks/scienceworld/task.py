"""The ``scienceworld`` task: an agent experiments in a text world (AgentBoard, section 5.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acbench.tasks.agents.judging import CHANNELS
from acbench.tasks.protocol import Metric, Sample, TaskContext, TaskInfo
from acbench.tasks.scienceworld.episode import ScienceWorldEpisode
from acbench.tasks.scienceworld.samples import scienceworld_samples, settings_for
from acbench.tasks.scienceworld.worlds import require_package

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.protocol import Episode

INFO = TaskInfo(
    slug="scienceworld",
    title="Experiments in a text world (AgentBoard ScienceWorld)",
    capability="real_world",
    version=1,
    metrics=(
        Metric("progress", "Progress rate"),
        Metric("success", "Success rate", binary=True),
        Metric("grounding", "Grounding accuracy"),
        Metric("native", "Score of the simulator"),
    ),
    channels=CHANNELS,
    kind="rollout",
)

TOKENS_PER_TURN = 220
"""A command with its observation and the commands below it; for estimates only."""


class ScienceWorldTask:
    """Episodes for one context."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._settings = settings_for(context)

    @property
    def info(self) -> TaskInfo:
        return INFO

    def samples(self) -> Sequence[Sample]:
        found = scienceworld_samples(self._context, self._settings)
        return [replace(sample, estimated_prompt_tokens=self._estimate(sample)) for sample in found]

    def open(self, sample: Sample) -> Episode:
        return ScienceWorldEpisode(
            sample, self._settings, self._context.renderer, self._context.window_tokens
        )

    def _estimate(self, sample: Sample) -> int:
        """The prompt half-way through the turns, in tokens, without the template."""
        prompt = ScienceWorldEpisode(sample, self._settings, self._context.renderer, 10**9).ask()
        if prompt is None:
            return 0
        first = sum(self._context.renderer.count(message.content) for message in prompt.messages)
        return min(first + sample.estimated_turns // 2 * TOKENS_PER_TURN, self._context.window_tokens)


def open_task(context: TaskContext) -> ScienceWorldTask:
    """Opens the task. Raises ConfigError for wrong settings and without the package ``scienceworld`` or Java."""
    require_package()
    return ScienceWorldTask(context)
