"""A stub embedding model, and workflows written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acbench.tasks.protocol import Prediction
from acbench.tasks.worfbench import open_scorer
from acbench.tasks.worfbench.vectors import Vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from acbench.tasks.protocol import Scored

Edges = list[tuple[str, str]]


class EqualTexts:
    """Cosine 1 for equal texts, 0 for others; counts what it is asked."""

    identity = "stub"

    def __init__(self, dimensions: int = 600) -> None:
        self._dimensions = dimensions
        self._known: dict[str, int] = {}
        self.calls = 0
        self.texts = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        self.texts += len(texts)
        rows = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            rows[row, self._known.setdefault(text, len(self._known))] = 1
        return rows


def vectors() -> Vectors:
    return Vectors(EqualTexts)


def text_of(nodes: Sequence[str], edges: Sequence[tuple[object, object]]) -> str:
    """A workflow in the usual layout; nodes are numbered from 1."""
    lines = [f"{number}: {node}" for number, node in enumerate(nodes, 1)]
    return "\n".join(["Node:", *lines, "Edge: " + " ".join(f"({a},{b})" for a, b in edges)])


def chain_edges(count: int) -> list[tuple[object, object]]:
    return [("START", 1), *((i, i + 1) for i in range(1, count)), (count, "END")]


def chain(nodes: Sequence[str]) -> str:
    return text_of(nodes, chain_edges(len(nodes)))


def score(gold: object, prediction: str, mode: str = "corrected", embedder: object = None) -> Scored:
    model = embedder or EqualTexts()
    scorer = open_scorer("", mode=mode, embedder=lambda: model)  # type: ignore[arg-type,return-value]
    line = Prediction("r1", gold, prediction)
    scorer.prepare([line])
    return scorer.score(line)


def triples(gold: str, prediction: str, mode: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(chain, graph), each precision, recall, F1."""
    scores = score(gold, prediction, mode).scores
    return tuple(scores["chain"].values()), tuple(scores["graph"].values())
