"""config.json and tokenizer_config.json in the words of transformers 4 and 5."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_folders import llama_folder, llama_weights

from acbench.compress.backends.dialect import for_all, for_five, for_four, tokenizer_for_four, translated
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from pathlib import Path

NEW = {
    "model_type": "llama",
    "dtype": "bfloat16",
    "rope_parameters": {"rope_theta": 100000.0, "rope_type": "default"},
}
OLD = {"model_type": "llama", "torch_dtype": "bfloat16", "rope_theta": 100000.0, "rope_scaling": None}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "original_max_position_embeddings": 8192,
}


def test_a_plain_rope_is_said_in_either_dialect() -> None:
    assert for_four(NEW) == OLD
    assert for_five(OLD) == NEW
    assert for_all(NEW) == for_all(OLD) == {**NEW, **OLD}


def test_a_scaled_rope_keeps_its_settings() -> None:
    new = {"rope_parameters": {**LLAMA3, "rope_theta": 5e5, "partial_rotary_factor": 0.5}}
    old = {"rope_theta": 5e5, "partial_rotary_factor": 0.5, "rope_scaling": LLAMA3}
    assert for_four(new) == old
    assert for_five(old) == new


def test_the_oldest_name_of_a_kind_is_understood() -> None:
    found = for_five({"rope_theta": 1e4, "rope_scaling": {"type": "linear", "factor": 2.0}})
    assert found == {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}


def test_parts_of_a_model_are_translated_too_and_quantization_is_left_alone() -> None:
    quantized = {"quant_method": "x", "dtype": "int8"}
    found = for_four({"text_config": NEW, "quantization_config": quantized})
    assert found == {"text_config": OLD, "quantization_config": quantized}
    assert for_all({"text_config": NEW})["text_config"] == {**NEW, **OLD}


def test_what_the_old_dialect_cannot_say_is_refused() -> None:
    mixed = {
        "rope_parameters": {"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e4}}
    }
    with pytest.raises(CompressionError, match="differ between kinds of layers"):
        for_four(mixed)
    assert for_all(mixed) == mixed


ROPES = st.one_of(
    st.just({"rope_type": "default"}),
    st.builds(lambda f: {"rope_type": "yarn", "factor": f}, st.floats(1, 64)),
    st.builds(lambda f: {"rope_type": "linear", "factor": f}, st.floats(1, 64)),
)


@given(rope=ROPES, theta=st.floats(1e3, 1e7), dtype=st.sampled_from(["bfloat16", "float16"]))
def test_there_and_back(rope: dict[str, Any], theta: float, dtype: str) -> None:
    new = {"dtype": dtype, "rope_parameters": {**rope, "rope_theta": theta}, "hidden_size": 64}
    assert for_five(for_four(new)) == new
    assert for_five(for_all(new)) | for_four(for_all(new)) == for_all(new)


def test_tokenizers_get_a_class_that_exists_and_the_old_name_of_extra_tokens() -> None:
    new = {
        "tokenizer_class": "TokenizersBackend",
        "backend": "tokenizers",
        "is_local": True,
        "extra_special_tokens": ["<a>"],
        "eos_token": "</s>",
    }
    assert tokenizer_for_four(new) == {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "additional_special_tokens": ["<a>"],
        "eos_token": "</s>",
    }
    named = {"tokenizer_class": "LlamaTokenizer", "extra_special_tokens": {"image": "<i>"}}
    assert tokenizer_for_four(named) == named


def test_a_translated_folder_shares_the_weights(tmp_path: Path) -> None:
    model = llama_folder(tmp_path / "m", llama_weights(layers=1))
    (model / "config.json").write_text(json.dumps(NEW))
    (model / ".hidden").write_text("not copied")
    out = translated(model, tmp_path / "t")
    assert json.loads((out / "config.json").read_text()) == OLD
    assert json.loads((model / "config.json").read_text()) == NEW
    assert (out / "model.safetensors").resolve() == (model / "model.safetensors").resolve()
    assert {f.name for f in out.iterdir()} == {f.name for f in model.iterdir()} - {".hidden"}


def test_both_dialects_together_are_read_as_either(tmp_path: Path) -> None:
    """The installed transformers must see the same rope in the union as in its own dialect."""
    from transformers import AutoConfig

    rope = {**LLAMA3, "high_freq_factor": 4.0, "rope_theta": 5e5}
    config = {**NEW, "architectures": ["LlamaForCausalLM"], "rope_parameters": rope}
    seen = []
    for name, content in (("own", config), ("all", for_all(config))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(content))
        loaded = AutoConfig.from_pretrained(str(tmp_path / name))
        seen.append((loaded.rope_parameters, str(loaded.dtype)))
    assert seen[0] == seen[1]
    assert seen[0][0] == rope
