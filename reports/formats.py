"""How numbers and verdicts are written, once for Allure, Markdown and the terminal.

Shares (0..1) are printed in per cent and their differences in percentage points; other units stay.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.cases import BASE, Case

if TYPE_CHECKING:
    from acbench.aggregates import GroupMean
    from acbench.records import CaseResult, Comparison, Verdict

SHARE = "share"
NOTHING = "–"
"""In the place of a number where nothing could be compared."""
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
    """A value without its unit: one decimal for shares, three for anything else; never ``-0.0`` or ``nan``."""
    if not math.isfinite(value):
        return NOTHING
    digits = 1 if unit == SHARE else 3
    rounded = round(value * factor(unit), digits) + 0.0
    return f"{rounded:+.{digits}f}" if signed and rounded else f"{rounded:.{digits}f}"


def percent(share: float, digits: int = 0) -> str:
    """A share (0..1) of something that is no score: ``42 %``."""
    return f"{100 * share:.{digits}f} %"


def level(value: float, unit: str) -> str:
    """``46.7 %`` or ``2.130 nats``."""
    return f"{number(value, unit)} {level_unit(unit)}".rstrip() if math.isfinite(value) else NOTHING


def difference(value: float, unit: str) -> str:
    """``-3.3 pp`` or ``+0.041 nats``."""
    text = f"{number(value, unit, signed=True)} {difference_unit(unit)}".rstrip()
    return text if math.isfinite(value) else NOTHING


def interval(low: float, high: float, unit: str) -> str:
    """``[-8.1, +1.4]``, in the unit of the difference that stands beside it."""
    if not (math.isfinite(low) or math.isfinite(high)):
        return NOTHING
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
    marks = NOISE_MARKS if result.is_noise_floor else MARKS
    text = marks[result.verdict.outcome]
    return text if is_gated(result.verdict) else f"{text} (report-only)"


def word(result: CaseResult) -> str:
    """The verdict in plain letters for terminals."""
    text = WORDS[result.verdict.outcome]
    return text if is_gated(result.verdict) else f"{text}, report-only"


def against(result: CaseResult) -> str:
    """What a case is judged against, as a reader of its model's page needs it: see ``reference_name``."""
    return reference_name(Case(result.model, result.compression, result.task), result.reference_case)


def group_against(row: GroupMean) -> str:
    """What a group mean is compared with; see ``reference_name``."""
    model, _, recipe = row.reference.partition(":")
    reference = Case(model, recipe, "") if row.reference else Case(row.model, BASE, "")
    return reference_name(Case(row.model, row.compression, ""), reference)


def heading(recipe: str, reference: str) -> str:
    """A recipe over a column; what it is judged against is said where that is not base."""
    return recipe if reference == BASE else f"{recipe} against {reference}"


def reference_name(case: Case, reference: Case) -> str:
    """``base``, a recipe of the same model (``kv-full``), another model, or a recipe of another model.

    The window that a pair's reference was narrowed to (``base@4096``) is left out.
    """
    recipe = reference.compression.partition("@")[0]
    if reference.model == case.model:
        return recipe
    return reference.model if recipe == BASE else f"{reference.model}:{recipe}"
