"""The factor that GPTQ and SparseGPT push errors with (specification of compression, section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.errors import CompressionError

if TYPE_CHECKING:
    import torch

DAMP = 0.01
MOST_DAMP = 1.0


@dataclass(frozen=True, slots=True)
class Factor:
    """``upper`` [I, I] with upper' upper = inverse of the damped H. ``dead``: columns no input ever reaches.
    ``damp``: the share of the mean diagonal that was needed."""

    upper: torch.Tensor
    dead: torch.Tensor
    damp: float


def factorize(gram: torch.Tensor, *, damp: float = DAMP) -> Factor:
    """Damps and inverts H (``gram`` [I, I], any positive multiple). Ten times more damping where Cholesky fails.

    Raises CompressionError when even a damping of 1 does not make it positive definite.
    """
    import torch

    dead = torch.diagonal(gram) == 0
    damped = gram.clone()
    diagonal = torch.diagonal(damped)
    diagonal[dead] = 1.0
    mean = float(diagonal.mean())
    added, share = 0.0, damp
    while True:
        diagonal += share * mean - added
        added = share * mean
        lower, failed = torch.linalg.cholesky_ex(damped)
        if not int(failed):
            inverse = torch.cholesky_inverse(lower)
            upper, failed = torch.linalg.cholesky_ex(inverse, upper=True)
            if not int(failed) and bool(torch.isfinite(upper).all()):
                return Factor(upper, dead, share)
        if share >= MOST_DAMP:
            break
        share = min(share * 10, MOST_DAMP)
    raise CompressionError(
        "the calibration inputs of a layer make no invertible Hessian, even with damping 1: "
        "use more calibration samples, or look for NaN in the activations"
    )
