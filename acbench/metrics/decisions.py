"""What changes for a decision: flips both ways, margins, calibration (specification sections 5.3 to 5.5)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acbench.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Flips:
    """Shares (0..1) of items whose correctness changed, each way."""

    right_to_wrong: float
    wrong_to_right: float

    @property
    def both(self) -> float:
        return self.right_to_wrong + self.wrong_to_right


def flips(base: ArrayLike, variant: ArrayLike) -> Flips:
    """Of correctness (0 or 1) item by item. Equal accuracy hides flips."""
    known = [np.asarray(side, dtype=np.float64) for side in (base, variant)]
    if known[0].shape != known[1].shape or not known[0].size:
        raise DataError("flips need the same items on both sides, and at least one")
    if any(np.isnan(side).any() for side in known):
        raise DataError("flips need items that are right or wrong; leave out those of unknown correctness")
    b, v = (side > 0.5 for side in known)
    return Flips(float((b & ~v).mean()), float((~b & v).mean()))


@dataclass(frozen=True, slots=True)
class MarginFit:
    """m' = slope m + offset by least squares over items; ``flips``: share of items whose margin changed its sign (one
    that became exactly 0 has none)."""

    slope: float
    offset: float
    flips: float


def margin_fit(base: ArrayLike, variant: ArrayLike) -> MarginFit:
    """Decision margins (logit of one choice minus the other's) before and after. NaN slope for a constant base."""
    b, v = (np.asarray(side, dtype=np.float64).ravel() for side in (base, variant))
    if b.shape != v.shape or b.size < 2:
        raise DataError("margins need the same items on both sides, and at least two")
    centred = b - b.mean()
    spread = float((centred**2).sum())
    slope = float((centred * (v - v.mean())).sum() / spread) if np.ptp(b) > 0 else math.nan
    return MarginFit(slope, float(v.mean() - slope * b.mean()), float((b * v < 0).mean()))


@dataclass(frozen=True, slots=True)
class Calibration:
    """``ece``: expected calibration error; ``gap``: mean confidence - accuracy; ``brier`` of the chosen answer."""

    ece: float
    gap: float
    brier: float
    accuracy: float


def calibration(confidence: ArrayLike, correct: ArrayLike, *, bins: int = 15) -> Calibration:
    """Calibration over ``bins`` of equal width. ECE can improve while a model breaks: read it with accuracy."""
    c, y = (np.asarray(side, dtype=np.float64).ravel() for side in (confidence, correct))
    if c.shape != y.shape or not c.size:
        raise DataError("calibration needs a confidence for every item, and at least one item")
    if not ((c >= 0) & (c <= 1)).all() or np.isnan(y).any():
        raise DataError("a confidence must lie between 0 and 1, and every item be right or wrong")
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    place = np.minimum((c * bins).astype(int), bins - 1)
    gaps = [abs((c[place == b] - y[place == b]).sum()) for b in range(bins)]
    return Calibration(
        float(sum(gaps) / c.size), float((c - y).mean()), float(((c - y) ** 2).mean()), float(y.mean())
    )
