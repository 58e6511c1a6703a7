"""Scores every published gold workflow against itself: the ceilings, and how long it takes.

    python -m benchmarks.workflow_scoring FOLDER [--store DIR] [--embedder auto] [--threads 2]

FOLDER holds one folder per WorfBench task. Both modes are computed twice: with an empty vector cache and, in a
fresh process, with the cache filled. With --store the cache stays there (and "cold" is only cold the first time).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acbench.tasks.worfbench.aggregate import Outcome


def score_folder(folder: Path, store: Path, embedder: str, threads: int) -> dict[str, Any]:
    """Seconds, number of texts and ceilings by task and mode; the time includes imports and reading."""
    began = time.perf_counter()
    from acbench.embeddings import open_embedder
    from acbench.tasks.worfbench.aggregate import task_means
    from acbench.tasks.worfbench.records import published_records
    from acbench.tasks.worfbench.scoring import texts_to_embed
    from acbench.tasks.worfbench.settings import VARIANTS
    from acbench.tasks.worfbench.vectors import Vectors

    model = open_embedder(embedder, store, threads=threads)
    vectors = Vectors(lambda: model)
    golds = {variant: [record.gold for record in published_records(folder, variant)] for variant in VARIANTS}
    texts = [text for group in golds.values() for gold in group for text in texts_to_embed(gold, gold)]
    vectors.learn(texts)
    embedded = time.perf_counter() - began
    ceilings = {}
    for variant, group in golds.items():
        for mode in ("upstream", "corrected"):
            means = task_means([outcome(gold, mode, vectors) for gold in group])
            ceilings[f"{variant}/{mode}"] = [means.records, means.chain.f1, means.graph.f1]
    return {
        "seconds": time.perf_counter() - began,
        "reading_and_vectors": embedded,
        "texts": len(set(texts)),
        "embedder": model.identity,
        "ceilings": ceilings,
    }


def outcome(gold: str, mode: str, vectors: Any) -> Outcome:
    from acbench.tasks.worfbench.aggregate import Outcome
    from acbench.tasks.worfbench.parsing import read_published, read_workflow
    from acbench.tasks.worfbench.scoring import score_corrected, score_published

    if mode == "upstream":
        result, read = score_published(gold, gold, vectors), read_published(gold)
    else:
        read = read_workflow(gold)
        result = score_corrected(read, read, vectors)
    return Outcome(result.chain, result.graph, not result.reason, len(read.nodes), read.ends)


def in_a_fresh_process(options: argparse.Namespace, store: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.workflow_scoring", str(options.folder), "--once"]
    command += ["--store", str(store), "--embedder", options.embedder, "--threads", str(options.threads)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "process": time.perf_counter() - began}


def report(cold: dict[str, Any], warm: dict[str, Any]) -> None:
    records = sum(row[0] for name, row in cold["ceilings"].items() if name.endswith("corrected"))
    print(f"{records} gold records against themselves in both modes, {cold['texts']} texts")
    print(f"embedding model: {cold['embedder']}\n")
    for name, run in (("empty cache", cold), ("filled cache", warm)):
        vectors = run["reading_and_vectors"]
        print(f"{name}: {run['process']:.1f} s in all, {vectors:.1f} s of it for reading and vectors")
    print(
        "\n| task | records | chain, upstream | graph, upstream | chain | graph |\n|---|---|---|---|---|---|"
    )
    for name, (count, chain, graph) in cold["ceilings"].items():
        task, _, mode = name.partition("/")
        if mode == "upstream":
            _, own_chain, own_graph = cold["ceilings"][f"{task}/corrected"]
            print(f"| {task} | {count} | {chain:.3f} | {graph:.3f} | {own_chain:.3f} | {own_graph:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--embedder", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(score_folder(options.folder, options.store, options.embedder, options.threads)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        store = options.store or Path(temporary)
        report(in_a_fresh_process(options, store), in_a_fresh_process(options, store))


if __name__ == "__main__":
    main()
