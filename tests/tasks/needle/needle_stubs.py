"""Stub tokenizers: a renderer that cuts words into pieces, and whole words as numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from acbench.tasks.needle import open_task
from acbench.tasks.protocol import Prompt, Reply, Sample, TaskContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.tasks.protocol import Grade, Task

PIECE = re.compile(r" ?\w{1,6}|[^\w\s]|\s")
TEMPLATE_TOKENS = 5


class PieceRenderer:
    """Pieces of up to six letters with the blank in front; the template has five tokens."""

    def __init__(self) -> None:
        self.offset_calls = 0
        self.rendered_tokens = 0

    def count(self, text: str) -> int:
        return len(PIECE.findall(text))

    def offsets(self, text: str) -> list[tuple[int, int]]:
        self.offset_calls += 1
        return [match.span() for match in PIECE.finditer(text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        tokens = sum(self.count(message.content) for message in prompt.messages) + TEMPLATE_TOKENS
        self.rendered_tokens += tokens
        return tuple(range(tokens))


class WordTokens:
    """Every word between single blanks is a token; the full stop is a word."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def encode(self, text: str) -> list[int]:
        ids = []
        for word in text.split(" "):
            if word not in self.words:
                self.words.append(word)
            ids.append(self.words.index(word))
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join(self.words[i] for i in ids)


SHARED = PieceRenderer()
"""One object for most tests, so that the haystack is tokenized once."""


def task(
    window: int = 4096, *, data_dir: Path | None = None, renderer: PieceRenderer = SHARED, **settings: Any
) -> Task:
    """Opens the task; one repeat unless said otherwise."""
    return open_task(TaskContext(renderer, window, {"repeats": 1, **settings}, data_dir=data_dir))


def play(opened: Task, sample: Sample, reply: Reply | str) -> Grade:
    """Runs an episode; the reply is given if a question is asked."""
    episode = opened.open(sample)
    while episode.ask() is not None:
        episode.tell(Reply(reply) if isinstance(reply, str) else reply)
    return episode.grade()
