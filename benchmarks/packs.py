"""The tables of docs/tasks.md, from a finished run.

    pytest suites/ --acb-profile=packs -n 2
    python -m benchmarks.packs .acbench/runs/RUN [RUN ...] [--figures docs/figures]

Prints, as Markdown: scores with intervals, the gold answers' likelihood, the outcomes of base and recipes, and the
group means; with a folder also writes the heat maps. Reads the results that the run left; generates nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from acbench.aggregates import GroupMean, group_means
from acbench.records import CaseResult, Comparison, case_result_from_json
from reports import formats
from reports.figures import stacked_maps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FAMILIES = ("t-eval", "worfbench", "longbench", "longgenbench", "needle", "ruler")


def read(folders: Iterable[str]) -> list[CaseResult]:
    """Results of all runs, a later run's in place of an earlier one's; base cases are left out."""
    found: dict[str, CaseResult] = {}
    for folder in folders:
        for file in sorted((Path(folder) / "results").glob("*.json")):
            result = case_result_from_json(json.loads(file.read_text(encoding="utf-8")))
            if result.compression != "base":
                found[result.id] = result
    return list(found.values())


def cell(comparison: Comparison) -> str:
    value = formats.number(comparison.compressed, comparison.unit)
    change = formats.number(comparison.difference, comparison.unit, signed=True)
    return f"{value} ({change} {formats.interval(comparison.low, comparison.high, comparison.unit)})"


def loglik(result: CaseResult) -> Comparison | None:
    return next((c for c in result.secondary if c.metric == "gold_loglik" and c.n), None)


def table(results: list[CaseResult], pick: Callable[[CaseResult], Comparison | None]) -> None:
    recipes = sorted({r.compression for r in results}, reverse=True)
    tasks = list(dict.fromkeys(r.task for r in sorted(results, key=lambda r: r.task)))
    print(f"| task | n | base | {' | '.join(recipes)} |\n|---|---|---|{'---|' * len(recipes)}")
    for task in tasks:
        mine = {r.compression: pick(r) for r in results if r.task == task}
        first = next((c for c in mine.values() if c is not None), None)
        if first is None:
            continue
        cells = [cell(found) if (found := mine.get(recipe)) else "–" for recipe in recipes]
        base = formats.number(first.base, first.unit)
        print(f"| {task} | {first.n} | {base} | {' | '.join(cells)} |")


def outcomes(results: list[CaseResult]) -> None:
    """Shares of every outcome over all samples of a family, for base and each recipe."""
    recipes = sorted({r.compression for r in results}, reverse=True)
    shares: dict[str, dict[str, float]] = {}
    for recipe in recipes:
        mine = [r for r in results if r.compression == recipe]
        for result in mine:
            for row in result.channels:
                for name, share in (("base", row.base), (recipe, row.compressed)):
                    if name == "base" and recipe != recipes[0]:
                        continue
                    column = shares.setdefault(row.channel, {})
                    column[name] = column.get(name, 0.0) + share / len(mine)
    print(f"| outcome | base | {' | '.join(recipes)} |\n|---|---|{'---|' * len(recipes)}")
    for channel, row in shares.items():
        if any(share >= 0.0005 for share in row.values()):
            cells = [f"{100 * row.get(name, 0.0):.1f} %" for name in ("base", *recipes)]
            print(f"| {channel} | {' | '.join(cells)} |")


def _group_cell(row: GroupMean | None) -> str:
    if row is None:
        return "–"
    interval = f"[{100 * row.low:+.1f}, {100 * row.high:+.1f}]"
    return f"{100 * row.compressed:.1f} ({100 * row.difference:+.1f} {interval})"


def groups(results: list[CaseResult]) -> None:
    rows = group_means(results)
    if not rows:
        return
    recipes = sorted({row.compression for row in rows}, reverse=True)
    print(f"| group | base | {' | '.join(recipes)} |\n|---|---|{'---|' * len(recipes)}")
    for title in dict.fromkeys(row.title for row in rows):
        mine = {row.compression: row for row in rows if row.title == title}
        first = next(iter(mine.values()))
        cells = [_group_cell(mine.get(recipe)) for recipe in recipes]
        print(f"| {title} ({first.n} of {first.of} tasks) | {100 * first.base:.1f} | {' | '.join(cells)} |")


def write_maps(results: list[CaseResult], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for model, task in sorted({(r.model, r.task) for r in results if r.cells}):
        (folder / f"{task}-{model}.svg").write_text(stacked_maps(model, task, results), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="the tables of docs/tasks.md, from finished runs")
    parser.add_argument("runs", nargs="+", help="run folders; a later one's results replace an earlier one's")
    parser.add_argument("--figures", type=Path, help="folder for the heat maps")
    options = parser.parse_args()
    results = read(options.runs)
    if not results:
        sys.exit("no results found")
    if options.figures:
        write_maps(results, options.figures)
    for family in FAMILIES:
        mine = [r for r in results if r.task.startswith(family)]
        if not mine:
            continue
        print(f"\n### {family}\n")
        print(
            "Score, % (difference to base in points; the gated intervals of a recipe hold together at 95 %):\n"
        )
        table(mine, lambda r: r.primary)
        if group_means(mine):
            print("\nMeans, % (difference in points, 95 % interval of each):\n")
            groups(mine)
        if any(loglik(r) for r in mine):
            print("\nGold answer, mean log-probability per token (nats):\n")
            table(mine, loglik)
        print("\nOutcomes, share of all samples:\n")
        outcomes(mine)


if __name__ == "__main__":
    main()
