"""From an interval to a verdict, and from the rows of a claim to its own verdict.

A claim of the paper speaks of all the cases it covers. So it is confirmed when every counted row confirms it (each
at 95 %: a joint statement needs no correction), and refuted as a general statement when a row refutes it with its
interval widened for the number of rows (Bonferroni). Everything else is undecided.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from acbench.claims.findings import (
    CONFIRMED,
    NOT_TESTABLE,
    REFUTED,
    UNDECIDED,
    Decision,
    Estimate,
    Finding,
    Row,
)
from acbench.claims.rules import BETTER
from acbench.claims.statistics import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from acbench.claims.rules import Rule
    from acbench.claims.statistics import Draws

MIN_SAMPLES = 20
"""Fewer samples than this decide nothing, as for the verdicts of cases."""
MIN_CLUSTERS = 6
"""With five independent clusters even a change of one sign throughout has p = 2/32 > 5 %."""
MOST_TIMES = 2500
"""When an interval that narrows as with 2,500 times the samples decides nothing, the estimate sits on a limit."""
FLOOR = 0.05
"""A base score below this cannot fall far enough to show a relative drop."""
LISTED = 4


def row(
    subject: str,
    draws: Draws,
    rule: Rule,
    estimate: Estimate,
    *,
    rows: int = 1,
    groups: int | None = None,
    counted: bool = True,
    more: tuple[Estimate, ...] = (),
) -> Row:
    """Judges one comparison. ``rows``: how many the claim counts; ``groups``: its independent clusters, None where
    the points are no samples."""
    low, high = draws.interval()
    if groups is not None and (estimate.n < MIN_SAMPLES or groups < MIN_CLUSTERS):
        few = estimate.n < MIN_SAMPLES
        why = (
            f"{estimate.n} {estimate.of_what}, at least {MIN_SAMPLES} are needed"
            if few
            else f"{groups} independent clusters (texts, problems), at least {MIN_CLUSTERS} are needed"
        )
        return Row(subject, UNDECIDED, why, estimate, more, MIN_SAMPLES if few else None, UNDECIDED, counted)
    verdict = rule.verdict(low, high)
    firm = rule.verdict(*draws.interval(1 - (1 - CONFIDENCE) / max(rows, 1)))
    if verdict != UNDECIDED:
        return Row(
            subject,
            verdict,
            "",
            estimate,
            more,
            None,
            firm,
            counted,
            _strength(draws.value, (low, high), rule),
        )
    hint = rule.hint(low, high)
    needed = None if hint == BETTER else samples_needed(draws, rule, estimate.n)
    why = hint or "the interval reaches across the limit"
    if needed:
        why += f"; about {needed:,} {estimate.of_what} would decide it"
    elif hint != BETTER:
        why += f"; more {estimate.of_what} would hardly decide it"
    return Row(subject, UNDECIDED, why, estimate, more, needed, firm, counted)


def _strength(value: float, ends: tuple[float, float], rule: Rule) -> float:
    """The factor by which the interval may grow around its estimate before the verdict changes; at most 100."""
    verdict = rule.verdict(*ends)
    low, high = 1.0, 100.0
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        held = rule.verdict(value - middle * (value - ends[0]), value + middle * (ends[1] - value)) == verdict
        low, high = (middle, high) if held else (low, middle)
    return low


def samples_needed(draws: Draws, rule: Rule, n: int) -> int | None:
    """About how many samples would decide, if the estimate stayed where it is; None when no number would.

    Widths shrink with 1/sqrt(n); with 1/n where only the bound on unseen events is wide (see Draws.slack).
    """
    low, high = draws.interval()
    down, up = draws.value - low, high - draws.value
    if not (math.isfinite(down) and math.isfinite(up)):
        return None
    power = 0.5 if float(draws.resamples.std()) > 0 else 1.0

    def decides(times: float) -> bool:
        shrink = times**-power
        return rule.verdict(draws.value - down * shrink, draws.value + up * shrink) != UNDECIDED

    if not decides(MOST_TIMES):
        return None
    low_times, high_times = 1.0, float(MOST_TIMES)
    while high_times / low_times > 1.005:
        middle = math.sqrt(low_times * high_times)
        low_times, high_times = (low_times, middle) if decides(middle) else (middle, high_times)
    return max(n + 1, math.ceil(n * high_times))


def no_row(subject: str, why: str, *, counted: bool = True, estimate: Estimate | None = None) -> Row:
    """A comparison that cannot be made although its results are there (a floor, other prompts): undecided."""
    return Row(subject, UNDECIDED, why, estimate, counted=counted)


def estimate(
    name: str, draws: Draws, *, n: int, unit: str, of_what: str = "samples", **more: Any
) -> Estimate:
    """The estimate with its 95 % interval."""
    low, high = draws.interval()
    return Estimate(name, draws.value, low, high, unit, n, of_what, **more)


def not_testable(why: str, rows: Iterable[Row] = (), notes: Iterable[str] = ()) -> Finding:
    return Finding(NOT_TESTABLE, why, None, tuple(rows), tuple(notes))


def combine(rows: Sequence[Row], *, missing: str, notes: Iterable[str] = ()) -> Finding:
    """The claim's verdict from its rows. ``missing``: what to say when no row counts. The statistic beside the
    verdict is the clearest counterexample, the weakest confirmation, or the first row that leaves it open."""
    counted = [r for r in rows if r.counted]
    if not counted:
        return not_testable(missing, rows, notes if rows else ())
    refuting = [r for r in counted if r.firm == REFUTED]
    if refuting:
        verdict: Decision = REFUTED
        why, deciding = _refuted(counted, refuting), max(refuting, key=lambda r: r.strength)
    elif all(r.verdict == CONFIRMED for r in counted):
        verdict, deciding = CONFIRMED, min(counted, key=lambda r: r.strength)
        why = "the comparison here confirms it"
        if len(counted) > 1:
            why = f"all {len(counted)} comparisons here confirm it; the weakest is shown"
    else:
        verdict = UNDECIDED
        why, deciding = _undecided(counted)
    needed = _needed(counted) if verdict == UNDECIDED else None
    if needed and len(counted) > 1:
        what = next(r.estimate.of_what for r in counted if r.needed == needed and r.estimate)
        why += f"; about {needed:,} {what} are needed to decide all"
    return Finding(verdict, why, deciding.estimate, tuple(rows), tuple(notes), needed, deciding.subject)


def _refuted(counted: Sequence[Row], refuting: Sequence[Row]) -> str:
    if len(counted) == 1:
        return "the comparison here contradicts it"
    verb = "contradicts" if len(refuting) == 1 else "contradict"
    text = f"{len(refuting)} of {len(counted)} comparisons {verb} it ({_names(refuting)})"
    holding = [r for r in counted if r.verdict == CONFIRMED]
    return text + (f"; it holds for {_names(holding)}" if holding else "")


def _undecided(counted: Sequence[Row]) -> tuple[str, Row]:
    open_rows = [r for r in counted if r.verdict == UNDECIDED]
    weak = [r for r in counted if r.verdict == REFUTED]
    if len(counted) == 1:
        return counted[0].why, counted[0]
    if not open_rows:
        text = f"{_names(weak)} alone would contradict it, but among {len(counted)} comparisons that can be chance"
        return text, weak[0]
    be = "is" if len(open_rows) == 1 else "are"
    parts = [f"{len(open_rows)} of {len(counted)} comparisons {be} undecided ({_names(open_rows)})"]
    held = sum(r.verdict == CONFIRMED for r in counted)
    if held:
        parts.append(f"{held} confirm it")
    if weak:
        parts.append(f"{len(weak)} speak against it, not firmly enough for {len(counted)} comparisons")
    return "; ".join(parts), next((r for r in open_rows if r.estimate), open_rows[0])


def _needed(counted: Sequence[Row]) -> int | None:
    """Samples that would decide all open rows; None when one of them cannot be decided by more samples."""
    open_rows = [r for r in counted if r.verdict == UNDECIDED]
    known = [r.needed for r in open_rows if r.needed is not None and r.estimate]
    return max(known) if known and len(known) == len(open_rows) else None


def _names(rows: Sequence[Row]) -> str:
    names = [r.subject for r in rows]
    return "; ".join(names[:LISTED]) + (f"; and {len(names) - LISTED} more" if len(names) > LISTED else "")
