"""C8: whether compression hurts JSON more than plain strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acbench.claims import comparisons as c
from acbench.claims import judging, own_tables
from acbench.claims.comparisons import Measured
from acbench.claims.registry import claim
from acbench.claims.rules import LossBeyond
from acbench.claims.statistics import Draws, Stratum, contrast, means

if TYPE_CHECKING:
    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Finding
    from acbench.claims.kinds import Variant

ABILITIES = ("instruct", "plan", "reason", "retrieve", "understand")
MARGIN = 0.01
"""An interval around 0 would never decide: less than one point is no loss worth the name."""


@claim(
    "C8",
    text="compression hurts answers in JSON more than the same answers as plain strings",
    capability="tool_use",
    rule="(JSON compressed minus base) minus (string compressed minus base) over T-Eval's five abilities "
    "that have both forms: confirmed when its 95 % interval lies below 0, refuted above 0 or above −1 "
    "point (no loss worth the name)",
    published=own_tables.c8_json,
)
def json_suffers(evidence: Evidence) -> Finding:
    variants = evidence.select(lambda v: v.quantized or v.pruned_half)
    found = [m for v in variants if (m := _interaction(evidence, v, ""))]
    parsed = [m for v in variants if (m := _interaction(evidence, v, "parse_rate"))]
    rows = c.judged(found, LossBeyond(MARGIN)) + c.judged(parsed, LossBeyond(MARGIN))
    return judging.combine(
        rows,
        missing="needs a T-Eval ability in both forms (for example t-eval-plan-str and t-eval-plan-json) "
        "for a compressed model",
        notes=c.notes(
            "rows on parsing separate answers that cannot be read from wrong ones; they are not counted"
            if parsed
            else "",
        ),
    )


def _interaction(evidence: Evidence, variant: Variant, metric: str) -> Measured | None:
    """Columns JSON base, JSON compressed, string base, string compressed, for every ability with both forms."""
    joint: list[Stratum] = []
    gap = []
    for ability in ABILITIES:
        forms = [
            evidence.strata([variant], c.of_tasks([f"t-eval-{ability}-{form}"]), metric)
            for form in ("json", "str")
        ]
        if not all(forms):
            continue
        json, string = forms[0][0], forms[1][0]
        gap.append((float(json.values[:, 0].mean()), float(string.values[:, 0].mean())))
        if json.clusters == string.clusters:
            joint.append(Stratum(json.clusters, np.hstack([json.values, string.values])))
        else:  # other questions: independent, which only widens the interval
            nothing = np.zeros_like(json.values), np.zeros_like(string.values)
            joint.append(Stratum(json.clusters, np.hstack([json.values, nothing[0]])))
            joint.append(Stratum(string.clusters, np.hstack([nothing[1], string.values])))
    if not joint:
        return None
    mean = means(joint)
    scale = len(joint) / max(len(gap), 1)  # an ability in two strata weighs once
    plain = contrast(mean, (-1, 1, 1, -1))
    draws = Draws(plain.value * scale, plain.resamples * scale, plain.slack * scale, (-2.0, 2.0))
    json_base, string_base = (float(np.mean([g[i] for g in gap])) for i in (0, 1))
    subject = f"{variant.title}{', share of answers parsed' if metric else ''}"
    counted = not metric
    if json_base < judging.FLOOR:
        return Measured(subject, None, None, 0, counted, c.floor(json_base, 0.0, mean.n))
    levels = f"base: JSON {100 * json_base:.1f} %, string {100 * string_base:.1f} %"
    noun = "ability" if len(gap) == 1 else "abilities"
    name = f"JSON's extra change over {len(gap)} {noun} ({levels})"
    made = judging.estimate(name, draws, n=mean.n, unit="points", test="paired bootstrap")
    return Measured(subject, draws, made, mean.groups, counted)
