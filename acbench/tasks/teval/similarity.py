"""Cosine similarities of lists of texts, never below 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from acbench.embeddings import Embedder


def similarities(
    embedder: Embedder, left: Sequence[str], right: Sequence[str], *, double: bool = True
) -> NDArray[np.floating]:
    """Matrix of ``max(0, cosine)``; single precision is what the published scorer computes in."""
    rows: NDArray[np.floating] = embedder.encode([embeddable(text) for text in (*left, *right)])
    rows = rows.astype(np.float64 if double else np.float32)
    return np.maximum(rows[: len(left)] @ rows[len(left) :].T, 0)


def embeddable(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes; an escape in an answer can make one."""
    return text.encode("utf-8", "replace").decode("utf-8")


def similarity(embedder: Embedder, a: str, b: str) -> float:
    """One cosine, 0..1."""
    return min(1.0, float(similarities(embedder, [a], [b])[0, 0]))
