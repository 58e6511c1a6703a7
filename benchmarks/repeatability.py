"""Compares two runs made with separate, initially empty stores: are the verdicts equal, how many texts differ?

    python -m benchmarks.repeatability RUN_A STORE_A RUN_B STORE_B

Prints one line per case and the totals; exit status 1 when a verdict differs. Texts are compared by sample: a
sample differs when any of its answers does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def verdicts(run: Path) -> dict[str, dict[str, str]]:
    """Case id -> outcome, and the key of its generation; the base model's own evaluations are added without one."""
    found = {}
    for file in sorted((run / "results").glob("*.json")):
        data = json.loads(file.read_text())
        found[data["id"]] = {"outcome": data["verdict"]["outcome"], "key": data["keys"]["compressed"]}
        if data["compression"] == "base":
            found[f"{data['id']} (all samples)"] = {"outcome": "-", "key": data["keys"]["base"]}
    return found


def answers(store: Path, key: str) -> dict[str, list[str]]:
    """Sample -> its answers in order."""
    found: dict[str, list[str]] = {}
    for line in (store / "generations" / key / "turns.jsonl").read_text().splitlines():
        turn = json.loads(line)
        found.setdefault(turn["sample"], []).append(turn["text"] or repr(turn["logprobs"]))
    return found


def main(arguments: list[str]) -> int:
    run_a, store_a, run_b, store_b = (Path(argument) for argument in arguments)
    first, second = verdicts(run_a), verdicts(run_b)
    if first.keys() != second.keys():
        sys.exit(f"the runs hold other cases: {sorted(first.keys() ^ second.keys())}")
    unequal, changed, total = 0, 0, 0
    for case, one in first.items():
        other = second[case]
        a, b = answers(store_a, one["key"]), answers(store_b, other["key"])
        differing = sum(a[sample] != b.get(sample) for sample in a)
        same = one["outcome"] == other["outcome"]
        unequal += not same
        changed, total = changed + differing, total + len(a)
        verdict = "equal" if same else other["outcome"]
        print(f"{case:<48} {one['outcome']:<13} {verdict:<13} {differing:>3} of {len(a)} texts differ")
    share = f"{changed} of {total} samples ({changed / total:.2%})"
    cases = sum(one["outcome"] != "-" for one in first.values())
    print(f"{cases} cases, {unequal} verdicts differ; {share} differ in text")
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
