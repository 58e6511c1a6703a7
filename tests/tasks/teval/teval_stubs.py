"""A stub embedder, a stub tokenizer, and short ways to score an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.tasks.protocol import Prediction, Reply, TaskContext
from acbench.tasks.teval import open_scorer, open_task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from acbench.tasks.protocol import Grade, Prompt, Sample, Scored, Task


class EqualTexts:
    """Equal texts have cosine 1, others 0."""

    identity = "stub"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.batches.append(len(texts))
        place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        rows = np.zeros((len(texts), max(len(place), 1)), dtype=np.float32)
        for number, text in enumerate(texts):
            text.encode("utf-8")  # no tokenizer takes a lone surrogate
            rows[number, place[text]] = 1
        return rows


class Words:
    """A renderer whose tokens are words."""

    def count(self, text: str) -> int:
        return len(text.split())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return []

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(range(sum(self.count(m.content) for m in prompt.messages)))


def never() -> Any:
    raise AssertionError("this column needs no embedding model")


def scored(column: str, gold: Any, prediction: str, mode: str, *, embedder: Any = EqualTexts) -> Scored:
    scorer = open_scorer(column, mode=mode, embedder=embedder)
    return scorer.score(Prediction("r", gold, prediction))


def scores(column: str, gold: Any, prediction: str, mode: str) -> dict[str, float]:
    return dict(scored(column, gold, prediction, mode).scores)


def both(column: str, gold: Any, prediction: str, name: str) -> tuple[float, float]:
    """The metric upstream and corrected."""
    return scores(column, gold, prediction, "upstream")[name], scores(column, gold, prediction, "corrected")[
        name
    ]


def gold_of(opened: Task, sample: Sample) -> str:
    """The gold answer as an episode scores it."""
    episode: Any = opened.open(sample)
    return str(episode.gold)


def task(
    column: str,
    *,
    data_dir: Path | None = None,
    mode: str = "corrected",
    model: EqualTexts | None = None,
    **settings: Any,
) -> Task:
    stub = model or EqualTexts()
    context = TaskContext(Words(), 8192, settings, data_dir=data_dir, mode=mode, embedders=lambda _spec: stub)
    return open_task(context, column)


def play(opened: Task, sample: Sample, answer: str, finish: str = "stop") -> Grade:
    """Runs an episode; gold answers have a log-likelihood of -1 per token."""
    episode = opened.open(sample)
    while (prompt := episode.ask()) is not None:
        if prompt.continuation:
            episode.tell(Reply("", "scored", logprobs=(-1.0, -1.0)))
        else:
            episode.tell(Reply(answer, finish))
    return episode.grade()
