"""C7: whether magnitude pruning leaves anything of an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.claims import comparisons as c
from acbench.claims import judging, own_tables, rules
from acbench.claims.evidence import CAPABILITIES
from acbench.claims.findings import CONFIRMED, REFUTED, UNDECIDED, Row
from acbench.claims.registry import claim
from acbench.claims.statistics import means, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Decision, Finding
    from acbench.claims.kinds import Variant

COLLAPSED = 0.10
NEEDED_CAPABILITIES = 3


@claim(
    "C7",
    text="magnitude pruning at half of the weights makes agents collapse, 2:4 above all",
    capability="all four",
    rule="score kept of base by capability: collapsed when its 95 % interval lies under 10 %; confirmed "
    "for a model when 3 of the 4 capabilities collapse, refuted when so many do not that 3 are out of "
    "reach",
    published=own_tables.c7_magnitude,
)
def magnitude_collapse(evidence: Evidence) -> Finding:
    variants = evidence.select(lambda v: v.method == "magnitude" and v.pruned_half)
    rows = [_collapse(evidence, v, len(variants)) for v in variants]
    return judging.combine(
        [r for r in rows if r is not None],
        missing="no model here was pruned by magnitude at 50 % or 2:4 and run on a capability",
    )


def _collapse(evidence: Evidence, variant: Variant, rows: int) -> Row | None:
    rule = rules.Below(COLLAPSED)
    more, verdicts, firm, open_parts, needed = [], [], [], [], []
    for name in CAPABILITIES:
        title = name.replace("_", " ")
        strata = evidence.strata([variant], c.of_capability(name))
        if not strata:
            open_parts.append(f"{title} was not run")
            continue
        mean = means(strata)
        if mean.point[0] < judging.FLOOR:
            open_parts.append(f"{title}: base itself scores {100 * mean.point[0]:.1f} %")
            continue
        draws = ratio(mean)
        made = judging.estimate(f"{title}, share of base kept", draws, n=mean.n, unit="kept")
        part = judging.row(name, draws, rule, made, groups=mean.groups, rows=rows * len(CAPABILITIES))
        more.append(made)
        verdicts.append(part.verdict)
        firm.append(part.firm)
        if part.verdict == UNDECIDED:
            open_parts.append(f"{title}: {part.why}")
            needed.append(part.needed)
    if not more and all("was not run" in text for text in open_parts):
        return None
    verdict = _of_four(verdicts)
    fallen = verdicts.count(CONFIRMED)
    missing = sum("was not run" in text for text in open_parts)
    why = f"collapsed: {fallen} of {len(CAPABILITIES) - missing} capabilities here"
    if verdict == UNDECIDED:
        why += "; open: " + "; ".join(open_parts)
    known = [n for n in needed if n]
    return Row(
        variant.title,
        verdict,
        why,
        more[0] if more else None,
        tuple(more),
        max(known) if known and not missing else None,
        _of_four(firm) if verdict == REFUTED else verdict,
    )


def _of_four(parts: Sequence[Decision | None]) -> Decision:
    if sum(p == CONFIRMED for p in parts) >= NEEDED_CAPABILITIES:
        return CONFIRMED
    if sum(p == REFUTED for p in parts) > len(CAPABILITIES) - NEEDED_CAPABILITIES:
        return REFUTED
    return UNDECIDED
