"""Integer codes in 32-bit words, low bits first, and back (specification of compression, section 5).

Three layouts: compressed-tensors packs along a row (dense for every width, 3 bits included), GPTQ along a
column, AWQ eight columns of a row in the order 0 2 4 6 1 3 5 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

WORD = 32
AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)


def pack(codes: torch.Tensor, bits: int) -> torch.Tensor:
    """``codes`` [R, C], unsigned, below 2^bits -> int32 [R, ceil(C bits / 32)].

    Widths that do not divide 32 run over word borders (a dense stream of bits).
    """
    import torch

    rows, columns = codes.shape
    words = -(-columns * bits // WORD)
    if WORD % bits == 0:
        per_word = WORD // bits
        padded = torch.zeros(rows, words * per_word, dtype=torch.int64)
        padded[:, :columns] = codes
        shifts = torch.arange(per_word) * bits
        stream = (padded.reshape(rows, words, per_word) << shifts).sum(-1)
    else:
        each = (codes.to(torch.int64)[..., None] >> torch.arange(bits)) & 1
        flat = torch.zeros(rows, words * WORD, dtype=torch.int64)
        flat[:, : columns * bits] = each.reshape(rows, -1)
        stream = (flat.reshape(rows, words, WORD) << torch.arange(WORD)).sum(-1)
    return _signed(stream)


def _signed(words: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)


def unpack(words: torch.Tensor, bits: int, columns: int) -> torch.Tensor:
    """The inverse of ``pack``: unsigned codes [R, columns] as int32."""
    import torch

    rows = words.shape[0]
    stream = words.to(torch.int64) & 0xFFFFFFFF
    if WORD % bits == 0:
        shifts = torch.arange(WORD // bits) * bits
        codes = (stream[..., None] >> shifts) & (2**bits - 1)
        return codes.reshape(rows, -1)[:, :columns].to(torch.int32)
    flat = ((stream[..., None] >> torch.arange(WORD)) & 1).reshape(rows, -1)[:, : columns * bits]
    return (flat.reshape(rows, columns, bits) << torch.arange(bits)).sum(-1).to(torch.int32)


def pack_awq(codes: torch.Tensor) -> torch.Tensor:
    """4-bit ``codes`` [R, C] -> int32 [R, C/8]; nibble k of a word holds column AWQ_ORDER[k] of its eight."""
    rows, columns = codes.shape
    return pack(codes.reshape(rows, columns // 8, 8)[..., list(AWQ_ORDER)].reshape(rows, columns), 4)


def unpack_awq(words: torch.Tensor) -> torch.Tensor:
    """The inverse of ``pack_awq``."""
    rows = words.shape[0]
    inverse = [AWQ_ORDER.index(k) for k in range(8)]
    return unpack(words, 4, words.shape[1] * 8).reshape(rows, -1, 8)[..., inverse].reshape(rows, -1)
