"""Tiny model folders, written byte by byte: the safetensors format needs no library to write."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import acbench

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch

CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64}
REPOSITORY = Path(acbench.__file__).parent.parent


def child_env(**changes: str) -> dict[str, str]:
    """The environment of a Python process that can import ``acbench``."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **changes}


def write_safetensors(file: Path, tensors: Mapping[str, tuple[str, tuple[int, ...], bytes]]) -> Path:
    """8 bytes of header length, the JSON header, the data: ``name -> (dtype, shape, bytes)``."""
    table: dict[str, Any] = {}
    data = b""
    for name, (dtype, shape, content) in tensors.items():
        offsets = [len(data), len(data) + len(content)]
        table[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
        data += content
    head = json.dumps(table).encode()
    file.write_bytes(struct.pack("<Q", len(head)) + head + data)
    return file


def plain_model(folder: Path, weights: bytes = bytes(range(8))) -> Path:
    """A folder that passes the checks: config.json and one small weight file. No torch needed."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    write_safetensors(folder / "model.safetensors", {"a.weight": ("U8", (len(weights),), weights)})
    return folder


def llama_weights(
    *, hidden: int = 64, inner: int = 128, layers: int = 2, tied: bool = True, seed: int = 0
) -> dict[str, torch.Tensor]:
    """Random bf16 weights under the names of a Llama checkpoint."""
    import torch

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> torch.Tensor:
        return (torch.randn(*shape, generator=generator) * 0.05).to(torch.bfloat16)

    weights = {"model.embed_tokens.weight": random(100, hidden), "model.norm.weight": random(hidden)}
    if not tied:
        weights["lm_head.weight"] = random(100, hidden)
    for layer in range(layers):
        stem = f"model.layers.{layer}."
        for name in ("q", "k", "v", "o"):
            weights[f"{stem}self_attn.{name}_proj.weight"] = random(hidden, hidden)
        weights[f"{stem}mlp.gate_proj.weight"] = random(inner, hidden)
        weights[f"{stem}mlp.up_proj.weight"] = random(inner, hidden)
        weights[f"{stem}mlp.down_proj.weight"] = random(hidden, inner)
        weights[f"{stem}input_layernorm.weight"] = random(hidden)
    return weights


def llama_folder(
    folder: Path,
    weights: Mapping[str, torch.Tensor],
    *,
    shard_of: Callable[[str], int] | None = None,
) -> Path:
    """A model folder with these weights; with ``shard_of`` in several files and an index."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>"}))
    (folder / "pytorch_model.bin").write_bytes(b"pickled weights are never copied")
    if shard_of is None:
        save_file(dict(weights), str(folder / "model.safetensors"), metadata={"format": "pt"})
        return folder
    weight_map = {name: f"model-{shard_of(name):05d}.safetensors" for name in weights}
    for file in sorted(set(weight_map.values())):
        part = {name: weights[name] for name in weights if weight_map[name] == file}
        save_file(part, str(folder / file), metadata={"format": "pt"})
    index = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def read_folder(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a folder, whatever its files are called."""
    from safetensors.torch import load_file

    return {name: t for file in sorted(folder.glob("*.safetensors")) for name, t in load_file(file).items()}
