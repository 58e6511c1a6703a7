"""How much memory a calibrated build of ours needs, before it starts (specification, section 9, trap 10)."""

from __future__ import annotations

import re
import resource
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.memory import available_mib
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FACTORIZED = 3
"""Copies of the widest Gram matrix while it is damped, reordered and inverted."""


def estimate_bytes(
    *, samples: int, length: int, hidden: int, widths: Sequence[int], block: int, outer: int
) -> int:
    """Peak memory in bytes: hidden states, Gram matrices (with copies to factorize), one block twice, embedding.

    ``widths``: columns of every input that has a Gram matrix; ``block`` and ``outer``: numbers in a block
    and in the embedding.
    """
    gram = 4 * sum(width * width for width in widths)
    gram += FACTORIZED * 4 * max(widths, default=0) ** 2
    return 4 * samples * length * hidden + gram + 2 * 4 * block + 4 * outer


def check_memory(
    samples: int, length: int, shapes: Iterable[tuple[int, int]], inputs: Sequence[int], config: Any
) -> None:
    """Refuses with the estimate before anything is computed when the machine has not that much memory left.

    ``shapes`` of a block's linear layers; ``inputs``: widths of those inputs that get a Gram matrix.
    """
    hidden = int(config.hidden_size)
    block = sum(rows * columns for rows, columns in shapes)
    needed = (
        estimate_bytes(
            samples=samples,
            length=length,
            hidden=hidden,
            widths=inputs,
            block=block,
            outer=int(config.vocab_size) * hidden,
        )
        >> 20
    )
    free = available_mib(_meminfo())
    if free is not None and needed > free:
        raise CompressionError(
            f"calibrating with {samples} x {length} tokens needs about {needed} MiB, {free} MiB are available; "
            "take fewer or shorter samples (calibration = { samples = ..., length = ... })"
        )


def _meminfo() -> str:
    try:
        return Path("/proc/meminfo").read_text()
    except OSError:
        return ""  # not Linux: nothing is known


def peak_memory_mib() -> int:
    """The most memory this process ever had. Not ``ru_maxrss`` where possible: a child begins with its parent's."""
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
