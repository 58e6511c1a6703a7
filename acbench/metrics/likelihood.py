"""Loss and perplexity (specification section 4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def mean_nll(nll: Sequence[float] | NDArray[np.float64]) -> float:
    """Mean of -ln p(next) over all predicted tokens of a corpus, nats. Token-weighted: never a mean of means."""
    table = np.asarray(nll, dtype=np.float64).ravel()
    if not table.size:
        raise DataError("no positions: a text of T tokens has T - 1 predictions")
    if np.isnan(table).any():
        raise DataError(f"{int(np.isnan(table).sum())} of {table.size} token losses are NaN")
    return float(table.mean())


def perplexity(nll: Sequence[float] | NDArray[np.float64]) -> float:
    """exp of the mean loss. Compare models by the difference of losses, or the ratio exp(difference)."""
    mean = mean_nll(nll)
    return math.exp(mean) if mean < 700 else math.inf


def shown_perplexity(value: float, vocabulary: int) -> str:
    """The perplexity as text: beyond the vocabulary's size a model is worse than uniform, and how much says nothing."""
    return f">{vocabulary}" if value > vocabulary else f"{value:.4g}"
