"""What a claim's evaluation says: rows of evidence, a verdict, and what the published tables give.

Plain frozen dataclasses without behaviour of their own; ``render`` and ``page`` show them, nothing here computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.claims.evidence import Evidence
    from acbench.claims.published import Published

Decision = Literal["confirmed", "refuted", "undecided", "not testable here"]
CONFIRMED: Decision = "confirmed"
REFUTED: Decision = "refuted"
UNDECIDED: Decision = "undecided"
NOT_TESTABLE: Decision = "not testable here"
DECISIONS: tuple[Decision, ...] = (CONFIRMED, REFUTED, UNDECIDED, NOT_TESTABLE)

Standing = Literal["support", "contradict", "mixed", "cannot say"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its 95 % interval. ``unit``: ``share`` (printed in per cent), ``points`` (a difference of
    shares, printed in percentage points), ``rho``, or a name; ``n`` counts ``of_what``."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    n: int
    of_what: str = "samples"
    p_value: float | None = None
    test: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison of a claim. ``firm``: the verdict with the interval widened for the number of comparisons
    (Bonferroni); None where nothing was estimated. Rows that are not ``counted`` are there as information.
    ``strength``: how many times wider the interval might be with the same verdict (1 = just so)."""

    subject: str
    verdict: Decision
    why: str
    estimate: Estimate | None = None
    more: tuple[Estimate, ...] = ()
    needed: int | None = None
    firm: Decision | None = None
    counted: bool = True
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim's verdict on the runs at hand. ``estimate``: the statistic shown beside the verdict, of the row
    ``subject``; ``needed``: about how many samples (or variants) would decide it, where that can be said."""

    verdict: Decision
    why: str
    estimate: Estimate | None = None
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    needed: int | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number computed from the published tables. Units as in Estimate; ``left_out`` = shown but not counted, why."""

    label: str
    value: float
    unit: str
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the published tables say about a claim; they hold single runs, so there are no intervals."""

    standing: Standing
    summary: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """``text``: the paper's claim in our words; ``rule``: when it is confirmed, when refuted."""

    id: str
    text: str
    capability: str
    rule: str
    decide: Callable[[Evidence], Finding]
    published: Callable[[Published], Reading]

    @property
    def number(self) -> int:
        return int(self.id.removeprefix("C"))


@dataclass(frozen=True, slots=True)
class Answer:
    """A claim with both its sides: the runs at hand and the published tables."""

    claim: Claim
    finding: Finding
    reading: Reading
