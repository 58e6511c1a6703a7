"""C4-C6 and C14: which compression is better than which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from acbench.claims import comparisons as c
from acbench.claims import judging, own_models, own_tables, rules
from acbench.claims.comparisons import Measured
from acbench.claims.evidence import NotComparable
from acbench.claims.registry import claim
from acbench.claims.statistics import Draws, means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Finding
    from acbench.claims.kinds import Variant

CLOSE = 0.03
"""Three points: what the spec takes for close."""
SEEDS = 3


def _pairs(
    evidence: Evidence, first: Sequence[Variant], second: Sequence[Variant], name: str
) -> list[Measured]:
    """Differences on tool use for every pair of variants of one model."""
    found = [
        c.difference(evidence, a, b, c.tool_use, name) for a in first for b in second if a.model == b.model
    ]
    return [m for m in found if m is not None]


def _tool_use_notes(evidence: Evidence) -> tuple[str, ...]:
    return c.notes(c.coverage(evidence, c.of_family("t-eval"), 11, "T-Eval columns"))


@claim(
    "C4",
    text="4-bit quantization keeps more tool use than pruning half of the weights",
    capability="tool_use",
    rule="score of the quantized minus score of the pruned model, same samples, paired bootstrap (exact "
    "McNemar beside it for right/wrong scores): confirmed when its 95 % interval lies above 0, refuted "
    "below 0",
    published=own_tables.c4_quantization_over_pruning,
)
def quantization_over_pruning(evidence: Evidence) -> Finding:
    quantized, pruned = evidence.select(lambda v: v.four_bit), evidence.select(lambda v: v.pruned_half)
    found = _pairs(evidence, quantized, pruned, "tool use, quantized minus pruned")
    return judging.combine(
        c.judged(found, rules.Above(0.0)),
        missing="no model here has both a 4-bit recipe and one with half of its weights pruned on the same "
        "tool-use task",
        notes=_tool_use_notes(evidence),
    )


@claim(
    "C5",
    text="Wanda at 50 % unstructured is close to 4-bit quantization on tool use",
    capability="tool_use",
    rule="score of the Wanda model minus score of the quantized one, same samples: confirmed when its 95 % "
    "interval lies within ±3 points, refuted when it lies below −3 points",
    published=own_tables.c5_wanda_close,
)
def wanda_close(evidence: Evidence) -> Finding:
    wanda = evidence.select(lambda v: v.method == "wanda" and v.pattern == "50")
    found = _pairs(evidence, wanda, evidence.select(lambda v: v.four_bit), "tool use, Wanda minus quantized")
    return judging.combine(
        c.judged(found, rules.Within(CLOSE)),
        missing="no model here has both Wanda at 50 % and a 4-bit recipe on the same tool-use task",
        notes=_tool_use_notes(evidence),
    )


@claim(
    "C6",
    text="2:4 pruning is much worse than unstructured pruning at the same 50 %",
    capability="tool_use",
    rule="tool use of the unstructured minus that of the 2:4 model of one method, same samples: confirmed "
    "when its 95 % interval lies above +3 points, refuted when it lies below +3 points",
    published=own_tables.c6_two_of_four,
)
def two_of_four(evidence: Evidence) -> Finding:
    found = []
    for loose in evidence.select(lambda v: v.pattern == "50"):
        for strict in evidence.select(lambda v: v.pattern == "2:4"):
            if (loose.model, loose.method) == (strict.model, strict.method):
                found.append(
                    c.difference(evidence, loose, strict, c.tool_use, "tool use, unstructured minus 2:4")
                )
    rows = [m if m is None else _unless_both_gone(m) for m in found]
    return judging.combine(
        c.judged([m for m in rows if m is not None], rules.Above(CLOSE)),
        missing="no model here was pruned by one method both ways (50 % unstructured and 2:4) and run on "
        "the same tool-use task",
        notes=_tool_use_notes(evidence),
    )


def _unless_both_gone(found: Measured) -> Measured:
    """Two collapsed models are alike whatever their pattern; that says nothing about 2:4."""
    if found.draws is None or found.estimate is None or " (0.0 % and 0.0 %)" not in found.estimate.name:
        return found
    why = "both score 0: where nothing is left the pattern cannot show"
    return replace(found, draws=None, estimate=None, refusal=why)


@claim(
    "C14",
    text="AWQ is the best 4-bit method on long generation (LongGenBench)",
    capability="long_context",
    rule="mean score of AWQ minus that of GPTQ over their calibration draws, resampled over samples and "
    "draws: confirmed when its 95 % interval lies above 0, refuted below 0; at least 3 calibration seeds "
    "of each are needed",
    published=own_models.c14_awq,
)
def awq_best(evidence: Evidence) -> Finding:
    found = [m for model in evidence.models if (m := _awq_against_gptq(evidence, model))]
    return judging.combine(
        c.judged(found, rules.Above(0.0)),
        missing="no model here has both an AWQ and a GPTQ recipe in 4 bits on LongGenBench (longgenbench-*)",
    )


def _awq_against_gptq(evidence: Evidence, model: str) -> Measured | None:
    wanted = c.of_family("longgenbench")
    sides = [
        [
            v
            for v in evidence.select(lambda v: v.model == model and v.four_bit)
            if v.method == method and evidence.tasks(v, wanted)
        ]
        for method in ("awq", "gptq")
    ]
    if not all(sides):
        return None
    subject = f"{model}, {', '.join(v.compression for side in sides for v in side)}"
    try:
        strata = evidence.strata([*sides[0], *sides[1]], wanted)
    except NotComparable as error:
        return Measured(subject, None, None, 0, refusal=str(error))
    if not strata:
        return Measured(subject, None, None, 0, refusal="they have no LongGenBench task in common")
    mean = means(strata)
    draws = _over_seeds(mean.point, mean.resamples, len(sides[0]), len(sides[1]))
    made = judging.estimate(
        "AWQ minus GPTQ", draws, n=mean.n, unit="points", test="bootstrap over samples and draws"
    )
    seeds = [len({v.seed for v in side}) for side in sides]
    if min(seeds) < SEEDS:
        why = (
            f"{seeds[0]} calibration seed(s) of AWQ and {seeds[1]} of GPTQ, at least {SEEDS} of each are needed: "
            "another draw can turn the order"
        )
        return Measured(subject, None, made, mean.groups, refusal=why)
    if mean.point[0] < judging.FLOOR:
        return Measured(subject, None, None, 0, refusal=c.floor(float(mean.point[0]), 0.0, mean.n))
    return Measured(subject, draws, made, mean.groups)


def _over_seeds(point: np.ndarray, resamples: np.ndarray, first: int, second: int) -> Draws:
    """Mean of the first recipes minus mean of the second ones; recipes are resampled together with samples."""
    rng = np.random.default_rng(first * 1000 + second)
    rows = np.arange(len(resamples))[:, None]
    a = rng.integers(1, 1 + first, size=(len(resamples), first))
    b = rng.integers(1 + first, 1 + first + second, size=(len(resamples), second))
    drawn = resamples[rows, a].mean(axis=1) - resamples[rows, b].mean(axis=1)
    value = float(point[1 : 1 + first].mean() - point[1 + first :].mean())
    return Draws(value, drawn, limits=(-1.0, 1.0))
