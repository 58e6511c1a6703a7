"""An agent with tools: prompts, turns and the grade of one episode."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.agents.conversation import Conversation
from acbench.tasks.agents.judging import TurnRecord, grounding, score_changes
from acbench.tasks.agents.react import Thinking, read_react
from acbench.tasks.agents.replies import extract_action, turn_outcome
from acbench.tasks.protocol import TOO_LONG, Grade
from acbench.tasks.tools.judging import repeats, tool_channel
from acbench.tasks.tools.play import build_environment
from acbench.tasks.tools.prompts import frame_for

if TYPE_CHECKING:
    from acbench.tasks.protocol import Prompt, Renderer, Reply, Sample
    from acbench.tasks.tools.calls import Trouble
    from acbench.tasks.tools.settings import Settings

LABELS = ("action",)
MAX_CALL_CHARACTERS = 4000
"""Calls that write whole tables are long."""


def read_action(reply: str) -> str:
    """The line of a reply that is taken as its call."""
    return extract_action(reply, labels=LABELS, strip_period=False, limit=MAX_CALL_CHARACTERS)


class ToolEpisode:
    """One rollout: asks until the finish, the end of the turns, or a prompt that does not fit."""

    def __init__(self, sample: Sample, settings: Settings, renderer: Renderer, window_tokens: int) -> None:
        self._sample = sample
        self._settings = settings
        self._renderer = renderer
        self._window_tokens = window_tokens
        self._environment = build_environment(
            sample.data, upstream=settings.upstream, choices=sample.data["choices"]
        )
        self._conversation = Conversation(frame_for(sample.data, self._environment, settings))
        self._conversation.observe(self._environment.first_observation())
        for action, observation in self._environment.opening():
            self._conversation.act(action)
            self._conversation.observe(observation)
        self._turns: list[TurnRecord] = []
        self._troubles: list[Trouble] = []
        self._prompt: Prompt | None = None
        self._too_long = False
        self._thinking = Thinking(settings.max_think)

    @property
    def over(self) -> bool:
        return self._too_long or self._environment.done or len(self._turns) >= self._sample.data["budget"]

    def ask(self) -> Prompt | None:
        if self._prompt is None and not self.over:
            self._prompt = self._conversation.fitted(self._renderer, self._window_tokens)
            self._too_long = self._prompt is None
        return self._prompt

    def tell(self, reply: Reply) -> None:
        if self.ask() is None:
            raise DataError(
                f"{self._sample.id}: a reply was told after the episode's end (turn {len(self._turns)})"
            )
        self._prompt = None
        if reply.finish_reason == TOO_LONG:
            self._too_long = True
            return
        action = self._heard(reply.text)
        if action is None:
            return
        step = self._environment.step(action)
        outcome = turn_outcome(
            reply=reply.text,
            finish_reason=reply.finish_reason,
            valid=step.valid,
            understood=step.trouble != "format",
            labels=LABELS,
        )
        self._turns.append(TurnRecord(action, outcome, step.progress))
        self._troubles.append(step.trouble)
        # A line that is no call is not remembered: it would be the model's next example (section 6.1).
        self._conversation.act("" if step.trouble == "format" else action)
        self._conversation.observe(step.observation)

    def _heard(self, text: str) -> str | None:
        """The call of a reply; None when it was a thought and the model is to be asked again."""
        if self._settings.agent == "react":
            heard = read_react(text, labels=LABELS, strip_period=False, limit=MAX_CALL_CHARACTERS)
            return self._thinking.hear(heard, self._conversation)
        return read_action(text)

    def grade(self) -> Grade:
        if not self.over:
            raise DataError(f"{self._sample.id}: the episode is not over, it cannot be graded yet")
        if self._too_long:
            return Grade({}, "too_long", state="too_long", detail=self._detail())
        scores = {
            "progress": self._environment.progress,
            "success": float(self._environment.success),
            "grounding": grounding(self._turns),
        }
        channel = tool_channel(self._turns, self._troubles, self._environment)
        return Grade(scores, channel, detail=self._detail())

    def _detail(self) -> dict[str, Any]:
        data, settings = self._sample.data, self._settings
        progress = [turn.progress for turn in self._turns]
        actions = [turn.action for turn in self._turns]
        return {
            "tool": data["tool"],
            "level": self._sample.level,
            "difficulty": data["difficulty"],
            "gold_calls": len(data["plan"]) or None,
            "step_budget": data["budget"],
            "turns": len(self._turns),
            "finished": self._environment.done,
            "invalid_turns": sum(turn.outcome != "valid" for turn in self._turns),
            "repeated_turns": repeats(actions),
            "troubles": dict(sorted(Counter(trouble for trouble in self._troubles if trouble).items())),
            "outcomes": [turn.outcome for turn in self._turns],
            "actions": actions,
            "progress_by_turn": progress,
            "score_changes": [list(change) for change in score_changes(progress)],
            "show_choices": bool(data["choices"]),
            "format": settings.format,
            "mode": settings.mode,
            **({"agent": "react", "thoughts": self._thinking.total} if settings.agent == "react" else {}),
        }
