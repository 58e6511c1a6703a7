"""Job: AWQ by AutoAWQ 0.2.9, stored in its GEMM layout.

The library ended in 2025 and was last tested by its author with transformers 4.51.3.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.harness import Job, Made, run_library
from acbench.compress.backends.registry import LIBRARIES
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """The build job; see ``harness.run_library``."""
    return run_library(request, LIBRARIES["autoawq"], build)


def build(job: Job) -> Made:
    import torch
    from awq import AutoAWQForCausalLM

    on_gpu = torch.cuda.is_available()
    dtype = torch.float16 if on_gpu else torch.bfloat16
    model = AutoAWQForCausalLM.from_pretrained(
        str(job.model),
        torch_dtype=dtype,
        trust_remote_code=job.trust_remote_code,  # its own default is True
        safetensors=True,
        device_map="auto" if on_gpu else "cpu",
        local_files_only=True,
    )
    with state_is_copied(enabled=not on_gpu):
        model.quantize(
            None,  # no tokenizer: the samples are token ids
            quant_config=quant_config(job.params),
            calib_data=job.samples,
            apply_clip=job.params["clip"],
            max_calib_samples=len(job.samples),
            max_calib_seq_len=job.length,
        )
    if not all(bool(p.isfinite().all()) for p in model.model.parameters() if p.is_floating_point()):
        raise CompressionError("AutoAWQ left NaN or infinite weights behind")
    model.save_quantized(str(job.raw))
    return Made(str(dtype).removeprefix("torch."))


def quant_config(params: Mapping[str, Any]) -> dict[str, Any]:
    """Our parameters in AutoAWQ's words."""
    return {
        "w_bit": params["bits"],
        "q_group_size": params["group_size"],
        "zero_point": not params["symmetric"],
        "version": "GEMM",
    }


@contextmanager
def state_is_copied(*, enabled: bool) -> Iterator[None]:
    """Makes the weights that the scale search saves survive it (specification, section 9, trap 2).

    AutoAWQ keeps the originals as ``state_dict()`` moved ``.cpu()``. For a weight that is on the CPU already
    that is the weight itself, the search multiplies its scales into it over and over, and the checkpoint is
    garbage without any error. The quantizer asks modules of no other kind for their state during a search, so
    while it runs every state dict is a copy.
    """
    if not enabled:
        yield
        return
    from torch import nn

    original = nn.Module.state_dict

    def copied(self: Any, *args: Any, **kwargs: Any) -> Any:
        state = original(self, *args, **kwargs)
        for name, value in list(state.items()):
            if hasattr(value, "clone"):
                state[name] = value.clone()
        return state

    nn.Module.state_dict = copied
    try:
        yield
    finally:
        nn.Module.state_dict = original
