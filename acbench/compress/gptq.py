"""GPTQ: rounds column after column and moves each column's error to the columns not yet rounded.

Frantar et al. 2023 (arXiv 2210.17323); specification of compression, section 3.3. The weights of all linear
layers that read the same input are swept together: they share H, and rows do not interact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from acbench.compress.grids import Grid, Quantized

if TYPE_CHECKING:
    import torch

    from acbench.compress.hessians import Factor

Order = Literal["static", "none"]
BLOCK = 128


def column_order(gram: torch.Tensor, order: Order) -> torch.Tensor:
    """``static``: columns by decreasing mean square of their input (stable); ``none``: as they stand."""
    import torch

    if order == "none":
        return torch.arange(gram.shape[0])
    return torch.argsort(torch.diagonal(gram), descending=True, stable=True)


def sweep(
    weight: torch.Tensor,
    factor: Factor,
    permutation: torch.Tensor,
    *,
    grid: Grid,
    group: int,
    refit: bool,
    block: int = BLOCK,
    fixed: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> Quantized:
    """Codes of ``weight`` [O, I]. ``factor`` belongs to H in the order of ``permutation``.

    ``refit``: fit a group's scale on the compensated weights when its first column is reached; only without
    reordering. Else scales are fitted once, on the original weights. ``fixed``: scale and zero [O, I/g] to use.
    """
    import torch

    rows, columns = weight.shape
    weight = weight.clone()
    weight[:, factor.dead] = 0
    groups = weight.reshape(rows, columns // group, group)
    scale, zero = fixed or grid.fit(groups)
    columns_first = weight.t()[permutation].contiguous()  # a column is a contiguous row here
    group_of = (permutation // group).tolist()
    scale, zero = scale.t().contiguous(), zero.t().contiguous()
    codes = torch.empty_like(columns_first)
    upper = factor.upper
    pivots = torch.diagonal(upper).tolist()
    low, high = grid.limits
    for first in range(0, columns, block):
        last = min(first + block, columns)
        part = columns_first[first:last]
        errors = torch.empty_like(part)
        for j in range(last - first):
            column, at = part[j], group_of[first + j]
            if refit and (first + j) % group == 0:
                later = columns_first[first + j : first + j + group]
                if (
                    first + j + group > last
                ):  # the group reaches beyond this block: bring its columns up to date
                    later = later.clone()
                    later[last - first - j :] -= (
                        upper[first : first + j, last : first + j + group].t() @ errors[:j]
                    )
                scale[at], zero[at] = grid.fit(later.t())
            code = torch.div(column, scale[at]).round_().add_(zero[at]).clamp_(low, high)
            codes[first + j] = code
            error = torch.sub(column, (code - zero[at]).mul_(scale[at])).div_(pivots[first + j])
            errors[j] = error
            if j + 1 < last - first:
                part[j + 1 :].addr_(upper[first + j, first + j + 1 : last], error, alpha=-1)
        if last < columns:
            columns_first[last:].addmm_(upper[first:last, last:].t(), errors, alpha=-1)
    restored = torch.empty_like(codes)
    restored[permutation] = codes
    return Quantized(
        restored.t().contiguous().to(torch.int32), scale.t().contiguous(), zero.t().contiguous(), group
    )


def loss(weight: torch.Tensor, changed: torch.Tensor, gram: torch.Tensor) -> float:
    """tr((Q - W) H (Q - W)'): the squared output error per token (specification, section 1)."""
    difference = changed - weight
    return float(((difference @ gram) * difference).sum())
