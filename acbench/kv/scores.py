"""How much attention a stored token gets, and who is chosen by it (specification of KV-cache compression, section 2).

Shapes: queries [B, Hq, n, D], keys [B, Hk, T, D], both after rotary embedding; query head h belongs to KV head
h // (Hq / Hk). Everything is computed in float32. Nothing of size T x T is ever made.
"""

from __future__ import annotations

import torch

QUERY_BLOCK = 512
BLOCK_FLOATS = 1 << 26
"""Column sums go through at most 512 queries at a time and hold at most this many weights (256 MiB) at once."""


def attention(queries: torch.Tensor, keys: torch.Tensor, scaling: float, first: int) -> torch.Tensor:
    """Causal softmax weights [B, Hk, g, n, T] of ``queries`` at positions first, first + 1, ... over all keys."""
    batch, heads, count, size = queries.shape
    kv_heads, length = keys.shape[1], keys.shape[2]
    grouped = queries.float().reshape(batch, kv_heads, heads // kv_heads, count, size)
    logits = grouped @ keys.float().transpose(-1, -2)[:, :, None] * scaling
    places = torch.arange(length, device=keys.device)
    asking = torch.arange(first, first + count, device=keys.device)
    hidden = places[None, :] > asking[:, None]
    return logits.masked_fill(hidden, float("-inf")).softmax(-1)


def window_scores(queries: torch.Tensor, keys: torch.Tensor, scaling: float, window: int) -> torch.Tensor:
    """Attention of the last ``window`` queries on each earlier token, summed over them: [B, Hk, g, T - window]."""
    past = keys.shape[2] - window
    return attention(queries[:, :, -window:], keys, scaling, past).sum(-2)[..., :past]


def column_sums(
    queries: torch.Tensor, keys: torch.Tensor, scaling: float, block: int | None = None
) -> torch.Tensor:
    """Attention of all T queries on each token, summed over them: [B, Hk, g, T]; exact whatever the ``block``."""
    length = keys.shape[2]
    if block is None:
        block = max(1, min(QUERY_BLOCK, BLOCK_FLOATS // (queries.shape[1] * length)))
    total: torch.Tensor = 0
    for first in range(0, length, block):
        last = min(first + block, length)  # later keys are hidden from this block anyhow
        weights = attention(queries[:, :, first:last], keys[:, :, :last], scaling, first).sum(-2)
        total = total + torch.nn.functional.pad(weights, (0, length - last))
    return total


def over_group(scores: torch.Tensor, reduce: str) -> torch.Tensor:
    """[B, Hk, g, n] -> [B, Hk, n]: one score for the query heads that share a KV head."""
    if reduce == "max":
        return scores.amax(2)
    return scores.sum(2) if reduce == "sum" else scores.mean(2)


def pooled(scores: torch.Tensor, pool: str, kernel: int) -> torch.Tensor:
    """Smooths [B, Hk, n] along n, same length. Averages count the zeros beyond the ends, as published."""
    if pool == "none" or kernel == 1:
        return scores
    apply = torch.nn.functional.max_pool1d if pool == "max" else torch.nn.functional.avg_pool1d
    return apply(scores, kernel, stride=1, padding=kernel // 2)


def top_positions(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Positions [..., count] of the highest scores, in ascending order; among equals the later position wins.

    Pooling makes plateaus and the cut mostly falls inside one: without a rule the choice would differ by device.
    """
    length = scores.shape[-1]
    order = scores.flip(-1).sort(dim=-1, descending=True, stable=True).indices[..., :count]
    return (length - 1 - order).sort(dim=-1).values
