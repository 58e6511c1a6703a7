"""The tables and figures of docs/analyses.md, from a finished run.

    pytest suites/ --acb-profile=demo --acb-compressions=methods
    python -m benchmarks.analyses .acbench/runs/RUN [RUN ...] [--figures docs/figures]

Prints Markdown: the main numbers of every recipe beside their noise floors, the rank correlation of each number with
what the tasks lost, and what it cost. Reads results; computes nothing again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.records import CaseResult, case_result_from_json
from reports.analysis.figures import analysis_svg, ladder_svg
from reports.analysis.numbers import digits, level, numbers
from reports.files import write_text
from reports.overview import correlation
from reports.overview.quality import quality_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS = (
    ("erank.hidden.distance", "hidden ERank, change %", 100),
    ("erank.weight.sigma.folded", "weight ERank, folded", 1),
    ("erank.logit.lambda", "logit ERank", 1),
    ("weight.sqnr", "SQNR dB", 1),
    ("topk.jaccard.1", "J1 %", 100),
    ("topk.jaccard.10", "J10 %", 100),
    ("topk.tau.base_set.10", "tau 10", 1),
    ("kl.mean", "KL nats", 1),
    ("energy.abs_delta", "mean abs. ΔE nats", 1),
    ("energy.signed_delta", "mean ΔE nats", 1),
    ("perplexity", "perplexity", 1),
)
DRAWN = ("rtn-w4g64",)
"""Recipes whose figures stand in the docs."""


def read(folders: Iterable[str]) -> list[CaseResult]:
    """Results of all runs, a later run's in place of an earlier one's."""
    found: dict[str, CaseResult] = {}
    for folder in folders:
        for file in sorted((Path(folder) / "results").glob("*.json")):
            result = case_result_from_json(json.loads(file.read_text(encoding="utf-8")))
            found[result.id] = result
    return list(found.values())


def table(results: Sequence[CaseResult]) -> None:
    """A row a recipe, by bits per weight; the noise floor first."""
    analysed = [r for r in results if r.analysis]
    recipes: dict[str, dict[str, Any]] = {}
    for result in analysed:
        recipes.setdefault(result.compression, {}).update(numbers(result))
    bits = {r.compression: float(r.checkpoint.get("bits_per_weight", 16)) for r in analysed}
    print(
        f"| recipe | bits | {' | '.join(title for _, title, _ in COLUMNS)} |\n|---|---|{'---|' * len(COLUMNS)}"
    )
    other = next(found for name, found in recipes.items() if name != "base")
    floor = [_cell(other[name].floor, factor) for name, _, factor in COLUMNS]
    base = [_cell(other[name].base, factor) for name, _, factor in COLUMNS]
    print(f"| base | 16 | {' | '.join(base)} |\n| noise floor (bfloat16) | 16 | {' | '.join(floor)} |")
    for recipe in sorted(recipes, key=lambda name: (-bits[name], name)):
        if recipe != "base":
            one = next(r for r in analysed if r.compression == recipe)
            cells = [
                level(found, found.value, one) if name == "perplexity" else _cell(found.value, factor)
                for name, _, factor in COLUMNS
                if (found := recipes[recipe][name])
            ]
            print(f"| {recipe} | {bits[recipe]:.2f} | {' | '.join(cells)} |")


def _cell(value: float | None, factor: float) -> str:
    return "–" if value is None else digits(value * factor)


def predictions(results: Sequence[CaseResult]) -> None:
    """Spearman of every number with the share of the base score that a recipe lost."""
    distances = correlation.predictors(results)
    recipes = {r.compression for r in results if not r.is_noise_floor}
    qualities = {name: quality_of([r for r in results if r.compression == name]) for name in recipes}
    lost = {name: gone for name, one in qualities.items() if (gone := one.overall.lost) is not None}
    found = correlation.table(distances, {"all": lost})
    print("| number | Spearman with the loss | 95 % interval | p | recipes |\n|---|---|---|---|---|")
    for name, _, title, _ in correlation.PREDICTORS:
        row = found.get((name, "all"))
        if row is None or row.rho is None:
            continue
        span = "–" if row.low is None or row.high is None else f"[{row.low:+.2f}, {row.high:+.2f}]"
        p = "–" if row.p is None else f"{row.p:.3g}"
        print(f"| {title.replace('|', chr(92) + '|')} (`{name}`) | {row.rho:+.2f} | {span} | {p} | {row.n} |")


def costs(results: Sequence[CaseResult]) -> None:
    """Seconds and memory of the jobs, median over recipes."""
    found: dict[tuple[str, str], list[float]] = {}
    for result in results:
        if result.analysis and result.task == "energy" and not result.is_noise_floor:
            for job, cost in result.analysis["costs"].items():
                for name, value in cost.items():
                    found.setdefault((job, name), []).append(value)
    print("| job | figure | median | largest |\n|---|---|---|---|")
    for (job, name), values in found.items():
        ordered = sorted(values)
        print(f"| {job} | {name} | {ordered[len(ordered) // 2]:,.4g} | {ordered[-1]:,.4g} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--figures", type=Path)
    options = parser.parse_args()
    results = read(options.runs)
    for model in sorted({r.model for r in results if r.analysis}):
        mine = [r for r in results if r.model == model]
        print(f"\n### {model}\n")
        table(mine)
        print()
        predictions(mine)
        print()
        costs(mine)
        if options.figures:
            write_text(options.figures / f"analyses-{model}.svg", ladder_svg(model, mine))
            for result in mine:
                if result.analysis and result.compression in DRAWN:
                    name = f"{result.task}-{result.compression}-{model}.svg"
                    write_text(options.figures / name, analysis_svg(result))


if __name__ == "__main__":
    main()
