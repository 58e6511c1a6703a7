"""The ``pddl-likelihood`` task: how probable the model finds the steps of a gold plan.

Each sample is one step of one plan. Its prompt is what the agent would see had it played the plan so
far; the text that is scored is the plan's next command.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from acbench.errors import DataError, EngineError
from acbench.tasks.agents.conversation import Conversation
from acbench.tasks.pddl.prompts import frame_for
from acbench.tasks.pddl.samples import environment_for, problem_samples, settings_for
from acbench.tasks.pddl.task import prompt_tokens
from acbench.tasks.protocol import TOO_LONG, Grade, Metric, Sample, TaskContext, TaskInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.pddl.environment import Environment
    from acbench.tasks.pddl.settings import Settings
    from acbench.tasks.protocol import Episode, Prompt, Renderer, Reply

LIKELIHOOD_INFO = TaskInfo(
    slug="pddl-likelihood",
    title="Log-likelihood of gold plans (PDDL)",
    capability="diagnostic",
    version=1,
    metrics=(
        Metric("gold_loglik", "Mean log-probability per token of the gold command", unit="nats"),
        Metric("gold_prob", "Probability of the whole gold command"),
    ),
    channels=("scored", "too_long"),
    kind="likelihood",
)


class LikelihoodTask:
    """Plan steps and their one-prompt episodes for one context."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self._settings = settings_for(context, likelihood=True)

    @property
    def info(self) -> TaskInfo:
        return LIKELIHOOD_INFO

    def samples(self) -> Sequence[Sample]:
        """At most ``steps`` samples per problem, spread evenly over its plan, the first step included.

        Raises DataError for upstream data without plans.
        """
        samples: list[Sample] = []
        for problem in problem_samples(self._context, self._settings):
            length = len(problem.data["plan"])
            if not length:
                raise DataError(f"{problem.id}: no gold plan; put gold_plans.json into the data folder")
            count = min(length, self._settings.steps)
            samples += (self._sample(problem, step * length // count) for step in range(count))
        return samples

    def open(self, sample: Sample) -> Episode:
        return LikelihoodEpisode(sample, self._settings, self._context.renderer, self._context.window_tokens)

    def _sample(self, problem: Sample, step: int) -> Sample:
        sample = replace(
            problem,
            id=f"{problem.id}-s{step + 1:02d}",
            data={**problem.data, "step": step},
            estimated_turns=1,
        )
        prompt = LikelihoodEpisode(sample, self._settings, self._context.renderer, 10**9).ask()
        tokens = 0 if prompt is None else prompt_tokens(self._context.renderer, prompt)
        return replace(sample, estimated_prompt_tokens=tokens)


class LikelihoodEpisode:
    """Asks once, for the log-probabilities of the gold command."""

    def __init__(self, sample: Sample, settings: Settings, renderer: Renderer, window_tokens: int) -> None:
        self._sample = sample
        self._settings = settings
        self._gold, conversation = _played(sample, settings)
        blank = " " if settings.format == "chat" else ""  # behind the cue; the single layout ends in a blank
        self._prompt = conversation.fitted(renderer, window_tokens, continuation=blank + self._gold)
        self._grade = None if self._prompt else self._unscored()

    def ask(self) -> Prompt | None:
        return None if self._grade else self._prompt

    def tell(self, reply: Reply) -> None:
        """Raises EngineError when the reply carries no usable log-probabilities: that is not a score."""
        if self.ask() is None:
            raise DataError(f"{self._sample.id}: a reply was told after the episode's end")
        if reply.finish_reason == TOO_LONG:
            self._grade = self._unscored()
            return
        total = sum(reply.logprobs)
        if not reply.logprobs or not math.isfinite(total):
            raise EngineError(f"{self._sample.id}: the engine returned no finite log-probabilities")
        scores = {"gold_loglik": total / len(reply.logprobs), "gold_prob": math.exp(min(total, 0.0))}
        self._grade = Grade(scores, "scored", detail={**self._detail(), "tokens": len(reply.logprobs)})

    def grade(self) -> Grade:
        if self._grade is None:
            raise DataError(f"{self._sample.id}: the episode is not over, it cannot be graded yet")
        return self._grade

    def _unscored(self) -> Grade:
        return Grade({}, "too_long", state="too_long", detail=self._detail())

    def _detail(self) -> dict[str, object]:
        data = self._sample.data
        return {
            "domain": data["domain"],
            "level": self._sample.level,
            "difficulty": data["difficulty"],
            "optimal": data["optimal"],
            "step": data["step"],
            "gold": self._gold,
            "show_actions": self._settings.show_actions,
            "format": self._settings.format,
            "mode": self._settings.mode,
        }


def _played(sample: Sample, settings: Settings) -> tuple[str, Conversation]:
    """The gold command of a sample's step and the conversation up to it."""
    data = sample.data
    environment = environment_for(data, mode=settings.mode, show_actions=settings.show_actions)
    commands = [_command(environment, bare, sample.id) for bare in data["plan"][: data["step"] + 1]]
    conversation = Conversation(frame_for(data, environment, settings))
    conversation.observe(environment.first_observation())
    for command in commands[:-1]:
        step = environment.step(command)
        if not step.valid:
            raise DataError(f"{sample.id}: gold command {command!r} is not possible")
        conversation.act(command)
        conversation.observe(step.observation)
    return commands[-1], conversation


def _command(environment: Environment, bare: str, sample: str) -> str:
    action = environment.world.by_text.get(bare)
    if action is None:
        raise DataError(f"{sample}: gold step {bare!r} is not an action of the problem")
    return environment.wording.action(action).strip()


def open_likelihood(context: TaskContext) -> LikelihoodTask:
    """Opens the task. Raises ConfigError for wrong settings; data is read by ``samples``."""
    return LikelihoodTask(context)
