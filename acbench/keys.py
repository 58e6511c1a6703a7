"""Fingerprints: one canonical JSON, one SHA-256. The only place where keys are made.

A key holds everything that can change a token. What is not in a key must not be able to change a
result; what is in it is stored beside the artefact (``key.json``), so that a difference can be named.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY_LENGTH = 32
"""Hex digits kept of a SHA-256 (128 bits)."""


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no blanks and no NaN; equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def fingerprint(value: Any) -> str:
    """The key of a JSON-like value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:KEY_LENGTH]


def text_hash(text: str) -> str:
    """Short content hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def ids_hash(token_ids: tuple[int, ...]) -> str:
    """Short content hash of a token sequence."""
    return hashlib.sha256(b"".join(i.to_bytes(4, "little") for i in token_ids)).hexdigest()[:16]


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class GenerationKey:
    """Everything that can change a generated token of one (checkpoint, task).

    ``policy`` is the batch policy ("batched" or "single"): with one running sequence bf16 kernels
    round differently, so a repetition one by one is another generation.
    """

    checkpoint: str
    renderer: str
    task: str
    task_version: int
    mode: str
    data: str
    engine: Mapping[str, Any]
    versions: Mapping[str, str]
    device: str
    threads: int
    policy: str = "batched"

    def digest(self) -> str:
        return fingerprint(self)
