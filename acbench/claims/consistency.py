"""C20 and C21: agreement of the most likely tokens, its spread, and perplexity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.claims import judging, own_analyses, rules
from acbench.claims.points import correlation, one_protocol, signs
from acbench.claims.registry import claim

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Finding, Row
    from acbench.claims.kinds import Variant

FEW, MANY = 3, 10
"""The paper's k: from 10 down to 3."""
NO_TOP_K = "no compressed model here has the analysis top-k (`pytest suites/ -k top-k`)"


@claim(
    "C20",
    text="agreement of the k most likely tokens gets worse and less stable as k falls from 10 to 3",
    capability="diagnostic",
    rule="two sign tests over at least 8 (model, recipe) variants: Kendall's tau is lower at k = 3 than at "
    "k = 10, and its spread over positions, in units of the spread of independent rankings of k items, is "
    "larger at 3 than at 10; confirmed when both hold at 5 %, refuted when one of them goes the other way",
    published=own_analyses.figure_only,
)
def worse_with_small_k(evidence: Evidence) -> Finding:
    falls, spreads = [], []
    for variant in evidence.variants:
        few, many = (_at_k(evidence, variant, k) for k in (FEW, MANY))
        if few.get("tau") is not None and many.get("tau") is not None:
            falls.append(float(many["tau"]) - float(few["tau"]))
        own = [_excess(entry) for entry in (few, many)]
        if own[0] is not None and own[1] is not None:
            spreads.append(own[0] - own[1])
    rows: list[Row] = []
    if falls:
        rows.append(signs("level", falls, "tau at k = 10 minus tau at k = 3", "", rows=2))
    if spreads:
        rows.append(
            signs("spread beyond arithmetic", spreads, "relative spread at k = 3 minus at k = 10", "", rows=2)
        )
    return _alike(
        evidence,
        rows,
        notes=(
            "tau at k = 3 has four possible values only, so its plain spread is larger whatever the models "
            "do",
        ),
    )


def _at_k(evidence: Evidence, variant: Variant, k: int) -> Mapping[str, Any]:
    for entry in evidence.analysis(variant, "top-k").get("by_k", ()):
        if entry["k"] == k:
            found: Mapping[str, Any] = entry
            return found
    return {}


def _excess(entry: Mapping[str, Any]) -> float | None:
    """Spread of tau over positions in units of the spread of independent rankings."""
    spread, independent = entry.get("tau_sd"), entry.get("independent_sd")
    return float(spread) / float(independent) if spread is not None and independent else None


def _alike(evidence: Evidence, rows: list[Row], notes: tuple[str, ...] = ()) -> Finding:
    refusal = one_protocol(evidence, "top-k")
    if refusal and rows:
        return judging.combine([judging.no_row(r.subject, refusal) for r in rows], missing=NO_TOP_K)
    return judging.combine(rows, missing=NO_TOP_K, notes=notes if rows else ())


@claim(
    "C21",
    text="perplexity goes along with agreement of the most likely tokens, over sizes and bit widths",
    capability="diagnostic",
    rule="Spearman's rho of log(perplexity / base's perplexity) with the top-10 overlap (Jaccard) over at "
    "least 8 (model, recipe) variants: confirmed when the 95 % interval lies below 0 (higher perplexity, "
    "less agreement), refuted above 0",
    published=own_analyses.figure_only,
)
def perplexity_and_agreement(evidence: Evidence) -> Finding:
    points = []
    for variant in evidence.variants:
        perplexity = evidence.number(variant, "perplexity")
        overlap = evidence.number(variant, f"topk.jaccard.{MANY}")
        if perplexity is None or overlap is None or not perplexity.base:
            continue
        if perplexity.value > 0:
            points.append((math.log(perplexity.value / perplexity.base), overlap.value))
    rows = []
    if points:
        x, y = zip(*points, strict=True)
        rows.append(correlation("perplexity and top-10 overlap", x, y, rules.Below(0.0)))
    return _alike(evidence, rows)
