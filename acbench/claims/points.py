"""Rows over variants as points: rank correlations and sign tests, for the claims about analyses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.claims import judging
from acbench.claims.association import rank_p, sign_test, spearman_draws
from acbench.claims.findings import CONFIRMED, REFUTED, UNDECIDED, Estimate, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Decision
    from acbench.claims.rules import Rule

MIN_POINTS = 8
ALPHA = 0.05


def correlation(
    subject: str,
    x: Sequence[float],
    y: Sequence[float],
    rule: Rule,
    *,
    rows: int = 1,
    of_what: str = "variants",
    counted: bool = True,
) -> Row:
    """Spearman's rho with a bootstrap interval over the points; fewer than eight are undecided."""
    n = len(x)
    if n < MIN_POINTS:
        why = f"{n} {of_what}, at least {MIN_POINTS} are needed"
        rho = (
            Estimate("Spearman's rho", spearman_draws(x, y).value, -1.0, 1.0, "rho", n, of_what)
            if n > 2
            else None
        )
        return Row(subject, UNDECIDED, why, rho, (), MIN_POINTS, UNDECIDED, counted)
    draws = spearman_draws(x, y)
    if math.isnan(draws.value):
        return judging.no_row(
            subject, f"all {n} {of_what} have the same value: nothing to rank", counted=counted
        )
    made = judging.estimate(
        "Spearman's rho",
        draws,
        n=n,
        unit="rho",
        of_what=of_what,
        p_value=rank_p(x, y),
        test="bootstrap over points; permutations",
    )
    return judging.row(subject, draws, rule, made, rows=rows, counted=counted)


def signs(subject: str, differences: Sequence[float], name: str, unit: str, *, rows: int = 1) -> Row:
    """Sign test that ``differences`` (one a variant) are above 0: confirmed or refuted at p <= 0.05.

    The estimate is their median with the exact interval of order statistics (binomial, at least 95 %).
    """
    n = len(differences)
    if n < MIN_POINTS:
        why = f"{n} variants, at least {MIN_POINTS} are needed"
        return Row(
            subject,
            UNDECIDED,
            why,
            _median(differences, name, unit) if n else None,
            (),
            MIN_POINTS,
            UNDECIDED,
        )
    made = _median(differences, name, unit)
    p = sign_test(differences)
    above = sum(d > 0 for d in differences) > sum(d < 0 for d in differences)
    side: Decision = CONFIRMED if above else REFUTED
    verdict: Decision = side if p <= ALPHA else UNDECIDED
    up, down = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    if verdict != UNDECIDED:
        return Row(subject, verdict, "", made, firm=side if p <= ALPHA / rows else UNDECIDED)
    needed = _sign_points(up, down)
    more = f"about {needed:,} variants would decide it" if needed else "more variants would hardly decide it"
    why = f"{up} variants up, {down} down, that can be chance; {more}"
    return Row(subject, verdict, why, made, (), needed, UNDECIDED)


def _sign_points(up: int, down: int) -> int | None:
    """Variants at which this share of rises would be told from one half (normal approximation)."""
    excess = abs(up - down) / max(up + down, 1)
    return max(up + down + 1, math.ceil((1.96 / excess) ** 2)) if excess > 0.02 else None


def _median(values: Sequence[float], name: str, unit: str) -> Estimate:
    ordered = sorted(values)
    n = len(ordered)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    tail, k = 0.0, 0
    while k < n // 2:  # the largest k with P(X < k) <= 2.5 %, X ~ binomial(n, 1/2)
        tail += math.comb(n, k) / 2**n
        if tail > (1 - 0.95) / 2:
            break
        k += 1
    low, high = (ordered[k - 1], ordered[n - k]) if k else (-math.inf, math.inf)
    return Estimate(f"median {name}", middle, low, high, unit, n, "variants", sign_test(values), "sign test")


def one_protocol(evidence: Evidence, task: str) -> str:
    """Empty when all analyses of a task were made alike; else why they are not put together."""
    found = evidence.protocols(task)
    if len(found) > 1:
        return (
            f"the {task} analyses here were made under {len(found)} protocols (texts, length, arithmetic): "
            "run them under one"
        )
    return ""
