"""SmoothQuant: moves the range of activations into weights (Xiao et al. 2023, arXiv 2211.10438).

Smoothing alone quantizes nothing: it is always followed by 8-bit rounding of weights and, when
serving, of activations (specification of compression, section 3.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

FLOOR = 1e-5


def smoothing(activation: torch.Tensor, weight: torch.Tensor, *, alpha: float) -> torch.Tensor:
    """[I]: max|x|^alpha / max|W|^(1-alpha) per input channel, by which the input is divided.

    ``activation`` [I]: the largest |x|; ``weight`` [O, I]: rows of all layers that read the input. A
    channel that no input or no weight uses keeps the factor 1.
    """
    import torch

    largest = weight.abs().amax(0)
    scale = activation.pow(alpha) / largest.clamp(min=FLOOR).pow(1 - alpha)
    unused = (activation < FLOOR) | (largest < FLOOR)
    return torch.where(unused, torch.ones_like(scale), scale.clamp(min=FLOOR))
