"""Case results with planted scores, for the tests of claims."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from acbench.claims.evidence import Evidence
from acbench.claims.registry import all_claims
from acbench.config import Catalogue, load_catalogue
from acbench.records import CaseResult, Comparison, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from acbench.claims.findings import Finding

MODEL = "qwen2.5-7b"
ENGINE = {"name": "vllm", "version": "1", "device": "cpu", "settings": {"dtype": "bfloat16"}}


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


def result(
    task: str,
    recipe: str,
    scores: Sequence[tuple[float, float]],
    *,
    model: str = MODEL,
    clusters: Sequence[str] | None = None,
    metrics: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    **changes: Any,
) -> CaseResult:
    """``scores``: (base, compressed) of each sample; every sample is its own cluster unless named."""
    entry = catalogue().tasks.get(task)
    known = catalogue().recipes.get(recipe)
    names = clusters or [f"s{i:05d}" for i in range(len(scores))]

    def rows(values: Sequence[tuple[float, float]]) -> tuple[tuple[str, float, float], ...]:
        return tuple((name, float(a), float(b)) for name, (a, b) in zip(names, values, strict=True))

    pairs = {"score": rows(scores), **{name: rows(values) for name, values in (metrics or {}).items()}}
    made = CaseResult(
        id=f"{model}:{recipe}:{task}",
        model=model,
        compression=recipe,
        task=task,
        task_title=task,
        method=known.method if known else recipe.partition("-")[0],
        capability=entry.capability if entry else "diagnostic",
        verdict=Verdict("pass", "gate", 0.05, 0.95, ""),
        primary=comparison("score", scores),
        family=entry.family if entry else "",
        pairs=pairs,
        engine=ENGINE,
    )
    return replace(made, **changes)


def comparison(metric: str, scores: Sequence[tuple[float, float]], unit: str = "share") -> Comparison:
    n = max(len(scores), 1)
    base, other = sum(a for a, _ in scores) / n, sum(b for _, b in scores) / n
    return Comparison(
        metric=metric,
        title=metric,
        unit=unit,
        n=len(scores),
        excluded=0,
        base=base,
        compressed=other,
        difference=other - base,
        low=-1.0,
        high=1.0,
        confidence=0.95,
        test="",
        p_value=1.0,
        worse=0,
        better=0,
        mde=0.1,
    )


def flips(n: int, right: int, lost: int = 0, won: int = 0) -> list[tuple[float, float]]:
    """n right/wrong samples, ``right`` of them right for base; ``lost`` of these and ``won`` others change."""
    assert lost <= right <= n - won
    return [(1.0, float(i >= lost)) for i in range(right)] + [(0.0, float(i < won)) for i in range(n - right)]


def decide(claim: str, results: Iterable[CaseResult], using: Catalogue | None = None) -> Finding:
    """The claim's finding on these results."""
    found = {c.id: c for c in all_claims()}
    return found[claim].decide(Evidence(results, using or catalogue()))


def analysed(recipe: str, kind: str, *, model: str = MODEL, **content: Any) -> CaseResult:
    """A result of the tasks ``erank``, ``top-k`` or ``energy`` with its analysis."""
    protocol = {
        "texts": 30,
        "tokens": 128,
        "positions": 3840,
        "source": "pack",
        "arithmetic": "float32",
        "bos": False,
    }
    analysis = {"schema": 1, "kind": kind, "protocol": protocol, "numbers": {}, **content}
    return result(
        kind, recipe, [], model=model, analysis=analysis, capability="diagnostic", family="analysis"
    )


def number(value: float | None, base: float | None = None) -> dict[str, Any]:
    return {
        "title": "",
        "unit": "",
        "base": base,
        "value": value,
        "low": None,
        "high": None,
        "floor": None,
        "n": 30,
        "undefined": 0,
    }
