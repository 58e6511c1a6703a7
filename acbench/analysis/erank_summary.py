"""The numbers and series of ``erank``: spectra of weights, hidden states and logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.analysis.numbers import Number, distance, level, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from acbench.analysis.study import Arrays, Study

    Array = NDArray[np.float64]


def erank_summary(study: Study) -> tuple[dict[str, Number], dict[str, Any]]:
    """Numbers by name, and the series ``weights`` and ``layers``."""
    a, quiet = study.arrays, study.floor
    rank = "effective rank"
    numbers = {
        "erank.hidden.distance": distance(
            f"Change of the hidden {rank}, share of base",
            "share",
            relative_change(a),
            relative_change(quiet),
            limits=(0.0, math.inf),  # it may more than double
        ),
        "erank.hidden.lambda": _geometric(f"Hidden {rank} (lambda form)", a, quiet, "hidden"),
        "erank.logit.lambda": _geometric(f"Logit {rank} (lambda form)", a, quiet, "logit"),
        "erank.weight.sigma": of_weights(study, "sigma", f"Weight {rank} (sigma form), mean of matrices"),
        "erank.weight.sigma.folded": of_weights(study, "folded", f"Weight {rank}, norms folded in"),
        "weight.sqnr": _errors(study),
        "weight.zeros": of_weights(study, "zeros", "Zeros among the weights", unit="share"),
        "weight.kurtosis": of_weights(study, "kurtosis", "Excess kurtosis of the stored weights"),
        "cka.final": Number(
            "Linear CKA at the head's input",
            "",
            plain(float(a["cka"][-1])),
            floor=plain(float(quiet["cka"][-1])),
            n=min(1024, a["kl"].size),
        ),
        "activation.top_energy": Number(
            "Energy in the strongest 1 % of channels, worst layer",
            "share",
            plain(float(np.nanmax(a["outliers_v"][:, 1]))),
            plain(float(np.nanmax(a["outliers_b"][:, 1]))),
            floor=plain(float(np.nanmax(quiet["outliers_v"][:, 1]))),
            n=len(a["outliers_v"]),
        ),
        "activation.outliers": Number(
            "Largest over median activation of a channel, worst layer",
            "",
            plain(float(np.nanmax(a["outliers_v"][:, 0]))),
            plain(float(np.nanmax(a["outliers_b"][:, 0]))),
            floor=plain(float(np.nanmax(quiet["outliers_v"][:, 0]))),
            n=len(a["outliers_v"]),
        ),
    }
    return numbers, {"weights": _weight_rows(study), "layers": _layer_rows(a)}


def _geometric(title: str, a: Arrays, quiet: Arrays, name: str) -> Number:
    """The data set's value is the geometric mean over texts (Wei et al., definition 3.5)."""

    def logs(arrays: Arrays, letter: str) -> Array:
        table = arrays[f"{name}_{letter}"]
        found: Array = np.log(table[-1] if table.ndim == 2 else table)
        return found

    return level(title, "", logs(a, "b"), logs(a, "v"), logs(quiet, "v"), shape=np.exp)


def _inside(rows: tuple[Mapping[str, Any], ...]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["layer"] >= 0]


def of_weights(study: Study, field: str, title: str, unit: str = "") -> Number:
    """The mean over the matrices of the blocks; a property of the weights, without an interval over texts."""
    before = {row["name"]: row[field] for row in _inside(study.base_weights)}
    both = [(before.get(row["name"]), row[field]) for row in _inside(study.weights)]
    kept = [(float(old), float(new)) for old, new in both if old is not None and new is not None]
    lost = len(both) - len(kept)
    if not kept:
        return Number(title, unit, None, undefined=lost)
    old, new = (float(np.mean(side)) for side in zip(*kept, strict=True))
    return Number(title, unit, new, old, n=len(kept), undefined=lost)


def _errors(study: Study) -> Number:
    """Mean signal-to-noise ratio of the changed matrices."""
    values = [row["sqnr_db"] for row in _inside(study.weights) if row["sqnr_db"] is not None]
    title = "Signal to quantization noise of the weights, mean of changed matrices"
    if not values:
        return Number(title, "dB", None)
    return Number(title, "dB", plain(float(np.mean(values))), n=len(values))


def _weight_rows(study: Study) -> list[dict[str, Any]]:
    before = {row["name"]: row for row in study.base_weights}
    return [
        {
            "layer": row["layer"],
            "kind": row["kind"],
            "rank": row["rank"],
            "base": before[row["name"]]["folded"] if row["name"] in before else None,
            "value": row["folded"],
            "sqnr_db": row["sqnr_db"],
            "zeros": row["zeros"],
        }
        for row in study.weights
    ]


def _layer_rows(a: Arrays) -> list[dict[str, Any]]:
    def geometric(table: Array) -> Array:
        found: Array = np.exp(np.nanmean(np.log(table), axis=1))
        return found

    before, after = geometric(a["hidden_b"]), geometric(a["hidden_v"])
    return [
        {"layer": layer, "base": float(before[layer]), "value": float(after[layer]), "cka": float(cka)}
        for layer, cka in enumerate(a["cka"])
    ]


def relative_change(arrays: Arrays) -> Array:
    """|change| of the hidden effective rank of each text, as a share of base's."""
    before, after = arrays["hidden_b"][-1], arrays["hidden_v"][-1]
    found: Array = np.abs(after - before) / before
    return found
