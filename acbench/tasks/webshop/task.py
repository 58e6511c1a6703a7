"""The ``webshop`` task: an agent buys what was asked for in a simulated shop (AgentBoard, section 5.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acbench.tasks.protocol import Metric, Sample, TaskContext, TaskInfo
from acbench.tasks.webshop.episode import CHANNELS, WebShopEpisode
from acbench.tasks.webshop.reward import require_package
from acbench.tasks.webshop.samples import settings_for, webshop_samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.protocol import Episode

INFO = TaskInfo(
    slug="webshop",
    title="Shopping (AgentBoard WebShop)",
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

TOKENS_PER_TURN = 220
"""An action with its page and the actions below it; for estimates only."""


class WebShopTask:
    """Episodes for one context."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._settings = settings_for(context)

    @property
    def info(self) -> TaskInfo:
        return INFO

    def samples(self) -> Sequence[Sample]:
        found = webshop_samples(self._context, self._settings)
        return [replace(sample, estimated_prompt_tokens=self._estimate(sample)) for sample in found]

    def open(self, sample: Sample) -> Episode:
        return WebShopEpisode(sample, self._settings, self._context.renderer, self._context.window_tokens)

    def _estimate(self, sample: Sample) -> int:
        """The prompt half-way through the turns, in tokens, without the template."""
        prompt = WebShopEpisode(sample, self._settings, self._context.renderer, 10**9).ask()
        if prompt is None:
            return 0
        first = sum(self._context.renderer.count(message.content) for message in prompt.messages)
        return min(first + sample.estimated_turns // 2 * TOKENS_PER_TURN, self._context.window_tokens)


def open_task(context: TaskContext) -> WebShopTask:
    """Opens the task. Raises ConfigError for wrong settings and without the package ``rapidfuzz``."""
    require_package()
    return WebShopTask(context)
