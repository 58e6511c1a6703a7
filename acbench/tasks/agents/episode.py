"""One rollout of an agent in an environment: prompts, turns and the grade."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError, EnvironmentDied
from acbench.tasks.agents.conversation import Conversation
from acbench.tasks.agents.judging import (
    TurnRecord,
    failure_channel,
    grounding,
    repeats,
    score_changes,
    turn_error,
)
from acbench.tasks.agents.memory import RememberedWorld
from acbench.tasks.agents.prompting import frame_for
from acbench.tasks.agents.react import Thinking, read_react
from acbench.tasks.agents.replies import extract_action, turn_outcome
from acbench.tasks.protocol import TOO_LONG, Grade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.agents.prompting import Script
    from acbench.tasks.agents.settings import AgentSettings
    from acbench.tasks.agents.world import Environment
    from acbench.tasks.protocol import Prompt, Renderer, Reply, Sample

BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Staging:
    """What an episode needs of its task: words, a worked example, and the environment, opened on demand.

    ``facts``: what the sample tells for the record. ``troubles``: channels of their own for kinds of
    invalid actions. ``forget_unparsed``: a line that is no action is not remembered, because it would be
    the model's next example. ``before``: an action remembered before the first observation.
    """

    open_world: Callable[[], Environment]
    script: Script
    example: Sequence[tuple[str, str]]
    facts: Mapping[str, Any]
    troubles: Mapping[str, str]
    forget_unparsed: bool = False
    before: str = ""


class AgentEpisode:
    """Asks until the environment ends, the turns are used up, or a prompt does not fit.

    An environment that dies, or that takes longer in all than the settings allow, makes the episode
    *broken*: it has no score, and the reason stands in its record. ``close`` gives back the environment of
    an episode that is not played to its end; all others give it back by themselves.
    """

    def __init__(
        self,
        sample: Sample,
        staging: Staging,
        settings: AgentSettings,
        renderer: Renderer,
        window_tokens: int,
    ) -> None:
        self._sample = sample
        self._staging = staging
        self._settings = settings
        self._renderer = renderer
        self._window_tokens = window_tokens
        self._world = RememberedWorld(sample.id, staging.open_world, settings.episode_seconds)
        self._conversation: Conversation | None = None
        self._thinking = Thinking(settings.max_think)
        self._turns: list[TurnRecord] = []
        self._prompt: Prompt | None = None
        self._too_long = False
        self._broken = ""

    # -- what the world answered, kept with the answers ------------------------------------------

    def remember(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Takes what the world answered when this episode was played before."""
        self._world.remember(records)

    def news(self) -> list[Mapping[str, Any]]:
        """What the world answered since the last call, as JSON records."""
        return self._world.news()

    # -- the episode -----------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        ended = self._too_long or bool(self._broken) or self._world.done
        return ended or len(self._turns) >= self._sample.data["budget"]

    def ask(self) -> Prompt | None:
        if self._prompt is None and not self.over:
            conversation = self._conversation or self._begin()
            if conversation is not None:
                self._prompt = conversation.fitted(self._renderer, self._window_tokens)
                if self._prompt is None:
                    self._end_too_long()
        return self._prompt

    def _end_too_long(self) -> None:
        self._too_long = True
        self._guarded(self._world.finish)

    def _begin(self) -> Conversation | None:
        """The conversation with the first observation; None if the world did not open."""
        start = self._guarded(self._world.start)
        if start is None:
            return None
        staging = self._staging
        self._conversation = Conversation(
            frame_for(staging.script, staging.example, start["goal"], self._settings)
        )
        if staging.before:
            self._conversation.act(staging.before)
        self._conversation.observe(start["first"])
        for action, observation in start["opening"]:
            self._conversation.act(action)
            self._conversation.observe(observation)
        return self._conversation

    def tell(self, reply: Reply) -> None:
        if self.ask() is None or self._conversation is None:
            raise DataError(
                f"{self._sample.id}: a reply was told after the episode's end (turn {len(self._turns)})"
            )
        self._prompt = None
        if reply.finish_reason == TOO_LONG:
            self._end_too_long()
            return
        action = self._heard(reply.text, self._conversation)
        if action is None:
            return
        step = self._guarded(lambda: self._world.step(action))
        if step is None:
            return
        outcome = turn_outcome(
            reply=reply.text,
            finish_reason=reply.finish_reason,
            valid=step.valid,
            understood=step.understood,
            labels=self._staging.script.labels,
        )
        self._turns.append(TurnRecord(action, outcome, step.progress, step.observation, step.trouble))
        forgotten = self._staging.forget_unparsed and not step.understood
        self._conversation.act("" if forgotten else action)
        self._conversation.observe(step.observation)
        if self.over:
            self._guarded(self._world.finish)

    def _heard(self, text: str, conversation: Conversation) -> str | None:
        """The action of a reply; None when it was a thought and the model is to be asked again."""
        script = self._staging.script
        if self._settings.agent == "react":
            heard = read_react(
                text, labels=script.labels, strip_period=script.strip_period, limit=script.limit
            )
            return self._thinking.hear(heard, conversation)
        return extract_action(
            text, labels=script.labels, strip_period=script.strip_period, limit=script.limit
        )

    def _guarded(self, what: Callable[[], Any]) -> Any:
        """Calls the world; None, and a broken episode, if it dies or has used up its time."""
        try:
            return what()
        except EnvironmentDied as error:
            self._broken = str(error) or "the environment died"
            self._world.close()
            return None

    def close(self) -> None:
        self._world.close()

    # -- the grade -------------------------------------------------------------------------------

    def grade(self) -> Grade:
        if not self.over:
            raise DataError(f"{self._sample.id}: the episode is not over, it cannot be graded yet")
        end = None if self._broken else self._guarded(self._world.finish)
        if self._broken or end is None:
            self._world.break_off(self._broken)
            return Grade({}, BROKEN, state=BROKEN, detail={**self._detail({}), "broken": self._broken})
        detail = self._detail(end["facts"])
        if self._too_long:
            return Grade({}, TOO_LONG, state=TOO_LONG, detail=detail)
        success = self._world.success
        scores = {
            "progress": self._world.progress,
            "success": float(success),
            "grounding": grounding(self._turns),
            **end["scores"],
        }
        general = failure_channel(self._turns, success=success, troubles=self._staging.troubles)
        return Grade(scores, general if success else end["ending"] or general, detail=detail)

    def _detail(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        settings, data = self._settings, self._sample.data
        progress = [turn.progress for turn in self._turns]
        actions = [turn.action for turn in self._turns]
        troubles = Counter(turn.trouble for turn in self._turns if turn.trouble)
        errors = Counter(name for turn in self._turns if (name := turn_error(turn)))
        start = self._world.known_start()
        return {
            **self._staging.facts,
            **facts,
            "goal": start.get("goal", ""),
            "first_observation": start.get("first", ""),
            "level": self._sample.level,
            "difficulty": data["difficulty"],
            "step_budget": data["budget"],
            "turns": len(self._turns),
            "invalid_turns": sum(turn.outcome != "valid" for turn in self._turns),
            "repeated_turns": repeats(actions),
            **({"troubles": dict(sorted(troubles.items()))} if troubles else {}),
            "turn_errors": dict(sorted(errors.items())),
            "outcomes": [turn.outcome for turn in self._turns],
            "actions": actions,
            "observations": [turn.observation for turn in self._turns],
            "progress_by_turn": progress,
            "score_changes": [list(change) for change in score_changes(progress)],
            "format": settings.format,
            "mode": settings.mode,
            **({"agent": "react", "thoughts": self._thinking.total} if settings.agent == "react" else {}),
        }
