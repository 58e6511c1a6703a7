"""Every method, in-house and through the libraries: quality, cost, and whether it is served as it is stored.

    python -m benchmarks.compression --store FOLDER [--only awq gptq] [--out table.md]

On the embedded model with one calibration set (32 x 256 tokens of the project's pack, seed 0). Perplexity is over
8 x 511 tokens of the project's evaluation essays: of the dequantized weights in float32, and as vLLM serves
them. CPU seconds and peak memory are those of the build job (one thread); a library's own environment must exist
(`tox -e backend-...`), else its row says so. Checkpoints are kept in the store: a second call builds nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from acbench.checkpoints import Target, build
from acbench.config import load_catalogue
from acbench.engines.pool import EnginePool
from acbench.engines.protocol import EngineSettings
from acbench.errors import AcbenchError
from acbench.fidelity import Predictions, serve_probes
from acbench.jobs import run_job
from acbench.keys import fingerprint
from acbench.models import resolve
from acbench.rendering import ModelRenderer
from acbench.store import Store, write_json
from acbench.texts import texts

MODEL = "smollm2-135m"
CALIBRATION = {"samples": 32, "length": 256, "seed": 0}
WINDOWS, LENGTH = 8, 512
TABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("base", ("base",)),
    ("RTN W8 g64", ("rtn-w8g64", "rtn-w8g64+llm-compressor")),
    ("RTN W4 g64", ("rtn-w4g64", "rtn-w4g64+llm-compressor")),
    ("RTN W3 g64", ("rtn-w3g64",)),
    ("RTN W2 g64", ("rtn-w2g64",)),
    (
        "GPTQ W4 g64",
        ("gptq-w4g64", "gptq-w4g64+llm-compressor", "gptq-w4g64+gptqmodel", "gptq-w4g64+auto-gptq"),
    ),
    ("GPTQ W8 g64", ("gptq-w8g128",)),
    ("GPTQ W3 g64", ("gptq-w3g64",)),
    ("AWQ W4 g64", ("awq-w4g64", "awq-w4g64+llm-compressor", "awq-w4g64+autoawq")),
    ("SmoothQuant W8A8", ("smoothquant-w8a8", "smoothquant-w8a8+llm-compressor")),
    ("int8 W8A8", ("int8", "int8+llm-compressor")),
    ("FP8", ("fp8", "fp8+llm-compressor")),
    ("magnitude 50 %", ("magnitude-50",)),
    ("magnitude 2:4", ("magnitude-2of4",)),
    ("Wanda 50 %", ("wanda-50", "wanda-50+llm-compressor")),
    ("Wanda 2:4", ("wanda-2of4", "wanda-2of4+llm-compressor")),
    ("SparseGPT 50 %", ("sparsegpt-50", "sparsegpt-50+llm-compressor")),
    ("SparseGPT 2:4", ("sparsegpt-2of4", "sparsegpt-2of4+llm-compressor")),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="recipes whose name contains one of these")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--no-serving", action="store_true", help="leave the column of vLLM out")
    options = parser.parse_args()
    store = Store(options.store)
    store.ensure_writable()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pool = EnginePool(logs=folder, leases=folder / "leases", events=folder / "events.jsonl")
        try:
            for title, recipes in TABLE:
                for slug in recipes:
                    if not options.only or any(part in slug for part in options.only):
                        rows.append(measure(title, slug, store, None if options.no_serving else pool))
                        print(line(rows[-1]), flush=True)
        finally:
            pool.close()
    text = "\n".join([HEAD, *map(line, rows)]) + "\n"
    if options.out:
        options.out.write_text(text)
    sys.stdout.write("\n" + text)


def windows(folder: Path) -> list[list[int]]:
    """The scored token ids: 8 windows of 512 tokens of the evaluation essays."""
    renderer = ModelRenderer(folder)
    ids = [token for text in texts("evaluation", "prose") for token in renderer.encode(text.content)]
    return [ids[i * LENGTH : (i + 1) * LENGTH] for i in range(WINDOWS)]


def measure(title: str, slug: str, store: Store, pool: EnginePool | None) -> dict[str, Any]:
    """One row; an implementation that cannot be built here says why in ``problem``."""
    catalogue = load_catalogue()
    recipe = replace(catalogue.recipes[slug], calibration=CALIBRATION)
    row: dict[str, Any] = {"title": title, "slug": slug, "implementation": recipe.library or "ACBench"}
    try:
        checkpoint = build(catalogue.models[MODEL], recipe, store, Target("vllm", "cpu"))
    except AcbenchError as error:
        return row | {"problem": str(error).splitlines()[0]}
    base = resolve(catalogue.models[MODEL], store)
    samples = windows(base.path)
    row |= {
        key: checkpoint.facts.get(key)
        for key in ("cpu_seconds", "peak_memory_mib", "bits_per_weight", "sparsity", "served_as", "notes")
    }
    row["stored"] = _remembered(
        store, ["stored", checkpoint.key, samples], lambda: _stored(checkpoint.path, samples, store)
    )
    if pool is not None:
        row["served"] = _remembered(
            store, ["served", checkpoint.key, samples], lambda: _served(checkpoint.path, slug, samples, pool)
        )
    return row


def _remembered(store: Store, identity: list[Any], compute: Any) -> float:
    memo = store.root / "perplexity" / f"{fingerprint(identity)}.json"
    if not memo.is_file():
        memo.parent.mkdir(parents=True, exist_ok=True)
        write_json(memo, {"perplexity": compute()})
    return float(json.loads(memo.read_text())["perplexity"])


def _stored(folder: Path, samples: list[list[int]], store: Store) -> float:
    request = {"model": str(folder), "samples": samples}
    return float(
        run_job("acbench.compress.evaluate", request, log=store.root / "logs" / "perplexity.log")[
            "perplexity"
        ]
    )


def _served(folder: Path, slug: str, samples: list[list[int]], pool: EnginePool) -> float:
    settings = EngineSettings(window_tokens=LENGTH + 1, kv_cache_mib=512, max_num_seqs=8)
    logprobs, top = serve_probes(pool.engine(folder, settings, label=slug, on_start=lambda: None), samples)
    return Predictions(samples, logprobs, top).perplexity


HEAD = (
    "| method | implementation | perplexity | served by vLLM | CPU s | peak MiB | bits per weight | stored |\n"
    "|---|---|---:|---:|---:|---:|---:|---|"
)


def line(row: dict[str, Any]) -> str:
    if "problem" in row:
        return f"| {row['title']} | {row['implementation']} | {row['problem']} | | | | | |"
    cells = [
        row["title"],
        row["implementation"],
        _number(row["stored"]),
        _number(row.get("served")),
        _number(row["cpu_seconds"]),
        "" if row["peak_memory_mib"] is None else str(row["peak_memory_mib"]),
        "" if row["bits_per_weight"] is None else f"{row['bits_per_weight']:.2f}",
        row["served_as"] or "base",
    ]
    return "| " + " | ".join(cells) + " |"


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return ""
    return f"{value:.2f}" if value < 1000 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
