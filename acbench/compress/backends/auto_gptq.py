"""Job: GPTQ by AutoGPTQ 0.7.1, the library of most published GPTQ checkpoints. Archived upstream."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.basecheck import load
from acbench.compress.backends.harness import Job, Made, run_library
from acbench.compress.backends.registry import LIBRARIES
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """The build job; see ``harness.run_library``."""
    return run_library(request, LIBRARIES["auto-gptq"], build)


def build(job: Job) -> Made:
    import torch
    from auto_gptq import BaseQuantizeConfig
    from auto_gptq.modeling._const import SUPPORTED_MODELS
    from auto_gptq.modeling.auto import GPTQ_CAUSAL_LM_MODEL_MAP

    on_gpu = torch.cuda.is_available()
    dtype = torch.float16 if on_gpu else torch.float32
    # Its own from_pretrained refuses to work without CUDA and trusts remote code while reading the config.
    network = load(job.model, dtype, trust_remote_code=job.trust_remote_code)
    kind = network.config.model_type
    if kind not in SUPPORTED_MODELS or kind not in GPTQ_CAUSAL_LM_MODEL_MAP:
        raise CompressionError(f"auto-gptq 0.7.1 does not know models of type {kind!r}; use gptqmodel")
    network.seqlen = network.config.max_position_embeddings
    config = BaseQuantizeConfig(**quantize_config(job.params))
    model = GPTQ_CAUSAL_LM_MODEL_MAP[kind](network, False, config)
    examples = [{"input_ids": sample, "attention_mask": [1] * len(sample)} for sample in job.samples]
    with no_gpu(enabled=not on_gpu):
        model.quantize(examples, batch_size=1, cache_examples_on_gpu=on_gpu)
    model.save_quantized(str(job.raw), use_safetensors=True)
    # A Hessian that cannot be inverted raises in this library; it has no fallback to look for.
    return Made(str(dtype).removeprefix("torch."))


def quantize_config(params: Mapping[str, Any]) -> dict[str, Any]:
    """Our parameters in AutoGPTQ's words. Static order there: ``desc_act`` with groups that keep their columns."""
    static = params["order"] == "static"
    return {
        "bits": params["bits"],
        "group_size": params["group_size"],
        "sym": params["symmetric"],
        "damp_percent": params["damp"],
        "desc_act": static,
        "static_groups": static,
    }


@contextmanager
def no_gpu(*, enabled: bool) -> Iterator[None]:
    """Keeps the library on the CPU, where it has no reason of its own to fail.

    It moves every block from the CPU to ``cuda:0`` by a constant, and synchronizes CUDA to print how long a
    layer took. On the CPU the constant becomes the CPU and there is nothing to wait for.
    """
    if not enabled:
        yield
        return
    import torch
    from auto_gptq.modeling import _base

    constant, wait = _base.CUDA_0, torch.cuda.synchronize
    _base.CUDA_0 = torch.device("cpu")
    torch.cuda.synchronize = lambda *_, **__: None
    try:
        yield
    finally:
        _base.CUDA_0, torch.cuda.synchronize = constant, wait
