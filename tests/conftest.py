"""Tests reach this machine only: other addresses are refused, whoever asks for them.

Being here also puts ``tests/`` on the import path, so that test modules of all folders share its builders.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from pytest_socket import socket_allow_hosts

from acbench.embeddings import PACKAGED, CachedEmbedder, ModelEmbedder

# A busy machine must not fail a property: no test asserts a time.
settings.register_profile("acbench", deadline=None)
settings.load_profile("acbench")


@pytest.fixture(autouse=True)
def only_this_machine() -> None:
    """pytest-socket lifts the restriction again at teardown."""
    socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def minilm() -> CachedEmbedder:
    """The real small embedding model, loaded once in a process."""
    pytest.importorskip("sentence_transformers", reason="the embeddings extra is not installed")
    package = pytest.importorskip(PACKAGED, reason="the package with the small model is not installed")
    return CachedEmbedder(ModelEmbedder(Path(str(package.__file__)).parent / "model", "minilm"))
