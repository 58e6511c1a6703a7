"""Effective rank: of weights, of hidden states and of logits (Roy and Vetterli 2007; specification section 1).

erank(A) = exp(-sum p_i ln p_i), p_i = s_i / sum(s), with s the singular values (``sigma`` form) or their squares
(``lambda`` form, what the eigenvalues of a covariance give). The two are never mixed: every name says its form.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

Form = Literal["sigma", "lambda"]
Path = Literal["gram", "svd"]

ONE = 1e-9
"""A result this close below 1 is 1: a matrix of rank one has no less."""


def erank_of_values(values: Sequence[float] | NDArray[np.float64]) -> float:
    """Effective rank of a spectrum (singular values, or eigenvalues for the lambda form), all >= 0.

    NaN for a spectrum of zeros. Raises DataError for NaN, infinity or a negative value.
    """
    spectrum = np.asarray(values, dtype=np.float64).ravel()
    if not np.isfinite(spectrum).all() or (spectrum < 0).any():
        raise DataError("a spectrum must be finite and not negative")
    total = spectrum.sum()
    if total == 0:
        return math.nan
    shares = spectrum[spectrum > 0] / total
    shares = shares[shares > 0]
    found = float(np.exp(-(shares * np.log(shares)).sum()))
    return max(found, 1.0) if found > 1.0 - ONE else found


def checked(matrix: torch.Tensor, name: str) -> torch.Tensor:
    """The matrix, if it is one of finite floating-point numbers; else DataError naming it and the count."""
    if matrix.dim() != 2 or 0 in matrix.shape:
        raise DataError(f"{name}: expected a matrix, got shape {tuple(matrix.shape)}")
    if not matrix.is_floating_point():
        raise DataError(f"{name}: packed weights ({matrix.dtype}) have no spectrum; dequantize them first")
    bad = int((~torch.isfinite(matrix)).sum())
    if bad:
        raise DataError(f"{name}: {bad} of {matrix.numel()} values are NaN or infinite")
    return matrix


def singular_values(
    matrix: torch.Tensor, *, path: Path = "gram", name: str = "matrix"
) -> NDArray[np.float64]:
    """Singular values [min(m, n)], largest first.

    ``gram``: square roots of the eigenvalues of the smaller Gram matrix in float64, clipped at 0; the absolute error
    of a value is about 1e-8 of the largest, which no effective rank notices, at a tenth of the cost. ``svd``: the
    decomposition itself in float32 (float64 for float64 input), the better choice on a GPU. Values that are nothing
    but rounding (relative to the largest, never an absolute cut-off) are 0.
    """
    matrix = checked(matrix, name)
    if path == "svd":
        wide = matrix if matrix.dtype == torch.float64 else matrix.float()
        found = torch.linalg.svdvals(wide)
        least = max(matrix.shape) * torch.finfo(wide.dtype).eps * found.max()
        found = found.where(found > least, 0.0).double()
    else:
        wide = matrix.double()
        gram = wide @ wide.T if wide.shape[0] <= wide.shape[1] else wide.T @ wide
        squares = torch.linalg.eigvalsh(gram)
        least = len(squares) * torch.finfo(torch.float64).eps * squares.max()
        found = squares.where(squares > least, 0.0).sqrt().flip(0)
    values: NDArray[np.float64] = found.cpu().numpy()
    return values


def matrix_erank(
    matrix: torch.Tensor, *, form: Form = "sigma", path: Path = "gram", name: str = "matrix"
) -> float:
    """Effective rank of a matrix, 1 <= erank <= rank. NaN for the zero matrix (reason "zero-matrix")."""
    values = singular_values(matrix, path=path, name=name)
    return erank_of_values(values if form == "sigma" else values**2)


def folded(weight: torch.Tensor, norm: torch.Tensor, *, plus: float = 0.0) -> torch.Tensor:
    """The weight [O, I] with the preceding norm's weight [I] multiplied into its columns.

    A scale moved between a norm and the next linear layer (SmoothQuant, AWQ) leaves this product, and so its
    effective rank, where it was. ``plus``: 1 for norms that multiply by 1 + weight (Gemma).
    """
    return weight.float() * (norm.float() + plus)


class TokenGram:
    """Collects Z Z' of centred token vectors block by block over their features: memory T x T and one block.

    ``add`` takes blocks [T, b] (hidden states: all features at once; logits: part of the vocabulary) of the same T
    tokens; ``erank`` is exact, whatever the blocks.
    """

    def __init__(self, tokens: int, *, device: str = "cpu") -> None:
        self._gram = torch.zeros(tokens, tokens, dtype=torch.float64, device=device)
        self._raw = torch.zeros(tokens, dtype=torch.float64, device=device)

    def add(self, block: torch.Tensor) -> None:
        """Adds a block [T, b] of features: its column mean over tokens is taken out first.

        Raises DataError with the count for NaN or infinite values.
        """
        checked(block, "token vectors")
        wide = block.double()
        self._raw += wide.square().sum(dim=1)
        wide = wide - wide.mean(dim=0, keepdim=True)
        self._gram += wide @ wide.T

    def erank(self) -> TokenRank:
        """Effective rank (lambda form) of the rows divided by their lengths; eigenvalues of Z Z' / T.

        A token equal to the mean has no direction: its row is dropped and counted. NaN with a reason when fewer than
        two rows stay ("too-few-tokens" for a single token, "zero-variance" for identical ones).
        """
        tokens = self._gram.shape[0]
        if tokens < 2:
            return TokenRank(math.nan, tokens, "too-few-tokens")
        squares = self._gram.diagonal()
        keep = squares > _rounding(tokens) ** 2 * self._raw.max()
        dropped = int((~keep).sum())
        if tokens - dropped < 2:
            return TokenRank(math.nan, dropped, "zero-variance")
        lengths = squares[keep].sqrt()
        kernel = self._gram[keep][:, keep] / torch.outer(lengths, lengths)
        return TokenRank(_of_eigenvalues(kernel / kernel.shape[0], tokens), dropped, "")


class TokenRank:
    """``value``: effective rank; ``dropped``: rows without a direction; ``reason`` where the value is NaN."""

    __slots__ = ("dropped", "reason", "value")

    def __init__(self, value: float, dropped: int, reason: str) -> None:
        self.value = value
        self.dropped = dropped
        self.reason = reason


def token_erank(tokens: torch.Tensor, *, name: str = "token vectors") -> TokenRank:
    """Effective rank (lambda form) of token vectors [T, d]: centred over tokens, rows of length one (section 1.2)."""
    count, width = checked(tokens, name).shape
    if width >= count:
        gram = TokenGram(count, device=str(tokens.device))
        gram.add(tokens)
        return gram.erank()
    wide = tokens.double()  # more tokens than features: the smaller of the two equal matrices
    raw, wide = wide.square().sum(dim=1).max(), wide - wide.mean(dim=0, keepdim=True)
    squares = wide.square().sum(dim=1)
    keep = squares > _rounding(count) ** 2 * raw
    dropped = int((~keep).sum())
    if count - dropped < 2:
        return TokenRank(math.nan, dropped, "zero-variance")
    rows = wide[keep] / squares[keep, None].sqrt()
    return TokenRank(_of_eigenvalues(rows.T @ rows / len(rows), count), dropped, "")


def _rounding(tokens: int) -> float:
    return tokens * float(torch.finfo(torch.float64).eps)


def _of_eigenvalues(kernel: torch.Tensor, tokens: int) -> float:
    values = torch.linalg.eigvalsh(kernel).clamp_min(0.0)
    return erank_of_values(values[values > _rounding(tokens) * values.max()].cpu().numpy())


def streamed_token_erank(blocks: Iterable[torch.Tensor], tokens: int) -> TokenRank:
    """The same from blocks [T, b] that follow each other, for instance along a vocabulary."""
    gram = TokenGram(tokens)
    for block in blocks:
        gram.add(block)
    return gram.erank()


def diff_erank(untrained: float, trained: float) -> float:
    """Effective rank of the untrained model minus that of the trained one, hidden states (Wei et al., NeurIPS 2024).

    Not a quantity of compression: it needs a second, randomly initialised model of the same configuration.
    """
    return untrained - trained


def erank_delta(base: float, variant: float) -> float:
    """Change under compression: variant minus base. What the paper's text calls Diff-ERank."""
    return variant - base


def erank_ratio(base: float, variant: float) -> float:
    """Relative size under compression: variant over base; NaN where base is not defined."""
    return variant / base if base else math.nan


def subspace_overlap(base: torch.Tensor, variant: torch.Tensor, rank: int) -> float:
    """Overlap (0..1) of the leading ``rank`` left singular subspaces: |U' V|_F^2 / rank (section 5.11)."""
    if not 1 <= rank <= min(base.shape):
        raise DataError(f"rank must lie between 1 and {min(base.shape)}, not {rank}")
    left = [torch.linalg.eigh(w.double() @ w.double().T)[1][:, -rank:] for w in (base, variant)]
    return float((left[0].T @ left[1]).square().sum() / rank)
