"""What the claims ask of the results: variants, paired samples of several recipes side by side, analysis numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.claims.kinds import Variant, variant_of
from acbench.claims.statistics import Stratum
from acbench.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from acbench.config import Catalogue
    from acbench.records import CaseResult

CAPABILITIES = ("tool_use", "workflow", "long_context", "real_world")
ANALYSES = ("erank", "top-k", "energy")


class NotComparable(Exception):
    """Results that must not be put side by side; the message says why. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Number:
    """One of an analysis' numbers: base and compressed level, or a distance with ``base`` None."""

    base: float | None
    value: float
    low: float | None
    high: float | None
    floor: float | None
    n: int

    @property
    def change(self) -> float | None:
        """Relative change of a level; None for a distance and for a base of 0."""
        return self.value / self.base - 1 if self.base else None


class Evidence:
    """Results of one or several runs, base against compressed. Noise floors hold no evidence and are left out."""

    def __init__(self, results: Iterable[CaseResult], catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.results = {r.id: r for r in results if not r.is_noise_floor}

    # -- what is there ---------------------------------------------------------------------------

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """All compressed models, by model and recipe. Sizes come from whichever of its results knows them."""
        found: dict[tuple[str, str], Variant] = {}
        for result in sorted(self.results.values(), key=lambda r: (r.model, r.compression, r.task)):
            variant = variant_of(result, self.catalogue)
            known = found.get((variant.model, variant.compression))
            if known is None or (known.bytes is None and variant.bytes is not None):
                found[variant.model, variant.compression] = variant
        return tuple(found.values())

    def select(self, wanted: Callable[[Variant], bool]) -> tuple[Variant, ...]:
        return tuple(v for v in self.variants if wanted(v))

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(v.model for v in self.variants))

    def billions(self, model: str) -> float | None:
        """Parameters of a model in billions, where the catalogue or a checkpoint knows them."""
        return next((v.billions for v in self.variants if v.model == model and v.billions), None)

    def result(self, variant: Variant, task: str) -> CaseResult | None:
        return self.results.get(f"{variant.model}:{variant.compression}:{task}")

    def tasks(self, variant: Variant, wanted: Callable[[CaseResult], bool]) -> tuple[str, ...]:
        """Tasks of a variant that are scored as shares (higher is better) and pass ``wanted``."""
        return tuple(
            sorted(
                r.task
                for r in self.results.values()
                if (r.model, r.compression) == (variant.model, variant.compression)
                and _is_score(r)
                and wanted(r)
            )
        )

    # -- paired samples --------------------------------------------------------------------------

    def strata(
        self, variants: Sequence[Variant], wanted: Callable[[CaseResult], bool], metric: str = ""
    ) -> tuple[Stratum, ...]:
        """Columns base, then one for each variant, over the tasks all variants have; one stratum a task.

        Every benchmark weighs the same, and within it every task. Empty when there is no common task. Raises
        NotComparable when two results of a task were not measured on the same base, samples and engine.
        """
        common = set(self.tasks(variants[0], wanted)).intersection(
            *(self.tasks(v, wanted) for v in variants[1:])
        )
        found: dict[str, list[Stratum]] = {}
        for task in sorted(common):
            results = [self.results[f"{v.model}:{v.compression}:{task}"] for v in variants]
            stratum = _stratum(results, metric)
            if stratum is not None:
                found.setdefault(results[0].family or task, []).append(stratum)
        return tuple(
            Stratum(stratum.clusters, stratum.values, 1 / len(found) / len(benchmark))
            for benchmark in found.values()
            for stratum in benchmark
        )

    def levels(
        self, model: str, tasks: Sequence[str], *, variant: Variant | None = None
    ) -> tuple[Stratum, ...]:
        """One column of scores: of ``variant``, or of the base model as any of its results holds it."""
        found = []
        for task in tasks:
            results = [r for r in self.results.values() if (r.model, r.task) == (model, task)]
            if variant is not None:
                results = [r for r in results if r.compression == variant.compression]
            results = [r for r in results if _is_score(r) and not (variant is None and r.reference)]
            if results:
                rows = results[0].pairs[results[0].primary.metric]
                column = np.array([row[1 if variant is None else 2] for row in rows], dtype=np.float64)
                found.append(Stratum(tuple(row[0] for row in rows), column[:, None]))
        return tuple(found)

    # -- analyses --------------------------------------------------------------------------------

    def analysis(self, variant: Variant, task: str) -> Mapping[str, Any]:
        """The analysis of a variant by task name (``erank``, ``top-k``, ``energy``); empty when it is not there."""
        result = self.result(variant, task)
        return result.analysis if result else {}

    def number(self, variant: Variant, name: str) -> Number | None:
        """A dotted number from whichever analysis of the variant has it; None when absent or undefined."""
        for task in ANALYSES:
            entry = self.analysis(variant, task).get("numbers", {}).get(name)
            if entry and entry.get("value") is not None:
                return Number(
                    entry.get("base"),
                    float(entry["value"]),
                    entry.get("low"),
                    entry.get("high"),
                    entry.get("floor"),
                    int(entry.get("n", 0)),
                )
        return None

    def protocols(self, task: str) -> set[str]:
        """Fingerprints of the protocols the analyses of a task were made under; more than one does not compare.

        Token ids differ between tokenizers: whether texts are the same ones is asked within each model.
        """
        kept = ("source", "texts", "tokens", "arithmetic", "floor", "bos", "layers")
        made = [
            (v.model, found.get("protocol", {})) for v in self.variants if (found := self.analysis(v, task))
        ]
        hashes: dict[str, dict[str, int]] = {}
        for model, protocol in made:
            mine = hashes.setdefault(model, {})
            mine.setdefault(str(protocol.get("hash")), len(mine))
        return {
            fingerprint([*(protocol.get(key) for key in kept), hashes[model][str(protocol.get("hash"))]])
            for model, protocol in made
        }


def _is_score(result: CaseResult) -> bool:
    """Whether its primary metric is a share on which means and relative drops make sense."""
    return result.primary.unit == "share" and result.primary.higher_is_better and not result.analysis


def _stratum(results: Sequence[CaseResult], metric: str) -> Stratum | None:
    """Raises NotComparable unless all results share base scores, order of samples and engine."""
    first = results[0]
    tables = [r.pairs.get(metric or r.primary.metric, ()) for r in results]
    if not tables[0]:
        return None
    samples = [[(cluster, base) for cluster, base, _ in table] for table in tables]
    for result, rows in zip(results[1:], samples[1:], strict=True):
        where = f"{first.compression} and {result.compression} on {first.task}"
        if [c for c, _ in rows] != [c for c, _ in samples[0]]:
            raise NotComparable(f"{where} were not asked the same samples")
        if rows != samples[0]:
            raise NotComparable(
                f"{where} were compared with different answers of the base model: "
                "run both in one run, on one engine"
            )
        if _engine(result) != _engine(first):
            raise NotComparable(f"{where} ran on different engines or engine settings")
        if result.reference != first.reference:
            raise NotComparable(f"{where} are judged against different references")
    clusters = tuple(cluster for cluster, _, _ in tables[0])
    columns = [[base for _, base, _ in tables[0]]] + [[other for _, _, other in table] for table in tables]
    return Stratum(clusters, np.array(columns, dtype=np.float64).T)


def _engine(result: CaseResult) -> str:
    keys = ("name", "version", "device", "settings")
    return fingerprint([result.engine.get(key) for key in keys])
