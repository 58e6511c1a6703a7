"""Round to nearest: every weight to its nearest grid point, group by group; no data needed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from acbench.compress.grids import Kind, Quantized, fitting_group, quantize
from acbench.compress.protocol import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

SCALE_BITS = 16


class Rtn:
    """``params``: bits, group_size (default 128), symmetric (default true), grid (sym-full)."""

    def __init__(self, params: Mapping[str, Any], served_as: str) -> None:
        self._bits = int(params["bits"])
        self._group = int(params.get("group_size", 128))
        self._kind: Kind = params.get("grid", "sym-full") if params.get("symmetric", True) else "asym"
        self._packed = served_as == "packed"

    def prepare(self, widths: Sequence[int]) -> tuple[str, ...]:
        """One group size for the whole model, as serving needs it (specification, section 3.2)."""
        wanted = self._group
        if wanted != -1:
            try:
                self._group = fitting_group(wanted, math.gcd(*widths))
            except ValueError as error:
                raise ValueError(f"widths {sorted({*widths})}: {error}") from error
        if self._group == wanted:
            return ()
        return (f"group size {wanted} -> {self._group}: {wanted} does not divide all of {sorted({*widths})}",)

    def compress(self, name: str, weight: torch.Tensor) -> Layer:
        import torch

        del name
        group = weight.shape[1] if self._group == -1 else self._group
        found = quantize(weight, bits=self._bits, group=group, kind=self._kind, scale_dtype=torch.bfloat16)
        back = found.dequantized()
        original = weight.float()
        zero_bits = self._bits if self._kind == "asym" else 0
        return Layer(
            tensors=_packed(found, weight, self._bits, self._kind)
            if self._packed
            else {"weight": back.to(weight.dtype)},
            bits=self._bits + (SCALE_BITS + zero_bits) / group,
            zeros=int((back == 0).sum()),
            error=float((back - original).square().sum() / original.square().sum().clamp(min=1e-30)),
        )

    def quantization_config(self) -> dict[str, Any] | None:
        if not self._packed:
            return None
        group = self._group
        scheme = {
            "num_bits": self._bits,
            "type": "int",
            "symmetric": self._kind != "asym",
            "strategy": "channel" if group == -1 else "group",
            "group_size": None if group == -1 else group,
            "dynamic": False,
        }
        return {
            "quant_method": "compressed-tensors",
            "format": "pack-quantized",
            "quantization_status": "compressed",
            "config_groups": {
                "group_0": {"targets": ["Linear"], "weights": scheme, "input_activations": None}
            },
            "ignore": ["lm_head"],
        }


def _packed(found: Quantized, weight: torch.Tensor, bits: int, kind: Kind) -> dict[str, torch.Tensor]:
    """The tensors of compressed-tensors' pack-quantized format."""
    import torch
    from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32

    half = 2 ** (bits - 1)
    codes = found.codes - half if kind == "asym" else found.codes
    tensors = {
        "weight_packed": pack_to_int32(codes.to(torch.int8), bits),
        "weight_scale": found.scale.to(torch.bfloat16),
        "weight_shape": torch.tensor(weight.shape, dtype=torch.int64),
    }
    if kind == "asym":
        zero = (found.zero - half).to(torch.int8)
        tensors["weight_zero_point"] = pack_to_int32(zero, bits, packed_dim=0).contiguous()
    return tensors


def create(params: Mapping[str, Any], served_as: str) -> Rtn:
    return Rtn(params, served_as)
