"""C11 and C12: models distilled for reasoning, as agents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acbench.claims import comparisons as c
from acbench.claims import judging, own_models, rules
from acbench.claims.evidence import CAPABILITIES
from acbench.claims.registry import claim
from acbench.claims.sizes import across_models
from acbench.claims.statistics import contrast, means

if TYPE_CHECKING:
    from acbench.claims.comparisons import Measured
    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Finding, Row
    from acbench.claims.kinds import Variant

BUDGET = 2048
NEAR_ZERO = 0.05
SMALL = "deepseek-r1-distill-qwen-1.5b"
SIBLINGS = ("deepseek-r1-distill-qwen-7b", "deepseek-r1-distill-llama-8b")


@claim(
    "C11",
    text="models distilled for reasoning (R1) are poor agents, close to zero on real-world tasks",
    capability="all four",
    rule="score of the distilled model minus that of the model it is paired with: confirmed when the 95 % "
    "interval lies below 0 on each capability and the real-world score below 5 %, refuted when an interval "
    "lies above; only with at least 2,048 tokens for a thought",
    published=own_models.c11_distilled,
)
def distilled_poor(evidence: Evidence) -> Finding:
    worse: list[Measured] = []
    near_zero: list[Measured] = []
    for variant in evidence.select(lambda v: v.pair):
        fair = budget(evidence, variant.model)
        for name in CAPABILITIES:
            strata = evidence.strata([variant], c.of_capability(name))
            if not strata:
                continue
            mean = means(strata)
            draws = contrast(mean, (-1, 1))
            base, other = (100 * float(v) for v in mean.point)
            title = f"{name}, distilled minus partner ({other:.1f} % and {base:.1f} %)"
            made = judging.estimate(title, draws, n=mean.n, unit="points", test="paired bootstrap")
            subject = f"{variant.title}, {name}"
            worse.append(_unless_short(c.Measured(subject, draws, made, mean.groups), fair))
            if name == "real_world":
                level = contrast(mean, (0, 1))
                level = replace(level, limits=(0.0, 1.0))
                score = judging.estimate("real-world score", level, n=mean.n, unit="kept")
                near_zero.append(
                    _unless_short(c.Measured(f"{subject}, near zero", level, score, mean.groups), fair)
                )
    rows: list[Row] = [
        *c.judged(worse, rules.Below(0.0)),
        *c.judged(near_zero, rules.Below(NEAR_ZERO)),
    ]
    return judging.combine(
        rows, missing="no distilled model was run against its partner (recipes against-<model>)"
    )


def budget(evidence: Evidence, model: str) -> str:
    """Empty when the model may think long enough for a fair reading; else what is missing."""
    spec = evidence.catalogue.models.get(model)
    tokens = int(spec.thinking.get("budget", 0)) if spec else 0
    if tokens >= BUDGET:
        return ""
    return (
        f"its thoughts are limited to {tokens} tokens; a fair reading needs {BUDGET:,} "
        f"(models.{model}: thinking = {{ budget = {BUDGET}, ... }})"
    )


def _unless_short(found: Measured, refusal: str) -> Measured:
    return replace(found, draws=None, refusal=refusal) if refusal else found


@claim(
    "C12",
    text="the distilled 1.5B model beats its 7B and 8B siblings on workflows",
    capability="workflow",
    rule="workflow score of the 1.5B model minus that of each sibling, samples resampled separately: "
    "confirmed when the 95 % intervals lie above 0, refuted when one lies below; only with at least 2,048 "
    "tokens for a thought",
    published=own_models.c12_small_distilled,
)
def small_distilled_wins(evidence: Evidence) -> Finding:
    def served(model: str) -> Variant | None:
        return next(iter(evidence.select(lambda v: v.model == model and v.pair)), None)

    small = served(SMALL)
    found: list[Measured] = []
    for name in SIBLINGS:
        sibling = served(name)
        if small is None or sibling is None:
            continue
        made = across_models(evidence, (SMALL, small), (name, sibling), "workflow")
        if made is not None:
            found.append(_unless_short(made, budget(evidence, SMALL) or budget(evidence, name)))
    return judging.combine(
        c.judged(found, rules.Above(0.0)),
        missing=f"needs workflow results (worfbench-*) of {SMALL} and of {' or '.join(SIBLINGS)}",
    )
