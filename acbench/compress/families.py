"""What reads what inside a decoder block, by family: inputs that linear layers share, and where scales fold.

Sharing is told by name, never by tensor address: a freed buffer is reused, and a layer would get another
one's statistics (specification of compression, section 3.9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Fold:
    """``producer`` makes the input of ``consumers``; dividing its output by s is done in its own weights.

    ``kind``: ``norm`` (weight and bias), ``norm+1`` (a norm that multiplies by 1 + weight), ``linear`` (rows,
    and bias). ``half``: only the second half of the producer's rows (a fused gate and up projection). ``relu``:
    the model's activation function stands between; a positive scale passes through a ReLU only.
    """

    producer: str
    kind: str
    consumers: tuple[str, ...]
    half: bool = False
    relu: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """``inputs``: linear layers that read one tensor, in the order of the forward pass."""

    inputs: tuple[tuple[str, ...], ...]
    folds: tuple[Fold, ...] = ()
    known: bool = True


QKV = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
O = ("self_attn.o_proj",)  # noqa: E741 - the layer's own name
GATE_UP = ("mlp.gate_proj", "mlp.up_proj")
DOWN = ("mlp.down_proj",)
UP_DOWN = Fold("mlp.up_proj", "linear", DOWN)
V_O = Fold("self_attn.v_proj", "linear", O)

LLAMA = Family(
    (QKV, O, GATE_UP, DOWN),
    (Fold("input_layernorm", "norm", QKV), V_O, Fold("post_attention_layernorm", "norm", GATE_UP), UP_DOWN),
)
GEMMA2 = Family(
    (QKV, O, GATE_UP, DOWN),
    (
        Fold("input_layernorm", "norm+1", QKV),
        V_O,
        Fold("pre_feedforward_layernorm", "norm+1", GATE_UP),
        UP_DOWN,
    ),
)
PHI3 = Family(
    (("self_attn.qkv_proj",), O, ("mlp.gate_up_proj",), DOWN),
    (
        Fold("input_layernorm", "norm", ("self_attn.qkv_proj",)),
        Fold("post_attention_layernorm", "norm", ("mlp.gate_up_proj",)),
        Fold("mlp.gate_up_proj", "linear", DOWN, half=True),
    ),
)
INTERNLM2 = Family(
    (("attention.wqkv",), ("attention.wo",), ("feed_forward.w1", "feed_forward.w3"), ("feed_forward.w2",)),
    (
        Fold("attention_norm", "norm", ("attention.wqkv",)),
        Fold("ffn_norm", "norm", ("feed_forward.w1", "feed_forward.w3")),
        Fold("feed_forward.w3", "linear", ("feed_forward.w2",)),
    ),
)
MLA_DOWN = ("self_attn.q_a_proj", "self_attn.kv_a_proj_with_mqa")
MINICPM3 = Family(
    (MLA_DOWN, ("self_attn.q_b_proj",), ("self_attn.kv_b_proj",), O, GATE_UP, DOWN),
    (
        Fold("input_layernorm", "norm", MLA_DOWN),
        Fold("self_attn.q_a_layernorm", "norm", ("self_attn.q_b_proj",)),
        Fold("self_attn.kv_a_layernorm", "norm", ("self_attn.kv_b_proj",)),
        Fold("post_attention_layernorm", "norm", GATE_UP),
        UP_DOWN,
    ),
)
OPT = Family(
    (QKV, ("self_attn.out_proj",), ("fc1",), ("fc2",)),
    (
        Fold("self_attn_layer_norm", "norm", QKV),
        Fold("self_attn.v_proj", "linear", ("self_attn.out_proj",)),
        Fold("final_layer_norm", "norm", ("fc1",)),
        Fold("fc1", "linear", ("fc2",), relu=True),
    ),
)

FAMILIES: dict[str, Family] = {
    "llama": LLAMA,
    "mistral": LLAMA,
    "qwen2": LLAMA,
    "qwen3": LLAMA,
    "internlm3": LLAMA,
    "gemma2": GEMMA2,
    "phi3": PHI3,
    "internlm2": INTERNLM2,
    "minicpm3": MINICPM3,
    "opt": OPT,
}
"""By ``model_type`` of config.json."""


def family_of(model_type: str, linears: Iterable[str]) -> tuple[Family, str]:
    """The family, and a note for people when the model type is unknown.

    An unknown model gets one input per linear layer: right for every method without folds, only slower.
    """
    names = tuple(linears)
    known = FAMILIES.get(model_type)
    if known is not None and {n for group in known.inputs for n in group} == set(names):
        return known, ""
    what = "an unknown model type" if known is None else "layers that this model type does not usually have"
    return Family(
        tuple((name,) for name in names), known=False
    ), f"{model_type}: {what}; statistics are kept per linear layer"


def applicable(fold: Fold, widths: dict[str, tuple[int, int]]) -> bool:
    """Whether producer and consumers match in width: v and o do not under grouped-query attention.

    A scale shared by the query heads of a group would be possible there; it was tried and gained nothing.
    """
    if fold.kind != "linear":
        return True
    made = widths[fold.producer][0] // (2 if fold.half else 1)
    return all(widths[name][1] == made for name in fold.consumers)
