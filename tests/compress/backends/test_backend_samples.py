"""Calibration tokens as libraries get them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from acbench.compress.backends.samples import read_samples, token_hash
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from pathlib import Path


def calibration(tmp_path: Path, samples: Any, **fields: Any) -> dict[str, Any]:
    file = tmp_path / "calibration.json"
    file.write_text(json.dumps({"schema": 1, "samples": samples}))
    return {"path": str(file), **fields}


def test_the_hash_is_of_little_endian_int32() -> None:
    data = bytes([1, 0, 0, 0, 2, 1, 0, 0])
    assert token_hash([[1], [258]]) == token_hash([[1, 258]]) == hashlib.sha256(data).hexdigest()


def test_samples_are_the_ids_of_the_file(tmp_path: Path) -> None:
    samples = [[5, 6, 7], [8, 9, 10]]
    assert read_samples(calibration(tmp_path, samples, hash=token_hash(samples))) == samples


def test_other_tokens_than_planned_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match="its tokens changed since the build was planned"):
        read_samples(calibration(tmp_path, [[5, 6]], hash=token_hash([[5, 7]])))


@pytest.mark.parametrize("samples", [[], [[]], [[1, 2], [3]]])
def test_uneven_or_empty_samples_are_refused(tmp_path: Path, samples: Any) -> None:
    with pytest.raises(CompressionError, match="same length, at least one token"):
        read_samples(calibration(tmp_path, samples))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match=r"calibration .*absent\.json cannot be read"):
        read_samples({"path": str(tmp_path / "absent.json")})
    with pytest.raises(CompressionError, match="cannot be read"):
        read_samples(calibration(tmp_path, [["x"]]))
