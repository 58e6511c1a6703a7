"""What calibration inputs are summed up to, per input of a block's linear layers; float32, one pass."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

Need = Literal["gram", "squares", "largest", "mean"]
STRIPES = 4
"""A Gram matrix is symmetric: only the blocks on and above the diagonal of a 4 x 4 grid are multiplied."""


@dataclass(slots=True)
class InputStatistics:
    """Sums over the tokens seen: ``gram`` = X'X / T [I, I], ``squares`` = sum x^2 [I], ``largest`` = max |x| [I],
    ``mean`` = mean |x| [I]. Only what was asked for is there."""

    needs: frozenset[Need]
    tokens: int = 0
    sums: dict[Need, torch.Tensor] = field(default_factory=dict)

    def add(self, inputs: torch.Tensor) -> None:
        """``inputs`` [..., I]."""
        import torch

        rows = inputs.reshape(-1, inputs.shape[-1]).float()
        self.tokens += rows.shape[0]
        if "gram" in self.needs:
            if "gram" not in self.sums:
                self.sums["gram"] = torch.zeros(rows.shape[1], rows.shape[1], device=rows.device)
            with half_width_products(inputs.dtype == torch.bfloat16):
                _add_gram(self.sums["gram"], rows)
        for need, reduce in (("squares", rows.square), ("mean", rows.abs)):
            if need in self.needs:
                self.sums[need] = self.sums.get(need, 0) + reduce().sum(0)
        if "largest" in self.needs:
            largest = rows.abs().amax(0)
            seen = self.sums.get("largest")
            self.sums["largest"] = largest if seen is None else torch.maximum(seen, largest)

    def finish(self) -> dict[Need, torch.Tensor]:
        """The statistics; a Gram matrix is mirrored and divided by the tokens, as the mean is."""
        found = self.sums
        if "gram" in found:
            gram = found["gram"].div_(self.tokens)
            upper = gram.triu(1)
            found["gram"] = gram.triu_().add_(upper.t())
        if "mean" in found:
            found["mean"] = found["mean"] / self.tokens
        return found


@contextmanager
def half_width_products(wanted: bool = True) -> Iterator[None]:
    """float32 products computed from bf16 halves with float32 sums, where the processor has such instructions.

    Exact for inputs that are bf16 values already; several times as fast.
    """
    import torch

    before = torch.get_float32_matmul_precision()
    if wanted:
        torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _add_gram(gram: torch.Tensor, rows: torch.Tensor) -> None:
    width = -(-rows.shape[1] // STRIPES)
    for first in range(0, rows.shape[1], width):
        stripe = rows[:, first : first + width]
        gram[first : first + width, first:].addmm_(stripe.t(), rows[:, first:])
