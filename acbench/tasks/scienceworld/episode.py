"""The act-only agent in a ScienceWorld variation: prompts, turns and the grade of one episode."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Sampling
from acbench.errors import DataError
from acbench.tasks.agents.conversation import Conversation, Entry, Frame
from acbench.tasks.agents.judging import TurnRecord, failure_channel, grounding, score_changes
from acbench.tasks.agents.replies import extract_action, turn_outcome
from acbench.tasks.protocol import TOO_LONG, Grade
from acbench.tasks.scienceworld.environment import LIST_COMMAND
from acbench.tasks.scienceworld.samples import environment_for, example_for

if TYPE_CHECKING:
    from acbench.tasks.protocol import Prompt, Renderer, Reply, Sample
    from acbench.tasks.scienceworld.environment import Environment
    from acbench.tasks.scienceworld.settings import Settings

SYSTEM = (
    "You act in a house with a laboratory to reach a goal. After each observation, answer with one command, "
    "on one line, and nothing else."
)
RULES = (
    "Commands: go to <place>; look around; look at <thing>; look in <thing>; pick up <thing>; put down <thing>; "
    "move <thing> to <thing>; pour <thing> in <thing>; dunk <thing> in <thing>; mix <thing>; use <thing> on "
    "<thing>; focus on <thing>; open <thing>; close <thing>; activate <thing>; deactivate <thing>; read "
    "<thing>; eat <thing>; flush <thing>; task; wait; wait1. Things are named as observations name them. Focus "
    "only on what the goal asks for: a wrong focus ends the task. A question with numbers is answered by one "
    f"of its numbers. '{LIST_COMMAND}' lists the kinds of commands, 'inventory' what you carry."
)
LABELS = ("action", "answer", "command")
"""Words in front of a colon that a reply may put before its command."""
CUE = "Action:"
STOP = ("\n",)
"""One command is one line."""


def frame_for(environment: Environment, settings: Settings) -> Frame:
    """The fixed part of the prompt, equal for all episodes up to the goal."""
    example = example_for(upstream=settings.upstream, show_actions=settings.show_actions)
    start = f"Goal: {environment.goal_text()}"
    frame = Frame(
        system=SYSTEM,
        intro="",
        layout=settings.format,
        window=2 * settings.memory_turns,
        keep_first=settings.keep_first,
        sampling=Sampling(max_tokens=settings.max_tokens, stop=STOP),
    )
    if settings.format == "chat":
        turns: list[Entry | str] = [f"An example.\nGoal: {example[0][1]}"]
        turns += [
            Entry("Action" if label == "Action" else "Observation", text) for label, text in example[1:]
        ]
        system = f"{SYSTEM}\n{RULES}"
        return replace(frame, system=system, intro=f"A new task.\n{start}", example=tuple(turns), cue=CUE)
    lines = (f"{label}: {text}" for label, text in example)
    parts = (RULES, "", "An example:", *lines, "", "Now it is your turn.", start)
    return replace(frame, intro="\n".join(parts))


class ScienceWorldEpisode:
    """One rollout: asks until the goal, a failure, the end of the turns, or a prompt that does not fit."""

    def __init__(self, sample: Sample, settings: Settings, renderer: Renderer, window_tokens: int) -> None:
        self._sample = sample
        self._settings = settings
        self._renderer = renderer
        self._window_tokens = window_tokens
        self._environment = environment_for(
            sample.data,
            upstream=settings.upstream,
            show_actions=settings.show_actions,
            jvms=settings.jvms,
        )
        self._conversation = Conversation(frame_for(self._environment, settings))
        self._conversation.observe(self._environment.first_observation())
        self._turns: list[TurnRecord] = []
        self._prompt: Prompt | None = None
        self._too_long = False

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
        action = extract_action(reply.text, labels=LABELS)
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

    def grade(self) -> Grade:
        if not self.over:
            raise DataError(f"{self._sample.id}: the episode is not over, it cannot be graded yet")
        if self._too_long:
            return Grade({}, "too_long", state="too_long", detail=self._detail())
        success = self._environment.success
        scores = {
            "progress": self._environment.progress,
            "success": float(success),
            "grounding": grounding(self._turns),
            "native": self._environment.native,
        }
        return Grade(scores, failure_channel(self._turns, success=success), detail=self._detail())

    def _detail(self) -> dict[str, Any]:
        data, settings = self._sample.data, self._settings
        progress = [turn.progress for turn in self._turns]
        return {
            "task": data["task"],
            "variation": data["variation"],
            "failed": self._environment.failed,
            "level": self._sample.level,
            "difficulty": data["difficulty"],
            "gold_steps": len(data["plan"]) or None,
            "step_budget": data["budget"],
            "turns": len(self._turns),
            "invalid_turns": sum(turn.outcome != "valid" for turn in self._turns),
            "outcomes": [turn.outcome for turn in self._turns],
            "actions": [turn.action for turn in self._turns],
            "progress_by_turn": progress,
            "score_changes": [list(change) for change in score_changes(progress)],
            "show_actions": settings.show_actions,
            "format": settings.format,
            "mode": settings.mode,
        }
