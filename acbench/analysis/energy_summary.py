"""The numbers and series of ``energy``: energies by true position, loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.analysis.numbers import Number, distance, level, pooled, same
from acbench.metrics.samples import kolmogorov_smirnov, position_bins, wasserstein

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from acbench.analysis.study import Arrays, Study

    Array = NDArray[np.float64]


HISTOGRAM_BINS = 36


def energy_summary(study: Study) -> tuple[dict[str, Number], dict[str, Any]]:
    """Numbers by name, and the series ``histogram`` and ``by_position``."""
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
            delta(a, absolute=True),
            delta(quiet, absolute=True),
            limits=(0.0, math.inf),
        ),
        "energy.signed_delta": distance("Mean change of the energy", "nats", delta(a), delta(quiet)),
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
                "floor_abs": float(delta(quiet, absolute=True)[:, columns].mean()),
            }
        )
    return rows


def delta(arrays: Arrays, *, absolute: bool = False) -> Array:
    """Change of the energy at every position [texts, positions]."""
    found: Array = arrays["energy_v"] - arrays["energy_b"]
    return np.abs(found) if absolute else found
