"""Weights before and after: error, zeros, tails (specification sections 5.7 and 5.8)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch


CHUNK = 1 << 22
"""Values that are widened to float64 at a time: a large embedding would need three copies of itself."""


def _chunks(*matrices: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """Rows of equally shaped matrices, in float64, a few million values at a time."""
    rows = max(1, CHUNK // max(1, matrices[0][0].numel()))
    for start in range(0, len(matrices[0]), rows):
        yield tuple(matrix[start : start + rows].double() for matrix in matrices)


def _power_and_error(base: torch.Tensor, variant: torch.Tensor) -> tuple[float, float]:
    _same(base, variant)
    power = error = 0.0
    for b, v in _chunks(base, variant):
        power += float(b.square().sum())
        error += float((b - v).square().sum())
    return power, error


def sqnr_db(base: torch.Tensor, variant: torch.Tensor) -> float:
    """10 log10(sum W^2 / sum (W - W')^2), dB; infinite for equal weights."""
    power, error = _power_and_error(base, variant)
    return 10 * math.log10(power / error) if error and power else (math.inf if power else math.nan)


def relative_error(base: torch.Tensor, variant: torch.Tensor) -> float:
    """|W - W'|_F / |W|_F; NaN for a zero base."""
    power, error = _power_and_error(base, variant)
    return math.sqrt(error / power) if power else math.nan


def aligned(base: torch.Tensor, variant: torch.Tensor, channels: str) -> torch.Tensor:
    """The variant with one least-squares factor for each of its ``rows`` or ``columns`` (or none for "").

    A method may have moved a scale per channel into a neighbouring layer, which is no error. The factor is that of a
    regression of base on variant: exactly 1 for pruned weights, within the noise of 1 for rounded ones.
    """
    if not channels:
        return variant
    _same(base, variant)
    along = 1 if channels == "rows" else 0
    power = variant.double().square().sum(along, keepdim=True)
    product = (base.double() * variant.double()).sum(along, keepdim=True)
    factor = product / power.where(power > 0, power.new_ones(()))
    return (variant.double() * factor).to(variant.dtype)


def _same(base: torch.Tensor, variant: torch.Tensor) -> None:
    if base.shape != variant.shape:
        raise DataError(
            f"weights of shapes {tuple(base.shape)} and {tuple(variant.shape)} cannot be compared"
        )


def zero_share(weight: torch.Tensor) -> float:
    """Share (0..1) of weights that are exactly 0."""
    return float((weight == 0).sum()) / float(weight.numel())


def excess_kurtosis(values: torch.Tensor) -> float:
    """Fourth standardised moment minus 3: 0 for a Gaussian, large for few huge weights. NaN for a constant."""
    table = values.reshape(-1, values.shape[-1])
    mean = sum(float(part.sum()) for (part,) in _chunks(table)) / table.numel()
    second = fourth = 0.0
    for (part,) in _chunks(table):
        squares = (part - mean).square()
        second += float(squares.sum())
        fourth += float(squares.square().sum())
    second, fourth = second / table.numel(), fourth / table.numel()
    return float(fourth / second**2 - 3) if second > 0 else math.nan
