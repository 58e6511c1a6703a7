"""Stored forms: what tensors a compressed linear layer becomes, and what config.json says about them.

``dense``, the three formats of compressed-tensors, and those of GPTQ and AWQ (specification of
compression, section 5). ``acbench.compress.reading`` is the way back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.compress.packing import pack, pack_awq

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from acbench.compress.grids import Kind, Quantized

SCALE_BITS = 16


def packed_tensors(
    found: Quantized, *, bits: int, kind: Kind, form: str, dtype: Any
) -> dict[str, torch.Tensor]:
    """The tensors of one layer by suffix. ``form``: packed, gptq or awq; ``dtype`` of the scales."""
    return {"packed": _compressed_tensors, "gptq": _gptq, "awq": _awq}[form](found, bits, kind, dtype)


def _compressed_tensors(found: Quantized, bits: int, kind: Kind, dtype: Any) -> dict[str, torch.Tensor]:
    import torch

    half = 0 if kind == "asym" else 2 ** (bits - 1)
    tensors = {
        "weight_packed": pack(found.codes + half, bits),
        "weight_scale": found.scale.to(dtype),
        "weight_shape": torch.tensor(found.codes.shape, dtype=torch.int64),
    }
    if kind == "asym":
        tensors["weight_zero_point"] = pack(found.zero.t().to(torch.int32), bits).t().contiguous()
    return tensors


def _gptq(found: Quantized, bits: int, kind: Kind, dtype: Any) -> dict[str, torch.Tensor]:
    """Format ``gptq_v2``: zero points as they are (the older ``gptq`` stores them minus one)."""
    import torch

    half = 0 if kind == "asym" else 2 ** (bits - 1)
    zero = (found.zero + half).to(torch.int32)
    return {
        "qweight": pack(found.codes + half, bits).t().contiguous(),
        "qzeros": pack(zero.t().contiguous(), bits),
        "scales": found.scale.t().contiguous().to(dtype),
        "g_idx": (torch.arange(found.codes.shape[1]) // found.group).to(torch.int32),
    }


def _awq(found: Quantized, bits: int, kind: Kind, dtype: Any) -> dict[str, torch.Tensor]:
    import torch

    if bits != 4 or kind != "asym":
        raise ValueError("the AWQ format holds 4-bit codes with zero points only")
    return {
        "qweight": pack_awq(found.codes.t().contiguous()),
        "qzeros": pack_awq(found.zero.t().to(torch.int32).contiguous()),
        "scales": found.scale.t().contiguous().to(dtype),
    }


def integer_config(*, bits: int, kind: Kind, group: int, form: str) -> dict[str, Any]:
    """``quantization_config`` of packed integer weights; ``group`` of -1 is one group a row."""
    if form == "gptq":
        return {
            "quant_method": "gptq",
            "bits": bits,
            "group_size": group,
            "sym": kind != "asym",
            "desc_act": False,
            "lm_head": False,
            "checkpoint_format": "gptq_v2",
        }
    if form == "awq":
        return {
            "quant_method": "awq",
            "bits": bits,
            "group_size": group,
            "zero_point": kind == "asym",
            "version": "gemm",
            "modules_to_not_convert": None,
        }
    weights = {
        "num_bits": bits,
        "type": "int",
        "symmetric": kind != "asym",
        "strategy": "channel" if group == -1 else "group",
        "group_size": None if group == -1 else group,
        "dynamic": False,
    }
    return _compressed("pack-quantized", weights, None)


def eight_bit_config(number: str) -> dict[str, Any]:
    """``quantization_config`` of 8-bit weights per row with activations rounded per token while serving."""
    common = {"num_bits": 8, "type": "float" if number == "fp8" else "int", "symmetric": True}
    return _compressed(
        "float-quantized" if number == "fp8" else "int-quantized",
        {**common, "strategy": "channel", "dynamic": False},
        {**common, "strategy": "token", "dynamic": True},
    )


def _compressed(
    form: str, weights: Mapping[str, Any], activations: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "quant_method": "compressed-tensors",
        "format": form,
        "quantization_status": "compressed",
        "config_groups": {
            "group_0": {"targets": ["Linear"], "weights": dict(weights), "input_activations": activations}
        },
        "ignore": ["lm_head"],
    }
