"""Cosines of node texts: every distinct text is embedded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from acbench.embeddings import Embedder


class Vectors:
    """Unit vectors by text. The model is opened when the first text arrives."""

    def __init__(self, embedder: Callable[[], Embedder]) -> None:
        self._open = embedder
        self._embedder: Embedder | None = None
        self._rows: dict[str, NDArray[np.float32]] = {}

    @property
    def embedder(self) -> Embedder:
        if self._embedder is None:
            self._embedder = self._open()
        return self._embedder

    def learn(self, texts: Iterable[str]) -> None:
        """Embeds the texts that are new, all in one call."""
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            rows = self.embedder.encode([_encodable(text) for text in new])
            self._rows.update(zip(new, rows.astype(np.float32), strict=True))

    def cosines(self, first: Sequence[str], second: Sequence[str]) -> NDArray[np.float64]:
        """Matrix of ``max(0, cosine)``, double precision; equal pairs of texts get equal values."""
        self.learn([*first, *second])
        ours, at = _distinct(first)
        theirs, there = _distinct(second)
        a = np.stack([self._rows[text] for text in ours]).astype(np.float64)
        b = np.stack([self._rows[text] for text in theirs]).astype(np.float64)
        values: NDArray[np.float64] = np.maximum(a @ b.T, 0.0)
        if len(ours) < len(first):
            values = values[at]
        return values[:, there] if len(theirs) < len(second) else values

    def rough_cosines(self, first: Sequence[str], second: Sequence[str]) -> NDArray[np.float64]:
        """The same in single precision, every pair for itself, as the published scorer computes it.

        Where texts repeat, its matching follows the last bits; those of another machine may differ.
        """
        self.learn([*first, *second])
        a = np.stack([self._rows[text] for text in first])
        b = np.stack([self._rows[text] for text in second])
        values: NDArray[np.float64] = np.maximum(a @ b.T, np.float32(0)).astype(np.float64)
        return values


def _distinct(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    index: dict[str, int] = {}
    at = [index.setdefault(text, len(index)) for text in texts]
    return list(index), at


def _encodable(text: str) -> str:
    """Half a surrogate pair is valid in JSON and in Python, but no tokenizer takes it."""
    return text.encode("utf-8", "replace").decode("utf-8")
