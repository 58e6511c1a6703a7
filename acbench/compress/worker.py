"""Job: builds one checkpoint folder and its ``acbench.json``.

Methods that treat each weight alone read and write one weight file at a time; calibrated ones go block by
block (``acbench.compress.sequential``). Memory is bounded either way.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.registry import METHODS
from acbench.compress.tally import Tally, is_linear
from acbench.compress.writing import copy_small_files, save_tensors, write_config, write_index
from acbench.errors import CompressionError
from acbench.safetensors_check import header, shards
from acbench.store import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from acbench.compress.protocol import WeightCompressor


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """``request``: the fields of BuildRequest as JSON. Writes the folder and its ``acbench.json``."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    out, tally = Path(request["out"]), Tally()
    base = json.loads((Path(request["model"]) / "config.json").read_text())
    if base.get("quantization_config"):
        raise CompressionError(
            f"{request['recipe']}: {request['model']} is compressed already; give the original"
        )
    if METHODS[request["method"]].calibrated:
        from acbench.compress.sequential import build

        build(request, tally)
    else:
        _weight_by_weight(request, tally)
    base_bytes = sum(file.stat().st_size for file in shards(Path(request["model"])))
    write_json(out / "acbench.json", tally.facts(request, out, base_bytes=base_bytes))
    return {"touched": tally.touched}


def _weight_by_weight(request: Mapping[str, Any], tally: Tally) -> None:
    model, out = Path(request["model"]), Path(request["out"])
    method = METHODS[request["method"]]
    compressor: WeightCompressor = import_module(method.module).create(
        {**method.defaults, **request["params"]}, request["served_as"]
    )
    widths = _linear_widths(model)
    if not widths:
        raise CompressionError(
            f"{request['recipe']}: no linear weight found in {model}; nothing was compressed"
        )
    try:
        tally.notes.extend(compressor.prepare(widths))
    except ValueError as error:
        raise CompressionError(f"{request['recipe']}: {error}") from error
    copy_small_files(model, out)
    weight_map: dict[str, str] = {}
    for file in shards(model):
        tensors = _compress_file(file, compressor, tally)
        save_tensors(tensors, out / file.name)
        weight_map |= dict.fromkeys(tensors, file.name)
    if (model / "model.safetensors.index.json").is_file():
        write_index(out, weight_map)
    write_config(out, compressor.quantization_config())


def _linear_widths(model: Path) -> list[int]:
    """Input widths of the weights to compress, from the headers alone."""
    tables = [header(file) for file in shards(model)]
    return [
        int(entry["shape"][1])
        for table in tables
        for name, entry in table.items()
        if name != "__metadata__" and is_linear(name, entry["shape"])
    ]


def _compress_file(source: Path, compressor: WeightCompressor, tally: Tally) -> dict[str, torch.Tensor]:
    """What is stored of one weight file."""
    import torch
    from safetensors import safe_open

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
            tensors |= {stem + suffix: value for suffix, value in layer.tensors.items()}
    return tensors
