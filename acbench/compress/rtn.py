"""Round to nearest: every weight to its nearest grid point, group by group; no data needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.compress.forms import SCALE_BITS, integer_config, packed_tensors
from acbench.compress.grids import Kind, model_group, quantize
from acbench.compress.protocol import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch


class Rtn:
    """``params``: bits, group_size (128), symmetric (true), grid (sym-full), mse (false)."""

    def __init__(self, params: Mapping[str, Any], served_as: str) -> None:
        import torch

        self._bits = int(params["bits"])
        self._group = int(params.get("group_size", 128))
        self._kind: Kind = params.get("grid", "sym-full") if params.get("symmetric", True) else "asym"
        self._search = bool(params.get("mse", False))
        self._form = served_as
        self._scales = torch.float16 if served_as in ("awq", "gptq") else torch.bfloat16

    def prepare(self, widths: Sequence[int]) -> tuple[str, ...]:
        """One group size for the whole model, as serving needs it (specification, section 3.2)."""
        self._group, notes = model_group(self._group, widths)
        return notes

    def compress(self, name: str, weight: torch.Tensor) -> Layer:
        del name
        group = weight.shape[1] if self._group == -1 else self._group
        found = quantize(
            weight,
            bits=self._bits,
            group=group,
            kind=self._kind,
            scale_dtype=self._scales,
            search=self._search,
        )
        back = found.dequantized()
        original = weight.float()
        zero_bits = self._bits if self._kind == "asym" else 0
        return Layer(
            tensors={"weight": back.to(weight.dtype)}
            if self._form == "dense"
            else packed_tensors(found, bits=self._bits, kind=self._kind, form=self._form, dtype=self._scales),
            bits=self._bits + (SCALE_BITS + zero_bits) / group,
            zeros=int((back == 0).sum()),
            error=float((back - original).square().sum() / original.square().sum().clamp(min=1e-30)),
        )

    def quantization_config(self) -> dict[str, Any] | None:
        if self._form == "dense":
            return None
        return integer_config(bits=self._bits, kind=self._kind, group=self._group, form=self._form)


def create(params: Mapping[str, Any], served_as: str) -> Rtn:
    return Rtn(params, served_as)
