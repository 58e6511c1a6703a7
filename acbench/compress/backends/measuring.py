"""What became of each linear weight: error, zeros and bits, by comparing a library's folder with the base's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.linears import linear_shapes
from acbench.compress.reading import WeightReader
from acbench.errors import CompressionError
from acbench.safetensors_check import header, shards

if TYPE_CHECKING:
    from pathlib import Path

    import torch

BOOKKEEPING = ("weight_shape", "g_idx", "weight_g_idx")
"""Stored beside codes and scales, and counted as nobody's bits per weight."""
BITS_OF = {"F64": 64, "I64": 64, "F32": 32, "I32": 32, "F16": 16, "BF16": 16, "I16": 16}
FIT_ROUNDS, FIT_STEP = 30, 1e-4


@dataclass
class Measured:
    """Sums over the linear weights, and the table for ``acbench.json``."""

    touched: int = 0
    elements: int = 0
    zeros: int = 0
    bits: float = 0.0
    per_layer: dict[str, dict[str, float]] = field(default_factory=dict)
    untouched: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    """Linear weights of the base that the library's folder does not hold under the same name."""


def measure(base: Path, made: Path, *, smoothed: bool) -> Measured:
    """Compares every linear weight. ``smoothed``: scales of rows and columns are fitted away first.

    Raises CompressionError for NaN or infinite values, or when no weight changed at all.
    """
    result = Measured()
    sizes = _stored_bits(made)
    with WeightReader(base) as before, WeightReader(made) as after:
        for name, (rows, columns) in linear_shapes(base).items():
            if name not in after.names:
                result.without.append(name)
                continue
            original, found = before.weight(name).float(), after.weight(name).float()
            if not bool(found.isfinite().all()):
                raise CompressionError(f"{name} came back from the library with NaN or infinite values")
            error = relative_error(original, found, smoothed=smoothed)
            zeros = int((found == 0).sum())
            result.elements += rows * columns
            result.zeros += zeros
            result.bits += sizes[name.removesuffix("weight")]
            if error or after.is_compressed(name):
                result.touched += 1
                entry = {"error": round(error, 8), "sparsity": round(zeros / (rows * columns), 6)}
                result.per_layer[name] = entry
            else:
                result.untouched.append(name)
    if not any(entry["error"] for entry in result.per_layer.values()):
        raise CompressionError("no weight changed; the library did nothing")
    return result


def relative_error(original: torch.Tensor, found: torch.Tensor, *, smoothed: bool) -> float:
    """sum((Q - W)^2) / sum(W^2) of two weights [O, I].

    A method that smooths has multiplied columns (and, where a fold ends in a linear layer, rows) by scales of
    its own; those that fit best are divided out, so that rounding is what is measured.
    """
    back = found
    if smoothed:
        rows, columns = fitted_scales(original, found)
        back = found / (rows[:, None] * columns)
    return float((back - original).square().sum() / original.square().sum().clamp(min=1e-30))


def fitted_scales(original: torch.Tensor, found: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """r [O] and c [I] with found ~ diag(r) original diag(c), by alternating least squares."""
    import torch

    rows, columns = torch.ones(len(original)), torch.ones(original.shape[1])
    for _ in range(FIT_ROUNDS):
        before = rows
        scaled = original * rows[:, None]
        columns = _ratio((found * scaled).sum(0), scaled.square().sum(0))
        scaled = original * columns
        rows = _ratio((found * scaled).sum(1), scaled.square().sum(1))
        if float((rows / before - 1).abs().max()) < FIT_STEP:
            break
    return rows, columns


def _ratio(products: torch.Tensor, squares: torch.Tensor) -> torch.Tensor:
    """1 where nothing can be fitted: rows or columns of zeros, or that rounding emptied."""
    import torch

    ratio = products / squares.clamp(min=1e-30)
    return torch.where(ratio.abs() > 1e-6, ratio, torch.ones(()))


def _stored_bits(folder: Path) -> dict[str, float]:
    """Bits of all tensors below a module's name (``...q_proj.``), without biases and bookkeeping."""
    found: dict[str, float] = {}
    for file in shards(folder):
        for name, entry in header(file).items():
            stem, dot, last = name.rpartition(".")
            if name == "__metadata__" or last == "bias" or last in BOOKKEEPING:
                continue
            found[stem + dot] = found.get(stem + dot, 0.0) + _bits(entry)
    return found


def _bits(entry: dict[str, Any]) -> float:
    numbers = 1.0
    for size in entry["shape"]:
        numbers *= size
    return numbers * BITS_OF.get(str(entry["dtype"]), 8)
