"""Top-k ranking consistency of two models at one position (specification section 2; the paper's equation 5).

T_k(z) are the ids of the k highest logits, ties broken by the lower id on every device. Functions work on many
positions at once: [P, ...] tensors in, [P] tensors out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence


def top_ids(logits: torch.Tensor, k: int) -> torch.Tensor:
    """The ids [P, k] of the k highest logits [P, V], best first, the lower id first among equals.

    Raises ValueError unless 1 <= k <= V.
    """
    size = logits.shape[-1]
    if not 1 <= k <= size:
        raise ValueError(f"k must lie between 1 and the vocabulary's {size}, not {k}")
    values, ids = torch.topk(logits, min(k + 1, size), dim=-1)
    if size > k:
        cut = values[:, k - 1] == values[:, k]  # topk may have taken any of the equal ones
        values, ids = values[:, :k], ids[:, :k]
        for row in torch.nonzero(cut)[:, 0].tolist():
            above = int((values[row] > values[row, -1]).sum())
            ids[row, above:] = torch.nonzero(logits[row] == values[row, -1])[: k - above, 0]
    return ordered(values, ids)[1]


def ordered(values: torch.Tensor, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Candidates [P, c] by falling value, by rising id among equal values."""
    by_id = ids.argsort(dim=-1, stable=True)
    values, ids = values.gather(-1, by_id), ids.gather(-1, by_id)
    by_value = values.argsort(dim=-1, descending=True, stable=True)
    return values.gather(-1, by_value), ids.gather(-1, by_value)


def shared(base: torch.Tensor, variant: torch.Tensor) -> torch.Tensor:
    """|T & T'| of id lists [P, k], each without repetition."""
    return (base[:, :, None] == variant[:, None, :]).any(-1).sum(-1)


def overlap(base: torch.Tensor, variant: torch.Tensor) -> torch.Tensor:
    """Share (0..1) of base's ids that are variant's too."""
    return shared(base, variant).double() / base.shape[-1]


def jaccard(base: torch.Tensor, variant: torch.Tensor) -> torch.Tensor:
    """J_k = n / (2k - n) of id lists [P, k]. J_1 is the agreement of the most likely token."""
    common = shared(base, variant).double()
    return common / (2 * base.shape[-1] - common)


def kendall_tau_b(x: torch.Tensor, y: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """Kendall's tau-b of values [P, k] over the entries of ``mask``; NaN where one side is constant or k < 2."""
    pairs = _pairs(x, mask)
    a = torch.sign(x[:, :, None] - x[:, None, :]) * pairs
    b = torch.sign(y[:, :, None] - y[:, None, :]) * pairs
    scale = ((a != 0).sum((1, 2)).double() * (b != 0).sum((1, 2)).double()).sqrt()
    return torch.where(scale > 0, (a * b).sum((1, 2)).double() / scale, math.nan)


def _pairs(x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    kept = torch.ones_like(x, dtype=torch.bool) if mask is None else mask
    return (kept[:, :, None] & kept[:, None, :]).to(x.dtype)


def spearman_rho(x: torch.Tensor, y: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """Pearson's correlation of average ranks [P, k]; NaN where one side is constant or k < 2."""
    kept = torch.ones_like(x, dtype=torch.bool) if mask is None else mask
    a, b = (_average_ranks(side, kept) for side in (x, y))
    scale = (a.square().sum(-1) * b.square().sum(-1)).sqrt()
    return torch.where(scale > 0, (a * b).sum(-1) / scale, math.nan)


def _average_ranks(values: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Ranks within the kept entries, equal values sharing the mean of their ranks, minus their mean."""
    both = kept[:, :, None] & kept[:, None, :]
    below = ((values[:, :, None] > values[:, None, :]) & both).sum(-1).double()
    equal = ((values[:, :, None] == values[:, None, :]) & both).sum(-1).double()
    ranks = below + (equal + 1) / 2
    mean = (ranks * kept).sum(-1, keepdim=True) / kept.sum(-1, keepdim=True).clamp_min(1)
    return (ranks - mean) * kept


def union_mask(base: torch.Tensor, variant: torch.Tensor) -> torch.Tensor:
    """Which entries of the joined lists [P, 2k] (base's, then variant's) make their union."""
    new = ~(variant[:, :, None] == base[:, None, :]).any(-1)
    return torch.cat([torch.ones_like(base, dtype=torch.bool), new], dim=-1)


def intersection_mask(base: torch.Tensor, variant: torch.Tensor) -> torch.Tensor:
    """Which entries of base's list [P, k] are variant's too; tau and rho need two of them at least."""
    return (base[:, :, None] == variant[:, None, :]).any(-1)


def lists_distance(a: Sequence[int], b: Sequence[int], *, p: float = 0.5) -> float:
    """Fagin, Kumar and Sivakumar's K^(p) of two top-k lists, divided by its largest value: 0 equal, 1 apart.

    For servers that return lists only. A pair that one list leaves open costs ``p`` (0 optimistic, 1/2 neutral).
    """
    _same_length(a, b)
    if not 0 <= p <= 1:
        raise ValueError(f"p is a cost between 0 and 1, not {p}")
    first, second = ({item: place for place, item in enumerate(side)} for side in (a, b))
    items = list(dict.fromkeys([*a, *b]))
    cost = sum(
        _pair_cost(i, j, first, second, p) for place, i in enumerate(items) for j in items[place + 1 :]
    )
    k = len(a)
    worst = k * k + p * k * (k - 1)
    return cost / worst if worst else 0.0


def _same_length(a: Sequence[int], b: Sequence[int]) -> None:
    if not a or len(a) != len(b) or len(set(a)) != len(a) or len(set(b)) != len(b):
        raise DataError("two lists of the same length, not empty and without repetitions, are needed")


def _pair_cost(i: int, j: int, first: dict[int, int], second: dict[int, int], p: float) -> float:
    inside = [(i in side, j in side) for side in (first, second)]
    if all(inside[0]) and all(inside[1]):
        return float((first[i] < first[j]) != (second[i] < second[j]))
    for side, own, other in ((first, inside[0], inside[1]), (second, inside[1], inside[0])):
        if all(own) and any(other):  # the one that is in both lists must lead
            kept, gone = (i, j) if other[0] else (j, i)
            return float(side[gone] < side[kept])
        if all(own):
            return p  # both are gone from the other list: their order there is unknown
    return 1.0  # one is in this list only, the other in that one


def rank_biased_overlap(a: Sequence[int], b: Sequence[int], *, persistence: float = 0.9) -> float:
    """Webber, Moffat and Zobel's extrapolated overlap of two lists of one length, 0..1."""
    _same_length(a, b)
    shares = [len(set(a[:depth]) & set(b[:depth])) / depth for depth in range(1, len(a) + 1)]
    head = sum(share * persistence**place for place, share in enumerate(shares))
    return (1 - persistence) * head + shares[-1] * persistence ** len(a)
