"""C9, C10 and C15: what model size has to do with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from acbench.claims import comparisons as c
from acbench.claims import judging, own_models, rules
from acbench.claims.association import permutation_p, slope
from acbench.claims.comparisons import Measured
from acbench.claims.evidence import CAPABILITIES
from acbench.claims.findings import CONFIRMED, REFUTED, Row
from acbench.claims.kinds import family_of
from acbench.claims.registry import claim
from acbench.claims.statistics import Draws, contrast, means, relative_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Decision, Finding
    from acbench.claims.kinds import Variant
    from acbench.claims.statistics import Means

SIZES = 4
LARGE_BILLIONS = 7.0
EQUAL_BYTES = 1.1
"""The compressed large model may hold a tenth more bytes than the small one."""
COLLAPSED = -0.5
SMALL_BILLIONS = 7.0


@claim(
    "C9",
    text="the larger the model, the smaller the loss by compression",
    capability="all four",
    rule="slope of the relative change on log10(parameters) over at least 4 sizes of one model family "
    "under one recipe: confirmed when its 95 % interval lies above 0 and the permutation p is at most "
    "0.05, refuted when the slope is not above 0 or the interval covers 0",
    published=own_models.c9_size,
)
def larger_lose_less(evidence: Evidence) -> Finding:
    rows: list[Row] = []
    most = 0
    ladders: dict[tuple[str, str], list[Variant]] = {}
    for v in evidence.select(lambda v: (v.quantized or v.pruned_half) and bool(v.billions)):
        ladders.setdefault((family_of(v.model), v.compression), []).append(v)
    for (family, recipe), variants in ladders.items():
        for name in CAPABILITIES:
            points = _changes(evidence, variants, name)
            most = max(most, len(points))
            if len(points) >= SIZES:
                rows.append(_slope_row(f"{family}, {recipe}, {name}", points))
    missing = (
        f"needs {SIZES} sizes of one model family under one recipe with a base score above the floor; "
        f"there {'is' if most == 1 else 'are'} {most} here"
    )
    return judging.combine(rows, missing=missing)


def _changes(evidence: Evidence, variants: Sequence[Variant], capability: str) -> list[tuple[float, Means]]:
    found = []
    for variant in variants:
        strata = evidence.strata([variant], c.of_capability(capability))
        if strata and variant.billions:
            mean = means(strata)
            if mean.point[0] >= judging.FLOOR:
                found.append((math.log10(variant.billions), mean))
    return sorted(found, key=lambda point: point[0])


def _slope_row(subject: str, points: Sequence[tuple[float, Means]]) -> Row:
    sizes = [size for size, _ in points]
    changes = [relative_change(mean) for _, mean in points]
    drawn = np.stack([change.resamples for change in changes], axis=1)
    centred = np.array(sizes) - np.mean(sizes)
    values = [change.value for change in changes]
    draws = Draws(slope(sizes, values), drawn @ centred / float(centred @ centred))
    p = permutation_p(sizes, values)
    low, _ = draws.interval()
    made = judging.estimate(
        "relative change per tenfold size", draws, n=len(points), unit="share", of_what="sizes", p_value=p
    )
    few = [mean for _, mean in points if mean.n < judging.MIN_SAMPLES or mean.groups < judging.MIN_CLUSTERS]
    if few:  # an interval over 0 refutes here: one that is wide for want of samples must not
        least = min(few, key=lambda mean: (mean.groups, mean.n))
        why = (
            f"{len(few)} of {len(points)} sizes have too few samples (the least: {least.n} in {least.groups} "
            f"independent clusters); at least {judging.MIN_SAMPLES} in {judging.MIN_CLUSTERS} are needed of each"
        )
        return judging.no_row(subject, why, estimate=made)
    holds = low > 0 and p <= 0.05
    verdict: Decision = CONFIRMED if holds else REFUTED
    why = (
        ""
        if holds
        else "the slope is not above 0"
        if draws.value <= 0
        else "its interval covers 0, or the order can be chance"
    )
    return Row(subject, verdict, why, made, firm=verdict)


# -- C10 ---------------------------------------------------------------------------------------------


@claim(
    "C10",
    text="from about 7B upward a larger model in 4 bits beats a smaller one in 16 bits that takes as many "
    "bytes",
    capability="all four",
    rule="score of the 4-bit model minus score of a smaller 16-bit model of the family with as many bytes "
    "or more (a tenth of tolerance), samples resampled separately: confirmed when the 95 % interval lies "
    "above 0, refuted below 0; under 7B shown and not counted",
    published=own_models.c10_bytes,
)
def large_in_four_bits(evidence: Evidence) -> Finding:
    found = []
    for large in evidence.select(lambda v: v.four_bit and v.bytes is not None and bool(v.billions)):
        for small in evidence.models:
            if not _fits(evidence, large, small):
                continue
            for name in CAPABILITIES:
                made = across_models(
                    evidence,
                    (large.model, large),
                    (small, None),
                    name,
                    counted=(large.billions or 0) >= LARGE_BILLIONS,
                )
                if made is not None:
                    found.append(made)
    if found and not any(m.counted for m in found):
        missing = c.ONLY_SMALL
    else:
        missing = (
            "needs a 4-bit model of 7B or more and a smaller 16-bit model of its family that takes about as "
            "many bytes"
        )
    return judging.combine(c.judged(found, rules.Above(0.0)), missing=missing)


def _fits(evidence: Evidence, large: Variant, small: str) -> bool:
    """Whether ``small`` in 16 bits is smaller in parameters, of the same family, and takes no fewer bytes."""
    if small == large.model or family_of(small) != family_of(large.model):
        return False
    billions = evidence.billions(small)
    stored = next((v.base_bytes for v in evidence.variants if v.model == small and v.base_bytes), None)
    if not billions or not stored or large.bytes is None or not large.billions:
        return False
    return billions < large.billions and large.bytes <= EQUAL_BYTES * stored


def across_models(
    evidence: Evidence,
    first: tuple[str, Variant | None],
    second: tuple[str, Variant | None],
    capability: str,
    *,
    counted: bool = True,
) -> Measured | None:
    """Score of one model minus that of another (None = its base) over the tasks both have, drawn separately:
    their prompts differ by template, so samples are not paired."""

    def tasks(model: str, variant: Variant | None) -> set[str]:
        variants = [variant] if variant else [v for v in evidence.variants if v.model == model and not v.pair]
        return {t for v in variants for t in evidence.tasks(v, c.of_capability(capability))}

    common = sorted(tasks(*first) & tasks(*second))
    if not common:
        return None
    sides = [means(evidence.levels(model, common, variant=variant)) for model, variant in (first, second)]
    one, other = (contrast(side, (1.0,)) for side in sides)
    # The two are independent; a shuffle keeps equal seeds from pairing their resamples.
    shuffled = np.random.default_rng(0).permutation(other.resamples)
    draws = Draws(
        one.value - other.value, one.resamples - shuffled, math.hypot(one.slack, other.slack), (-1.0, 1.0)
    )
    names = [f"{model} {variant.compression if variant else 'base'}" for model, variant in (first, second)]
    subject = f"{names[0]} against {names[1]}, {capability}"
    if max(one.value, other.value) < judging.FLOOR:
        return Measured(subject, None, None, 0, counted, "both score under 5 %: nothing to rank")
    made = judging.estimate(
        f"score difference ({100 * one.value:.1f} % and {100 * other.value:.1f} %)",
        draws,
        n=min(side.n for side in sides),
        unit="points",
        of_what="samples each",
        test="bootstrap, unpaired",
    )
    return Measured(subject, draws, made, min(side.groups for side in sides), counted)


# -- C15 ---------------------------------------------------------------------------------------------


@claim(
    "C15",
    text="compressed small models collapse on long generation of GSM8K answers",
    capability="long_context",
    rule="relative change of accuracy against the same small model uncompressed (the paper compares with "
    "another, larger one): confirmed when its 95 % interval lies below −50 %, refuted above −50 %",
    published=own_models.c15_small,
)
def small_collapse(evidence: Evidence) -> Finding:
    small = evidence.select(lambda v: v.four_bit and bool(v.billions) and (v.billions or 0) < SMALL_BILLIONS)
    found = c.relative(evidence, small, c.of_tasks(["longgenbench-gsm8k"]), "GSM8K accuracy, relative change")
    return judging.combine(
        c.judged(found, rules.Below(COLLAPSED)),
        missing="no model under 7B was quantized to 4 bits and run on longgenbench-gsm8k",
    )
