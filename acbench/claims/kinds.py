"""What a recipe is to the claims: four-bit quantization, 50 % or 2:4 pruning, or something no claim is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.pairs import METHOD as PAIR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.config import Catalogue
    from acbench.records import CaseResult

GROUPED = ("rtn", "awq", "gptq")
"""Methods that round weights in groups, to the number of bits of the recipe."""
EIGHT_BIT = ("int8", "fp8", "smoothquant")
PRUNING = ("magnitude", "wanda", "sparsegpt")
_BITS = re.compile(r"(?:^|-)w(\d+)")
_SIZE = re.compile(r"[-_.]?\d+(?:\.\d+)?[bm]\b.*$")


@dataclass(frozen=True, slots=True)
class Variant:
    """A compressed model. ``bits``: of a quantized weight, 16 elsewhere; ``pattern``: ``50``, ``2:4`` or empty;
    ``seed``: of its calibration draw; ``billions``: parameters of the base model; ``bytes``: as stored."""

    model: str
    compression: str
    method: str
    bits: int = 16
    pattern: str = ""
    seed: int | None = None
    billions: float | None = None
    bytes: int | None = None
    base_bytes: int | None = None

    @property
    def title(self) -> str:
        return f"{self.model}, {self.compression}"

    @property
    def four_bit(self) -> bool:
        return self.method in GROUPED and self.bits == 4

    @property
    def quantized(self) -> bool:
        return self.method in (*GROUPED, *EIGHT_BIT)

    @property
    def pruned_half(self) -> bool:
        """Half of the weights are zero: the paper's 50 % and 2:4."""
        return self.method in PRUNING and self.pattern in ("50", "2:4")

    @property
    def pair(self) -> bool:
        """Another model (a distilled one) in the place of a compressed one."""
        return self.method == PAIR


def variant_of(result: CaseResult, catalogue: Catalogue) -> Variant:
    """Reads it from the catalogue's recipe; for a recipe that is not there from its name and its checkpoint."""
    recipe = catalogue.recipes.get(result.compression)
    params: Mapping[str, Any] = recipe.params if recipe else {}
    model = catalogue.models.get(result.model)
    facts = result.checkpoint
    base_bytes = _whole(facts.get("base_bytes"))
    billions = model.parameters_b if model else None
    if billions is None and base_bytes:
        billions = base_bytes / 2 / 1e9  # two bytes a weight
    calibration = facts.get("calibration") or {}
    return Variant(
        model=result.model,
        compression=result.compression,
        method=result.method,
        bits=_bits(result, params),
        pattern=_pattern(result, params),
        seed=_whole(calibration.get("seed")),
        billions=billions,
        bytes=_whole(facts.get("bytes")),
        base_bytes=base_bytes,
    )


def family_of(model: str) -> str:
    """The name without its size: ``qwen2.5`` for ``qwen2.5-7b``."""
    return _SIZE.sub("", model)


def _bits(result: CaseResult, params: Mapping[str, Any]) -> int:
    if result.method in EIGHT_BIT:
        return 8
    if result.method not in GROUPED:
        return 16
    if "bits" in params:
        return int(params["bits"])
    named = _BITS.search(result.compression)
    if named:
        return int(named[1])
    stored = result.checkpoint.get("bits_per_weight")  # scales come on top: 4.25 is four bits
    return int(stored) if isinstance(stored, int | float) else 16


def _pattern(result: CaseResult, params: Mapping[str, Any]) -> str:
    if result.method not in PRUNING:
        return ""
    if "2of4" in result.compression or params.get("pattern") == "2:4":
        return "2:4"
    sparsity = params.get("sparsity", result.checkpoint.get("sparsity"))
    half = isinstance(sparsity, int | float) and abs(float(sparsity) - 0.5) < 0.02
    return "50" if half else ""


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
