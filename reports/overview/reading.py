"""Sentences that say what a page shows, computed from the same results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.cases import CAPABILITIES
from reports import formats
from reports.overview.quality import CAPABILITY_NAMES, at_floor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import CaseResult
    from reports.overview.correlation import Correlation
    from reports.overview.pareto import Point

STRONG = 0.7
NAMED = 8
"""Names in a sentence; more of them are counted."""


def standing(results: Sequence[CaseResult]) -> str:
    """Of one recipe: ``worse``, ``worse (report-only)``, ``undecided``, ``fine`` or ``not judged``.

    Decided by the tasks of the four capabilities whose base score is above the floor.
    """
    cases = [r for r in results if r.capability in CAPABILITY_NAMES and not at_floor(r)]
    failed = [r for r in cases if r.verdict.outcome == "fail"]
    if any(formats.is_gated(r.verdict) for r in failed):
        return "worse"
    if failed:
        return "worse (report-only)"
    if any(r.verdict.outcome == "inconclusive" for r in cases):
        return "undecided"
    return "fine" if cases else "not judged"


def lead(model: str, by_recipe: Mapping[str, Sequence[CaseResult]]) -> str:
    """The sentence a busy reader needs; plain text."""
    if not by_recipe:
        return f"No recipe of {model} was judged."
    groups: dict[str, list[str]] = {}
    for recipe, results in by_recipe.items():
        groups.setdefault(standing(results), []).append(recipe)
    parts = [
        f"{_are(groups[name])} {words}: {names(groups[name])}"
        for name, words in (
            ("fine", "fine on every task that can tell"),
            ("worse", "worse than allowed on a gated task"),
            ("worse (report-only)", "worse on tasks that gate nothing"),
            ("undecided", "undecided"),
            ("not judged", "without any task that can tell"),
        )
        if name in groups
    ]
    count = len(by_recipe)
    return f"Of {count} recipe{'s' if count != 1 else ''} of {model}, {'; '.join(parts)}."


def _are(found: Sequence[str]) -> str:
    return f"{len(found)} {'is' if len(found) == 1 else 'are'}"


def names(found: Sequence[str], limit: int = NAMED) -> str:
    """``a, b and 3 more``."""
    shown = list(found[:limit])
    return ", ".join(shown) + (f" and {len(found) - limit} more" if len(found) > limit else "")


def unjudged(
    by_recipe: Mapping[str, Sequence[CaseResult]], broken: Mapping[str, str], unmeasured: Sequence[str]
) -> list[str]:
    """What could not be judged, one sentence each: floors, undecided cases, gaps, broken cases, speeds."""
    every = [r for results in by_recipe.values() for r in results]
    lines = []
    floored = sorted({r.task for r in every if r.capability in CAPABILITY_NAMES and at_floor(r)})
    if floored:
        lines.append(
            "At the floor, where the base score lies within the limit of zero, so that no loss can show: "
            f"{names(floored)}."
        )
    open_cases = [
        r
        for r in every
        if r.verdict.outcome == "inconclusive" and r.capability in CAPABILITY_NAMES and not at_floor(r)
    ]
    if open_cases:
        needed = [r.primary.samples_needed for r in open_cases if r.primary.samples_needed]
        more = (
            f" {len(needed)} of them would be decided by more samples (up to {max(needed):,})."
            if needed
            else ""
        )
        count = f"{len(open_cases)} case{' is' if len(open_cases) == 1 else 's are'}"
        lines.append(
            f"{count} undecided: {names([f'{r.compression} on {r.task}' for r in open_cases], 5)}.{more}"
        )
    missing = [CAPABILITIES[c] for c in CAPABILITY_NAMES if not any(r.capability == c for r in every)]
    if missing and every:
        lines.append(f"No task of this run is about: {', '.join(missing)}.")
    if broken:
        lines.append(f"Broken, without a verdict: {names(sorted(broken), 5)}.")
    if unmeasured:
        lines.append(f"No speed measured for {names(unmeasured)}: no run made all of its answers in one go.")
    return lines


def cost(best: Sequence[Point], others: Sequence[Point]) -> str:
    """Which recipes are worth their size; the points are of size in MiB and kept share in per cent."""
    if not best:
        return ""
    told = [f"{p.name} ({p.cost:,.0f} MiB, {p.quality:.0f} % kept)" for p in best]
    beaten = (
        f" Another one is at least as small and as good: {names([p.name for p in others])}." if others else ""
    )
    return f"On the front of size and quality: {names(told)}.{beaten}"


def prediction(model: str, found: Mapping[str, Correlation], titles: Mapping[str, tuple[str, str]]) -> str:
    """Whether ERank, top-k and energy rank the recipes as their losses do; ``titles``: number -> (family, title).

    Each family speaks through its first number that has a correlation, so that none is picked for being high.
    """
    told: dict[str, str] = {}
    for name, (family, title) in titles.items():
        one = found.get(name)
        if family in told or family == "other" or one is None or one.rho is None:
            continue
        told[family] = f"{family} ({title}) {_strength(one)}"
    if not told:
        most = max((one.n for one in found.values()), default=0)
        return f"Too few recipes to say what predicts the losses on {model}: {most} with both, at least 3 are needed."
    n = max(one.n for one in found.values() if one.rho is not None)
    small = " With so few recipes this is a description, not a test." if n < 8 else ""
    return f"Over {n} recipes of {model}: {'; '.join(told.values())}.{small}"


def _strength(one: Correlation) -> str:
    assert one.rho is not None  # noqa: S101 - the caller looked; for the type checker
    value = f"ρ = {one.rho:.2f}"
    if one.low is None or one.high is None:
        return f"ranks them {'exactly' if one.rho == 1 else 'in reverse' if one.rho == -1 else 'alike'} ({value})"
    span = f"{value}, [{one.low:.2f}, {one.high:.2f}]"
    if one.low <= 0 <= one.high:
        return f"cannot be told from no relation ({span})"
    if math.copysign(1, one.rho) < 0:
        return f"falls where the losses grow ({span})"
    return f"{'predicts the losses' if one.low >= STRONG else 'goes with the losses'} ({span})"
