"""The compressor seam.

A compressor works weight by weight with bounded memory, or (methods that need calibration) takes over
the whole folder. It runs in a job process; ``acbench.compress`` modules outside of it import no torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import torch


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What a build needs. ``served_as`` is the stored form chosen from the support table."""

    model: Path
    out: Path
    recipe: str
    method: str
    params: Mapping[str, Any]
    served_as: str
    label: str
    calibration: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """What became of one weight: stored tensors (suffix -> tensor) and facts for ``acbench.json``."""

    tensors: Mapping[str, torch.Tensor]
    bits: float
    zeros: int
    error: float
    """Relative squared error of the weights, sum((Q - W)^2) / sum(W^2)."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a build reports; becomes ``acbench.json``."""

    touched: int
    facts: Mapping[str, Any] = field(default_factory=dict)


class WeightCompressor(Protocol):
    """A method that treats each weight alone (RTN, magnitude)."""

    def prepare(self, widths: Sequence[int]) -> tuple[str, ...]:
        """Called once, first, with the input widths of all weights to come; returns notes for people."""
        ...

    def compress(self, name: str, weight: torch.Tensor) -> Layer:
        """``weight`` [O, I] of one linear layer; raises ValueError when the recipe does not fit it."""
        ...

    def quantization_config(self) -> dict[str, Any] | None:
        """For config.json, or None when dense weights are stored."""
        ...
