"""Job: GPTQ by GPTQModel 7.6.0, the maintained successor of AutoGPTQ."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.harness import Job, Made, counted, run_library
from acbench.compress.backends.registry import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORKERS = "GPTQMODEL_CPU_WORKERS"
LEAST_WORKERS = 2
MSE_NORM = 2.4
"""The exponent of its error when it searches scales: that of the GPTQ authors' code, which it recommends."""
FALLBACK = (
    "module quantized by rounding instead of GPTQ (too few tokens or a Hessian that cannot be inverted)"
)


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """The build job; see ``harness.run_library``."""
    return run_library(request, LIBRARIES["gptqmodel"], build)


def build(job: Job) -> Made:
    enough_workers()
    import torch
    from gptqmodel import BACKEND, GPTQModel, QuantizeConfig

    on_gpu = torch.cuda.is_available()
    config = QuantizeConfig(
        **quantize_config(job.params), device="cuda" if on_gpu else "cpu", offload_to_disk=on_gpu
    )
    model = GPTQModel.load(
        str(job.model),
        config,
        dtype=torch.bfloat16,
        trust_remote_code=job.trust_remote_code,
    )
    examples = [{"input_ids": sample, "attention_mask": [1] * len(sample)} for sample in job.samples]
    model.quantize(examples, batch_size=1, backend=BACKEND.AUTO, calibration_data_min_length=1)
    model.save(str(job.raw))
    return Made("bfloat16", fallbacks(model.quant_log), damping_notes(model.quant_log, job.params["damp"]))


def enough_workers() -> None:
    """Two worker threads at least, before the library is imported.

    On machines of one or two cores its pool has one, and the pass that waits for the worker's result is
    itself a task of that pool. A number that the user set is left alone.
    """
    if not os.environ.get(WORKERS) and (os.cpu_count() or 1) <= LEAST_WORKERS:
        os.environ[WORKERS] = str(LEAST_WORKERS)


def quantize_config(params: Mapping[str, Any]) -> dict[str, Any]:
    """Our parameters in GPTQModel's words. ``group-aware`` is its own order and default."""
    static = params["order"] == "static"
    return {
        "bits": params["bits"],
        "group_size": params["group_size"],
        "sym": params["symmetric"],
        "damp_percent": params["damp"],
        "desc_act": static,
        "static_groups": static,
        "act_group_aware": params["order"] == "group-aware",
        "mse": MSE_NORM if params["mse"] else 0.0,
    }


def fallbacks(log: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many modules its log says were rounded instead."""
    return counted((str(entry.get("loss", "")) for entry in log), {FALLBACK: "fallback"})


def damping_notes(log: Sequence[Mapping[str, Any]], damp: float) -> tuple[str, ...]:
    """It raises the damping by itself until a Hessian can be inverted; says for how many modules it did."""
    raised = [entry for entry in log if float(entry.get("damp") or damp) > damp * 1.001]
    return (f"damping raised above {damp} for {len(raised)} of {len(log)} modules",) if raised else ()
