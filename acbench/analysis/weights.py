"""Job: the spectra of a checkpoint's weights, matrix by matrix, and their error against the base model's.

In memory: one matrix of each model and its Gram matrix. Packed weights arrive dequantized. A matrix that reads what a
norm puts out also has a ``folded`` effective rank: the norm's weight multiplied into its columns, so that a scale
moved between the two (SmoothQuant, AWQ) does not show as a change.
"""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from acbench.compress.families import family_of
from acbench.compress.reading import WeightReader
from acbench.compress.tally import is_linear
from acbench.errors import DataError
from acbench.metrics import spectra
from acbench.metrics.weights import aligned, excess_kurtosis, relative_error, sqnr_db, zero_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LAYER = re.compile(r"\.(?:layers|h|blocks)\.(\d+)\.(.+)\.weight$")
SHORT = {
    "q_proj": "q",
    "k_proj": "k",
    "v_proj": "v",
    "o_proj": "o",
    "out_proj": "o",
    "gate_proj": "gate",
    "up_proj": "up",
    "down_proj": "down",
}
OUTSIDE = ("embed_tokens.weight", "lm_head.weight", "wte.weight", "embed_out.weight", "output.weight")
"""Ends of the names of embeddings and heads: reported apart, never part of a mean over the blocks."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a matrix sits. ``norm``: the stored weight of the norm before it ("" = none), ``plus`` what is added to
    that; ``free``: channels (rows, columns) whose scale a method may move into another linear layer; ``layer`` -1:
    outside of the blocks."""

    name: str
    layer: int
    kind: str
    norm: str = ""
    plus: float = 0.0
    free: str = ""


def places(reader: WeightReader, *, every: int = 1, outside: bool = True) -> list[Place]:
    """The matrices of a checkpoint in order: those of every n-th block, then embeddings and head, tied ones once."""
    found = []
    config = json.loads((reader.folder / "config.json").read_text())
    linears = sorted(name for name in reader.names if is_linear(name, reader.shape(name)))
    by_layer: dict[int, dict[str, str]] = {}
    for name in linears:
        match = LAYER.search(name)
        if match and int(match[1]) % every == 0:
            by_layer.setdefault(int(match[1]), {})[match[2]] = name
    for layer in sorted(by_layer):
        inside = by_layer[layer]
        norms, free = _folds(str(config.get("model_type", "")), inside)
        for module, name in inside.items():
            stem = name.removesuffix(f"{module}.weight")
            producer, plus = norms.get(module, ("", 0.0))
            norm = f"{stem}{producer}.weight" if producer else ""
            last = module.rpartition(".")[2]
            kind = SHORT.get(last, last)
            known = norm if norm in reader.names else ""
            found.append(Place(name, layer, kind, known, plus, free.get(module, "")))
    if outside:
        tied = bool(config.get("tie_word_embeddings"))
        ends = [n for n in sorted(reader.names) if n.endswith(OUTSIDE) and LAYER.search(n) is None]
        found += [Place(n, -1, "embedding" if "emb" in n or "wte" in n else "head") for n in ends]
        if tied:
            found = [place for place in found if place.kind != "head" or place.layer >= 0]
    return found


def _folds(model_type: str, modules: Iterable[str]) -> tuple[dict[str, tuple[str, float]], dict[str, str]]:
    """Module -> (norm whose output it reads, what is added to that norm's weight), and module -> free channels."""
    family, _ = family_of(model_type, list(modules))
    norms, free = {}, {}
    for fold in family.folds:
        for consumer in fold.consumers:
            if fold.kind == "linear":
                free[fold.producer], free[consumer] = "rows", "columns"
            else:
                norms[consumer] = (fold.producer, 1.0 if fold.kind == "norm+1" else 0.0)
    return norms, free


def measure(
    folder: Path, base: Path | None = None, *, every: int = 1, outside: bool = True
) -> list[dict[str, Any]]:
    """One row a matrix: name, layer, kind, shape, rank (its smaller side), ``sigma`` and ``folded`` effective rank,
    zeros (share), kurtosis (excess); with a base also ``sqnr_db`` and ``relative_error``, of folded weights and
    with the scale of free channels taken out: a scale that moved is no error.

    Raises DataError for NaN or infinite weights, and where the base has another shape or no such matrix.
    """
    path: spectra.Path = "svd" if torch.cuda.is_available() else "gram"
    device = "cuda" if path == "svd" else "cpu"
    rows = []
    with WeightReader(folder) as reader:
        other = WeightReader(base) if base is not None and base != folder else None
        for place in places(reader, every=every, outside=outside):
            weight = reader.weight(place.name).float().to(device)
            inside = _folded(reader, place, weight)
            row = _row(place, weight, inside, path)
            if base is not None:
                row |= _errors(place, inside, other)
            rows.append(row)
            reader.release()  # mapped pages of the file count as memory of the process
        if other is not None:
            other.release()
    return rows


def _folded(reader: WeightReader, place: Place, weight: torch.Tensor) -> torch.Tensor:
    if not place.norm:
        return weight
    return spectra.folded(weight, reader.weight(place.norm).to(weight.device), plus=place.plus)


def _row(place: Place, weight: torch.Tensor, inside: torch.Tensor, path: spectra.Path) -> dict[str, Any]:
    sigma = spectra.matrix_erank(weight, path=path, name=place.name)
    folded = spectra.matrix_erank(inside, path=path, name=place.name) if place.norm else sigma
    return {
        "name": place.name,
        "layer": place.layer,
        "kind": place.kind,
        "shape": list(weight.shape),
        "rank": min(weight.shape),
        "sigma": _plain(sigma),
        "folded": _plain(folded),
        "zeros": zero_share(weight),
        "kurtosis": _plain(excess_kurtosis(weight)),
    }


def _errors(place: Place, weight: torch.Tensor, base: WeightReader | None) -> dict[str, Any]:
    if base is None:  # the base model itself
        return {"sqnr_db": None, "relative_error": 0.0}
    if place.name not in base.names:
        raise DataError(f"{base.folder}: no matrix {place.name!r}, which the compressed model has")
    before = _folded(base, place, base.weight(place.name).float().to(weight.device))
    base.release()
    weight = aligned(before, weight, place.free)
    return {
        "sqnr_db": _plain(sqnr_db(before, weight)),
        "relative_error": _plain(relative_error(before, weight)),
    }


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def by_name(rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Rows by the name of their matrix."""
    return {str(row["name"]): row for row in rows}


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """``model``, ``base`` (folder or null), ``every``, ``out``: an empty folder for ``weights.json``."""
    import resource
    import time

    from acbench.store import write_json

    began = time.monotonic()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    base = Path(request["base"]) if request.get("base") else None
    rows = measure(
        Path(request["model"]),
        base,
        every=int(request.get("every", 1)),
        outside=bool(request.get("outside", True)),
    )
    write_json(Path(request["out"]) / "weights.json", rows)
    return {
        "seconds": round(time.monotonic() - began, 3),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
