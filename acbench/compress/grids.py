"""Integer grids: scales, codes and back (specification of compression, section 2).

Two symmetric conventions exist and are not interchangeable; ``sym-full`` is what compressed-tensors
and the serving kernels use, ``sym-restricted`` what several research codes use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

Kind = Literal["sym-full", "sym-restricted", "asym"]
SCALE_FLOOR = 1e-9
"""Groups of zeros get this scale, so that nothing is divided by zero."""


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


def quantize(
    weight: torch.Tensor, *, bits: int, group: int, kind: Kind, scale_dtype: Any = None
) -> Quantized:
    """Rounds ``weight`` [O, I] to ``bits`` in groups of ``group`` columns (``group`` must divide I).

    The scale is rounded to ``scale_dtype`` before codes are computed, because that is what is stored.
    Rounding is half to even. Codes are clipped to the grid.
    """
    import torch

    rows, columns = weight.shape
    if columns % group:
        raise ValueError(f"group size {group} does not divide {columns} columns")
    grouped = weight.float().reshape(rows, columns // group, group)
    half = 2 ** (bits - 1)
    if kind == "asym":
        low = grouped.amin(-1).clamp(max=0)
        high = grouped.amax(-1).clamp(min=0)
        scale = ((high - low) / (2**bits - 1)).clamp(min=SCALE_FLOOR)
    else:
        steps = (2**bits - 1) / 2 if kind == "sym-full" else half - 1
        scale = (grouped.abs().amax(-1) / steps).clamp(min=SCALE_FLOOR)
    if scale_dtype is not None:
        scale = scale.to(scale_dtype).float()
    if kind == "asym":
        zero = torch.round(-low / scale).clamp(0, 2**bits - 1)
        bottom, top = 0, 2**bits - 1
    else:
        zero = torch.zeros_like(scale)
        bottom, top = -half, half - 1
    codes = (torch.round(grouped / scale[..., None]) + zero[..., None]).clamp(bottom, top)
    return Quantized(codes.reshape(rows, columns).to(torch.int32), scale, zero, group)


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
