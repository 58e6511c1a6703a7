"""Integer grids: scales, codes and back (specification of compression, section 2).

Two symmetric conventions exist and are not interchangeable; ``sym-full`` is what compressed-tensors
and the serving kernels use, ``sym-restricted`` what several research codes use.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

Kind = Literal["sym-full", "sym-restricted", "asym"]
SCALE_FLOOR = 1e-9
"""Groups of zeros get this scale, so that nothing is divided by zero."""
SHRINK_STEPS = 25
SHRINK_DEPTH = 0.8
"""The scale search tries ranges 1 - 0.8 k/25 of the full one (specification: K is free)."""


@dataclass(frozen=True, slots=True)
class Quantized:
    """``codes`` like the weight, signed for symmetric kinds and 0 .. 2^b - 1 for ``asym``;
    ``scale`` and ``zero`` [rows, groups] (zero is all 0 for symmetric kinds)."""

    codes: torch.Tensor
    scale: torch.Tensor
    zero: torch.Tensor
    group: int

    def dequantized(self) -> torch.Tensor:
        """(codes - zero) * scale, in float32, shape of the weight."""
        rows, columns = self.codes.shape
        grouped = self.codes.reshape(rows, -1, self.group).float()
        return ((grouped - self.zero[..., None]) * self.scale.float()[..., None]).reshape(rows, columns)


@dataclass(frozen=True, slots=True)
class Grid:
    """How values are rounded: ``bits`` and ``kind``. ``scale_dtype``: what the scale is stored in; it is rounded
    to that before codes are computed. ``search``: shrink each group's range for the least squared error."""

    bits: int
    kind: Kind
    scale_dtype: Any = None
    search: bool = False

    @property
    def limits(self) -> tuple[int, int]:
        """Lowest and highest code."""
        half = 2 ** (self.bits - 1)
        return (0, 2**self.bits - 1) if self.kind == "asym" else (-half, half - 1)

    def fit(
        self, groups: torch.Tensor, importance: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale and zero [...] of each group of ``groups`` [..., g]; ``importance`` [..., g] weighs its errors."""
        import torch

        if self.kind == "asym":
            low, high = groups.amin(-1).clamp(max=0), groups.amax(-1).clamp(min=0)
        else:
            high = groups.abs().amax(-1)
            low = -high
        scale, zero = self._scale(low, high)
        if not self.search:
            return scale, zero
        least = torch.full_like(scale, torch.inf)
        best = scale, zero
        for step in range(SHRINK_STEPS):
            shrink = 1 - SHRINK_DEPTH * step / SHRINK_STEPS
            tried = self._scale(low * shrink, high * shrink)
            error = self.back(self.codes(groups, *tried), *tried).sub_(groups).square_()
            loss = (error if importance is None else error.mul_(importance)).sum(-1)
            better = loss < least
            least = torch.where(better, loss, least)
            best = torch.where(better, tried[0], best[0]), torch.where(better, tried[1], best[1])
        return best

    def _scale(self, low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        top = 2**self.bits - 1
        if self.kind == "asym":
            scale = (high - low) / top
        else:
            scale = high / (top / 2 if self.kind == "sym-full" else 2 ** (self.bits - 1) - 1)
        scale = scale.clamp(min=SCALE_FLOOR)
        if self.scale_dtype is not None:
            scale = scale.to(self.scale_dtype).clamp(min=smallest_number(self.scale_dtype)).to(high.dtype)
        if self.kind == "asym":
            return scale, torch.round(-low / scale).clamp(0, top)
        return scale, torch.zeros_like(scale)

    def codes(self, groups: torch.Tensor, scale: torch.Tensor, zero: torch.Tensor) -> torch.Tensor:
        """Codes of ``groups`` [..., g], as floating point; half to even, clipped to the grid."""
        return (groups / scale[..., None]).round_().add_(zero[..., None]).clamp_(*self.limits)

    @staticmethod
    def back(codes: torch.Tensor, scale: torch.Tensor, zero: torch.Tensor) -> torch.Tensor:
        """(codes - zero) * scale."""
        return (codes - zero[..., None]).mul_(scale[..., None])


def quantize(
    weight: torch.Tensor,
    *,
    bits: int,
    group: int,
    kind: Kind,
    scale_dtype: Any = None,
    search: bool = False,
) -> Quantized:
    """Rounds ``weight`` [O, I] to ``bits`` in groups of ``group`` columns (``group`` must divide I)."""
    import torch

    rows, columns = weight.shape
    if columns % group:
        raise ValueError(f"group size {group} does not divide {columns} columns")
    grid = Grid(bits, kind, scale_dtype, search)
    groups = weight.float().reshape(rows, columns // group, group)
    scale, zero = grid.fit(groups)
    codes = grid.codes(groups, scale, zero)
    return Quantized(codes.reshape(rows, columns).to(torch.int32), scale, zero, group)


def smallest_number(dtype: Any) -> float:
    """The least positive number of a 16-bit type: fp16 would round the floor of scales to zero."""
    import torch

    limits = torch.finfo(dtype)
    return float(limits.smallest_normal * limits.eps)


def model_group(wanted: int, widths: Sequence[int]) -> tuple[int, tuple[str, ...]]:
    """One group size for the whole model, as serving needs it (specification, section 3.2), and notes for people.

    Raises ValueError naming the input widths when no size fits all of them. -1 stays one group per row.
    """
    if wanted == -1:
        return wanted, ()
    shown = sorted({*widths})
    try:
        group = fitting_group(wanted, math.gcd(*widths))
    except ValueError as error:
        raise ValueError(f"widths {shown}: {error}") from error
    if group == wanted:
        return wanted, ()
    return group, (f"group size {wanted} -> {group}: {wanted} does not divide all of {shown}",)


def fitting_group(wanted: int, columns: int) -> int:
    """The wanted group size, or the largest of 64, 32 below it that divides ``columns``.

    For several widths give their greatest common divisor.

    Raises ValueError when none fits. ``wanted`` of -1 means one group per row.
    """
    if wanted == -1:
        return columns
    for size in (wanted, 64, 32):
        if size <= wanted and columns % size == 0:
            return size
    raise ValueError(f"no group size of {wanted}, 64 or 32 divides {columns} columns")
