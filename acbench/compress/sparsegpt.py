"""SparseGPT: prunes column after column and repairs the error with the columns that follow.

Frantar and Alistarh 2023 (arXiv 2301.00774); specification of compression, section 3.7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.compress.gptq import BLOCK
from acbench.compress.masks import n_of_m, smallest

if TYPE_CHECKING:
    import torch

    from acbench.compress.hessians import Factor


def prune(
    weight: torch.Tensor,
    factor: Factor,
    *,
    sparsity: float = 0.5,
    pattern: tuple[int, int] | None = None,
    block: int = BLOCK,
) -> torch.Tensor:
    """The pruned and repaired weight [O, I]. ``pattern`` (keep, of) wins over ``sparsity``.

    Unstructured: in each block of columns the floor(sparsity * n) entries with the least W^2 / U_jj^2 over all
    rows. With a pattern the choice is made when the sweep reaches the first column of each run, on the
    already repaired weights. Raises ValueError when the pattern does not fit the columns.
    """
    import torch

    columns = weight.shape[1]
    if pattern is not None and columns % pattern[1]:
        raise ValueError(f"a {pattern[0]}:{pattern[1]} pattern does not fit {columns} columns")
    working = weight.clone()
    working[:, factor.dead] = 0
    working = working.t().contiguous()
    upper = factor.upper
    pivots = torch.diagonal(upper)
    if pattern is not None:
        block -= block % pattern[1]
    for first in range(0, columns, block):
        last = min(first + block, columns)
        part, errors = working[first:last], torch.empty_like(working[first:last])
        scale = pivots[first:last, None]
        pruned = (
            smallest((part / scale).square(), sparsity)
            if pattern is None
            else torch.zeros_like(part, dtype=torch.bool)
        )
        for j in range(last - first):
            if pattern is not None and j % pattern[1] == 0:
                run = slice(j, j + pattern[1])
                scores = (part[run] / scale[run]).square()
                pruned[run] = n_of_m(scores.t(), keep=pattern[0], block=pattern[1]).t()
            error = torch.where(pruned[j], part[j], 0).div_(float(pivots[first + j]))
            errors[j] = error
            part[j].masked_fill_(pruned[j], 0)
            if j + 1 < last - first:
                part[j + 1 :].addr_(upper[first + j, first + j + 1 : last], error, alpha=-1)
        if last < columns:
            working[last:].addmm_(upper[first:last, last:].t(), errors, alpha=-1)
    return working.t().contiguous()
