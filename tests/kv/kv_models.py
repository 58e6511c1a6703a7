"""Tiny random models of three families, and a full run in which chosen tokens are hidden from later queries."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from tiny_bench import write_tokenizer
from transformers import AttentionInterface, LlamaConfig, MistralConfig, Qwen2Config, set_seed
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from acbench.kv.session import ATTENTION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGS = {"llama": LlamaConfig, "qwen2": Qwen2Config, "mistral": MistralConfig}
FAMILIES = tuple(CONFIGS)
LAYERS, KV_HEADS, HEAD_SIZE = 3, 2, 16
SHAPE = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": KV_HEADS,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,  # large enough for attention that is not uniform
    "bos_token_id": 0,
    "eos_token_id": 1,
}


@cache
def model(family: str, **changes: Any) -> Any:
    """3 layers, 4 query and 2 KV heads of size 16, float32, without sliding windows unless asked for."""
    torch.set_num_threads(1)
    set_seed(0)
    plain: dict[str, Any] = {"sliding_window": None} if family == "mistral" else {}
    config = CONFIGS[family](**{**SHAPE, **plain, **changes})
    made = AutoModelForCausalLM.from_config(config, attn_implementation=ATTENTION).eval()
    made.generation_config.eos_token_id = None  # answers of full length
    return made


def folder_of(family: str, folder: Path) -> Path:
    """The model as a checkpoint with a tokenizer."""
    made = model(family)
    made.save_pretrained(str(folder))
    config = json.loads((folder / "generation_config.json").read_text()) | {"eos_token_id": 1}
    (folder / "generation_config.json").write_text(json.dumps(config))
    write_tokenizer(folder, vocabulary=512)
    file = folder / "tokenizer_config.json"  # padding that is no end token must not count as an answer
    file.write_text(json.dumps(json.loads(file.read_text()) | {"pad_token": "<s>"}))
    return folder


def tokens(count: int, seed: int = 0) -> torch.Tensor:
    """[1, count] token ids, none of them special."""
    return torch.randint(2, 512, (1, count), generator=torch.Generator().manual_seed(seed))


@contextmanager
def attention(made: Any, name: str) -> Iterator[None]:
    """The model with another attention function for a while."""
    made.set_attn_implementation(name)
    try:
        yield
    finally:
        made.set_attn_implementation(ATTENTION)


def logits_with_hidden(made: Any, ids: torch.Tensor, prompt: int, kept: list[torch.Tensor]) -> torch.Tensor:
    """Logits [n, V] of one full run without any cache: queries behind the prompt see of it only ``kept``
    ([Hk, m] positions for each layer), and everything behind it causally. Attention is written out by hand."""
    length = ids.shape[1]
    masks = []
    for positions in kept:
        visible = torch.ones(KV_HEADS, length, length, dtype=torch.bool).tril()
        visible[:, prompt:, :prompt] = False
        for head in range(KV_HEADS):
            visible[head, prompt:, positions[head]] = True
        masks.append(visible)

    def written_out(module: Any, query: Any, key: Any, value: Any, _mask: Any, **options: Any) -> Any:
        repeat = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(repeat, 1), value.repeat_interleave(repeat, 1)
        logits = query @ key.transpose(-1, -2) * options["scaling"]
        visible = masks[module.layer_idx].repeat_interleave(repeat, 0)[None]
        weights = logits.masked_fill(~visible, float("-inf")).softmax(-1)
        return (weights @ value).transpose(1, 2).contiguous(), None

    AttentionInterface.register("kv_test_hidden", written_out)
    with attention(made, "kv_test_hidden"), torch.no_grad():
        return made(ids, use_cache=False).logits[0]
