"""The real small embedding model, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from acbench.embeddings import PACKAGED, CachedEmbedder, ModelEmbedder


@pytest.fixture(scope="session")
def minilm() -> CachedEmbedder:
    pytest.importorskip("sentence_transformers", reason="the embeddings extra is not installed")
    package = pytest.importorskip(PACKAGED, reason="the package with the small model is not installed")
    return CachedEmbedder(ModelEmbedder(Path(package.__file__).parent / "model", "minilm"))
