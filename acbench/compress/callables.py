"""Job: a compression of the user's own, ``function(model, out, request)`` in a module of theirs.

It writes a servable folder to ``out`` (safetensors, config.json); tokenizer and template are copied from the base model
where it leaves them out. It may return a mapping of facts (bits_per_weight, sparsity, notes).
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.protocol import Layer
from acbench.compress.reading import WeightReader
from acbench.compress.tally import Tally, is_linear
from acbench.compress.writing import copy_small_files
from acbench.errors import CompressionError
from acbench.safetensors_check import check_folder, shards
from acbench.store import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """``request``: the fields of a build, and ``path``: the folder the module is imported from."""
    model, out, tally = Path(request["model"]), Path(request["out"]), Tally()
    module, _, name = str(request["params"]["function"]).partition(":")
    sys.path.insert(0, request["path"])
    function = getattr(import_module(module), name, None)
    if not callable(function):
        raise CompressionError(f"{request['recipe']}: module {module} has no function {name!r}")
    said = function(model, out, dict(request)) or {}
    if not isinstance(said, dict):
        raise CompressionError(
            f"{request['recipe']}: {name} must return a dict of facts or nothing, not {type(said).__name__}"
        )
    copy_small_files(model, out)
    check_folder(out)
    _compare(model, out, tally)
    if not tally.touched:
        raise CompressionError(f"{request['recipe']}: {name} wrote no linear weight of a decoder block")
    base_bytes = sum(file.stat().st_size for file in shards(model))
    own = {key: said[key] for key in ("bits_per_weight", "sparsity", "notes") if key in said}
    write_json(out / "acbench.json", tally.facts(request, out, base_bytes=base_bytes) | own)
    return {"touched": tally.touched}


def _compare(model: Path, out: Path, tally: Tally) -> None:
    """Facts that can be told from the folders alone: what changed, by how much, and how many zeros there are."""
    with WeightReader(model) as before, WeightReader(out) as after:
        for name in sorted(after.names & before.names):
            old = before.weight(name).float()
            if not is_linear(name, tuple(old.shape)):
                continue
            new = after.weight(name).float()
            if new.shape != old.shape:
                raise CompressionError(f"{name}: {tuple(new.shape)} instead of {tuple(old.shape)}")
            error = float((new - old).square().sum() / old.square().sum().clamp(min=1e-30))
            bits = 16.0 if not after.is_compressed(name) else stored_bits(out, name, old.numel())
            tally.add(name, old.numel(), Layer({}, bits, int((new == 0).sum()), error))
            before.release()
            after.release()


def stored_bits(folder: Path, name: str, elements: int) -> float:
    """Bits per weight of one layer, from the sizes in the files' headers."""
    from acbench.safetensors_check import header

    stem = name.removesuffix("weight")
    size = 0
    for file in shards(folder):
        for tensor, entry in header(file).items():
            if tensor.startswith(stem) and not tensor.endswith((".bias", "weight_shape")):
                first, last = entry["data_offsets"]
                size += last - first
    return 8 * size / elements
