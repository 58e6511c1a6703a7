"""When an interval decides a claim: equivalence, one side of a limit, a loss of a stated size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from acbench.claims.findings import CONFIRMED, REFUTED, UNDECIDED, Decision

BETTER = "it is better than base by more than the margin, which the claim does not foresee"


class Rule(Protocol):
    """When an interval decides."""

    def verdict(self, low: float, high: float) -> Decision: ...

    def hint(self, low: float, high: float) -> str:
        """Why it is undecided, where that is more than a straddled limit; else empty."""
        ...


@dataclass(frozen=True, slots=True)
class Within:
    """Equivalence: confirmed inside -margin..margin, refuted wholly below -margin (a loss beyond the margin)."""

    margin: float

    def verdict(self, low: float, high: float) -> Decision:
        if high < -self.margin:
            return REFUTED
        return CONFIRMED if low > -self.margin and high < self.margin else UNDECIDED

    def hint(self, low: float, high: float) -> str:
        del high
        if low > self.margin:
            return BETTER
        return ""


@dataclass(frozen=True, slots=True)
class Above:
    """Confirmed wholly above ``limit``, refuted wholly below ``refuted_below`` (the same value if not given)."""

    limit: float
    refuted_below: float | None = None

    def verdict(self, low: float, high: float) -> Decision:
        below = self.limit if self.refuted_below is None else self.refuted_below
        if low > self.limit:
            return CONFIRMED
        return REFUTED if high < below else UNDECIDED

    def hint(self, low: float, high: float) -> str:
        del low, high
        return ""


@dataclass(frozen=True, slots=True)
class Below:
    """Confirmed wholly below ``limit``, refuted wholly above ``refuted_above`` (the same value if not given)."""

    limit: float
    refuted_above: float | None = None

    def verdict(self, low: float, high: float) -> Decision:
        above = self.limit if self.refuted_above is None else self.refuted_above
        if high < self.limit:
            return CONFIRMED
        return REFUTED if low > above else UNDECIDED

    def hint(self, low: float, high: float) -> str:
        del low, high
        return ""


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of a stated size, in relative change: confirmed when the interval excludes 0 and either covers
    -most..-least or lies inside it; refuted when it lies wholly outside of it."""

    least: float
    most: float

    def verdict(self, low: float, high: float) -> Decision:
        if low > -self.least or high < -self.most:
            return REFUTED
        covers = low <= -self.most and high >= -self.least
        inside = low >= -self.most and high <= -self.least
        return CONFIRMED if high < 0 and (covers or inside) else UNDECIDED

    def hint(self, low: float, high: float) -> str:
        del low
        return "no loss at all is possible too" if high >= 0 else ""


@dataclass(frozen=True, slots=True)
class LossBeyond:
    """Confirmed wholly below 0 (a loss), refuted wholly above -margin: then hardly anything is lost."""

    margin: float

    def verdict(self, low: float, high: float) -> Decision:
        if high < 0:
            return CONFIRMED
        return REFUTED if low > -self.margin else UNDECIDED

    def hint(self, low: float, high: float) -> str:
        del low, high
        return ""
