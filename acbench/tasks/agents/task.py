"""A multi-turn task: samples, and an episode for each, from the few things that make one task differ."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from acbench.tasks.agents.episode import AgentEpisode, Staging
from acbench.tasks.agents.judging import CHANNELS
from acbench.tasks.agents.settings import AgentSettings
from acbench.tasks.protocol import Metric, TaskInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.agents.prompting import Script
    from acbench.tasks.agents.world import Environment
    from acbench.tasks.protocol import Sample, TaskContext

S = TypeVar("S", bound=AgentSettings)

METRICS = (
    Metric("progress", "Progress rate"),
    Metric("success", "Success rate", binary=True),
    Metric("grounding", "Grounding accuracy"),
)


def agent_info(
    slug: str,
    title: str,
    *,
    version: int = 1,
    metrics: tuple[Metric, ...] = (),
    channels: tuple[str, ...] = (),
    generation: str = "",
) -> TaskInfo:
    """The description of a multi-turn task; ``metrics`` and ``channels`` beside the common ones."""
    return TaskInfo(
        slug=slug,
        title=title,
        capability="real_world",
        version=version,
        metrics=(*METRICS, *metrics),
        channels=(*CHANNELS, *channels),
        kind="rollout",
        generation=generation,
    )


@dataclass(frozen=True, slots=True)
class Stage(Generic[S]):
    """How one task sets up its episodes; every member is given the sample's data and the settings.

    ``facts`` names what of the data goes into the record. ``tokens_per_turn``: an action with its
    observation, for estimates only.
    """

    world: Callable[[Mapping[str, Any], S], Environment]
    script: Callable[[Mapping[str, Any], S], Script]
    example: Callable[[Mapping[str, Any], S], Sequence[tuple[str, str]]]
    facts: Callable[[Mapping[str, Any], S], Mapping[str, Any]]
    tokens_per_turn: int
    troubles: Mapping[str, str] = field(default_factory=dict)
    forget_unparsed: bool = False
    before: Callable[[S], str] = lambda _: ""


class AgentTask(Generic[S]):
    """Episodes of one multi-turn task for one context."""

    def __init__(
        self,
        info: TaskInfo,
        context: TaskContext,
        settings: S,
        stage: Stage[S],
        find_samples: Callable[[TaskContext, S], Sequence[Sample]],
    ) -> None:
        self._info = info
        self._context = context
        self._settings = settings
        self._stage = stage
        self._find_samples = find_samples
        self._counted: dict[str, int] = {}

    @property
    def info(self) -> TaskInfo:
        return self._info

    def samples(self) -> Sequence[Sample]:
        """One sample per episode. Settings that were changed and decide more than which ones stand in their
        data: it is part of the generation's key, so that other prompts are other generations."""
        changed = changed_settings(self._settings)
        more = {"settings": changed} if changed else {}
        return [
            replace(sample, data={**sample.data, **more}, estimated_prompt_tokens=self._estimate(sample))
            for sample in self._find_samples(self._context, self._settings)
        ]

    def open(self, sample: Sample) -> AgentEpisode:
        return AgentEpisode(
            sample,
            self._staging(sample.data),
            self._settings,
            self._context.renderer,
            self._context.window_tokens,
        )

    def world(self, sample: Sample) -> Environment:
        """A fresh environment of one sample, without an agent."""
        return self._stage.world(sample.data, self._settings)

    def _staging(self, data: Mapping[str, Any]) -> Staging:
        stage, settings = self._stage, self._settings
        return Staging(
            open_world=lambda: stage.world(data, settings),
            script=stage.script(data, settings),
            example=stage.example(data, settings),
            facts=stage.facts(data, settings),
            troubles=stage.troubles,
            forget_unparsed=stage.forget_unparsed,
            before=stage.before(settings),
        )

    def _estimate(self, sample: Sample) -> int:
        """Tokens of the prompt half-way through the turns, without the template; opens no environment."""
        staging = self._staging(sample.data)
        texts = (staging.script.system, staging.script.rules, *(text for _, text in staging.example))
        fixed = sum(self._count(text) for text in texts)
        turns = 1 + sample.estimated_turns // 2
        return min(fixed + turns * self._stage.tokens_per_turn, self._context.window_tokens)

    def _count(self, text: str) -> int:
        if text not in self._counted:
            self._counted[text] = self._context.renderer.count(text)
        return self._counted[text]


CHOOSING = frozenset(
    {"domains", "tools", "levels", "per_level", "max_steps", "slack", "episode_seconds", "mode"}
    | {"jvms", "workers"}
)
"""Settings that show in the samples themselves, in the key, or in nothing that is asked."""


def changed_settings(settings: AgentSettings) -> dict[str, Any]:
    """The settings that decide what is asked, as far as they are not the task's own, as plain JSON."""
    own = type(settings)()
    found = {one.name: getattr(settings, one.name) for one in fields(settings) if one.name not in CHOOSING}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in found.items()
        if value != getattr(own, name)
    }
