"""Weights before and after: error, zeros, tails (specification sections 5.7 and 5.8)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    import torch


def sqnr_db(base: torch.Tensor, variant: torch.Tensor) -> float:
    """10 log10(sum W^2 / sum (W - W')^2), dB; infinite for equal weights."""
    _same(base, variant)
    error = float((base.double() - variant.double()).square().sum())
    power = float(base.double().square().sum())
    return 10 * math.log10(power / error) if error and power else (math.inf if power else math.nan)


def relative_error(base: torch.Tensor, variant: torch.Tensor) -> float:
    """|W - W'|_F / |W|_F; NaN for a zero base."""
    _same(base, variant)
    scale = float(base.double().norm())
    return float((base.double() - variant.double()).norm()) / scale if scale else math.nan


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
    return float((weight == 0).double().mean())


def excess_kurtosis(values: torch.Tensor) -> float:
    """Fourth standardised moment minus 3: 0 for a Gaussian, large for few huge weights. NaN for a constant."""
    wide = values.double()
    centred = wide - wide.mean()
    variance = centred.square().mean()
    return float(centred.pow(4).mean() / variance.square() - 3) if variance > 0 else math.nan
