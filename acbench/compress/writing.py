"""Writes a checkpoint folder file by file: small files copied, one weight file at a time, index and config last."""

from __future__ import annotations

import errno
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from acbench.store import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

NOT_COPIED = (".safetensors", ".bin", ".gguf", ".pth", ".pt", ".h5", ".msgpack", ".onnx")
OWN_FILES = ("acbench.json",)


def copy_small_files(model: Path, out: Path) -> None:
    """Configuration, tokenizer and chat template, where ``out`` has none yet; never weights or their index."""
    for file in sorted(model.iterdir()):
        wanted = file.is_file() and file.suffix not in NOT_COPIED and not file.name.startswith(".")
        named = file.name not in OWN_FILES and not file.name.endswith(".index.json")
        if wanted and named and not (out / file.name).exists():
            shutil.copy2(file, out / file.name)


def save_tensors(tensors: Mapping[str, torch.Tensor], file: Path) -> None:
    """Writes one safetensors file. Raises OSError with its number when the disk is full."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file({k: t.contiguous() for k, t in tensors.items()}, str(file), metadata={"format": "pt"})
    except SafetensorError as error:  # it hides the system's error number in its text
        if f"os error {errno.ENOSPC}" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file)) from error
        raise


def write_index(out: Path, weight_map: Mapping[str, str]) -> None:
    """The index of a folder with several weight files; ``weight_map``: tensor -> file name."""
    total = sum((out / name).stat().st_size for name in set(weight_map.values()))
    write_json(
        out / "model.safetensors.index.json",
        {"metadata": {"total_size": total}, "weight_map": dict(weight_map)},
    )


def write_config(out: Path, quantization: Mapping[str, Any] | None) -> None:
    config = json.loads((out / "config.json").read_text())
    config.pop("quantization_config", None)
    if quantization is not None:
        config["quantization_config"] = dict(quantization)
    write_json(out / "config.json", config)
