"""The act-only agent in the shop: prompts, turns and the grade of one episode."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Sampling
from acbench.errors import DataError
from acbench.tasks.agents.conversation import Conversation, Entry, Frame, entries
from acbench.tasks.agents.judging import CHANNELS as JUDGED
from acbench.tasks.agents.judging import TurnRecord, failure_channel, grounding, score_changes
from acbench.tasks.agents.replies import extract_action, turn_outcome
from acbench.tasks.protocol import TOO_LONG, Grade
from acbench.tasks.webshop.samples import environment_for, example_for

if TYPE_CHECKING:
    from acbench.tasks.protocol import Prompt, Renderer, Reply, Sample
    from acbench.tasks.webshop.settings import Settings

CHANNELS = (*JUDGED, "wrong_purchase")
"""Buying something else ends an episode as surely as buying the right thing."""

SYSTEM = (
    "You shop for somebody in a web shop. After each page, answer with one action, on one line, and nothing "
    "else."
)
RULES = (
    "Actions: search[words] looks for products, on the start page only. click[name] clicks on what stands in "
    "brackets on the page: a product's number, an option, Next >, < Prev, Back to Search, Description, "
    "Features, Reviews, Attributes, Buy Now. Choose every option that is asked for before click[Buy Now]: "
    "it buys the product and ends the task. Mind the price: what is asked for may cost at most so much."
)
LABELS = ("action", "answer")
"""Words in front of a colon that a reply may put before its action."""
CUE = "Action:"
STOP = ("\n",)
"""One action is one line."""
OPENING = "reset[]"
"""Stands before the first page in upstream mode, as published."""


def frame_for(goal: str, settings: Settings) -> Frame:
    """The fixed part of the prompt, equal for all episodes up to the goal."""
    example = example_for(show_actions=settings.show_actions)
    start = f"Goal: {goal}"
    frame = Frame(
        system=SYSTEM,
        intro="",
        layout=settings.format,
        window=2 * settings.memory_turns,
        keep_first=settings.keep_first,
        sampling=Sampling(max_tokens=settings.max_tokens, stop=STOP),
    )
    if settings.format == "chat":
        turns: list[Entry | str] = [f"An example.\nGoal: {example[0][1]}", *entries(example[1:])]
        system = f"{SYSTEM}\n{RULES}"
        return replace(frame, system=system, intro=f"A new task.\n{start}", example=tuple(turns), cue=CUE)
    lines = (f"{label}: {text}" for label, text in example)
    parts = (RULES, "", "An example:", *lines, "", "Now it is your turn.", start)
    return replace(frame, intro="\n".join(parts))


class WebShopEpisode:
    """One rollout: asks until a purchase, the end of the turns, or a prompt that does not fit."""

    def __init__(self, sample: Sample, settings: Settings, renderer: Renderer, window_tokens: int) -> None:
        self._sample = sample
        self._settings = settings
        self._renderer = renderer
        self._window_tokens = window_tokens
        self._environment = environment_for(sample.data, show_actions=settings.show_actions)
        self._conversation = Conversation(frame_for(sample.data["goal"], settings))
        if settings.upstream and not settings.keep_first:
            self._conversation.act(OPENING)
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
        }
        channel = failure_channel(self._turns, success=success)
        if self._environment.done and not success:
            channel = "wrong_purchase"
        return Grade(scores, channel, detail=self._detail())

    def _detail(self) -> dict[str, Any]:
        data, settings = self._sample.data, self._settings
        progress = [turn.progress for turn in self._turns]
        return {
            "product": data["product_id"],
            "reward": self._environment.reward,
            "bought": self._environment.done,
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
