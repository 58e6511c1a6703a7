"""The linear weights inside the decoder blocks, from the headers of a model folder; no weights are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from acbench.safetensors_check import header, shards

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IN_BLOCK = re.compile(r"\.(layers|h|blocks)\.\d+\.")
ROUTER = re.compile(r"(\.gate|router|\.gate_proj_router)\.weight$")


def is_linear(name: str, shape: Sequence[int]) -> bool:
    """Every linear weight inside the decoder blocks; never embeddings, head, norms or routers.

    The rule of ``acbench.compress.worker``, which cannot be imported where only the standard library is sure.
    """
    return (
        name.endswith(".weight")
        and len(shape) == 2
        and IN_BLOCK.search(name) is not None
        and ROUTER.search(name) is None
    )


def linear_shapes(folder: Path) -> dict[str, tuple[int, int]]:
    """Name -> [rows, columns] of the weights that a method is expected to compress."""
    found: dict[str, tuple[int, int]] = {}
    for file in shards(folder):
        for name, entry in header(file).items():
            if name != "__metadata__" and is_linear(name, entry["shape"]):
                rows, columns = entry["shape"]
                found[name] = (int(rows), int(columns))
    return found
