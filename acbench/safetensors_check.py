"""Checks a checkpoint folder before anything expensive is started: milliseconds, no weights read."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

from acbench.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

HEADER_LIMIT = 100_000_000


def shards(folder: Path) -> list[Path]:
    """The weight files of a folder, from its index if it has one. Raises ModelError when any is missing."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{index} is not a valid weight index: {error}") from error
        files = [folder / name for name in names]
    else:
        files = sorted(folder.glob("*.safetensors"))
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ModelError(f"{folder}: weight file {missing[0]} is listed in the index and missing")
    if not files:
        raise ModelError(
            f"{folder} holds no .safetensors file; pickled weights are not read, convert them first"
        )
    return files


def header(file: Path) -> dict[str, Any]:
    """The header of a safetensors file, checked against the file's size (format: 8-byte length, JSON, data)."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        head = stream.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 0 < length <= min(HEADER_LIMIT, size - 8):
            raise ModelError(f"{file} is corrupt: its header claims {length} bytes of {size}; fetch it again")
        try:
            table: dict[str, Any] = json.loads(stream.read(length))
            end = max((int(t["data_offsets"][1]) for n, t in table.items() if n != "__metadata__"), default=0)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{file} is corrupt: its header is not readable ({error}); fetch it again"
            ) from error
    if 8 + length + end != size:
        raise ModelError(
            f"{file} is corrupt: {size} bytes where its header needs {8 + length + end}; fetch it again"
        )
    return table


def check_folder(folder: Path) -> dict[str, Any]:
    """Checks a model folder and returns its parsed config.json."""
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such model folder")
    config_file = folder / "config.json"
    if not config_file.is_file():
        raise ModelError(f"{folder} is not a model folder: config.json is missing")
    try:
        config: dict[str, Any] = json.loads(config_file.read_text())
    except ValueError as error:
        raise ModelError(f"{config_file} is not valid JSON: {error}") from error
    for file in shards(folder):
        header(file)
    return config
