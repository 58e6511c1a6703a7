"""How hard each level is for the base model: the table of docs/tasks.md.

    python -m benchmarks.difficulty [STORE]

Plays needle (512 to 3,072 tokens) and all five pddl levels with the uncompressed embedded model and prints
the mean of the primary metric by level, as Markdown.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from acbench.cases import Case
from acbench.config import load_catalogue
from acbench.engines.pool import EnginePool
from acbench.runner import Bench
from acbench.store import Store
from acbench.verdicts import level_order

MODEL = "smollm2-135m"
SETTINGS = {
    "needle": {"lengths": [512, 1024, 2048, 3072], "depths": [0, 25, 50, 75, 100], "repeats": 4},
    "pddl": {"levels": [1, 2, 3, 4, 5], "per_level": 6},
    "pddl-likelihood": {"levels": [1, 2, 3, 4, 5], "per_level": 4, "steps": 2},
}


def main() -> None:
    store = Store(Path(sys.argv[1] if len(sys.argv) > 1 else ".acbench/store"))
    pool = EnginePool(
        logs=store.root / "logs", leases=store.root / "leases", events=store.root / "difficulty.jsonl"
    )
    catalogue = load_catalogue()
    profile = replace(catalogue.profile("demo"), settings=SETTINGS)
    bench = Bench(catalogue, profile, store, pool)
    print("| task | level | samples | base |\n|---|---|---|---|")
    for task in SETTINGS:
        plan = bench.plan(Case(MODEL, "base", task))
        metric = plan.task.info.metrics[0]
        levels: dict[str, list[float]] = {}
        for record in bench.evaluate(plan).records:
            levels.setdefault(record.level, []).append(record.scores[metric.name])
        for level in sorted(levels, key=level_order):
            values = levels[level]
            print(f"| {task} ({metric.name}) | {level} | {len(values)} | {sum(values) / len(values):.2f} |")
    pool.close()


if __name__ == "__main__":
    main()
