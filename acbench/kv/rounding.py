"""Fake quantization of keys and values: rounded to few bits and back, so that its effect shows without kernels.

Two layouts (specification of compression, section 3.8; of KV-cache compression, section 5):

- ``token``: keys and values per token and head, in groups along the head size, asymmetric grid with an integer
  zero (specification of compression, section 2: the range always holds 0).
- ``kivi``: keys per channel over groups of tokens, values per token; the grid starts at the group's minimum, since a
  key channel may lie far from 0.
"""

from __future__ import annotations

import torch

SCALE_FLOOR = 1e-9


def scale_dtype(dtype: torch.dtype) -> torch.dtype:
    """What scales are stored in: 16 bits, but float32 beside float32 tensors."""
    return torch.float32 if dtype == torch.float32 else torch.float16


def rounded(groups: torch.Tensor, bits: int, *, through_zero: bool) -> torch.Tensor:
    """Rounds [..., g] along its last axis to 2^bits levels and back; dtype and shape stay.

    Error of a value: at most half a step, with ``through_zero`` at most one step (the zero is rounded as well).
    """
    levels = 2**bits - 1
    values = groups.float()
    low, high = values.amin(-1, keepdim=True), values.amax(-1, keepdim=True)
    if through_zero:
        low, high = low.clamp(max=0), high.clamp(min=0)
    stored_as = scale_dtype(groups.dtype)
    scale = ((high - low) / levels).to(stored_as).float().clamp(min=SCALE_FLOOR)
    if through_zero:
        zero = (-low / scale).round().clamp(0, levels)
        codes = ((values / scale).round() + zero).clamp(0, levels)
        return ((codes - zero) * scale).to(groups.dtype)
    low = low.to(stored_as).float()
    codes = ((values - low) / scale).round().clamp(0, levels)
    return (codes * scale + low).to(groups.dtype)


def along_head(states: torch.Tensor, bits: int, group: int, *, through_zero: bool = True) -> torch.Tensor:
    """Rounds [B, H, n, D] per token and head in groups of ``group`` channels; D must be a multiple of it."""
    return rounded(states.unflatten(-1, (-1, group)), bits, through_zero=through_zero).flatten(-2)


def along_tokens(keys: torch.Tensor, bits: int, group: int) -> torch.Tensor:
    """Rounds [B, H, n, D] per channel over groups of ``group`` tokens; n must be a multiple of it."""
    grouped = keys.unflatten(2, (-1, group)).transpose(-1, -2)
    return rounded(grouped, bits, through_zero=False).transpose(-1, -2).flatten(2, 3)


def packed_bytes(values: int, group: int, bits: int, dtype: torch.dtype) -> int:
    """Bytes of ``values`` rounded numbers as they would be packed: codes, and scale and offset of each group."""
    overhead = 2 * int(scale_dtype(dtype).itemsize)
    return values * bits // 8 + values // group * overhead
