"""How much memory a library will need, before it starts (specification of compression, section 9, trap 10)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from acbench.errors import CompressionError
from acbench.safetensors_check import header, shards

if TYPE_CHECKING:
    from pathlib import Path

LIBRARIES_MIB = 1200
"""An interpreter with torch, transformers and a compression library imported."""
COPIES = 2
"""Hidden states of all samples: inputs and outputs of the block at work."""
WIDE = 4
"""Tensors of the MLP's inner width that exist at once in a library that runs all samples together."""


def needed_mib(
    model: Path, *, samples: int, length: int, element: int = 4, hessians: int = 4, together: bool = False
) -> int:
    """Estimated peak of a calibrated build in MiB: weights, hidden states, Hessians, one block's activations.

    ``element`` is the bytes of a number while computing, ``hessians`` how many of the widest input exist at
    once, ``together`` whether all samples run through a block in one batch.
    """
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config = config.get("text_config", config)
    hidden = int(config.get("hidden_size", 0))
    inner = int(config.get("intermediate_size", 4 * hidden))
    stored = sum(file.stat().st_size for file in shards(model))
    narrow = any(
        "16" in str(entry.get("dtype")) for name, entry in header(shards(model)[0]).items() if name[0] != "_"
    )
    weights = stored * element // 2 if narrow else stored
    tokens = samples * length
    states = COPIES * tokens * hidden * element
    active = WIDE * (tokens if together else length) * inner * element
    return LIBRARIES_MIB + (weights + states + active + hessians * 4 * max(hidden, inner) ** 2 >> 20)


def available_mib(meminfo: str) -> int | None:
    """MemAvailable of the text of ``/proc/meminfo``; None where there is none."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.MULTILINE)
    return int(found[1]) >> 10 if found else None


def check_memory(needed: int, available: int | None, *, samples: int, length: int) -> str:
    """A note with the estimate; raises CompressionError with it when the machine has less."""
    if available is not None and needed > available:
        raise CompressionError(
            f"this build needs about {needed} MiB of memory ({samples} samples of {length} tokens), {available} MiB "
            "are available; draw fewer or shorter calibration samples"
        )
    return f"memory estimated at {needed} MiB"
