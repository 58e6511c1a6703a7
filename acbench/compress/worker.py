"""Job: builds one checkpoint folder. Reads and writes one weight file at a time (bounded memory)."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shutil
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.registry import METHODS
from acbench.environment import package_version
from acbench.errors import CompressionError
from acbench.safetensors_check import header, shards
from acbench.store import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.compress.protocol import Layer, WeightCompressor

IN_BLOCK = re.compile(r"\.(layers|h|blocks)\.\d+\.")
ROUTER = re.compile(r"(\.gate|router|\.gate_proj_router)\.weight$")
VERSIONED = ("torch", "safetensors", "compressed-tensors")
NOT_COPIED = (".safetensors", ".bin", ".gguf", ".pth", ".pt")


@dataclass
class Tally:
    """Facts summed over the weights."""

    touched: int = 0
    bit_sum: float = 0.0
    elements: int = 0
    zeros: int = 0
    per_layer: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, elements: int, layer: Layer) -> None:
        self.touched += 1
        self.bit_sum += layer.bits * elements
        self.elements += elements
        self.zeros += layer.zeros
        self.per_layer[name] = {"error": round(layer.error, 8), "sparsity": round(layer.zeros / elements, 6)}
        self.notes.extend(layer.notes)


def is_linear(name: str, shape: list[int] | tuple[int, ...]) -> bool:
    """Every linear weight inside the decoder blocks; never embeddings, head, norms or MoE routers."""
    return (
        name.endswith(".weight")
        and len(shape) == 2
        and IN_BLOCK.search(name) is not None
        and ROUTER.search(name) is None
    )


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """``request``: the fields of BuildRequest as JSON. Writes the folder and its ``acbench.json``."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    began, model, out = time.monotonic(), Path(request["model"]), Path(request["out"])
    method = METHODS[request["method"]]
    compressor: WeightCompressor = import_module(method.module).create(
        request["params"], request["served_as"]
    )
    widths = _linear_widths(model)
    if not widths:
        raise CompressionError(
            f"{request['recipe']}: no linear weight found in {model}; nothing was compressed"
        )
    tally = Tally()
    try:
        tally.notes.extend(compressor.prepare(widths))
    except ValueError as error:
        raise CompressionError(f"{request['recipe']}: {error}") from error
    _copy_small_files(model, out)
    files = {file: _compress_file(file, out / file.name, compressor, tally) for file in shards(model)}
    _write_index(model, out, files)
    _write_config(out, compressor)
    facts = {
        "schema": 1,
        "label": request["label"],
        "recipe": request["recipe"],
        "method": request["method"],
        "params": dict(request["params"]),
        "served_as": request["served_as"],
        "calibration": request.get("calibration"),
        "versions": {name: package_version(name) for name in VERSIONED},
        "touched": tally.touched,
        "bits_per_weight": round(tally.bit_sum / tally.elements, 4),
        "sparsity": round(tally.zeros / tally.elements, 6),
        "per_layer": tally.per_layer,
        "notes": tally.notes,
        "bytes": sum(file.stat().st_size for file in out.glob("*.safetensors")),
        "base_bytes": sum(file.stat().st_size for file in files),
        "seconds": round(time.monotonic() - began, 3),
        "cpu_seconds": round(time.process_time(), 3),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }
    write_json(out / "acbench.json", facts)
    return {"touched": tally.touched}


def _linear_widths(model: Path) -> list[int]:
    """Input widths of the weights to compress, from the headers alone."""
    tables = [header(file) for file in shards(model)]
    return [
        int(entry["shape"][1])
        for table in tables
        for name, entry in table.items()
        if name != "__metadata__" and is_linear(name, entry["shape"])
    ]


def _copy_small_files(model: Path, out: Path) -> None:
    for file in sorted(model.iterdir()):
        wanted = file.is_file() and file.suffix not in NOT_COPIED and not file.name.startswith(".")
        if wanted and file.name not in ("acbench.json", "model.safetensors.index.json"):
            shutil.copy2(file, out / file.name)


def _compress_file(source: Path, target: Path, compressor: WeightCompressor, tally: Tally) -> list[str]:
    """Returns the names of the tensors written to ``target``."""
    import torch
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save_file

    tensors: dict[str, torch.Tensor] = {}
    with safe_open(str(source), framework="pt") as weights:
        for name in weights.keys():  # noqa: SIM118 - not a dictionary
            tensor = weights.get_tensor(name)
            if not is_linear(name, tensor.shape):
                tensors[name] = tensor
                continue
            if not bool(torch.isfinite(tensor).all()):
                raise CompressionError(f"{source.name}: {name} holds NaN or infinite values")
            try:
                layer = compressor.compress(name, tensor)
            except ValueError as error:
                raise CompressionError(f"{name}: {error}") from error
            tally.add(name, tensor.numel(), layer)
            stem = name.removesuffix("weight")
            tensors |= {stem + suffix: value.contiguous() for suffix, value in layer.tensors.items()}
    try:
        save_file(tensors, str(target), metadata={"format": "pt"})
    except SafetensorError as error:  # it hides the system's error number in its text
        if f"os error {errno.ENOSPC}" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
        raise
    return list(tensors)


def _write_index(model: Path, out: Path, files: Mapping[Path, list[str]]) -> None:
    if not (model / "model.safetensors.index.json").is_file():
        return
    total = sum((out / file.name).stat().st_size for file in files)
    weight_map = {name: file.name for file, names in files.items() for name in names}
    write_json(
        out / "model.safetensors.index.json",
        {"metadata": {"total_size": total}, "weight_map": weight_map},
    )


def _write_config(out: Path, compressor: WeightCompressor) -> None:
    config = json.loads((out / "config.json").read_text())
    quantization = compressor.quantization_config()
    if quantization is not None:
        config["quantization_config"] = quantization
    write_json(out / "config.json", config)
