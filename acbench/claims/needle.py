"""C16: needle retrieval under compression, and the boundary at 32k tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from acbench.claims import comparisons as c
from acbench.claims import judging, own_models, rules
from acbench.claims.association import logistic_slope
from acbench.claims.findings import CONFIRMED, UNDECIDED, Estimate, Row
from acbench.claims.registry import claim
from acbench.claims.statistics import RESAMPLES, Draws, Stratum, contrast, means
from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Finding
    from acbench.claims.kinds import Variant
    from acbench.records import CaseResult

MARGIN = 0.03
BOUNDARY = 32_000
SLOPE_RESAMPLES = 300
BANDS = ((0, 1024), (1024, 4096), (4096, 16_384), (16_384, BOUNDARY), (BOUNDARY, 10**9))
THIRDS = (("first third", 0, 34), ("middle third", 34, 67), ("last third", 67, 101))


@claim(
    "C16",
    text="finding a needle in a long text gets worse under compression, with a boundary at 32k tokens for "
    "every model",
    capability="long_context",
    rule="mean recall, compressed minus base, up to 32k tokens: the loss is confirmed when its 95 % "
    "interval lies below 0 and refuted when it lies above −3 points; the boundary is confirmed when base "
    "drops below a tenth of its recall beyond 32k, refuted when it keeps half. Both parts have to hold",
    published=own_models.c16_needle,
)
def needle_degrades(evidence: Evidence) -> Finding:
    variants = evidence.select(lambda v: v.quantized or v.pruned_half)
    measured = [(m, v) for v in variants if (m := _loss(evidence, v)) is not None]
    rows = c.judged([m for m, _ in measured], rules.LossBeyond(MARGIN))
    rows = [
        row if row.estimate is None else replace(row, more=_bands(_cells(evidence, variant)))
        for row, (_, variant) in zip(rows, measured, strict=True)
    ]
    boundary = [r for model in evidence.models if (r := _boundary(evidence, model)) is not None]
    finding = judging.combine(
        [*rows, *boundary],
        missing="no quantized or pruned model was run on the task needle",
    )
    if finding.verdict == CONFIRMED and not any(r.verdict != UNDECIDED for r in boundary):
        return replace(finding, verdict=UNDECIDED, why=f"the loss shows; {NO_BOUNDARY}")
    return finding if boundary else replace(finding, notes=(*finding.notes, NO_BOUNDARY))


NO_BOUNDARY = "the boundary cannot be judged: no texts on both sides of 32k tokens were run"


def _cells(evidence: Evidence, variant: Variant) -> list[Mapping[str, Any]]:
    result = evidence.result(variant, "needle")
    return _scored(result) if result else []


def _scored(result: CaseResult) -> list[Mapping[str, Any]]:
    """Cells with both scores (one that a side could not be asked has none and is no zero), each with its cluster.

    The cells stand in the order of the pairs, which know the clusters: cells over one text are no independent ones.
    """
    cells = [x for x in result.cells if x.get("base") is not None and x.get("compressed") is not None]
    rows = result.pairs.get(result.primary.metric, ())
    if [(x["base"], x["compressed"]) for x in cells] != [(base, other) for _, base, other in rows]:
        raise DataError(f"{result.id}: its cells and its pairs hold different scores; run the case again")
    return [{**cell, "cluster": cluster} for cell, (cluster, _, _) in zip(cells, rows, strict=True)]


def _stratum(cells: Sequence[Mapping[str, Any]]) -> Stratum:
    values = np.array([[cell["base"], cell["compressed"]] for cell in cells], dtype=np.float64)
    return Stratum(tuple(cell["cluster"] for cell in cells), values)


def _loss(evidence: Evidence, variant: Variant) -> c.Measured | None:
    cells = [cell for cell in _cells(evidence, variant) if cell["length"] <= BOUNDARY]
    if not cells:
        return None
    mean = means([_stratum(cells)])
    base, other = (float(v) for v in mean.point)
    if base < judging.FLOOR:
        return c.Measured(variant.title, None, None, 0, refusal=c.floor(base, other, mean.n))
    draws = contrast(mean, (-1, 1))
    name = f"mean recall up to 32k, change from {100 * base:.1f} %"
    made = judging.estimate(name, draws, n=mean.n, unit="points", of_what="cells", test="paired bootstrap")
    return c.Measured(variant.title, draws, made, mean.groups)


def _bands(cells: Sequence[Mapping[str, Any]]) -> tuple[Estimate, ...]:
    """Changes by length band and by third of the depth, and of the slope on length."""
    parts = [
        (
            f"lengths {low + 1:,} to {high:,}" if high < 10**9 else f"lengths over {low:,}",
            "length",
            low + 1,
            high + 1,
        )
        for low, high in BANDS
    ]
    parts += [(f"{name} of the depth", "depth", low, high) for name, low, high in THIRDS]
    found = []
    for name, axis, low, high in parts:
        chosen = [cell for cell in cells if low <= cell[axis] < high]
        if not chosen:
            continue
        draws = contrast(means([_stratum(chosen)]), (-1, 1))
        texts, few = len({cell["cluster"] for cell in chosen}), ""
        if texts < judging.MIN_CLUSTERS:
            draws = Draws(draws.value, np.full(RESAMPLES, np.nan), limits=draws.limits)
            few = f" ({texts} texts, too few for an interval)"
        found.append(judging.estimate(name + few, draws, n=len(chosen), unit="points", of_what="cells"))
    steeper = _slope_change(cells)
    return (*found, steeper) if steeper else tuple(found)


def _slope_change(cells: Sequence[Mapping[str, Any]]) -> Estimate | None:
    """Change of the logistic slope of recall on log2(length): negative = the loss grows with length."""
    lengths = np.log2(np.array([cell["length"] for cell in cells], dtype=np.float64))
    if len(set(lengths.tolist())) < 2:
        return None
    values = _stratum(cells).values

    def change(pick: NDArray[np.intp]) -> float:
        if len(set(lengths[pick].tolist())) < 2:
            return float("nan")
        slopes = [logistic_slope(lengths[pick], values[pick, side]) for side in (0, 1)]
        return slopes[1] - slopes[0]

    clusters = list(dict.fromkeys(cell["cluster"] for cell in cells))
    members = [np.array([i for i, cell in enumerate(cells) if cell["cluster"] == name]) for name in clusters]
    rng = np.random.default_rng(len(cells))
    drawn = [
        change(np.concatenate([members[i] for i in rng.integers(0, len(members), size=len(members))]))
        for _ in range(SLOPE_RESAMPLES)
    ]
    draws = Draws(change(np.arange(len(cells))), np.resize(np.array(drawn), RESAMPLES))
    return judging.estimate(
        "logistic slope per doubled length, change", draws, n=len(cells), unit="log-odds", of_what="cells"
    )


def _boundary(evidence: Evidence, model: str) -> Row | None:
    """Recall of the base model beyond 32k over that up to it."""
    cells = next(
        (
            found
            for v in evidence.variants
            if v.model == model and not v.pair and (found := _cells(evidence, v))
        ),
        [],
    )
    sides = [[x for x in cells if (x["length"] > BOUNDARY) == beyond] for beyond in (False, True)]
    if not all(len(side) > 1 for side in sides):
        return None
    below, beyond = (means([_stratum(side)]) for side in sides)
    if below.point[0] < judging.FLOOR:
        return judging.no_row(f"{model}, boundary", c.floor(float(below.point[0]), 0.0, below.n))
    one, other = contrast(below, (1, 0)), contrast(beyond, (1, 0))
    drawn = np.random.default_rng(0).permutation(other.resamples) / np.maximum(one.resamples, 1e-9)
    draws = Draws(other.value / one.value, drawn, other.slack / one.value, (0.0, np.inf))
    made = judging.estimate(
        "base recall beyond 32k, share of that below", draws, n=len(sides[1]), unit="kept", of_what="cells"
    )
    rule = rules.Below(0.10, refuted_above=0.50)
    return judging.row(f"{model}, boundary", draws, rule, made, groups=beyond.groups)
