"""What the analyses cost: memory at a large vocabulary, seconds per matrix of larger models.

    python -m benchmarks.analysis_cost

Memory: a model with 151,936 ids and texts of 2,048 tokens (random weights, two small blocks, so that what is measured
is the analysis and not the model). Seconds: one thread, float64 Gram path, random matrices of the shapes of a 7B and
a 32B model; both spectra of a matrix (plain and with the norm folded in) count where there is a norm before it.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import torch

from acbench.jobs import run_job
from acbench.metrics.spectra import matrix_erank

VOCABULARY, TOKENS, WIDTH = 151_936, 2048, 256
SHAPES = {
    "7B (Qwen2.5-7B: 28 blocks)": (28, {"q": (3584, 3584, 2), "k": (512, 3584, 2), "v": (512, 3584, 2),
            "o": (3584, 3584, 1), "gate": (18944, 3584, 2), "up": (18944, 3584, 2), "down": (3584, 18944, 1)}),
    "32B (Qwen2.5-32B: 64 blocks)": (64, {"q": (5120, 5120, 2), "k": (1024, 5120, 2), "v": (1024, 5120, 2),
            "o": (5120, 5120, 1), "gate": (27648, 5120, 2), "up": (27648, 5120, 2), "down": (5120, 27648, 1)}),
}  # fmt: skip
"""Rows, columns, spectra of each matrix of a block."""


def memory() -> None:
    """Peak memory of comparing a model with itself, minus what importing and the hidden states take."""
    from transformers import LlamaConfig, LlamaForCausalLM

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        config = LlamaConfig(
            vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=512, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=TOKENS,
        )  # fmt: skip
        LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
        samples = torch.randint(
            0, VOCABULARY, (1, TOKENS), generator=torch.Generator().manual_seed(0)
        ).tolist()
        request = {"model": str(folder), "samples": samples, "base_model": str(folder)}
        observed, out = Path(scratch) / "pass", Path(scratch) / "out"
        observed.mkdir()
        out.mkdir()
        log = Path(scratch) / "log"
        run_job("acbench.analysis.forward", request | {"out": str(observed)}, log=log)
        began = time.monotonic()
        found = run_job(
            "acbench.analysis.contrast", request | {"base": str(observed), "out": str(out)}, log=log
        )
        weights = sum(file.stat().st_size for file in folder.glob("*.safetensors")) / 2**20
        print(
            f"vocabulary {VOCABULARY:,}, {TOKENS:,} positions: peak {found['peak_memory_mib']:,} MiB in all, of these "
            f"{found['memory_before_mib']:,} MiB before the comparison (libraries, model of {weights:,.0f} MiB in "
            f"bfloat16, hidden states); {time.monotonic() - began:.0f} s"
        )


def matrices() -> None:
    """Seconds of each shape, and what they add up to."""
    torch.set_num_threads(1)
    for name, (blocks, shapes) in SHAPES.items():
        total = 0.0
        costs = {}
        for kind, (rows, columns, spectra) in shapes.items():
            matrix = torch.randn(rows, columns)
            began = time.monotonic()
            matrix_erank(matrix)
            costs[kind] = round(time.monotonic() - began, 2)
            total += spectra * costs[kind]
        print(
            f"{name}: {json.dumps(costs)} s a spectrum; {blocks * total / 3600:.2f} core hours for all blocks"
        )


if __name__ == "__main__":
    memory()
    matrices()
