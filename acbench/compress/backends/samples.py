"""Calibration as every library gets it: the token ids of the file, checked, never text tokenized again."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

Samples = list[list[int]]


def read_samples(calibration: Mapping[str, Any]) -> Samples:
    """The samples of ``request["calibration"]``: ``n`` lists of ``length`` token ids.

    Raises CompressionError when the file cannot be read, when its samples differ in length, or when its
    token ids are not the ones the request was planned with (``hash``).
    """
    file = Path(calibration["path"])
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        samples: Samples = [[int(token) for token in sample] for sample in content["samples"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CompressionError(f"calibration {file} cannot be read: {error}") from error
    if not samples or len({len(sample) for sample in samples}) != 1 or not samples[0]:
        raise CompressionError(
            f"calibration {file}: samples must all have the same length, at least one token"
        )
    wanted = calibration.get("hash")
    if wanted and token_hash(samples) != wanted:
        raise CompressionError(
            f"calibration {file}: its tokens changed since the build was planned; draw it again"
        )
    return samples


def token_hash(samples: Samples) -> str:
    """SHA-256 of the ids as little-endian int32, samples in order."""
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(struct.pack(f"<{len(sample)}i", *sample))
    return digest.hexdigest()
