"""From a study to what a report shows: numbers with intervals and floors, series for figures, scores per text.

Names always carry their variant (``erank.hidden.lambda``, ``topk.tau.base_set.10``), since every metric of the paper
has several readings that disagree, sometimes in sign (specification of the analysis metrics).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from acbench.analysis.numbers import Number, distance, level, plain, pooled, same
from acbench.errors import DataError
from acbench.metrics import decisions
from acbench.metrics.averages import mean_of, mean_per_text
from acbench.metrics.samples import KS, independent_sd, kolmogorov_smirnov, position_bins, wasserstein

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from acbench.analysis.study import Arrays, Study

    Array = NDArray[np.float64]

SCHEMA = 1
HISTOGRAM_BINS = 36
DIGITS = 7
DECIDING_K = 10


def analysis(kind: str, study: Study) -> dict[str, Any]:
    """What a case result says in ``analysis``: schema, kind, protocol, numbers and series (plain JSON)."""
    if f"jaccard_{DECIDING_K}" not in study.arrays:
        raise DataError(
            f"a vocabulary of fewer than {DECIDING_K} ids has no list of the {DECIDING_K} most likely ones"
        )
    numbers, series = {"erank": _erank, "top-k": _topk, "energy": _energy}[kind](study)
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


# -- scores per text: what verdicts are made of ------------------------------------------------------


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
        distances = {"erank.hidden.distance": _relative(source)}
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
        distances = {"energy.abs_delta": mean_per_text(_delta(source, absolute=True))}
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


def _relative(arrays: Arrays) -> Array:
    """|change| of the hidden effective rank of each text, as a share of base's."""
    before, after = arrays["hidden_b"][-1], arrays["hidden_v"][-1]
    found: Array = np.abs(after - before) / before
    return found


def _delta(arrays: Arrays, *, absolute: bool = False) -> Array:
    found: Array = arrays["energy_v"] - arrays["energy_b"]
    return np.abs(found) if absolute else found


# -- effective rank ----------------------------------------------------------------------------------


def _erank(study: Study) -> tuple[dict[str, Number], dict[str, Any]]:
    a, quiet = study.arrays, study.floor
    rank = "effective rank"
    numbers = {
        "erank.hidden.distance": distance(
            f"Change of the hidden {rank}, share of base",
            "share",
            _relative(a),
            _relative(quiet),
            limits=(0.0, math.inf),  # it may more than double
        ),
        "erank.hidden.lambda": _geometric(f"Hidden {rank} (lambda form)", a, quiet, "hidden"),
        "erank.logit.lambda": _geometric(f"Logit {rank} (lambda form)", a, quiet, "logit"),
        "erank.weight.sigma": _of_weights(study, "sigma", f"Weight {rank} (sigma form), mean of matrices"),
        "erank.weight.sigma.folded": _of_weights(study, "folded", f"Weight {rank}, norms folded in"),
        "weight.sqnr": _errors(study),
        "weight.zeros": _of_weights(study, "zeros", "Zeros among the weights", unit="share"),
        "weight.kurtosis": _of_weights(study, "kurtosis", "Excess kurtosis of the stored weights"),
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


def _of_weights(study: Study, field: str, title: str, unit: str = "") -> Number:
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


# -- top-k -------------------------------------------------------------------------------------------


def _topk(study: Study) -> tuple[dict[str, Number], dict[str, Any]]:
    a, quiet = study.arrays, study.floor
    ks = [k for k in KS if f"jaccard_{k}" in a]
    numbers = {
        f"topk.jaccard.{k}": distance(
            f"Jaccard of the top {k}", "share", a[f"jaccard_{k}"], quiet[f"jaccard_{k}"]
        )
        for k in ks
    }
    for reading, words in (
        ("base_set", "on base's top"),
        ("union", "on the union of the top"),
        ("intersection", "on what is in both top"),
    ):
        for name, title in (("tau", "Kendall's tau-b"), ("rho", "Spearman's rho")):
            if name == "rho" and reading != "base_set":
                continue
            for k in (k for k in ks if k >= 3):
                key = f"{name}_{reading}_{k}"
                numbers[f"topk.{name}.{reading}.{k}"] = distance(
                    f"{title} {words} {k}", "", a[key], quiet[key], limits=(-1.0, 1.0)
                )
    numbers |= _divergences(a, quiet) | _choices(a, quiet)
    if f"tied_{DECIDING_K}" in a:
        tied = a[f"tied_{DECIDING_K}"]
        numbers[f"topk.ties.{DECIDING_K}"] = Number(
            f"Positions with a tie at place {DECIDING_K} (base)", "", float(tied.sum()), n=int(tied.size)
        )
    return numbers, {"by_k": [_k_row(a, quiet, k) for k in ks], "by_position": _topk_positions(a, quiet)}


def _divergences(a: Arrays, quiet: Arrays) -> dict[str, Number]:
    found = {
        f"{name}.mean": distance(f"{title}, mean", unit, a[name], quiet[name], limits=(0.0, top))
        for name, title, unit, top in (
            ("kl", "KL(base, compressed)", "nats", math.inf),
            ("tv", "Total variation", "share", 1.0),
            ("js", "Jensen-Shannon divergence", "nats", math.log(2)),
        )
    }
    kl, texts = a["kl"], len(a["kl"])
    for name, share in (("median", 0.5), ("p90", 0.9), ("p99", 0.99)):

        def quantile(pick: NDArray[np.int64], share: float = share) -> float:
            return float(np.quantile(kl[pick], share))

        found[f"kl.{name}"] = pooled(
            f"KL(base, compressed), {name}",
            "nats",
            quantile,
            texts,
            floor=float(np.quantile(quiet["kl"], share)),
            n=int(kl.size),
        )
    largest, floor = plain(float(kl.max())), plain(float(quiet["kl"].max()))
    found["kl.max"] = Number("KL(base, compressed), largest", "nats", largest, floor=floor, n=int(kl.size))
    return found


def _choices(a: Arrays, quiet: Arrays) -> dict[str, Number]:
    """Next-token decisions: flips both ways, margins of base's first two ids, calibration."""

    def flipped(arrays: Arrays, way: int) -> Array:
        b, v = arrays["right_b"], arrays["right_v"]
        hit = (b > v) if way else (v > b)
        found: Array = hit[:, :-1].astype(np.float64)  # nothing follows the last token
        return found

    def fit(arrays: Arrays, pick: NDArray[np.int64]) -> decisions.MarginFit:
        return decisions.margin_fit(arrays["margin_b"][pick], arrays["margin_v"][pick])

    def calibrated(arrays: Arrays, letter: str, pick: NDArray[np.int64]) -> decisions.Calibration:
        confidence = np.exp(arrays[f"top_{letter}"][pick][:, :-1])  # nothing follows the last token
        return decisions.calibration(np.clip(confidence, 0, 1), arrays[f"right_{letter}"][pick][:, :-1])

    texts = len(a["kl"])
    every = np.arange(texts)
    numbers = {
        "flips.right_to_wrong": distance(
            "Next tokens that were right and are wrong", "share", flipped(a, 1), flipped(quiet, 1)
        ),
        "flips.wrong_to_right": distance(
            "Next tokens that were wrong and are right", "share", flipped(a, 0), flipped(quiet, 0)
        ),
    }
    for name, title in (
        ("slope", "Slope of the margin between base's first two tokens"),
        ("flips", "Share of these margins that changed sign"),
    ):
        numbers[f"margin.{name}"] = pooled(
            title,
            "share" if name == "flips" else "",
            lambda pick, name=name: float(getattr(fit(a, pick), name)),  # type: ignore[misc]
            texts,
            floor=float(getattr(fit(quiet, every), name)),
            n=int(a["margin_b"].size),
        )
    for name, title in (
        ("ece", "Expected calibration error of the next token"),
        ("gap", "Mean confidence minus accuracy"),
    ):
        numbers[f"calibration.{name}"] = pooled(
            title,
            "share",
            lambda pick, name=name: float(getattr(calibrated(a, "v", pick), name)),  # type: ignore[misc]
            texts,
            base=lambda pick, name=name: float(getattr(calibrated(a, "b", pick), name)),  # type: ignore[misc]
            floor=float(getattr(calibrated(quiet, "v", every), name)),
            n=int(a["right_b"].size - texts),
        )
    return numbers


def _k_row(a: Arrays, quiet: Arrays, k: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "k": k,
        "jaccard": float(a[f"jaccard_{k}"].mean()),
        "floor_jaccard": float(quiet[f"jaccard_{k}"].mean()),
        "tau": None,
        "rho": None,
        "tau_sd": None,
        "independent_sd": plain(independent_sd(k)),
        "coverage": 1.0,
        "floor_tau": None,
    }
    key = f"base_set_{k}"
    if f"tau_{key}" in a:
        tau = a[f"tau_{key}"]
        mean = mean_of(tau)
        row |= {
            "tau": plain(mean_of(mean_per_text(tau)).value),
            "rho": plain(mean_of(mean_per_text(a[f"rho_{key}"])).value),
            "tau_sd": plain(float(np.nanstd(tau, ddof=1))) if mean.n > 1 else None,
            "coverage": mean.coverage,
            "floor_tau": plain(mean_of(mean_per_text(quiet[f"tau_{key}"])).value),
            "intersection_coverage": mean_of(a[f"tau_intersection_{k}"]).coverage,
        }
    return row


def _topk_positions(a: Arrays, quiet: Arrays) -> list[dict[str, Any]]:
    k = DECIDING_K
    return [
        {
            "bin": name,
            "n": int(a["kl"][:, columns].size),
            "jaccard": float(a[f"jaccard_{k}"][:, columns].mean()),
            "tau": plain(mean_of(a[f"tau_base_set_{k}"][:, columns]).value),
            "kl": float(a["kl"][:, columns].mean()),
            "floor_jaccard": float(quiet[f"jaccard_{k}"][:, columns].mean()),
        }
        for name, columns in position_bins(a["kl"].shape[1])
    ]


# -- energy ------------------------------------------------------------------------------------------


def _energy(study: Study) -> tuple[dict[str, Number], dict[str, Any]]:
    a, quiet = study.arrays, study.floor
    texts = len(a["kl"])

    def both(title: str, name: str, shape: Callable[[Array], Array] = same, unit: str = "nats") -> Number:
        ends = slice(None, -1 if name == "nll" else None)  # nothing follows the last token
        before, after, floor = a[f"{name}_b"], a[f"{name}_v"], quiet[f"{name}_v"]
        return level(title, unit, before[:, ends], after[:, ends], floor[:, ends], shape=shape)

    def between(title: str, measure: Callable[[Array, Array], float], unit: str) -> Number:
        return pooled(
            title,
            unit,
            lambda pick: measure(a["energy_b"][pick], a["energy_v"][pick]),
            texts,
            floor=measure(quiet["energy_b"], quiet["energy_v"]),
            n=int(a["energy_b"].size),
        )

    numbers = {
        "energy.abs_delta": distance(
            "Mean |change| of the energy",
            "nats",
            _delta(a, absolute=True),
            _delta(quiet, absolute=True),
            limits=(0.0, math.inf),
        ),
        "energy.signed_delta": distance("Mean change of the energy", "nats", _delta(a), _delta(quiet)),
        "energy.mean": both("Energy, mean", "energy"),
        "energy.top": both("Energy + largest logit (log of the top probability)", "top"),
        "energy.centred": both("Energy + mean logit", "centred"),
        "energy.w1": between("Wasserstein-1 distance of the energies", wasserstein, "nats"),
        "energy.ks": between("Kolmogorov-Smirnov distance of the energies", kolmogorov_smirnov, "share"),
        "nll.mean": both("Loss per token", "nll"),
        "perplexity": both("Perplexity", "nll", np.exp, ""),
    }
    series = {"histogram": _histogram(a), "by_position": _energy_positions(a, quiet)}
    return numbers, series


def _histogram(a: Arrays) -> dict[str, Any]:
    edges = np.linspace(
        min(a["energy_b"].min(), a["energy_v"].min()),
        max(a["energy_b"].max(), a["energy_v"].max()) + 1e-9,
        HISTOGRAM_BINS + 1,
    )
    return {
        "edges": edges.tolist(),
        "bins": [
            {
                "bin": name,
                "n": int(a["energy_b"][:, columns].size),
                "base": np.histogram(a["energy_b"][:, columns], edges)[0].tolist(),
                "value": np.histogram(a["energy_v"][:, columns], edges)[0].tolist(),
            }
            for name, columns in position_bins(a["energy_b"].shape[1])
        ],
    }


def _energy_positions(a: Arrays, quiet: Arrays) -> list[dict[str, Any]]:
    rows = []
    for name, columns in position_bins(a["energy_b"].shape[1]):
        before, after = a["energy_b"][:, columns], a["energy_v"][:, columns]
        change = after - before
        rows.append(
            {
                "bin": name,
                "n": int(change.size),
                "abs": float(np.abs(change).mean()),
                "signed": float(change.mean()),
                "w1": wasserstein(before, after),
                "ks": kolmogorov_smirnov(before, after),
                "top_abs": float(np.abs(a["top_v"][:, columns] - a["top_b"][:, columns]).mean()),
                "centred_abs": float(np.abs(a["centred_v"][:, columns] - a["centred_b"][:, columns]).mean()),
                "floor_abs": float(_delta(quiet, absolute=True)[:, columns].mean()),
            }
        )
    return rows
