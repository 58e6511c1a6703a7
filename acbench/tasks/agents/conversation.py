"""The prompt of an agent that acts, or thinks and acts: a fixed part, then a window over what happened.

The order of parts keeps successive prompts of one episode a common prefix as long as nothing has to be
dropped: system text, instruction with example and goal, then memory that only grows at its end.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

from acbench.engines.protocol import Sampling
from acbench.tasks.protocol import Message, Prompt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from acbench.tasks.protocol import Renderer

Label = Literal["Observation", "Action", "Think", "Note"]
Layout = Literal["chat", "single"]
"""``chat``: alternating user (observation) and assistant (action); ``single``: one user message."""
_LABELS: Mapping[str, Label] = {label: label for label in get_args(Label)}

LEFT_OUT = "(Some earlier turns are left out here.)"
NO_ACTION = "(no command)"
"""Stands for an empty action: several chat templates refuse an empty message."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing remembered. A Think belongs to the model, as an Action does; a Note is said to it without a label."""

    label: Label
    text: str


def entries(shown: Iterable[tuple[str, str]]) -> list[Entry]:
    """(label, text) pairs, as examples are written, as entries. Raises KeyError for an unknown label."""
    return [Entry(_LABELS[label], text) for label, text in shown]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stays the same over an episode. ``window`` counts memory entries (an action or an observation).

    ``keep_first`` keeps the first observation in the prompt even when older entries have to go.
    Only in the chat layout: ``example`` is the worked example as real turns before the intro; ``cue``
    is how every answer begins: the model must continue it, which keeps weak models from playing the world.
    ``thinks``: an answer may begin with a thought, so the model is not made to begin with an action.
    """

    system: str
    intro: str
    layout: Layout = "chat"
    window: int = 100
    keep_first: bool = True
    sampling: Sampling = field(default_factory=Sampling)
    example: tuple[Entry | str, ...] = ()
    cue: str = ""
    thinks: bool = False


class Conversation:
    """Memory plus the frame around it; ``fitted`` gives the next prompt."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._entries: list[Entry] = []
        self._dropped = 0

    @property
    def entries(self) -> Sequence[Entry]:
        return tuple(self._entries)

    def observe(self, text: str) -> None:
        self._entries.append(Entry("Observation", text))

    def act(self, text: str) -> None:
        self._entries.append(Entry("Action", text or NO_ACTION))

    def think(self, text: str) -> None:
        self._entries.append(Entry("Think", text))

    def note(self, text: str) -> None:
        self._entries.append(Entry("Note", text))

    def prompt(self) -> Prompt:
        """The prompt for what is remembered now, without looking at its length."""
        frame = self._frame
        first = max(self._dropped, len(self._entries) - frame.window, 0)
        recent = self._entries[first:]
        kept = self._entries[:1] if frame.keep_first and first > 0 else []
        gap = first > len(kept)
        if frame.layout == "chat":
            body, prefill = _chat(frame, kept, recent, gap=gap), "" if frame.thinks else frame.cue
        else:
            body, prefill = _single(frame, kept, recent, gap=gap), ""
        messages = (Message("system", frame.system), *body)
        return Prompt(messages=messages, prefill=prefill, sampling=frame.sampling)

    def fitted(self, renderer: Renderer, window_tokens: int, *, continuation: str = "") -> Prompt | None:
        """The prompt after dropping the oldest entries until prompt and answer fit ``window_tokens``.

        None when they do not fit even with the last observation alone; every call ends after at most
        one rendering per remembered entry. What is dropped stays dropped.
        """
        reserve = renderer.count(continuation) if continuation else self._frame.sampling.max_tokens
        self._dropped = max(self._dropped, len(self._entries) - self._frame.window, 0)
        while True:
            prompt = self.prompt()
            if len(renderer.render(prompt)) + reserve <= window_tokens:
                return replace(prompt, continuation=continuation)
            if self._dropped >= len(self._entries) - 1:
                return None
            self._dropped += 1


def _chat(frame: Frame, kept: list[Entry], recent: list[Entry], *, gap: bool) -> list[Message]:
    intro: list[Entry | str] = [frame.intro, *kept, *([LEFT_OUT] if gap else [])]
    messages: list[Message] = []
    pending: list[str] = []
    thoughts: list[str] = []
    for entry in [*frame.example, *intro, *recent]:
        if isinstance(entry, str):
            pending.append(entry)
        elif entry.label == "Think":
            thoughts.append(_labelled(entry))
        elif entry.label == "Action":
            answer = f"{frame.cue} {entry.text}" if frame.cue else entry.text
            messages += _exchange(pending, [*thoughts, answer])
            pending, thoughts = [], []
        else:
            if thoughts:  # a thought without an action was an answer of its own
                messages += _exchange(pending, thoughts)
                pending, thoughts = [], []
            pending.append(_labelled(entry))
    return [*messages, Message("user", "\n\n".join(pending))]


def _exchange(said: list[str], answer: list[str]) -> list[Message]:
    return [Message("user", "\n\n".join(said)), Message("assistant", "\n".join(answer))]


def _single(frame: Frame, kept: list[Entry], recent: list[Entry], *, gap: bool) -> list[Message]:
    parts = [frame.intro, *(_labelled(entry) for entry in kept), *([LEFT_OUT] if gap and kept else [])]
    parts += [_labelled(entry) for entry in recent]
    cue = "" if frame.thinks else "\nAction: "
    return [Message("user", "\n".join(parts) + cue)]


def _labelled(entry: Entry) -> str:
    return entry.text if entry.label == "Note" else f"{entry.label}: {entry.text}"
