"""Stub tokenizers and records for the LongBench tests."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from acbench.tasks.longbench import open_task
from acbench.tasks.longbench.sets import SETS
from acbench.tasks.protocol import Reply, TaskContext

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from acbench.tasks.protocol import Grade, Prompt, Renderer, Sample, Task

PIECE = re.compile(r" ?[a-zA-Z]{1,6}|\d|\s|[^\w\s]|\w")
TEMPLATE_TOKENS = 5


def prompt_text(prompt: Prompt) -> str:
    return "".join(message.content for message in prompt.messages) + prompt.text


class PieceRenderer:
    """Pieces of up to six letters with the blank in front, single digits and characters; the template has five."""

    def count(self, text: str) -> int:
        return len(PIECE.findall(text))

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in PIECE.finditer(text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        tokens = self.count(prompt_text(prompt)) + (TEMPLATE_TOKENS if prompt.messages else 0)
        return tuple(range(tokens))


class ByteRenderer:
    """Every byte of UTF-8 is a token: all tokens of a character have its span."""

    def count(self, text: str) -> int:
        return len(text.encode())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(i, i + 1) for i, character in enumerate(text) for _ in character.encode()]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(prompt_text(prompt).encode())


PIECES = PieceRenderer()


def task(
    variant: str,
    window: int = 4096,
    *,
    data_dir: Path | None = None,
    renderer: Renderer = PIECES,
    mode: str = "corrected",
    **settings: Any,
) -> Task:
    return open_task(TaskContext(renderer, window, settings, data_dir=data_dir, mode=mode), variant)


def play(opened: Task, sample: Sample, reply: Reply | str) -> Grade:
    """Runs an episode; a likelihood question is answered with -1 per token."""
    episode = opened.open(sample)
    while (prompt := episode.ask()) is not None:
        scored = Reply("", "scored", logprobs=(-1.0, -1.0))
        episode.tell(scored if prompt.continuation else Reply(reply) if isinstance(reply, str) else reply)
    return episode.grade()


def record(variant: str, number: int = 0, **changes: Any) -> dict[str, Any]:
    """An invented record in the published schema."""
    which = SETS[variant]
    answer = {"retrieval": "Paragraph 2", "retrieval_zh": "段落2", "classification": "City"}
    fields = {
        "input": f"Which one is number {number}?",
        "context": f"Text {number} says nothing. It ends.",
        "answers": [answer.get(which.metric, "nothing")],
        "length": 100 + number,
        "dataset": which.name,
        "language": which.language,
        "all_classes": ["City", "Date"] if which.metric == "classification" else None,
        "_id": f"id-{number:03d}",
    }
    return {name: value for name, value in {**fields, **changes}.items() if value is not ...}


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(json.dumps(fields, ensure_ascii=False) + "\n" for fields in records)
    return path
