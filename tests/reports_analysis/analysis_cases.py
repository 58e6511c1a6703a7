"""Hand-built results of a ladder of recipes: damage is one number, and everything follows from it by formula."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from acbench.records import CaseResult, Comparison, Noise, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

MODEL = "smollm2-135m"
KINDS = ("q", "k", "v", "o", "gate", "up", "down")
SHARES = dict(zip(KINDS, (0.65, 0.83, 0.93, 0.71, 0.91, 0.92, 0.92), strict=True))
BINS = ("0", "1-3", "4-7", "8-15", "16-31", "32-63", "64-127")
KS = (1, 3, 5, 10, 20, 50)
LADDER: dict[str, tuple[float, float, float, float]] = {
    # recipe: bits per weight, zeros, MiB, damage (0 = none, 1 = nothing left)
    "rtn-w8g64": (8.25, 0.01, 143.0, 0.02),
    "rtn-w4g64": (4.25, 0.14, 107.9, 0.34),
    "rtn-w3g64": (3.25, 0.2, 99.0, 0.6),
    "rtn-w2g64": (2.25, 0.3, 89.5, 0.97),
    "awq-w4g64": (4.3125, 0.13, 108.7, 0.22),
    "gptq-w4g64": (4.25, 0.14, 107.9, 0.26),
    "wanda-50": (16.0, 0.5, 256.6, 0.48),
    "sparsegpt-2of4": (16.0, 0.5, 256.6, 0.66),
    "magnitude-2of4": (16.0, 0.5, 256.6, 0.99),
}
BASE_FACTS = {"bits_per_weight": 16.0, "bytes": 269_060_552}
CAPABILITY = {
    "needle": "long_context",
    "longbench-hotpotqa": "long_context",
    "pddl": "real_world",
    "t-eval-instruct-json": "tool_use",
    "t-eval-plan-json": "tool_use",
    "worfbench-lumos": "workflow",
    "pddl-likelihood": "diagnostic",
}
PROTOCOL = {
    **{"texts": 30, "tokens": 128, "positions": 3840, "hash": "3f2a9c01d4", "source": "pack"},
    **{"arithmetic": "float32", "floor": "bfloat16", "bos": False, "by_kind": {"prose": 5}},
}


def number(title: str, unit: str, value: float | None, **fields: Any) -> dict[str, Any]:
    made = {"title": title, "unit": unit, "base": None, "value": value, "low": None, "high": None}
    return {**made, "floor": None, "n": 30, "undefined": 0, **fields}


def erank_analysis(damage: float, layers: int = 30) -> dict[str, Any]:
    """Weights whose ERank rises with damage, and hidden states that drift from layer to layer."""
    distance = 0.4 * damage
    weights = [
        {
            "layer": layer,
            "kind": kind,
            "rank": 192 if kind in "kv" else 576,
            "base": (rank := 192 if kind in "kv" else 576) * (share := SHARES[kind] + 0.03 * math.sin(layer)),
            "value": rank * share * (1 + 0.02 * damage * (1.2 - share) * (1 + 0.4 * math.cos(layer))),
            "sqnr_db": 45 - 40 * damage,
            "zeros": 0.0,
        }
        for layer in range(layers)
        for kind in KINDS
    ]
    rows = [
        {
            "layer": layer,
            "base": 28.0 - 12 * math.exp(-layer / 6),
            "value": (28.0 - 12 * math.exp(-layer / 6)) * (1 - distance * (layer + 1) / layers),
            "cka": 1 - 0.5 * damage * (layer + 1) / layers,
        }
        for layer in range(layers)
    ]
    found = {
        "erank.hidden.distance": number(
            "hidden ERank, relative change",
            "share",
            distance,
            low=0.9 * distance,
            high=1.1 * distance,
            floor=0.004,
        ),
        "erank.hidden.lambda": number(
            "hidden ERank",
            "",
            28 * (1 - distance),
            base=28.0,
            low=-distance * 30,
            high=-distance * 26,
            floor=28.02,
        ),
        "erank.weight.sigma.folded": number(
            "weight ERank, norms folded", "", 386.1 * (1 + 0.02 * damage), base=386.1, n=210
        ),
        "cka.final": number("CKA at the head", "", 1 - 0.5 * damage, floor=0.9999),
        "weight.sqnr": number("SQNR of weights", "dB", 45 - 40 * damage, n=210),
    }
    return analysis("erank", found, weights=weights, layers=rows)


def topk_analysis(damage: float) -> dict[str, Any]:
    jaccard = 0.97 * (1 - damage) ** 1.5
    tau = 0.9 * (1 - damage)
    by_k = [
        {
            "k": k,
            "jaccard": jaccard * (1 - 0.02 * math.log(k)),
            "tau": None if k == 1 else tau * (0.8 + 0.04 * math.log(k)),
            "rho": None if k == 1 else tau,
            "tau_sd": None if k == 1 else 0.9 * independent_sd(k),
            "independent_sd": None if k == 1 else independent_sd(k),
            "coverage": 1.0,
            "floor_jaccard": 0.96,
            "floor_tau": None if k == 1 else 0.93,
        }
        for k in KS
    ]
    rows = [
        {
            "bin": name,
            "n": 30 * 2**i,
            "jaccard": jaccard * (1 - 0.05 * i),
            "tau": tau * (1 - 0.03 * i),
            "kl": 3 * damage**2 * (1 + 0.1 * i),
            "floor_jaccard": 0.95,
        }
        for i, name in enumerate(BINS)
    ]
    found = {
        "topk.jaccard.10": number(
            "Jaccard at k = 10",
            "share",
            jaccard,
            low=jaccard - 0.02,
            high=min(1.0, jaccard + 0.02),
            floor=0.951,
        ),
        "topk.tau.base_set.10": number(
            "tau at k = 10", "", tau, low=tau - 0.03, high=tau + 0.03, floor=0.93, undefined=4
        ),
        "kl.mean": number(
            "KL, mean", "nats", 3 * damage**2, low=2.7 * damage**2, high=3.3 * damage**2, floor=0.001
        ),
        "flips.right_to_wrong": number("right to wrong", "share", 0.3 * damage, n=3810, floor=0.01),
    }
    return analysis("top-k", found, by_k=by_k, by_position=rows)


def independent_sd(k: int) -> float:
    """Standard deviation of tau of two unrelated orders of k things (Kendall)."""
    return math.sqrt(2 * (2 * k + 5) / (9 * k * (k - 1)))


def energy_analysis(damage: float) -> dict[str, Any]:
    edges = [-48.0 + i for i in range(41)]
    shift = 9.4 * damage

    def counts(n: int, middle: float, spread: float) -> list[float]:
        heights = [math.exp(-(((left + 0.5 - middle) / spread) ** 2) / 2) for left in edges[:-1]]
        return [round(n * height / sum(heights), 2) for height in heights]

    rows, bins = [], []
    for i, name in enumerate(BINS):
        n = 30 * 2**i
        bins.append(
            {
                "bin": name,
                "n": n,
                "base": counts(n, -20 - i, 4),
                "value": counts(n, -20 - i + shift / 2, 4 + damage),
            }
        )
        rows.append(
            {
                "bin": name,
                "n": n,
                "abs": 0.09 + shift * (1 - 0.04 * i),
                "signed": shift * 0.4,
                "w1": shift * 0.5,
                "ks": min(1.0, damage),
                "floor_abs": 0.09,
            }
        )
    found = {
        "energy.abs_delta": number("mean |dE|", "nats", shift, low=0.9 * shift, high=1.1 * shift, floor=0.09),
        "energy.signed_delta": number(
            "mean dE", "nats", 0.4 * shift, low=0.3 * shift, high=0.5 * shift, floor=0.01
        ),
        "energy.w1": number("Wasserstein-1", "nats", 0.5 * shift, floor=0.02),
        "perplexity": number(
            "perplexity", "", 20.7 * math.exp(3 * damage), base=20.7, low=0.1, high=9e3, floor=20.71
        ),
    }
    return analysis("energy", found, histogram={"edges": edges, "bins": bins}, by_position=rows)


def analysis(kind: str, numbers: dict[str, Any], **series: Any) -> dict[str, Any]:
    return {"schema": 1, "kind": kind, "protocol": dict(PROTOCOL), "numbers": numbers, **series}


ANALYSES = {"erank": erank_analysis, "top-k": topk_analysis, "energy": energy_analysis}
PRIMARY = {"erank": "erank.hidden.distance", "top-k": "topk.jaccard.10", "energy": "energy.abs_delta"}


def compared(base: float, value: float, half: float = 0.06, **changes: Any) -> Comparison:
    fields: dict[str, Any] = {
        **{"metric": "accuracy", "title": "Exact match", "unit": "share", "n": 40, "excluded": 0},
        **{"base": base, "compressed": value, "difference": value - base},
        **{"low": value - base - half, "high": value - base + half, "confidence": 0.95, "test": "bootstrap"},
        **{"p_value": 0.1, "worse": 3, "better": 1, "mde": 0.1, "higher_is_better": True, **changes},
    }
    return Comparison(**fields)


def outcome_of(comparison: Comparison, margin: float) -> str:
    sign = 1 if comparison.higher_is_better else -1
    low, high = sorted((sign * comparison.low, sign * comparison.high))
    return "fail" if high < -margin else "pass" if low > -margin else "inconclusive"


def task_case(
    recipe: str,
    task: str,
    base: Sequence[float],
    value: Sequence[float],
    margin: float = 0.05,
    **changes: Any,
) -> CaseResult:
    """A case whose samples are given, each a cluster of its own."""
    n = len(base)
    metric = compared(sum(base) / n, sum(value) / n, n=n, **changes.pop("comparison", {}))
    gate = changes.pop("gate", "gate")
    verdict = Verdict(outcome_of(metric, margin), gate, margin, 0.95, "as computed")  # type: ignore[arg-type]
    model = changes.pop("model", MODEL)
    pairs = {metric.metric: tuple((f"s{i}", b, v) for i, (b, v) in enumerate(zip(base, value, strict=True)))}
    fields: dict[str, Any] = {
        "capability": CAPABILITY.get(task, "tool_use"),
        "checkpoint": facts(recipe),
        "engine": {"name": "vllm", "version": "0.32.0"},
        "tokens": {"prompt": 9_000, "output": 2_000, "cached": 0, "turns": n},
        "seconds": 20.0,
        "noise": Noise(12, 1, 2, -0.01, -0.05, 0.03),
        "pairs": pairs,
    }
    fields.update({"verdict": verdict, **changes})
    return CaseResult(
        id=f"{model}:{recipe}:{task}", model=model, compression=recipe, task=task, task_title=task,
        method=recipe.split("-", maxsplit=1)[0], primary=metric, **fields,
    )  # fmt: skip


def facts(recipe: str) -> dict[str, Any]:
    if recipe not in LADDER:
        return dict(BASE_FACTS)
    bits, zeros, mib, _ = LADDER[recipe]
    return {
        "bits_per_weight": bits, "sparsity": zeros, "bytes": round(mib * 2**20), "base_bytes": BASE_FACTS["bytes"]
    }  # fmt: skip


def analysis_case(recipe: str, task: str, damage: float | None = None, **changes: Any) -> CaseResult:
    """A case of ``erank``, ``top-k`` or ``energy``; its primary compares with the noise floor."""
    damage = LADDER[recipe][3] if damage is None else damage
    found = ANALYSES[task](damage)
    main = found["numbers"][PRIMARY[task]]
    metric = compared(
        main["floor"], main["value"], metric=PRIMARY[task], title=main["title"], unit=main["unit"],
        higher_is_better=task == "top-k",
    )  # fmt: skip
    model = changes.pop("model", MODEL)
    verdict = Verdict("inconclusive", "report", 0.1, 0.95, "shown only")
    return CaseResult(
        **{
            **{"id": f"{model}:{recipe}:{task}", "model": model, "compression": recipe, "task": task},
            **{
                "task_title": task,
                "method": recipe.split("-", maxsplit=1)[0],
                "capability": "diagnostic",
                "family": "analysis",
            },
            **{"verdict": verdict, "primary": metric, "checkpoint": facts(recipe), "analysis": found},
            **changes,
        }
    )


def ladder(
    tasks: Sequence[str] = tuple(CAPABILITY), recipes: Sequence[str] = tuple(LADDER)
) -> list[CaseResult]:
    """Base and all recipes on all tasks, with the three analyses."""
    found = []
    for number_of, task in enumerate(tasks):
        n = 40
        base = [float((i * 7 + number_of) % 10 < 7 - number_of % 3) for i in range(n)]
        found.append(task_case("base", task, base[:12], base[:12]))
        for recipe in recipes:
            damage = LADDER[recipe][3]
            value = [b * float((i * 3 + number_of) % 20 >= 20 * damage) for i, b in enumerate(base)]
            gate = "report" if damage > 0.4 else "gate"
            found.append(task_case(recipe, task, base, value, gate=gate))
    found += [analysis_case(recipe, task) for recipe in recipes for task in ANALYSES]
    return found
