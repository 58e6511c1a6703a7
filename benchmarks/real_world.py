"""The tables of the nine AgentBoard tasks in docs/agentboard.md, from a finished run.

    pytest suites/ --acb-profile=real-world -n 2
    python -m benchmarks.real_world .acbench/runs/RUN [RUN ...]

Prints, as Markdown: progress, success and grounding with intervals, progress by level and by half, group means,
outcomes and turns. Reads the results that the run left; generates nothing.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from acbench.tasks.agents.board import FAMILY, TASKS
from benchmarks.packs import groups, outcomes, read, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.records import CaseResult, Comparison


def main() -> None:
    parser = argparse.ArgumentParser(description="the tables of docs/agentboard.md, from finished runs")
    parser.add_argument("runs", nargs="+", help="run folders; a later one's results replace an earlier one's")
    options = parser.parse_args()
    results = [result for result in read(options.runs) if result.family == FAMILY]
    if not results:
        sys.exit("no results of multi-turn tasks found")
    note = "% (difference to base in points, interval"
    print(f"\nProgress rate, {note}; the gated intervals of a recipe hold together at 95 %):\n")
    table(results, lambda result: result.primary)
    for name, title in (("success", "Success rate"), ("grounding", "Grounding accuracy")):
        print(f"\n{title}, {note}):\n")
        table(results, _metric(name))
    print("\nMeans, % (difference in points, 95 % interval of each):\n")
    groups(results)
    print("\nProgress rate by level and half, %:\n")
    levels(results)
    print("\nOutcomes, share of all episodes:\n")
    outcomes(results)
    print("\nTurns of an episode, mean:\n")
    turns(results)


def _metric(name: str) -> Callable[[CaseResult], Comparison | None]:
    return lambda result: next((c for c in result.secondary if c.metric == name and c.n), None)


def levels(results: Sequence[CaseResult]) -> None:
    recipes = sorted({r.compression for r in results}, reverse=True)
    print(f"| task | part | n | base | {' | '.join(recipes)} |\n|---|---|---|---|{'---|' * len(recipes)}")
    for task in TASKS:
        mine = {r.compression: r for r in results if r.task == task}
        for place, row in enumerate(next(iter(mine.values())).levels if mine else ()):
            cells = [f"{100 * mine[recipe].levels[place].compressed:.0f}" for recipe in recipes]
            print(f"| {task} | {row.level} | {row.n} | {100 * row.base:.0f} | {' | '.join(cells)} |")
        for half in ("easy", "hard"):
            halves = {recipe: mine[recipe].rollout["halves"][half] for recipe in recipes if recipe in mine}
            first = next(iter(halves.values()), None)
            if first is not None:
                base = _share(first["progress"][0])
                cells = [_share(halves[recipe]["progress"][1]) for recipe in recipes]
                print(f"| {task} | {half} | {first['n']} | {base} | {' | '.join(cells)} |")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f}"


def turns(results: Sequence[CaseResult]) -> None:
    recipes = sorted({r.compression for r in results}, reverse=True)
    print(f"| task | base | {' | '.join(recipes)} |\n|---|---|{'---|' * len(recipes)}")
    for task in TASKS:
        mine = {r.compression: r.rollout["length"] for r in results if r.task == task and r.rollout}
        if mine:
            base = next(iter(mine.values()))[0]
            print(f"| {task} | {base:.1f} | {' | '.join(f'{mine[recipe][1]:.1f}' for recipe in recipes)} |")


if __name__ == "__main__":
    main()
