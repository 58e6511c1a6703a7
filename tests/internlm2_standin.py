"""A small model with the layers and names of InternLM2, which transformers has no code for.

Its blocks return tuples, as those of models that bring their own code often do.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, LlamaConfig, PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaRMSNorm


class InternLM2Config(LlamaConfig):  # type: ignore[misc]
    model_type = "internlm2"


class Attention(nn.Module):  # type: ignore[misc]
    """Grouped queries; ``wqkv`` holds for each key head its queries, the key and the value. No positions."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.keys = config.num_key_value_heads
        self.queries = config.num_attention_heads // self.keys
        self.width = config.hidden_size // config.num_attention_heads
        self.wqkv = nn.Linear(config.hidden_size, self.keys * (self.queries + 2) * self.width, bias=False)
        self.wo = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        batch, length, _ = hidden.shape
        parts = self.wqkv(hidden).view(batch, length, self.keys, self.queries + 2, self.width)
        query = parts[..., :-2, :].reshape(batch, length, -1, self.width).transpose(1, 2)
        key, value = (parts[..., at, :].repeat_interleave(self.queries, 2).transpose(1, 2) for at in (-2, -1))
        seen = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        found: torch.Tensor = self.wo(seen.transpose(1, 2).reshape(batch, length, -1))
        return found


class FeedForward(nn.Module):  # type: ignore[misc]
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.w1 = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.w3 = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.w2 = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.w2(nn.functional.silu(self.w1(hidden)) * self.w3(hidden))
        return found


class Layer(nn.Module):  # type: ignore[misc]
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.feed_forward = FeedForward(config)
        self.attention_norm = LlamaRMSNorm(config.hidden_size)
        self.ffn_norm = LlamaRMSNorm(config.hidden_size)

    def forward(self, hidden_states: torch.Tensor, scale: float = 1.0) -> tuple[torch.Tensor]:
        hidden_states = hidden_states + scale * self.attention(self.attention_norm(hidden_states))
        return (hidden_states + self.feed_forward(self.ffn_norm(hidden_states)),)


class Standin(PreTrainedModel):  # type: ignore[misc]
    config_class = InternLM2Config
    base_model_prefix = "model"
    _supports_sdpa = True


class InternLM2Model(Standin):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.tok_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = LlamaRMSNorm(config.hidden_size)
        self.post_init()

    def get_input_embeddings(self) -> Any:
        return self.tok_embeddings

    def forward(self, input_ids: torch.Tensor) -> Any:
        hidden = self.tok_embeddings(input_ids)
        for layer in self.layers:
            hidden = layer(hidden, scale=0.5)[0]
        return SimpleNamespace(last_hidden_state=self.norm(hidden))


class InternLM2ForCausalLM(Standin):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model = InternLM2Model(config)
        self.output = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> Any:
        return self.model.tok_embeddings

    def get_output_embeddings(self) -> Any:
        return self.output

    def forward(self, input_ids: torch.Tensor) -> Any:
        return SimpleNamespace(logits=self.output(self.model(input_ids).last_hidden_state))


def register() -> None:
    AutoConfig.register("internlm2", InternLM2Config, exist_ok=True)
    AutoModelForCausalLM.register(InternLM2Config, InternLM2ForCausalLM, exist_ok=True)
