"""How numbers and verdicts are written, once for Allure, Markdown and the terminal.

Shares (0..1) are printed in per cent and their differences in percentage points; other units stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.cases import BASE

if TYPE_CHECKING:
    from acbench.records import CaseResult, Comparison, Verdict

SHARE = "share"
MARKS = {"pass": "✅ pass", "fail": "❌ worse", "inconclusive": "⚠️ undecided"}
WORDS = {"pass": "pass", "fail": "WORSE", "inconclusive": "undecided"}
NOISE_MARKS = {"pass": "✅ within", "fail": "❌ exceeded", "inconclusive": "⚠️ undecided"}


def factor(unit: str) -> float:
    """What a value in this unit is multiplied with before it is printed."""
    return 100.0 if unit == SHARE else 1.0


def level_unit(unit: str) -> str:
    """The printed unit of a level: per cent for shares."""
    return "%" if unit == SHARE else unit


def difference_unit(unit: str) -> str:
    """The printed unit of a difference: percentage points for shares."""
    return "pp" if unit == SHARE else unit


def number(value: float, unit: str, *, signed: bool = False) -> str:
    """A value without its unit: one decimal for shares, three for anything else; never ``-0.0``."""
    digits = 1 if unit == SHARE else 3
    rounded = round(value * factor(unit), digits) + 0.0
    return f"{rounded:+.{digits}f}" if signed and rounded else f"{rounded:.{digits}f}"


def level(value: float, unit: str) -> str:
    """``46.7 %`` or ``2.130 nats``."""
    return f"{number(value, unit)} {level_unit(unit)}".rstrip()


def difference(value: float, unit: str) -> str:
    """``-3.3 pp`` or ``+0.041 nats``."""
    return f"{number(value, unit, signed=True)} {difference_unit(unit)}".rstrip()


def interval(low: float, high: float, unit: str) -> str:
    """``[-8.1, +1.4]``, in the unit of the difference that stands beside it."""
    return f"[{number(low, unit, signed=True)}, {number(high, unit, signed=True)}]"


def limit(margin: float, unit: str) -> str:
    """The tolerated loss, without a sign: which direction is a loss belongs to the metric."""
    return f"{number(margin, unit)} {difference_unit(unit)}".rstrip()


def higher_is_better(comparison: Comparison) -> bool:
    """Direction of a metric: as recorded, else scores go up and information losses (nats) go down."""
    return comparison.higher_is_better


def loss(comparison: Comparison) -> float:
    """How much worse the compressed model is, positive = worse, in the metric's unit."""
    return -comparison.difference if higher_is_better(comparison) else comparison.difference


def is_gated(verdict: Verdict) -> bool:
    """Whether this verdict can fail a run."""
    return verdict.gate == "gate"


def gate_label(verdict: Verdict) -> str:
    """``gate`` or ``report-only``."""
    return "gate" if is_gated(verdict) else "report-only"


def mark(result: CaseResult) -> str:
    """The verdict as it stands in a Markdown cell; report-only is always said."""
    marks = NOISE_MARKS if result.compression == BASE else MARKS
    text = marks[result.verdict.outcome]
    return text if is_gated(result.verdict) else f"{text} (report-only)"


def word(result: CaseResult) -> str:
    """The verdict in plain letters for terminals."""
    text = WORDS[result.verdict.outcome]
    return text if is_gated(result.verdict) else f"{text}, report-only"
