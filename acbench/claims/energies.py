"""C22 and C23: energies by position, and over model sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acbench.claims import judging, own_analyses, rules
from acbench.claims.points import one_protocol, signs
from acbench.claims.registry import claim
from acbench.claims.statistics import Draws

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from acbench.claims.evidence import Evidence
    from acbench.claims.findings import Finding, Row

EARLY_END, LATE_START = 8, 64
"""Early: the first eight positions; late: from position 64 on."""
MERGED = 2.0
"""Merged: within twice of what the base model differs from itself under other arithmetic."""
MODELS = 4
NO_ENERGY = "no compressed model here has the analysis energy (`pytest suites/ -k energy`)"


@claim(
    "C22",
    text="energies of base and compressed model differ at early positions and merge later",
    capability="diagnostic",
    rule="by true position, without padding; two sign tests over at least 8 (model, recipe) variants: the "
    "mean |energy difference| is larger at the first 8 positions than from position 64 on, and the late one "
    "is below twice the noise floor (base against itself under other arithmetic); confirmed when both hold at "
    "5 %, refuted when one of them goes the other way",
    published=own_analyses.figure_only,
)
def energies_merge(evidence: Evidence) -> Finding:
    early_minus_late, below_floor = [], []
    for variant in evidence.variants:
        bins = evidence.analysis(variant, "energy").get("by_position", ())
        early = _mean(bins, "abs", 0, EARLY_END)
        late = _mean(bins, "abs", LATE_START, 10**9)
        floor = _mean(bins, "floor_abs", LATE_START, 10**9)
        if early is not None and late is not None:
            early_minus_late.append(early - late)
            if floor is not None:
                below_floor.append(MERGED * floor - late)
    rows: list[Row] = []
    if early_minus_late:
        rows.append(signs("differ early", early_minus_late, "early minus late difference", "nats", rows=2))
    if below_floor:
        rows.append(
            signs("merge later", below_floor, "twice the floor minus late difference", "nats", rows=2)
        )
    has_energy = any(evidence.analysis(v, "energy") for v in evidence.variants)
    missing = "the texts of the analysis energy are shorter than 64 tokens" if has_energy else NO_ENERGY
    refusal = one_protocol(evidence, "energy")
    if refusal:
        rows = [judging.no_row(r.subject, refusal) for r in rows]
    return judging.combine(rows, missing=missing)


def _mean(bins: Sequence[dict[str, Any]], name: str, start: int, end: int) -> float | None:
    """Mean over the positions of the bins that lie in start..end-1; None when there is none."""
    total = weight = 0.0
    for entry in bins:
        first, _, last = str(entry["bin"]).partition("-")
        inside = int(first) >= start and int(last or first) < end
        if inside and entry.get(name) is not None:
            total += float(entry[name]) * int(entry["n"])
            weight += int(entry["n"])
    return total / weight if weight else None


@claim(
    "C23",
    text="energy hardly depends on model size, so a shift of it comes from compression",
    capability="diagnostic",
    rule="mean |shift by compression| minus the spread (standard deviation) of base energies over at least "
    "4 models, on centred energies (free of a constant added to all logits) where they are there: "
    "confirmed when the 95 % bootstrap interval over models lies above 0, refuted below 0",
    published=own_analyses.c23_energy,
)
def energy_and_size(evidence: Evidence) -> Finding:
    name = "energy.centred" if _levels(evidence, "energy.centred") else "energy.mean"
    levels = _levels(evidence, name)
    if not levels:
        return judging.not_testable(NO_ENERGY)
    if len(levels) < MODELS:
        return judging.not_testable(
            f"needs base energies of at least {MODELS} models of several sizes; {len(levels)} here"
        )
    base = np.array([level for level, _ in levels.values()])
    shift = np.array([shift for _, shift in levels.values()])
    picks = np.random.default_rng(0).integers(0, len(base), size=(2000, len(base)))
    draws = Draws(
        float(shift.mean() - base.std(ddof=1)), shift[picks].mean(axis=1) - base[picks].std(axis=1, ddof=1)
    )
    made = judging.estimate(
        f"shift minus spread of {name}", draws, n=len(base), unit="nats", of_what="models"
    )
    row = judging.row("all models", draws, rules.Above(0.0), made)
    notes = (
        f"base energies spread by {base.std(ddof=1):.3g} nats over {len(base)} models, "
        f"compression shifts them by {shift.mean():.3g}",
    )
    return judging.combine([row], missing=NO_ENERGY, notes=notes)


def _levels(evidence: Evidence, name: str) -> dict[str, tuple[float, float]]:
    """Model -> (base energy, mean absolute shift over its compressed forms)."""
    found: dict[str, list[tuple[float, float]]] = {}
    for variant in evidence.variants:
        number = None if variant.pair else evidence.number(variant, name)
        if number is not None and number.base is not None:
            found.setdefault(variant.model, []).append((number.base, abs(number.value - number.base)))
    return {model: (rows[0][0], sum(shift for _, shift in rows) / len(rows)) for model, rows in found.items()}
