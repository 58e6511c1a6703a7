"""An agent in a PDDL world: prompts, turns and the grade of one episode."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Sampling
from acbench.errors import DataError
from acbench.tasks.agents.conversation import Conversation, Entry, Frame, entries
from acbench.tasks.agents.judging import TurnRecord, failure_channel, grounding, score_changes
from acbench.tasks.agents.react import Thinking, read_react, thinking_frame, with_thoughts
from acbench.tasks.agents.replies import extract_action, turn_outcome
from acbench.tasks.pddl.environment import LIST_COMMAND, LOOK_COMMAND
from acbench.tasks.pddl.samples import environment_for, example_for, rules_for
from acbench.tasks.protocol import TOO_LONG, Grade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.pddl.environment import Environment
    from acbench.tasks.pddl.settings import Settings
    from acbench.tasks.protocol import Prompt, Renderer, Reply, Sample

SYSTEM = (
    "You act in a small text world to reach a goal. After each observation, answer with one of the valid "
    "commands, on one line, and nothing else."
)
THINKING_SYSTEM = (
    "You act in a small text world to reach a goal. After each observation, give one of the valid commands."
)
LABELS = ("action", "answer", "command")
"""Words in front of a colon that a reply may put before its command."""
CUE = "Action:"
STOP = ("\n",)
"""One command is one line."""


def frame_for(data: Mapping[str, Any], environment: Environment, settings: Settings) -> Frame:
    """The fixed part of the prompt, equal for all problems of a domain up to the goal."""
    example = example_for(data, mode=settings.mode, show_actions=settings.show_actions)
    thinks = settings.agent == "react"
    if thinks:
        example = with_thoughts(example)
    opening = THINKING_SYSTEM if thinks else SYSTEM
    commands = f"'{LIST_COMMAND}' lists what is possible now, '{LOOK_COMMAND}' describes everything again."
    start = f"Goal: {environment.goal_text()}"
    frame = Frame(
        system=opening,
        intro="",
        layout=settings.format,
        window=2 * settings.memory_turns,
        keep_first=settings.keep_first,
        sampling=Sampling(max_tokens=settings.max_tokens, stop=STOP),
    )
    if settings.format == "chat":
        turns: list[Entry | str] = [f"An example.\nGoal: {example[0][1]}"]
        turns += entries(example[1:])
        system = "\n".join((opening, rules_for(data), commands))
        frame = replace(frame, system=system, intro=f"A new task.\n{start}", example=tuple(turns), cue=CUE)
        return thinking_frame(frame) if thinks else frame
    lines = (f"{label}: {text}" for label, text in example)
    parts = (rules_for(data), commands, "", "An example:", *lines, "", "Now it is your turn.", start)
    frame = replace(frame, intro="\n".join(parts))
    return thinking_frame(frame) if thinks else frame


class PddlEpisode:
    """One rollout: asks until the goal, the end of the turns, or a prompt that does not fit."""

    def __init__(self, sample: Sample, settings: Settings, renderer: Renderer, window_tokens: int) -> None:
        self._sample = sample
        self._settings = settings
        self._renderer = renderer
        self._window_tokens = window_tokens
        self._environment = environment_for(
            sample.data, mode=settings.mode, show_actions=settings.show_actions
        )
        self._conversation = Conversation(frame_for(sample.data, self._environment, settings))
        self._conversation.observe(self._environment.first_observation())
        self._turns: list[TurnRecord] = []
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
            understood=step.understood,
            labels=LABELS,
        )
        self._turns.append(TurnRecord(action, outcome, step.progress))
        self._conversation.act(action)
        self._conversation.observe(step.observation)

    def _heard(self, text: str) -> str | None:
        """The action of a reply; None when it was a thought and the model is to be asked again."""
        if self._settings.agent == "react":
            return self._thinking.hear(read_react(text, labels=LABELS), self._conversation)
        return extract_action(text, labels=LABELS)

    def grade(self) -> Grade:
        if not self.over:
            raise DataError(f"{self._sample.id}: the episode is not over, it cannot be graded yet")
        if self._too_long:
            return Grade({}, "too_long", state="too_long", detail=self._detail())
        success = self._environment.done
        scores = {
            "progress": self._environment.progress,
            "success": float(success),
            "grounding": grounding(self._turns),
        }
        return Grade(scores, failure_channel(self._turns, success=success), detail=self._detail())

    def _detail(self) -> dict[str, Any]:
        data, settings = self._sample.data, self._settings
        progress = [turn.progress for turn in self._turns]
        optimal, budget = data["optimal"], data["budget"]
        return {
            "domain": data["domain"],
            "level": self._sample.level,
            "difficulty": data["difficulty"],
            "optimal": optimal,
            "step_budget": budget,
            "solvable": None if optimal is None else optimal <= budget,
            "turns": len(self._turns),
            "invalid_turns": sum(turn.outcome != "valid" for turn in self._turns),
            "outcomes": [turn.outcome for turn in self._turns],
            "actions": [turn.action for turn in self._turns],
            "progress_by_turn": progress,
            "score_changes": [list(change) for change in score_changes(progress)],
            "show_actions": settings.show_actions,
            "format": settings.format,
            "mode": settings.mode,
            **({"agent": "react", "thoughts": self._thinking.total} if settings.agent == "react" else {}),
        }
