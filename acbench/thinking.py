"""Models that think before they answer: a thought with a budget of its own, and the answer read after it.

A turn of such a model is two requests. The first one continues the prompt inside the thought until the model closes
it or its budget is spent; the second one continues behind the closed thought, with the task's own cue and sampling.
So a short answer limit never cuts a thought, and a thought is never read as an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from acbench.errors import ConfigError, did_you_mean
from acbench.records import Turn
from acbench.tasks.protocol import TOO_LONG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import SampleRecord
    from acbench.tasks.protocol import Prompt

MOST_TOKENS = 32768
KEYS = ("budget", "open", "close")
TOKENS_PER_CHARACTER = 4
"""At most: a character has up to four bytes, and tokenizers fall back to bytes."""
CUT = "length"
NO_ROOM = Turn("", "", "no_room", 0, 0)
"""The thought of a turn whose window holds prompt and answer and nothing more: it is closed where it opens."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """``budget``: tokens of one thought at most; ``open`` and ``close``: the markers around it."""

    budget: int
    open: str
    close: str

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str) -> Thinking | None:
        """Reads a model's ``thinking``; None when it is empty. Raises ConfigError naming ``where`` and the key."""
        if not table:
            return None
        for key in table:
            if key not in KEYS:
                raise ConfigError(f"{where}: thinking: unknown key {key!r}; {did_you_mean(key, KEYS)}")
        for key in KEYS:
            if key not in table:
                raise ConfigError(f"{where}: thinking: {key} is missing")
        budget = table["budget"]
        if not isinstance(budget, int) or isinstance(budget, bool) or not 1 <= budget <= MOST_TOKENS:
            raise ConfigError(f"{where}: thinking.budget must lie in 1 .. {MOST_TOKENS}, not {budget!r}")
        for key in ("open", "close"):
            if not isinstance(table[key], str) or not table[key].strip():
                raise ConfigError(
                    f"{where}: thinking.{key} must be a text such as <think>, not {table[key]!r}"
                )
        if table["open"].strip() == table["close"].strip():
            raise ConfigError(
                f"{where}: thinking.open and thinking.close must differ, both are {table['open']!r}"
            )
        return cls(budget, table["open"].strip(), table["close"].strip())


class TextRenderer(Protocol):
    """The part of a renderer that thinking needs."""

    def text(self, prompt: Prompt) -> str: ...

    def render(self, prompt: Prompt) -> tuple[int, ...]: ...


class Thinker:
    """Turns a task's prompt into the two that a thinking model is asked."""

    def __init__(self, thinking: Thinking, renderer: TextRenderer, window_tokens: int) -> None:
        self._thinking = thinking
        self._renderer = renderer
        self._window = window_tokens

    def applies(self, prompt: Prompt) -> bool:
        """Raw text is continued as it stands: there is no turn of an assistant in which to think."""
        return bool(prompt.messages)

    def unthought(self, prompt: Prompt) -> Prompt:
        """For a text that is scored, not generated: a thought that the template has opened is closed, empty."""
        opening = self._opening(prompt)
        return prompt if opening else replace(prompt, prefill=self._closed(opening, "") + prompt.prefill)

    def room(self, prompt: Prompt) -> int:
        """Tokens the thought may take: the budget, or what prompt, markers and answer leave of the window; 0: none."""
        empty = replace(prompt, prefill=self._closed(self._opening(prompt), "") + prompt.prefill)
        left = self._window - len(self._renderer.render(empty)) - prompt.sampling.max_tokens
        return max(0, min(self._thinking.budget, left))

    def question(self, prompt: Prompt, room: int) -> Prompt:
        """Asks for the thought. The task's cue, stop strings and least length are the answer's and wait for it."""
        sampling = replace(
            prompt.sampling, max_tokens=room, stop=(self._thinking.close,), min_tokens=0, logprobs=False
        )
        return replace(prompt, prefill=self._opening(prompt), sampling=sampling)

    def answer(self, prompt: Prompt, thought: str) -> tuple[Prompt, bool]:
        """Asks for the answer behind the thought; the flag says whether the thought's end had to be dropped.

        That happens when its text takes more tokens than were generated (broken characters do).
        """
        opening, kept = self._opening(prompt), thought
        while True:
            asked = replace(prompt, prefill=self._closed(opening, kept) + prompt.prefill)
            excess = len(self._renderer.render(asked)) + prompt.sampling.max_tokens - self._window
            if excess <= 0 or not kept:
                return asked, kept != thought
            kept = kept[: -excess // TOKENS_PER_CHARACTER]  # rounded down: at least one character goes

    def _opening(self, prompt: Prompt) -> str:
        """What begins the thought: nothing when the template itself ends with the open marker."""
        opened = self._renderer.text(replace(prompt, prefill="")).rstrip().endswith(self._thinking.open)
        return "" if opened else f"{self._thinking.open}\n"

    def _closed(self, opening: str, thought: str) -> str:
        return f"{opening}{thought.rstrip()}\n{self._thinking.close}\n\n"


def facts(
    base: Sequence[SampleRecord],
    other: Sequence[SampleRecord],
    budgets: tuple[int, int],
) -> dict[str, str]:
    """What the thoughts of both sides were like, base → compressed; empty when neither side has one.

    ``budgets``: the configured ones, 0 for a model that does not think.
    """
    sides = [_Side.of(records, budget) for records, budget in zip((base, other), budgets, strict=True)]
    if not any(side.count for side in sides):
        return {}
    found = {
        "thought, mean tokens": _both(sides, "mean_tokens", "{:,.0f}"),
        "thoughts cut at their budget": _both(sides, "cut", "{:.1%}"),
    }
    if any(side.shortened for side in sides):
        found["thoughts whose budget the window made smaller"] = _both(sides, "shortened", "{:.1%}")
    return found


@dataclass(frozen=True, slots=True)
class _Side:
    """``cut``, ``shortened``: shares of the ``count`` thoughts. One there was no room for is both."""

    count: int
    mean_tokens: float = 0.0
    cut: float = 0.0
    shortened: float = 0.0

    @classmethod
    def of(cls, records: Sequence[SampleRecord], budget: int) -> _Side:
        turns = [turn for record in records for turn in record.turns if turn.finish_reason != TOO_LONG]
        thoughts = [turn.thought for turn in turns if turn.thought is not None]
        if not thoughts:
            return cls(0)
        n = len(thoughts)
        return cls(
            n,
            sum(thought.output_tokens for thought in thoughts) / n,
            sum(thought_cut(thought) for thought in thoughts) / n,
            sum(thought.budget < budget for thought in thoughts) / n,
        )


def thought_cut(thought: Turn) -> bool:
    """Whether the thought was closed for the model because its tokens were spent."""
    return thought.finish_reason in (CUT, NO_ROOM.finish_reason)


def _both(sides: Sequence[_Side], name: str, form: str) -> str:
    return " → ".join(form.format(getattr(side, name)) if side.count else "none" for side in sides)
