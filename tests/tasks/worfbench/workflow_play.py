"""Opens a task on a folder or on the embedded records, and plays episodes."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from workflow_stubs import EqualTexts, chain

from acbench.tasks.protocol import Prompt, Reply, Sample, TaskContext
from acbench.tasks.worfbench.task import WorkflowTask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.tasks.protocol import Grade

PIECE = re.compile(r"\w{1,6}|[^\w\s]")


class PieceRenderer:
    """Pieces of up to six letters and every sign: more tokens than a usual tokenizer makes of English."""

    def count(self, text: str) -> int:
        return len(PIECE.findall(text))

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in PIECE.finditer(text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(range(sum(self.count(message.content) for message in prompt.messages)))


def task(
    variant: str = "os",
    data_dir: Path | None = None,
    *,
    mode: str = "corrected",
    model: Any = None,
    **settings: Any,
) -> WorkflowTask:
    embedder = model or EqualTexts(3000)
    context = TaskContext(PieceRenderer(), 4096, settings, data_dir, mode, embedders=lambda _spec: embedder)
    return WorkflowTask(context, variant)


def record(
    name: str = "os_1", question: str = "clean the cup", gold: str = "", **changes: Any
) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": "Plan it."},
        {"role": "user", "content": question},
        {"role": "assistant", "content": gold or chain(["wash the cup", "dry the cup"])},
    ]
    return {"id": name, "source": "os", "target": "graph", "conversations": messages, **changes}


def folder(path: Path, records: Any, variant: str = "os", demonstrations: Any = None) -> Path:
    (path / variant).mkdir(parents=True)
    text = records if isinstance(records, str) else json.dumps(records)
    (path / variant / "graph_eval.json").write_text(text, encoding="utf-8")
    if demonstrations is not None:
        (path / "few_shot_two.json").write_text(json.dumps(demonstrations), encoding="utf-8")
    return path


def turns(count: int = 4) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[i % 2], "content": f"turn {i}"} for i in range(count)]


def play(opened: WorkflowTask, sample: Sample, replies: Sequence[Reply | str]) -> Grade:
    """Tells the replies one after the other; a scoring request gets one log-probability of -0.5."""
    episode = opened.open(sample)
    waiting = list(replies)
    while (prompt := episode.ask()) is not None:
        if prompt.continuation:
            episode.tell(Reply(finish_reason="scored", logprobs=(-0.25, -0.75)))
            continue
        reply = waiting.pop(0)
        episode.tell(Reply(reply) if isinstance(reply, str) else reply)
    opened.prepare_grading([episode])
    grade = episode.grade()
    assert all(math.isfinite(value) for value in grade.scores.values())
    return grade
