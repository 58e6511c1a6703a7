"""What serves what: the support matrix as data, and the stored form a recipe gets because of it.

CPU rows were measured with vLLM 0.32 and are tested (tests/compress/test_compress_serving.py); GPU rows were
read in the source of vLLM 0.33 and never run by us. A combination that is refused is refused before anything
is built, with what to do instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from acbench.compress.registry import METHODS
from acbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

Form = Literal["dense", "packed", "int8", "fp8", "fp8-weights", "gptq", "awq"]
"""``packed``, ``int8``, ``fp8``: the pack-, int- and float-quantized formats of compressed-tensors. The 8-bit forms
round activations per token while serving; ``fp8-weights`` does not."""

TESTED_VLLM = ("0.32", "0.33")
"""The versions the rows hold for: CPU, GPU."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a checkpoint stores. ``reordered``: columns of the groups are permuted (act-order with ``desc_act``)."""

    form: Form
    bits: int = 16
    symmetric: bool = True
    group: int = 128
    reordered: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix; ``None`` matches anything. ``why``: what the engine says, and the alternative."""

    backend: str
    device: str
    form: Form
    served: bool
    bits: tuple[int, ...] | None = None
    symmetric: bool | None = None
    reordered: bool | None = None
    why: str = ""

    def matches(self, backend: str, device: str, scheme: Scheme) -> bool:
        return (
            self.backend == backend
            and self.device in (device, "any")
            and self.form == scheme.form
            and (self.bits is None or scheme.bits in self.bits)
            and self.symmetric in (None, scheme.symmetric)
            and self.reordered in (None, scheme.reordered)
        )


_DENSE = "; leave `format` out: the dequantized weights are then served"
_REORDER = 'serving engines refuse reordered groups; use order = "static" (GPTQ) or desc_act = false'

MATRIX: tuple[Row, ...] = (
    Row("vllm", "any", "dense", served=True),
    # CPU: only 4-bit kernels
    Row("vllm", "cpu", "packed", served=False, reordered=True, why=_REORDER),
    Row("vllm", "cpu", "packed", served=True, bits=(4,)),
    Row(
        "vllm",
        "cpu",
        "packed",
        served=False,
        why="no CPU kernel for packed weights of other widths than 4 bits" + _DENSE,
    ),
    Row("vllm", "cpu", "int8", served=True),
    Row("vllm", "cpu", "fp8", served=True),
    Row(
        "vllm",
        "cpu",
        "fp8-weights",
        served=False,
        why="no CPU kernel for FP8 weights with 16-bit activations; use method fp8",
    ),
    Row("vllm", "cpu", "awq", served=True, bits=(4,), symmetric=False),
    Row("vllm", "cpu", "gptq", served=False, reordered=True, why=_REORDER),
    Row("vllm", "cpu", "gptq", served=True, bits=(4,), symmetric=True),
    Row(
        "vllm",
        "cpu",
        "gptq",
        served=False,
        why="the GPTQ format is served with 4-bit symmetric weights only on a CPU; build it in-house "
        "(the dequantized weights are then served) or use bits = 4, symmetric = true",
    ),
    # GPU: read in the source, never run by us
    Row("vllm", "gpu", "packed", served=False, reordered=True, why=_REORDER),
    Row("vllm", "gpu", "packed", served=True, bits=(4, 8)),
    Row(
        "vllm",
        "gpu",
        "packed",
        served=False,
        why="2- and 3-bit kernels need a package of their own and were never tried" + _DENSE,
    ),
    Row("vllm", "gpu", "int8", served=True),
    Row("vllm", "gpu", "fp8", served=True),
    Row("vllm", "gpu", "fp8-weights", served=True),
    Row("vllm", "gpu", "awq", served=True, bits=(4,)),
    Row("vllm", "gpu", "gptq", served=False, reordered=True, why=_REORDER),
    Row("vllm", "gpu", "gptq", served=True, bits=(4, 8), symmetric=True),
    Row(
        "vllm",
        "gpu",
        "gptq",
        served=False,
        why="the GPTQ format is served with 4 or 8 bits, symmetric; build it in-house with symmetric = true",
    ),
    # transformers: reads compressed-tensors by itself, other formats need more packages
    Row("transformers", "any", "dense", served=True),
    Row("transformers", "any", "int8", served=True),
    Row("transformers", "any", "fp8", served=True),
    Row("transformers", "any", "fp8-weights", served=True),
    Row("transformers", "any", "packed", served=True, bits=(4, 8)),
    Row(
        "transformers",
        "any",
        "packed",
        served=False,
        why="compressed-tensors 0.17 reads 3-bit words differently" + _DENSE,
    ),
    Row(
        "transformers",
        "any",
        "gptq",
        served=False,
        why="transformers needs gptqmodel and optimum for the GPTQ format; serve it with vLLM",
    ),
    Row(
        "transformers",
        "any",
        "awq",
        served=False,
        why="transformers needs gptqmodel for the AWQ format; serve it with vLLM",
    ),
)

KV_REFUSED: Mapping[str, str] = dict.fromkeys(
    ("int8_per_token_head", "fp8_per_token_head", "int4_per_token_head", "turboquant_4bit_nc"),
    "accepted by vLLM 0.32 on a CPU without an error, and serves garbage (measured); use fp8 or fp8_e5m2",
)
ONLINE_REFUSED: Mapping[str, str] = {
    "fp8": "the CPU build lacks the kernel; use a recipe with method fp8",
    "int8_per_channel_weight_only": "accepted and ignored for dense models: results equal the base model's",
}
"""``quantization`` of the engine's own, on a CPU."""

UNCHECKED = ("openai", "fake")
"""Back-ends that are asked, not loaded."""


def find(backend: str, device: str, scheme: Scheme) -> Row:
    """The first row that matches; raises ConfigError for a form nobody ever tried."""
    for row in MATRIX:
        if row.matches(backend, device, scheme):
            return row
    raise ConfigError(f"nothing is known about serving {scheme.form} with {backend} on a {device}")


def wanted_scheme(method: str, params: Mapping[str, Any]) -> Scheme:
    """The form a recipe would have where everything is served."""
    merged = {**METHODS[method].defaults, **params}
    if method in ("smoothquant", "int8"):
        return Scheme("int8", 8)
    if method == "fp8":
        return Scheme("fp8", 8)
    if "bits" not in merged or merged.get("grid", "sym-full") != "sym-full":
        return Scheme("dense")
    form: Form = merged["format"] if merged.get("format") in ("gptq", "awq") else "packed"
    return Scheme(form, merged["bits"], merged.get("symmetric", True), merged.get("group_size", 128))


def stored_form(method: str, params: Mapping[str, Any], *, backend: str, device: str) -> str:
    """The form a recipe of ours is stored in for a back-end and device.

    Weight-only integer schemes without a kernel are stored dense, as dequantized weights: quality is exact to
    rounding, and nothing may be claimed about memory or speed. Raises ConfigError when the recipe
    asks for a format that is not served, or rounds activations where no engine does.
    """
    scheme = wanted_scheme(method, params)
    if backend in UNCHECKED:
        backend = "vllm"
    if backend == "transformers" and scheme.form == "packed" and "format" not in params:
        return "dense"  # the reference engine: exact weights without unpacking them in every forward pass
    if scheme.form == "awq" and (scheme.symmetric or scheme.bits != 4):
        raise ConfigError(
            f"{method}: the AWQ format holds 4-bit weights with zero points (symmetric = false)"
        )
    row = find(backend, device, scheme)
    if row.served:
        return scheme.form
    if "format" not in params and scheme.form == "packed":
        return "dense"
    raise ConfigError(f"{method} as {scheme.form}, {scheme.bits} bits, on {backend} ({device}): {row.why}")


def scheme_of(quantization: Mapping[str, Any]) -> Scheme:
    """What a ``quantization_config`` says a checkpoint stores. Raises ConfigError for one nobody ever tried."""
    method = quantization.get("quant_method")
    if not quantization:
        return Scheme("dense")
    if method in ("gptq", "awq"):
        group = int(quantization.get("group_size", 128))
        return Scheme(
            "gptq" if method == "gptq" else "awq",
            int(quantization.get("bits", 4)),
            bool(quantization.get("sym", True))
            if method == "gptq"
            else not quantization.get("zero_point", True),
            group,
            reordered=bool(quantization.get("desc_act", False)) and group != -1,
        )
    if method != "compressed-tensors":
        raise ConfigError(
            f"checkpoints of quantization method {method!r} were never tried; known: compressed-tensors, gptq, awq"
        )
    if (quantization.get("sparsity_config") or {}).get("targets"):
        raise ConfigError(
            "sparse formats (sparsity_config) are no longer served by vLLM; save the pruned weights dense"
        )
    groups = quantization.get("config_groups") or {}
    if not groups:
        return Scheme("dense")
    first = next(iter(groups.values()))
    weights = first.get("weights") or {}
    bits, symmetric = int(weights.get("num_bits", 16)), bool(weights.get("symmetric", True))
    rounds = first.get("input_activations") is not None
    if weights.get("type") == "float":
        return Scheme("fp8" if rounds else "fp8-weights", bits)
    if rounds and bits == 8:
        return Scheme("int8", bits)
    return Scheme(
        "packed",
        bits,
        symmetric,
        int(weights.get("group_size") or -1),
        reordered=weights.get("actorder") in ("group", True),
    )


def check_checkpoint(quantization: Mapping[str, Any], *, backend: str, device: str, what: str) -> None:
    """Raises ConfigError when a finished checkpoint is one the engine refuses or would serve wrongly."""
    if backend in UNCHECKED:
        return
    try:
        row = find(backend, device, scheme_of(quantization))
    except ConfigError as error:
        raise ConfigError(f"{what}: {error}") from error
    if not row.served:
        raise ConfigError(f"{what}: not served by {backend} on this device ({device}): {row.why}")


def check_engine(engine: Mapping[str, Any], *, device: str, what: str) -> None:
    """Raises ConfigError for engine settings that are known to serve garbage or nothing on a CPU."""
    if engine.get("backend", "vllm") != "vllm" or device != "cpu":
        return
    extra = engine.get("extra") or {}
    for key, value, refused in (
        ("kv_cache_dtype", engine.get("kv_cache_dtype"), KV_REFUSED),
        ("extra.quantization", extra.get("quantization"), ONLINE_REFUSED),
    ):
        if isinstance(value, str) and value in refused:
            raise ConfigError(f"{what}: engine.{key} = {value!r}: {refused[value]}")
