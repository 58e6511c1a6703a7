"""C1-C3 and C13: how much 4-bit quantization (and pruning, on LongBench) costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acbench.claims import comparisons as c
from acbench.claims import judging, own_models, own_tables, rules
from acbench.claims.association import sign_test
from acbench.claims.comparisons import Measured
from acbench.claims.registry import claim
from acbench.claims.statistics import average, means, relative_change

if TYPE_CHECKING:
    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Finding
    from acbench.claims.kinds import Variant
    from acbench.claims.statistics import Draws, Means

MARGIN = 0.03
"""Relative: the paper's upper end of "1-3 %"."""
AGENTBOARD_TASKS = 5
LARGE_BILLIONS = 7.0
NO_FOUR_BIT = "no model here was quantized to 4 bits (RTN, AWQ or GPTQ) and run on {what}"
WITHIN = (
    "relative change of the mean score, paired bootstrap over samples: confirmed when its 95 % interval "
    "lies within ±3 % of base, refuted when it lies below −3 %"
)


def four_bit(evidence: Evidence) -> tuple[Variant, ...]:
    return evidence.select(lambda v: v.four_bit)


@claim(
    "C1",
    text="4-bit weight quantization costs tool use only 1-3 % of its score",
    capability="tool_use",
    rule=WITHIN,
    published=own_tables.c1_tool_use,
)
def tool_use_loss(evidence: Evidence) -> Finding:
    found = c.relative(evidence, four_bit(evidence), c.tool_use, "tool use, relative change")
    return judging.combine(
        c.judged(found, rules.Within(MARGIN)),
        missing=NO_FOUR_BIT.format(what="a tool-use task (t-eval-*)"),
        notes=c.notes(c.coverage(evidence, c.of_family("t-eval"), 11, "T-Eval columns")),
    )


@claim(
    "C2",
    text="4-bit weight quantization costs workflow generation only 1-3 % of its score",
    capability="workflow",
    rule=WITHIN + "; on node (chain) F1 and on graph F1",
    published=own_tables.c2_workflow,
)
def workflow_loss(evidence: Evidence) -> Finding:
    found = []
    for metric, name in (("chain_f1", "node F1"), ("graph_f1", "graph F1")):
        rows = c.relative(
            evidence, four_bit(evidence), c.of_family("worfbench"), "relative change", metric=metric
        )
        found += [replace(m, subject=f"{m.subject}, {name}") for m in rows]
    return judging.combine(
        c.judged(found, rules.Within(MARGIN)),
        missing=NO_FOUR_BIT.format(what="a workflow task (worfbench-*)"),
        notes=c.notes(c.coverage(evidence, c.of_family("worfbench"), 7, "WorfBench sets")),
    )


@claim(
    "C3",
    text="4-bit weight quantization costs real-world agent tasks 10-15 % of their score",
    capability="real_world",
    rule="relative change of the mean progress rate, pooled over 4-bit recipes, bootstrap over "
    "environments: confirmed when its 95 % interval excludes 0 and covers −15..−10 % or lies inside it, "
    "refuted when it lies wholly outside",
    published=own_tables.c3_real_world,
)
def real_world_loss(evidence: Evidence) -> Finding:
    rule, wanted = rules.Loss(0.10, 0.15), c.of_capability("real_world")
    variants = four_bit(evidence)
    single = c.relative(evidence, variants, wanted, "progress, relative change", counted=False)
    pooled = _pooled(evidence, variants, single)
    rows = c.judged([*([pooled] if pooled else []), *single], rule)
    tasks = {r.task for r in evidence.results.values() if wanted(r)}
    finding = judging.combine(
        rows,
        missing=NO_FOUR_BIT.format(what="a real-world task"),
        notes=c.notes(
            f"environments here: {len(tasks)} of the paper's {AGENTBOARD_TASKS} ({', '.join(sorted(tasks))})"
            if 0 < len(tasks) < AGENTBOARD_TASKS
            else "",
            _signs(evidence, variants),
        ),
    )
    return _with_width(finding)


def _pooled(evidence: Evidence, variants: tuple[Variant, ...], single: list[Measured]) -> Measured | None:
    """The mean of all relative changes; recipes of one model are resampled together, so their samples stay paired.

    A model whose base is at the floor is left out; when all are, the pooled row says so.
    """
    parts: list[Draws] = []
    sizes: dict[str, Means] = {}
    for model in dict.fromkeys(v.model for v in variants):
        for variant in (v for v in variants if v.model == model):
            strata = evidence.strata([variant], c.of_capability("real_world"))
            if not strata:
                continue
            mean = means(strata)  # equal clusters are drawn alike: the resamples of a model's recipes match
            if mean.point[0] >= judging.FLOOR:
                parts.append(relative_change(mean))
                sizes[model] = mean  # recipes of a model share its samples: they count once
    if not parts:
        refused = next((m.refusal for m in single if m.refusal), "")
        return Measured("all 4-bit recipes", None, None, 0, refusal=refused) if refused else None
    draws = average(parts)
    name = f"mean relative change of progress over {len(parts)} (model, recipe) pairs"
    samples = sum(mean.n for mean in sizes.values())
    made = judging.estimate(name, draws, n=samples, unit="share", test="paired bootstrap")
    return Measured("all 4-bit recipes", draws, made, sum(mean.groups for mean in sizes.values()))


def _signs(evidence: Evidence, variants: tuple[Variant, ...]) -> str:
    differences = [
        r.primary.compressed - r.primary.base
        for v in variants
        for task in evidence.tasks(v, c.of_capability("real_world"))
        if (r := evidence.result(v, task)) is not None
    ]
    if not differences:
        return ""
    worse, better = sum(d < 0 for d in differences), sum(d > 0 for d in differences)
    return (
        f"sign test over (model, recipe, task): {worse} worse, {better} better of {len(differences)}, "
        f"p = {sign_test(differences):.3f}"
    )


def _with_width(finding: Finding) -> Finding:
    """A confirmation by a wide interval says that something is lost, hardly how much."""
    shown = finding.estimate
    if finding.verdict != "confirmed" or shown is None or shown.high - shown.low <= 0.20:
        return finding
    width = f"its interval is {100 * (shown.high - shown.low):.0f} points wide"
    why = f"{finding.why}, but {width}: something is lost, how much is open"
    return replace(finding, why=why)


# -- LongBench ---------------------------------------------------------------------------------------

EASY_SETS = (
    *("trec", "triviaqa", "samsum", "lsht"),
    *("passage-count", "passage-retrieval-en", "passage-retrieval-zh"),
    *("lcc", "repobench-p"),
)
"""The few-shot, synthetic and code sets."""


@claim(
    "C13",
    text="in models of 7B and more, quantization and non-magnitude pruning hardly hurt LongBench's "
    "few-shot, synthetic and code tasks",
    capability="long_context",
    rule="relative change per (model, recipe, task): confirmed when its 95 % interval lies within ±3 % of "
    "base, refuted when it lies below −3 %; models under 7B are shown and not counted",
    published=own_models.c13_longbench,
)
def longbench_loss(evidence: Evidence) -> Finding:
    variants = evidence.select(
        lambda v: v.quantized or (v.pruned_half and v.method in ("wanda", "sparsegpt"))
    )
    found: list[Measured] = []
    for variant in variants:
        large = (variant.billions or 0) >= LARGE_BILLIONS
        for name in EASY_SETS:
            rows = c.relative(
                evidence,
                [variant],
                c.of_tasks([f"longbench-{name}"]),
                f"{name}, relative change",
                counted=large,
            )
            found += [replace(m, subject=f"{m.subject}, {name}") for m in rows]
    if found and not any(m.counted for m in found):
        missing = c.ONLY_SMALL
    else:
        missing = (
            "no quantized or pruned model was run on these LongBench tasks (longbench-trec, -triviaqa, ...)"
        )
    return judging.combine(c.judged(found, rules.Within(MARGIN)), missing=missing)
