"""Tiny random models of every family, as folders and as requests of a build. Needs torch and transformers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import internlm2_standin
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from acbench.cases import Recipe
from acbench.checkpoints import verify
from acbench.compress import worker
from acbench.compress.calibration import samples_hash

if TYPE_CHECKING:
    from pathlib import Path

torch.set_num_threads(1)
internlm2_standin.register()

VOCABULARY = 96
COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.15,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": None,
}
LATENT = {
    "q_lora_rank": 64,
    "kv_lora_rank": 32,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 16,
    "v_head_dim": 16,
}
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": {"sliding_window": 16},
    "qwen2": {},
    "gemma2": {
        "head_dim": 16,
        "query_pre_attn_scalar": 16,
        "sliding_window": 16,
        "attn_logit_softcapping": 3.0,
    },
    "phi3": {},
    "minicpm3": {**LATENT, "num_key_value_heads": 4, "dim_model_base": 64},
    "opt": {"ffn_dim": 128, "word_embed_proj_dim": 64, "dropout": 0.0, "do_layer_norm_before": True},
    "internlm2": {},
}
MULTI_HEAD: dict[str, Any] = {"num_key_value_heads": 4}


def config_of(family: str, **changes: Any) -> Any:
    values = {**COMMON, **FAMILIES[family], **changes}
    if family == "opt":
        del values["intermediate_size"], values["num_key_value_heads"], values["initializer_range"]
    return CONFIG_MAPPING[family](**values)


def model_of(family: str, *, seed: int = 0, dtype: Any = torch.bfloat16, **changes: Any) -> Any:
    """A model whose norms and biases are random too: constant ones would hide mistakes."""
    torch.manual_seed(seed)
    config = config_of(family, **changes)
    config.dtype = dtype
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            middle = 0.0 if name.endswith("bias") or family == "gemma2" else 1.0
            parameter.data = middle + 0.3 * torch.randn_like(parameter)
        elif family == "opt":
            parameter.data = 0.15 * torch.randn_like(parameter)
    return model.to(dtype).eval()


def model_folder(folder: Path, family: str = "llama", **options: Any) -> Path:
    """``model_of`` saved in bf16, with a small tokenizer file to be copied along."""
    model_of(family, **options).save_pretrained(str(folder))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>"}))
    return folder


def token_ids(
    samples: int = 8, length: int = 32, *, seed: int = 0, vocabulary: int = VOCABULARY
) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    found: list[list[int]] = torch.randint(2, vocabulary, (samples, length), generator=generator).tolist()
    return found


def request(
    model: Path,
    out: Path,
    method: str,
    params: dict[str, Any] | None = None,
    *,
    served_as: str = "dense",
    samples: list[list[int]] | None = None,
) -> dict[str, Any]:
    """The request of a build, with its calibration file beside the output folder."""
    ids = token_ids() if samples is None else samples
    file = out.with_name(f"{out.name}-calibration.json")
    file.write_text(json.dumps({"samples": ids, "hash": samples_hash(ids)}))
    out.mkdir(exist_ok=True)
    return {
        "model": str(model),
        "out": str(out),
        "recipe": "r",
        "method": method,
        "params": params or {},
        "served_as": served_as,
        "label": "tiny:r",
        "calibration": {"path": str(file), "hash": samples_hash(ids), "samples": len(ids), "seed": 0},
    }


def built(
    model: Path, out: Path, method: str, params: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """Builds in this process and verifies as a checkpoint; gives its ``acbench.json``."""
    worker.run(request(model, out, method, params, **options))
    verify(out, Recipe("r", method, params or {}))
    facts: dict[str, Any] = json.loads((out / "acbench.json").read_text())
    return facts


def logprobs_of(model: Any, samples: list[list[int]]) -> torch.Tensor:
    """[N, L - 1] log-probabilities of all tokens but the first, by the model's own forward pass."""
    ids = torch.tensor(samples)
    with torch.no_grad():
        logits = model(input_ids=ids).logits.float()
    return torch.log_softmax(logits[:, :-1], -1).gather(-1, ids[:, 1:, None])[..., 0]
