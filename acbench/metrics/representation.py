"""Hidden states: linear CKA of two models' layers, outliers of activations (specification sections 5.6 and 5.8)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    import torch


def linear_cka(x: torch.Tensor, y: torch.Tensor) -> float:
    """|Y'X|_F^2 / (|X'X|_F |Y'Y|_F) of centred columns; [N, d] and [N, e] of the same tokens. 0..1.

    Biased upward for few tokens (0.15 for independent 50 x 8): say N beside it. NaN where one side is constant.
    """
    if x.shape[0] != y.shape[0] or x.shape[0] < 2:
        raise DataError(
            f"CKA needs the same tokens on both sides, at least two: {x.shape[0]} and {y.shape[0]}"
        )
    a, b = (side.double() - side.double().mean(0, keepdim=True) for side in (x, y))
    if x.shape[0] <= min(x.shape[1], y.shape[1]):  # the smaller of the two equal forms
        left, right = a @ a.T, b @ b.T
        cross, scale = (left * right).sum(), left.norm() * right.norm()
    else:
        cross, scale = (b.T @ a).square().sum(), (a.T @ a).norm() * (b.T @ b).norm()
    return float(cross / scale) if scale > 0 else math.nan


def outlier_ratio(activations: torch.Tensor) -> torch.Tensor:
    """Largest over median absolute value of every channel [d] of activations [N, d]; inf where the median is 0."""
    size = activations.float().abs()
    return size.amax(0) / size.median(0).values


def top_channel_energy(activations: torch.Tensor, *, share: float = 0.01) -> float:
    """Share (0..1) of the activations' squared sum in the strongest ``share`` of the channels."""
    channels = activations.double().square().sum(0)
    count = max(1, math.ceil(share * channels.numel()))
    total = channels.sum()
    return float(channels.topk(count).values.sum() / total) if total > 0 else math.nan
