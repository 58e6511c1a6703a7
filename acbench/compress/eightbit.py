"""Eight bits for weights and activations: int8 and FP8, one scale a row (specification, sections 3.5 and 3.6).

Activations are rounded per token while serving; here only weights are. The functions that round
activations are for references computed without a serving engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

Number = Literal["int8", "fp8"]
LARGEST = {"int8": 127.0, "fp8": 448.0}
"""int8 is symmetric about 0; FP8 is e4m3."""
SCALE_FLOOR = 1e-9


def quantize_rows(
    values: torch.Tensor, number: Number, *, scale_dtype: Any = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes (int8 or float8_e4m3fn) and scale [..., 1] of each row of ``values`` [..., I]."""
    import torch

    largest = LARGEST[number]
    scale = (values.abs().amax(-1, keepdim=True) / largest).clamp(min=SCALE_FLOOR)
    if scale_dtype is not None:
        scale = scale.to(scale_dtype).to(values.dtype)
    scaled = (values / scale).clamp(-largest, largest)
    if number == "int8":
        return torch.round(scaled).to(torch.int8), scale
    return scaled.to(torch.float8_e4m3fn), scale


def rounded_rows(values: torch.Tensor, number: Number) -> torch.Tensor:
    """``values`` after rounding to eight bits and back, per row."""
    codes, scale = quantize_rows(values, number)
    return codes.to(values.dtype) * scale
