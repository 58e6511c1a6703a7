"""int8 and FP8 weights with activations rounded per token while serving (W8A8); no data needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.compress.eightbit import Number, quantize_rows
from acbench.compress.forms import eight_bit_config
from acbench.compress.methods import eight_bit_layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

    from acbench.compress.protocol import Layer


class Rounded:
    """``number``: int8 or fp8 (e4m3), one scale a row of the weight."""

    def __init__(self, number: Number) -> None:
        self._number = number

    def prepare(self, widths: Sequence[int]) -> tuple[str, ...]:
        del widths
        return ()

    def compress(self, name: str, weight: torch.Tensor) -> Layer:
        import torch

        del name
        original = weight.float()
        codes, scale = quantize_rows(original, self._number, scale_dtype=torch.bfloat16)
        return eight_bit_layer(codes, scale, original)

    def quantization_config(self) -> dict[str, Any] | None:
        return eight_bit_config(self._number)


def create(params: Mapping[str, Any], served_as: str) -> Rounded:
    del served_as
    return Rounded(params["number"])
