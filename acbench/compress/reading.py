"""Reads a checkpoint folder tensor by tensor, compressed linear layers as their dequantized weights.

Understands what this project and the libraries of the field write: dense, compressed-tensors
(pack-, int-, float- and naively quantized), GPTQ (both conventions for zero points) and AWQ GEMM.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from acbench.compress.packing import unpack, unpack_awq
from acbench.errors import ModelError
from acbench.safetensors_check import header, shards

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import torch

PACKED = ("weight_packed", "qweight")


class WeightReader:
    """The tensors of a folder by the names of the uncompressed model. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        self.folder = folder
        self.quantization: dict[str, Any] = config.get("quantization_config") or config.get(
            "compression_config", {}
        )
        self._place: dict[str, Path] = {
            name: file for file in shards(folder) for name in header(file) if name != "__metadata__"
        }
        self._files: dict[Path, Any] = {}
        self._stack = ExitStack()
        self.names = {_plain(name) for name in self._place if not _is_part(name)}
        """Names of the weights as an uncompressed checkpoint has them."""

    def __enter__(self) -> WeightReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Closes the files; they are opened again when needed. Gives the mapped memory back."""
        self._stack.close()
        self._files.clear()

    def stored(self, name: str) -> torch.Tensor:
        """A tensor as it is stored."""
        found: torch.Tensor = self._file(name).get_tensor(name)
        return found

    def rows(self, name: str, start: int, stop: int) -> torch.Tensor:
        """Rows of a weight in float32; of a dense one nothing else is read."""
        if self.is_compressed(name):
            return self.weight(name)[start:stop].float()
        found: torch.Tensor = self._file(name).get_slice(name)[start:stop].float()
        return found

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a weight as the uncompressed model has it."""
        if self.is_compressed(name):
            return tuple(self.weight(name).shape)
        return tuple(self._file(name).get_slice(name).get_shape())

    def _file(self, name: str) -> Any:
        from safetensors import safe_open

        file = self._place[name]
        if file not in self._files:
            self._files[file] = self._stack.enter_context(safe_open(str(file), framework="pt"))
        return self._files[file]

    def is_compressed(self, name: str) -> bool:
        """Whether the weight ``name`` is stored in fewer bits than 16."""
        stem = name.removesuffix("weight")
        return any(stem + part in self._place for part in (*PACKED, "weight_scale"))

    def weight(self, name: str) -> torch.Tensor:
        """A tensor; a compressed weight dequantized to float32. Raises ModelError naming what is missing."""
        stem = name.removesuffix("weight")
        if stem + "weight_packed" in self._place:
            return self._compressed_tensors(stem)
        if stem + "qweight" in self._place:
            return self._awq(stem) if self.quantization.get("quant_method") == "awq" else self._gptq(stem)
        if name not in self._place:
            raise ModelError(f"{self.folder}: no tensor {name!r}, which the model's code needs")
        values = self.stored(name)
        if stem + "weight_scale" not in self._place:
            return values
        values, columns = values.float(), values.shape[1]
        if stem + "weight_zero_point" in self._place:
            values -= _spread(self.stored(stem + "weight_zero_point"), columns)
        return values * _spread(self.stored(stem + "weight_scale"), columns)

    def _compressed_tensors(self, stem: str) -> torch.Tensor:
        rows, columns = (int(x) for x in self.stored(stem + "weight_shape"))
        scheme = next(iter(self.quantization["config_groups"].values()))["weights"]
        bits = int(scheme["num_bits"])
        codes = unpack(self.stored(stem + "weight_packed"), bits, columns).float()
        if stem + "weight_zero_point" in self._place:  # packed along the rows
            packed = self.stored(stem + "weight_zero_point").t().contiguous()
            codes -= _spread(unpack(packed, bits, rows).t(), columns)
        else:
            codes -= 2 ** (bits - 1)
        return codes * _spread(self.stored(stem + "weight_scale"), columns)

    def _gptq(self, stem: str) -> torch.Tensor:
        bits = int(self.quantization["bits"])
        older = self.quantization.get("checkpoint_format", "gptq") != "gptq_v2"
        scales = self.stored(stem + "scales").float()  # [groups, O]
        words = self.stored(stem + "qweight")
        columns = words.shape[0] * 32 // bits
        codes = unpack(words.t().contiguous(), bits, columns).float()  # [O, I]
        zeros = unpack(self.stored(stem + "qzeros"), bits, scales.shape[1]).float() + (1 if older else 0)
        group = self.stored(stem + "g_idx").long()
        return (codes - zeros.t()[:, group]) * scales.t()[:, group]

    def _awq(self, stem: str) -> torch.Tensor:
        codes = unpack_awq(self.stored(stem + "qweight")).float()  # [I, O]
        zeros = unpack_awq(self.stored(stem + "qzeros")).float()  # [groups, O]
        scales = self.stored(stem + "scales").float()
        group = codes.shape[0] // scales.shape[0]
        spread = [t.repeat_interleave(group, dim=0) for t in (zeros, scales)]
        return ((codes - spread[0]) * spread[1]).t().contiguous()


def activation_rounding(quantization: dict[str, Any]) -> str | None:
    """``int8`` or ``fp8`` when activations are rounded per token while serving, else None."""
    for group in (quantization.get("config_groups") or {}).values():
        scheme = group.get("input_activations")
        if scheme:
            return "fp8" if scheme.get("type") == "float" else "int8"
    return None


PARTS = (
    "weight_scale",
    "weight_shape",
    "weight_zero_point",
    "weight_g_idx",
    "qzeros",
    "scales",
    "g_idx",
    "input_scale",
)


def _is_part(name: str) -> bool:
    return name.rpartition(".")[2] in PARTS


def _plain(name: str) -> str:
    stem, _, last = name.rpartition(".")
    return f"{stem}.weight" if last in PACKED else name


def _spread(values: torch.Tensor, columns: int) -> torch.Tensor:
    """Scales or zero points as float32, one for each of ``columns``, or broadcast over a row or the matrix.

    ``values``: [O, groups], [O, 1], [O] or one number.
    """
    values = values.float()
    values = values.reshape(values.shape[0], -1) if values.dim() else values
    if values.dim() == 2 and values.shape[1] > 1:
        return values.repeat_interleave(columns // values.shape[1], dim=1)
    return values
