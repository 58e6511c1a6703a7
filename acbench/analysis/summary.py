"""From a study to what a report shows: numbers with intervals and floors, series for figures, scores per text.

Names always carry their variant (``erank.hidden.lambda``, ``topk.tau.base_set.10``), since every metric of the paper
has several readings that disagree, sometimes in sign (specification of the analysis metrics).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from acbench.analysis.energy_summary import delta, energy_summary
from acbench.analysis.erank_summary import erank_summary, relative_change
from acbench.analysis.topk_summary import DECIDING_K, topk_summary
from acbench.errors import DataError
from acbench.metrics.averages import mean_per_text

if TYPE_CHECKING:
    from acbench.analysis.study import Arrays, Study

SCHEMA = 1
DIGITS = 7
SUMMARIES = {"erank": erank_summary, "top-k": topk_summary, "energy": energy_summary}


def analysis(kind: str, study: Study) -> dict[str, Any]:
    """What a case result says in ``analysis``: schema, kind, protocol, numbers and series (plain JSON)."""
    if f"jaccard_{DECIDING_K}" not in study.arrays:
        raise DataError(
            f"a vocabulary of fewer than {DECIDING_K} ids has no list of the {DECIDING_K} most likely ones"
        )
    numbers, series = SUMMARIES[kind](study)
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": kind,
        "protocol": study.texts.facts(study.settings) | _vocabulary(study.arrays),
        "numbers": {name: number.to_json() for name, number in numbers.items()},
        "costs": {name: dict(cost) for name, cost in study.costs.items()},
        **series,
    }
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def _vocabulary(arrays: Arrays) -> dict[str, int]:
    """Ids that were compared, and how many only one of the two models has."""
    shared, base, variant = (int(size) for size in arrays["vocabulary"])
    return {"vocabulary": shared, "ids_left_out": max(base, variant) - shared}


def _rounded(value: Any) -> Any:
    """Floats in seven significant digits; None for what JSON cannot say."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


Side = Literal["exact", "floor", "variant"]


def scores(kind: str, study: Study, *, side: Side) -> list[dict[str, float]]:
    """Metric -> score of every text; an undefined one is left out.

    ``exact``: base against itself, nothing changes; ``floor``: base in its second-best arithmetic against itself, with
    base's own levels; ``variant``: the compressed model.
    """
    a = study.arrays
    source = study.floor if side == "floor" else a
    letter = "v" if side == "variant" else "b"
    if kind == "erank":
        distances = {"erank.hidden.distance": relative_change(source)}
        levels = {
            "erank.hidden.lambda": a[f"hidden_{letter}"][-1],
            "erank.logit.lambda": a[f"logit_{letter}"],
        }
    elif kind == "top-k":
        distances = {
            f"topk.jaccard.{DECIDING_K}": mean_per_text(source[f"jaccard_{DECIDING_K}"]),
            "topk.jaccard.1": mean_per_text(source["jaccard_1"]),
            f"topk.tau.base_set.{DECIDING_K}": mean_per_text(source[f"tau_base_set_{DECIDING_K}"]),
            "kl.mean": mean_per_text(source["kl"]),
        }
        levels = {}
    else:
        distances = {"energy.abs_delta": mean_per_text(delta(source, absolute=True))}
        levels = {
            "energy.mean": mean_per_text(a[f"energy_{letter}"]),
            "nll.mean": mean_per_text(a[f"nll_{letter}"]),
        }
    if side == "exact":
        ideal = {name: 1.0 if name.startswith("topk.") else 0.0 for name in distances}
        distances = {name: np.full(len(study.texts.samples), value) for name, value in ideal.items()}
    table = distances | levels
    return [
        {name: float(values[text]) for name, values in table.items() if math.isfinite(values[text])}
        for text in range(len(study.texts.samples))
    ]
