"""Magnitude pruning: the smallest weights of each matrix (or of each block of four) become zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.compress.masks import n_of_m, smallest
from acbench.compress.protocol import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch


class Magnitude:
    """``params``: sparsity (share of each matrix, default 0.5) or pattern ("2:4")."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._pattern = str(params.get("pattern", ""))
        self._sparsity = float(params.get("sparsity", 0.5))

    def prepare(self, widths: Sequence[int]) -> tuple[str, ...]:
        del widths
        return ()

    def compress(self, name: str, weight: torch.Tensor) -> Layer:
        import torch

        scores = weight.float().abs()
        if self._pattern:
            keep, block = (int(part) for part in self._pattern.split(":"))
            pruned = n_of_m(scores, keep=keep, block=block)
        else:
            pruned = smallest(scores, self._sparsity)
        kept = torch.where(pruned, torch.zeros((), dtype=weight.dtype), weight)
        lost = scores.square()[pruned].sum() / scores.square().sum().clamp(min=1e-30)
        return Layer(tensors={"weight": kept}, bits=16.0, zeros=int((kept == 0).sum()), error=float(lost))

    def quantization_config(self) -> dict[str, Any] | None:
        return None


def create(params: Mapping[str, Any], served_as: str) -> Magnitude:
    del served_as  # pruned weights are stored dense: serving engines removed sparse formats
    return Magnitude(params)
