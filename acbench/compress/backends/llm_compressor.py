"""Job: rounding, GPTQ, AWQ, SmoothQuant, FP8, Wanda and SparseGPT by llm-compressor 0.14.0.1."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.basecheck import load
from acbench.compress.backends.harness import Job, Made, counted, run_library
from acbench.compress.backends.recipes import recipe_text
from acbench.compress.backends.registry import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from acbench.compress.backends.samples import Samples

FALLBACKS = {
    "module rounded instead of GPTQ (Hessian not invertible)": r"Hessian inversion failed for (\d+)/",
    "module pruned by magnitude instead of SparseGPT (Hessian not invertible)": r"Failed to invert hessian",
    "scale search skipped for non-finite outputs": r"Skipping smooth_layer .* NaN or inf",
    "fold skipped for incompatible shapes": r"(\d+) mappings were skipped due to incompatible shapes",
    "fold skipped": r"^Skipping (?:\S+ for mapping|SmoothQuant for)",
    "module calibrated without statistics": r"without statistics",
}
"""What it only logs -> how to find it (specification, section 9, trap 8)."""


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """The build job; see ``harness.run_library``."""
    return run_library(request, LIBRARIES["llm-compressor"], build)


def build(job: Job) -> Made:
    return oneshot(job, recipe_text(job.method, job.params))


def oneshot(job: Job, recipe: str) -> Made:
    """Applies a recipe (YAML or JSON text) to the model of a job and saves it in ``job.raw``."""
    import torch
    from llmcompressor import oneshot as apply
    from loguru import logger

    model = load(job.model, "auto", trust_remote_code=job.trust_remote_code)
    on_gpu = torch.cuda.is_available()
    messages: list[str] = []
    sink = logger.add(lambda message: messages.append(message.record["message"]), level="WARNING")
    try:
        with no_pinning(enabled=not on_gpu):
            apply(
                model=model,
                recipe=recipe,
                dataset=loader(job.samples) if job.samples else None,
                num_calibration_samples=len(job.samples) or 1,
                max_seq_length=job.length or None,
                shuffle_calibration_samples=False,
                trust_remote_code_model=job.trust_remote_code,
                output_dir=str(job.raw),
            )
    finally:
        logger.remove(sink)
    return Made(str(model.dtype).removeprefix("torch."), counted(messages, FALLBACKS))


def loader(samples: Samples) -> Any:
    """Batches of one sample: token ids [1, L] and a mask of ones."""
    import torch

    batches = [
        {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
        for ids in samples
    ]
    return torch.utils.data.DataLoader(batches, batch_size=None, shuffle=False)


@contextmanager
def no_pinning(*, enabled: bool) -> Iterator[None]:
    """Leaves intermediate activations in ordinary memory while a recipe runs without an accelerator.

    AWQ pins them for copies to an accelerator, and torch refuses that where there is none ("Cannot access
    accelerator device"); no setting of the library reaches it.
    """
    if not enabled:
        yield
        return
    from llmcompressor.pipelines.cache import IntermediatesCache

    original = IntermediatesCache.pin_memory
    IntermediatesCache.pin_memory = lambda *_, **__: None
    try:
        yield
    finally:
        IntermediatesCache.pin_memory = original
