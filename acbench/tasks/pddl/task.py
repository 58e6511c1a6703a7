"""The ``pddl`` task: an agent plays planning problems in a text world (AgentBoard, section 5.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acbench.tasks.agents.judging import CHANNELS
from acbench.tasks.pddl.episode import PddlEpisode
from acbench.tasks.pddl.samples import problem_samples, settings_for
from acbench.tasks.protocol import Metric, Prompt, Sample, TaskContext, TaskInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.protocol import Episode, Renderer

INFO = TaskInfo(
    slug="pddl",
    title="Planning worlds (AgentBoard PDDL)",
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

TOKENS_PER_COMMAND = 8
"""For estimates only."""


class PddlTask:
    """Problems and their episodes for one context."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._settings = settings_for(context, likelihood=False)

    @property
    def info(self) -> TaskInfo:
        return INFO

    def samples(self) -> Sequence[Sample]:
        problems = problem_samples(self._context, self._settings)
        return [replace(sample, estimated_prompt_tokens=self._estimate(sample)) for sample in problems]

    def open(self, sample: Sample) -> Episode:
        return PddlEpisode(sample, self._settings, self._context.renderer, self._context.window_tokens)

    def _estimate(self, sample: Sample) -> int:
        """The prompt half-way through the turns, in tokens: the first one plus as many observations."""
        prompt = PddlEpisode(sample, self._settings, self._context.renderer, 10**9).ask()
        if prompt is None:
            return 0
        first = prompt_tokens(self._context.renderer, prompt)
        observation = self._context.renderer.count(prompt.messages[-1].content.rpartition("Observation:")[2])
        grown = first + sample.estimated_turns // 2 * (observation + TOKENS_PER_COMMAND)
        return min(grown, self._context.window_tokens)


def prompt_tokens(renderer: Renderer, prompt: Prompt) -> int:
    """Tokens of the messages' texts; an estimate without the template."""
    return sum(renderer.count(message.content) for message in prompt.messages)


def open_task(context: TaskContext) -> PddlTask:
    """Opens the task. Raises ConfigError for wrong settings; data is read by ``samples``."""
    return PddlTask(context)
