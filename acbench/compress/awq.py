"""AWQ: scales input channels before rounding, so that the channels with large activations lose less.

Lin et al. 2024 (arXiv 2306.00978); specification of compression, section 3.4. The error of a candidate is the
output error of the linear layers that read the input, tr((W' - W) H (W' - W)'): it needs the inputs' Gram
matrix H and no forward pass, which is what makes the search cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.compress.statistics import half_width_products

if TYPE_CHECKING:
    import torch

    from acbench.compress.grids import Grid

RATIOS = 20
CLIP_STEPS = 20
CLIP_DEPTH = 0.5
SEARCH_ROWS = 256
"""Rows looked at in the search; more rows of a wide layer do not change which ratio is best."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """``scale`` [I] of the input channels; ``ratio`` is None when no scaling was better."""

    scale: torch.Tensor
    ratio: float | None
    error: float
    activation_only: bool = False
    """The scale came from activations alone, without the weights' part."""


def channel_weight(weight: torch.Tensor, group: int) -> torch.Tensor:
    """[I]: mean over rows of |W| relative to the largest of its group."""
    rows, columns = weight.shape
    groups = weight.abs().reshape(rows, columns // group, group)
    return (groups / groups.amax(-1, keepdim=True).clamp(min=1e-12)).reshape(rows, columns).mean(0)


def candidate(activation: torch.Tensor, relative: torch.Tensor, ratio: float) -> torch.Tensor:
    """The scale of one grid point: act^r / (w^(1-r) + 1e-4), centred so that max * min = 1."""
    scale = (activation.pow(ratio) / (relative.pow(1 - ratio) + 1e-4)).clamp(min=1e-4)
    return scale / (scale.max() * scale.min()).sqrt()


def output_error(difference: torch.Tensor, gram: torch.Tensor) -> float:
    """tr(D H D') of D [O, I]; for comparing candidates, so the fast products are good enough."""
    with half_width_products():
        return float(((difference @ gram) * difference).sum())


def search_scale(
    weight: torch.Tensor,
    gram: torch.Tensor,
    activation: torch.Tensor,
    *,
    grid: Grid,
    group: int,
    ratios: int = RATIOS,
    rows: int = SEARCH_ROWS,
) -> Scaling:
    """The best scale for ``weight`` [O, I]: rows of all linear layers that read this input, stacked.

    ``activation`` [I]: mean |x|. Tries ratios 0, 1/n .. (n-1)/n, each with and without the weights' part (both are
    in use in the field; 1.7 % less perplexity on SmolLM2 than the first alone), and no scaling at all.
    """
    import torch

    relative = channel_weight(weight, group)
    part = weight[:: -(-weight.shape[0] // rows)]
    best = Scaling(torch.ones_like(relative), None, output_error(_rounded(part, grid, group) - part, gram))
    for alone in (False, True):
        other = torch.ones_like(relative) if alone else relative
        for step in range(int(alone), ratios):  # ratio 0 of activations alone is no scaling
            scale = candidate(activation, other, step / ratios)
            if not bool(torch.isfinite(scale).all()):
                continue
            error = output_error(_rounded(part * scale, grid, group) / scale - part, gram)
            if error < best.error:
                best = Scaling(scale, step / ratios, error, alone)
    return best


def _rounded(weight: torch.Tensor, grid: Grid, group: int) -> torch.Tensor:
    groups = weight.reshape(weight.shape[0], -1, group)
    scale, zero = grid.fit(groups)
    return grid.back(grid.codes(groups, scale, zero), scale, zero).reshape(weight.shape)


def clip(weight: torch.Tensor, gram: torch.Tensor, *, grid: Grid, group: int) -> torch.Tensor:
    """``weight`` [O, I] with each group's values limited to the range that rounds with the least output error.

    A group's error is taken alone, with its own diagonal block of H: limits of one group do not
    depend on the others. Ranges 1, 0.975 .. 0.525 of the largest absolute value.
    """
    import torch

    clipped = torch.empty_like(weight)
    for first in range(0, weight.shape[1], group):
        part, block = (
            weight[:, first : first + group],
            gram[first : first + group, first : first + group],
        )
        largest = part.abs().amax(-1, keepdim=True)
        least = torch.full_like(largest[:, 0], torch.inf)
        limit = largest.clone()
        for step in range(CLIP_STEPS):
            tried = largest * (1 - CLIP_DEPTH * step / CLIP_STEPS)
            limited = part.clamp(-tried, tried)
            difference = _rounded(limited, grid, group) - part
            error = ((difference @ block) * difference).sum(-1)
            better = error < least
            least = torch.where(better, error, least)
            limit = torch.where(better[:, None], tried, limit)
        clipped[:, first : first + group] = part.clamp(-limit, limit)
    return clipped
