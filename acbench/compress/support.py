"""What serves what: in which stored form a weight scheme is written for a back-end and device.

Measured for the CPU build of vLLM 0.32, read in the source for GPUs (docs/engines.md). ``packed``:
compressed-tensors pack-quantized. ``dense``: the *dequantized* weights in bf16: quality is exact to
rounding, and nothing may be claimed about memory or speed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKED: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("vllm", "cpu"): (4,),
    ("vllm", "gpu"): (4, 8),
}
"""(back-end, device) -> bit widths of weight-only integer schemes with a kernel."""


def stored_form(method: str, params: Mapping[str, Any], *, backend: str, device: str) -> str:
    """``packed`` or ``dense``."""
    if method != "rtn" or params.get("grid", "sym-full") != "sym-full":
        return "dense"
    return "packed" if params["bits"] in PACKED.get((backend, device), ()) else "dense"
