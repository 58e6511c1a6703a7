"""Facts of a build, summed over its weights; what ``acbench.json`` says."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acbench.compress.memory import peak_memory_mib
from acbench.environment import package_version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from acbench.compress.protocol import Layer

IN_BLOCK = re.compile(r"\.(layers|h|blocks)\.\d+\.")
ROUTER = re.compile(r"(\.gate|router|\.gate_proj_router)\.weight$")
VERSIONED = ("torch", "transformers", "safetensors", "compressed-tensors")


def is_linear(name: str, shape: list[int] | tuple[int, ...]) -> bool:
    """Every linear weight inside the decoder blocks; never embeddings, head, norms or MoE routers."""
    return (
        name.endswith(".weight")
        and len(shape) == 2
        and IN_BLOCK.search(name) is not None
        and ROUTER.search(name) is None
    )


@dataclass
class Tally:
    """Sums over the weights, and the time the build began."""

    touched: int = 0
    bit_sum: float = 0.0
    elements: int = 0
    zeros: int = 0
    per_layer: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, name: str, elements: int, layer: Layer) -> None:
        self.touched += 1
        self.bit_sum += layer.bits * elements
        self.elements += elements
        self.zeros += layer.zeros
        self.per_layer[name] = {"error": round(layer.error, 8), "sparsity": round(layer.zeros / elements, 6)}
        self.notes.extend(layer.notes)

    def facts(self, request: Mapping[str, Any], out: Path, *, base_bytes: int) -> dict[str, Any]:
        """The content of ``acbench.json``. ``cpu_seconds`` and ``peak_memory_mib`` are the job process's own."""
        return {
            "schema": 1,
            "label": request["label"],
            "recipe": request["recipe"],
            "method": request["method"],
            "params": dict(request["params"]),
            "served_as": request["served_as"],
            "calibration": _without_path(request.get("calibration")),
            "versions": {name: package_version(name) for name in VERSIONED},
            "touched": self.touched,
            "bits_per_weight": round(self.bit_sum / self.elements, 4),
            "sparsity": round(self.zeros / self.elements, 6),
            "per_layer": self.per_layer,
            "notes": self.notes,
            "bytes": sum(file.stat().st_size for file in out.glob("*.safetensors")),
            "base_bytes": base_bytes,
            "seconds": round(time.monotonic() - self.began, 3),
            "cpu_seconds": round(time.process_time(), 3),
            "peak_memory_mib": peak_memory_mib(),
        }


def _without_path(calibration: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A folder is copied out of the store: it names the calibration set by its hash, not by a place here."""
    if not calibration:
        return None
    return {key: value for key, value in calibration.items() if key != "path"}
