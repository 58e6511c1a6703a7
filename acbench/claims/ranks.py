"""C17-C19: the effective rank of weights, hidden states and logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.claims import comparisons as c
from acbench.claims import judging, own_analyses, rules
from acbench.claims.evidence import CAPABILITIES, NotComparable
from acbench.claims.kinds import GROUPED, Variant
from acbench.claims.points import correlation, one_protocol
from acbench.claims.registry import claim
from acbench.claims.statistics import contrast, means

if TYPE_CHECKING:
    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Finding, Row
    from acbench.records import CaseResult

NUMBERS = {
    "erank.weight.sigma.folded": "weights",
    "erank.hidden.lambda": "hidden states",
    "erank.logit.lambda": "logits",
}
NO_ERANK = "no compressed model here has the analysis erank (`pytest suites/ -k erank`)"
UNTRAINED = "erank.diff.untrained"
"""Diff-ERank as published: of the uncompressed model, untrained minus trained."""


@claim(
    "C17",
    text="the fewer bits a weight has, the lower the effective rank (ERank)",
    capability="diagnostic",
    rule="Spearman's rho of weight bits with the relative change of ERank over at least 8 (model, recipe) "
    "points, each model's base at 16 bits among them, for weights, hidden states and logits: confirmed "
    "when the 95 % interval lies above 0, refuted below 0",
    published=own_analyses.figure_only,
)
def erank_falls(evidence: Evidence) -> Finding:
    rows = []
    for name, title in NUMBERS.items():
        points = _by_bits(evidence, name)
        if points:
            bits, changes = zip(*points, strict=True)
            rows.append(
                correlation(
                    f"ERank of {title}",
                    bits,
                    changes,
                    rules.Above(0.0),
                    rows=len(NUMBERS),
                    of_what="points",
                )
            )
    return judging.combine(_alike(evidence, rows), missing=NO_ERANK + " under a recipe that rounds weights")


def _by_bits(evidence: Evidence, name: str) -> list[tuple[float, float]]:
    """(bits, relative change of ERank): every model's base once, at 16 bits with a change of 0."""
    found: list[tuple[float, float]] = []
    models = set()
    for variant in evidence.select(lambda v: v.method in GROUPED):
        number = evidence.number(variant, name)
        if number is not None and number.change is not None:
            found.append((float(variant.bits), number.change))
            models.add(variant.model)
    return found + [(16.0, 0.0)] * len(models)


def _alike(evidence: Evidence, rows: list[Row]) -> list[Row]:
    refusal = one_protocol(evidence, "erank")
    return [judging.no_row(r.subject, refusal, counted=r.counted) for r in rows] if refusal else rows


@claim(
    "C18",
    text="ERank goes along with accuracy, and larger models keep a higher ERank",
    capability="diagnostic",
    rule="Spearman's rho of the relative change of ERank with the change of the mean task score over at "
    "least 8 (model, recipe) points: confirmed when the 95 % interval lies above 0, refuted below 0; the "
    "part on size needs 8 models",
    published=own_analyses.c18_erank_accuracy,
)
def erank_and_accuracy(evidence: Evidence) -> Finding:
    scores = _score_changes(evidence)
    rows: list[Row] = []
    for name, title in NUMBERS.items():
        points = [
            (number.change, score)
            for variant, score in scores.items()
            if (number := evidence.number(variant, name)) is not None and number.change is not None
        ]
        if points:
            x, y = zip(*points, strict=True)
            rows.append(
                correlation(f"ERank of {title} and task scores", x, y, rules.Above(0.0), rows=len(NUMBERS))
            )
    rows = _alike(evidence, rows)
    if rows:
        rows += _by_size(evidence)
    if any(evidence.analysis(v, "erank") for v in evidence.variants):
        missing = "the models with the analysis erank have no task scores above the floor"
    else:
        missing = NO_ERANK
    return judging.combine(rows, missing=missing)


def _score_changes(evidence: Evidence) -> dict[Variant, float]:
    """Change of the mean score (share) over the tasks that all variants of a model have."""

    def is_capability(result: CaseResult) -> bool:
        return result.capability in CAPABILITIES

    found: dict[Variant, float] = {}
    with_erank = [v for v in evidence.variants if evidence.analysis(v, "erank") and not v.pair]
    for model in dict.fromkeys(v.model for v in with_erank):
        mine = [v for v in with_erank if v.model == model and evidence.tasks(v, is_capability)]
        if not mine:
            continue
        common = set.intersection(*(set(evidence.tasks(v, is_capability)) for v in mine))
        for variant in mine:
            try:
                strata = evidence.strata([variant], c.of_tasks(common))
            except NotComparable:
                continue
            if strata:
                mean = means(strata)
                if mean.point[0] >= judging.FLOOR:
                    found[variant] = contrast(mean, (-1, 1)).value
    return found


def _by_size(evidence: Evidence) -> list[Row]:
    """ERank of base models' hidden states by size; information until there are eight models."""
    points: dict[str, tuple[float, float]] = {}
    for variant in evidence.variants:
        number, size = evidence.number(variant, "erank.hidden.lambda"), evidence.billions(variant.model)
        if number is not None and number.base is not None and size:
            points[variant.model] = (size, number.base)
    if len(points) < 2:
        return []
    x, y = zip(*points.values(), strict=True)
    return [
        correlation(
            "ERank of hidden states and model size",
            x,
            y,
            rules.Above(0.0),
            of_what="models",
            counted=len(points) >= 8,
        )
    ]


@claim(
    "C19",
    text="Diff-ERank grows with model size and shows what compression changes",
    capability="diagnostic",
    rule="Diff-ERank is defined as untrained minus trained model, so compression is no part of it; "
    "Spearman's rho of size with it over at least 8 models: confirmed when its 95 % interval lies above 0, "
    "refuted below 0",
    published=own_analyses.c19_diff_erank,
)
def diff_erank(evidence: Evidence) -> Finding:
    points: dict[str, tuple[float, float]] = {}
    for variant in evidence.variants:
        number, size = evidence.number(variant, UNTRAINED), evidence.billions(variant.model)
        if number is not None and size:
            points[variant.model] = (size, number.value)
    if not points:
        return judging.not_testable(
            "Diff-ERank compares a model with its own untrained weights, which are not here; between a "
            "model and its compressed form it is not defined"
        )
    x, y = zip(*points.values(), strict=True)
    row = correlation("Diff-ERank and model size", x, y, rules.Above(0.0), of_what="models")
    return judging.combine(
        [row], missing=NO_ERANK, notes=c.notes("the part about compression is not defined")
    )
