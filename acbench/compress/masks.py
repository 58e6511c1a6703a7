"""Pruning masks from scores: exact counts, stable ties (specification of compression, section 3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def smallest(scores: torch.Tensor, sparsity: float) -> torch.Tensor:
    """True where pruned: exactly floor(sparsity * n) entries of the whole matrix with the least scores.

    Ties are broken by position, so the sparsity is never exceeded.
    """
    import torch

    flat = scores.flatten()
    count = int(round(sparsity * flat.numel(), 6))  # 0.29 * 100 is 28.999... in floating point
    pruned = torch.zeros(flat.numel(), dtype=torch.bool, device=flat.device)
    pruned[torch.argsort(flat, stable=True)[:count]] = True
    return pruned.reshape(scores.shape)


def smallest_of_rows(scores: torch.Tensor, sparsity: float) -> torch.Tensor:
    """True where pruned: exactly floor(sparsity * I) entries of each row of ``scores`` [O, I]."""
    import torch

    columns = scores.shape[1]
    count = int(round(sparsity * columns, 6))
    order = torch.argsort(scores, dim=-1, stable=True)
    pruned = torch.zeros_like(scores, dtype=torch.bool)
    return pruned.scatter_(-1, order[:, :count], torch.ones_like(pruned[:, :count]))


def n_of_m(scores: torch.Tensor, *, keep: int, block: int) -> torch.Tensor:
    """True where pruned: all but the ``keep`` largest of every ``block`` consecutive columns of a row.

    Raises ValueError when ``block`` does not divide the number of columns.
    """
    import torch

    rows, columns = scores.shape
    if columns % block:
        raise ValueError(f"a {keep}:{block} pattern does not fit {columns} columns")
    grouped = scores.reshape(rows, columns // block, block)
    order = torch.argsort(grouped, dim=-1, stable=True)
    pruned = torch.zeros_like(grouped, dtype=torch.bool)
    pruned.scatter_(-1, order[..., : block - keep], torch.ones_like(pruned[..., : block - keep]))
    return pruned.reshape(rows, columns)
