"""From a library's folder to a servable one: names, dtypes, config for every reader, tokenizer, facts."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acbench.compress.backends.dialect import for_all
from acbench.compress.backends.measuring import Measured, measure
from acbench.compress.reading import PARTS, WeightReader, activation_rounding
from acbench.errors import CompressionError
from acbench.safetensors_check import header, shards

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import torch

NOT_COPIED = (".safetensors", ".bin", ".gguf", ".pth", ".pt")
OWN_FILES = ("acbench.json", "config.json", "model.safetensors.index.json")
PATHS = ("model_name_or_path", "model_file_base_name")
"""Fields of a library's quantization config that name folders of the machine it ran on."""
HEAD, SHOWN = "lm_head.weight", 8


@dataclass(frozen=True, slots=True)
class Report:
    """``form``: the quantization method that config.json names, or dense; ``served_as``: the same in the words of
    the support matrix (packed, int8, fp8, gptq, awq, dense)."""

    form: str
    served_as: str
    facts: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)


def finish(base: Path, raw: Path, out: Path, *, dense: bool, smoothed: bool) -> Report:
    """Turns the library's folder ``raw`` into a servable one in ``out``.

    ``dense`` stores the dequantized weights instead of the library's form, for engines without a kernel.
    Raises CompressionError when nothing was compressed, or when what was cannot be stored as asked.
    """
    quantization = quantization_config(raw)
    if dense and quantization and activation_rounding(quantization):
        raise CompressionError(
            "activations are rounded while serving in this checkpoint; dense weights cannot say so: serve it packed"
        )
    _write_weights(base, raw, out, dense=dense)
    copy_small_files(base, out)
    config = for_all(json.loads((base / "config.json").read_text(encoding="utf-8")))
    config.pop("quantization_config", None)
    if quantization and not dense:
        config["quantization_config"] = quantization
    write_json(out / "config.json", config)
    measured = measure(base, raw if dense else out, smoothed=smoothed)
    notes = _coverage(measured)
    if dense and quantization:
        notes.append("stored as dequantized dense weights: quality is exact, memory and speed say nothing")
    form = "dense" if dense or not quantization else str(quantization["quant_method"])
    facts = {
        "touched": measured.touched,
        "bits_per_weight": round(measured.bits / measured.elements, 4),
        "sparsity": round(measured.zeros / measured.elements, 6),
        "per_layer": measured.per_layer,
        "bytes": sum(file.stat().st_size for file in out.glob("*.safetensors")),
        "base_bytes": sum(file.stat().st_size for file in shards(base)),
    }
    return Report(form, served_as(None if dense else quantization), facts, notes)


FORMATS = {"pack-quantized": "packed", "int-quantized": "int8", "float-quantized": "fp8"}


def served_as(quantization: Mapping[str, Any] | None) -> str:
    """The form that was stored, whatever was asked for: a user's recipe may hold anything.

    Formats of compressed-tensors that the matrix has no word for keep their own name.
    """
    if not quantization:
        return "dense"
    method = str(quantization["quant_method"])
    if method != "compressed-tensors":
        return method
    name = str(quantization.get("format", method))
    if name == "float-quantized" and activation_rounding(dict(quantization)) is None:
        return "fp8-weights"
    return FORMATS.get(name, name)


def _coverage(measured: Measured) -> list[str]:
    notes = []
    for what, names in (
        ("left as they were by the library", measured.untouched),
        ("stored under other names, not measured", measured.without),
    ):
        if names:
            total = measured.touched + len(measured.untouched) + len(measured.without)
            more = ", ..." if len(names) > SHOWN else ""
            notes.append(f"{len(names)} of {total} linear weights {what}: {', '.join(names[:SHOWN])}{more}")
    return notes


def quantization_config(raw: Path) -> dict[str, Any] | None:
    """What the library says of its form, without the folders it names, and with the order as it is stored.

    A library that quantized in static order declares ``desc_act``, which engines refuse, although every group
    holds its own columns; the stored ``g_idx`` decides.
    """
    found = json.loads((raw / "config.json").read_text(encoding="utf-8")).get("quantization_config")
    if not found:
        return None
    config = {key: value for key, value in found.items() if key not in PATHS}
    if isinstance(config.get("meta"), dict):
        config["meta"] = {key: value for key, value in config["meta"].items() if not key.endswith("_path")}
    if config.get("quant_method") == "gptq":
        config.setdefault("checkpoint_format", "gptq")
        config.setdefault("lm_head", False)
        config["desc_act"] = not _in_order(raw)
    return config


def _in_order(raw: Path) -> bool:
    """Whether every ``g_idx`` rises by one from group to group."""
    with WeightReader(raw) as reader:
        for file in shards(raw):
            for name in header(file):
                if name.endswith(".g_idx"):
                    index = reader.stored(name).long()
                    if bool((index[1:] < index[:-1]).any()):
                        return False
    return True


def _write_weights(base: Path, raw: Path, out: Path, *, dense: bool) -> None:
    """Weight files under the names every reader expects; one file of the library's in memory at a time."""
    from safetensors.torch import save_file

    files = shards(raw)
    index: dict[str, str] = {}
    with WeightReader(base) as before, WeightReader(raw) as after:
        for number, file in enumerate(files, 1):
            name = (
                "model.safetensors"
                if len(files) == 1
                else f"model-{number:05d}-of-{len(files):05d}.safetensors"
            )
            names = [key for key in header(file) if key != "__metadata__"]
            tensors = _kept(names, before, after, dense=dense)
            save_file(tensors, str(out / name), metadata={"format": "pt"})
            index |= dict.fromkeys(tensors, name)
    if len(files) > 1:
        total = sum(file.stat().st_size for file in out.glob("*.safetensors"))
        write_json(
            out / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": index}
        )


def _kept(
    names: Iterable[str], before: WeightReader, after: WeightReader, *, dense: bool
) -> dict[str, torch.Tensor]:
    import torch

    tensors: dict[str, torch.Tensor] = {}
    for name in names:
        stem, dot, last = name.rpartition(".")
        plain = f"{stem}{dot}weight"
        if after.is_compressed(plain) and last != "bias":
            if not dense:
                value = after.stored(name)
                half = (
                    last == "scales" and value.dtype == torch.float32
                )  # computed in float32, defined as fp16
                tensors[name] = (value.half() if half else value).contiguous()
            elif plain not in tensors and last not in PARTS:
                dtype = before.stored(plain).dtype if plain in before.names else torch.bfloat16
                tensors[plain] = after.weight(plain).to(dtype).contiguous()
            continue
        value = after.stored(name)
        if name not in before.names:
            if name == HEAD or (last == "bias" and not bool(value.any())):
                continue  # a second copy of tied embeddings; a bias of zeros that the model does not have
        elif value.is_floating_point():
            value = value.to(before.stored(name).dtype)  # libraries compute in other dtypes than the model's
        tensors[name] = value.contiguous()
    return tensors


def copy_small_files(base: Path, out: Path) -> None:
    """Tokenizer, chat template and generation settings of the base, as they are."""
    for file in sorted(base.iterdir()):
        wanted = file.is_file() and file.suffix not in NOT_COPIED and not file.name.startswith(".")
        if wanted and file.name not in OWN_FILES:
            shutil.copy2(file, out / file.name)


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
