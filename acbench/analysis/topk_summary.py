"""The numbers and series of ``top-k``: lists of likely tokens, distributions, decisions."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.analysis.numbers import Number, distance, plain, pooled
from acbench.metrics import decisions
from acbench.metrics.averages import mean_of, mean_per_text
from acbench.metrics.samples import KS, independent_sd, position_bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from acbench.analysis.study import Arrays, Study

    Array = NDArray[np.float64]


DECIDING_K = 10


def topk_summary(study: Study) -> tuple[dict[str, Number], dict[str, Any]]:
    """Numbers by name, and the series ``by_k`` and ``by_position``."""
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

    def margin(name: str, pick: NDArray[np.int64]) -> float:
        return float(getattr(fit(a, pick), name))

    def calibration(name: str, letter: str, pick: NDArray[np.int64]) -> float:
        return float(getattr(calibrated(a, letter, pick), name))

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
            partial(margin, name),
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
            partial(calibration, name, "v"),
            texts,
            base=partial(calibration, name, "b"),
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
