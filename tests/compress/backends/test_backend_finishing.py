"""From a library's folder to a servable one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from model_folders import llama_folder, llama_weights, read_folder
from safetensors.torch import save_file

from acbench.compress.backends.finishing import finish, quantization_config, served_as
from acbench.compress.forms import eight_bit_config, integer_config, packed_tensors
from acbench.compress.grids import quantize
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from pathlib import Path

Weights = dict[str, torch.Tensor]
GROUP = 32
FORMS = {"packed": "sym-full", "gptq": "sym-full", "awq": "asym"}


@pytest.fixture
def weights() -> Weights:
    return llama_weights(layers=1)


@pytest.fixture
def base(tmp_path: Path, weights: Weights) -> Path:
    return llama_folder(tmp_path / "base", weights)


def quantized(weights: Weights, form: str) -> tuple[Weights, Weights]:
    """Stored tensors as a library would write them, and the dequantized weights."""
    stored: Weights = {}
    back: Weights = {}
    for name, weight in weights.items():
        if ".layers." not in name or weight.dim() == 1:
            stored[name] = weight
            continue
        kind: Any = FORMS[form]
        found = quantize(weight, bits=4, group=GROUP, kind=kind, scale_dtype=torch.float16)
        stem = name.removesuffix("weight")
        parts = packed_tensors(found, bits=4, kind=kind, form=form, dtype=torch.float16)
        stored |= {stem + part: tensor.contiguous() for part, tensor in parts.items()}
        back[name] = found.dequantized()
    return stored, back


def library_folder(folder: Path, stored: Weights, config: Any, name: str = "model.safetensors") -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "quantization_config": config}))
    save_file(stored, str(folder / name))
    return folder


def config_of(form: str) -> dict[str, Any]:
    kind: Any = FORMS[form]
    return integer_config(bits=4, kind=kind, group=GROUP, form=form)


@pytest.mark.parametrize("form", FORMS)
def test_codes_are_kept_and_facts_counted(tmp_path: Path, base: Path, weights: Weights, form: str) -> None:
    stored, back = quantized(weights, form)
    raw = library_folder(tmp_path / "raw", stored, config_of(form))
    out = tmp_path / "out"
    out.mkdir()
    report = finish(base, raw, out, dense=False, smoothed=False)
    written = read_folder(out)
    assert set(written) == set(stored)
    for name, tensor in stored.items():
        assert torch.equal(written[name], tensor), name
    assert report.form == {"packed": "compressed-tensors"}.get(form, form)
    assert report.served_as == form
    assert (report.facts["touched"], report.notes) == (7, [])
    zeros = 4 if form in ("awq", "gptq") else 0  # both store zero points
    assert report.facts["bits_per_weight"] == 4 + (16 + zeros) / GROUP
    for name, weight in back.items():
        wanted = (weight - weights[name].float()).square().sum() / weights[name].float().square().sum()
        assert report.facts["per_layer"][name]["error"] == pytest.approx(float(wanted), abs=1e-6)
    assert report.facts["bytes"] == (out / "model.safetensors").stat().st_size


@pytest.mark.parametrize("form", FORMS)
def test_dense_stores_the_dequantized_weights(
    tmp_path: Path, base: Path, weights: Weights, form: str
) -> None:
    stored, back = quantized(weights, form)
    out = tmp_path / "out"
    out.mkdir()
    raw = library_folder(tmp_path / "raw", stored, config_of(form))
    report = finish(base, raw, out, dense=True, smoothed=False)
    written = read_folder(out)
    assert set(written) == set(weights)
    for name, weight in back.items():
        assert torch.equal(written[name], weight.to(torch.bfloat16))
    assert (report.form, report.served_as) == ("dense", "dense")
    assert "quantization_config" not in json.loads((out / "config.json").read_text())
    assert any("memory and speed say nothing" in note for note in report.notes)


def test_dense_cannot_stand_for_rounded_activations(tmp_path: Path, base: Path, weights: Weights) -> None:
    stored, _ = quantized(weights, "packed")
    config = config_of("packed")
    config["config_groups"]["group_0"]["input_activations"] = {"num_bits": 8, "type": "int"}
    with pytest.raises(CompressionError, match="activations are rounded while serving"):
        finish(base, library_folder(tmp_path / "raw", stored, config), tmp_path, dense=True, smoothed=False)


def test_the_file_gets_the_name_that_readers_look_for(tmp_path: Path, base: Path, weights: Weights) -> None:
    stored, _ = quantized(weights, "gptq")
    config = {
        "quant_method": "gptq",
        "bits": 4,
        "group_size": GROUP,
        "sym": True,
        "desc_act": True,
        "checkpoint_format": "gptq_v2",
        "model_name_or_path": "/tmp/somewhere",
        "meta": {"quantizer": ["x:1"], "offload_to_disk_path": "/tmp/elsewhere"},
    }
    raw = library_folder(tmp_path / "raw", stored, config, "gptq_model-4bit-32g.safetensors")
    out = tmp_path / "out"
    out.mkdir()
    finish(base, raw, out, dense=False, smoothed=False)
    assert [f.name for f in out.glob("*.safetensors")] == ["model.safetensors"]
    told = json.loads((out / "config.json").read_text())["quantization_config"]
    assert "model_name_or_path" not in told
    assert told["meta"] == {"quantizer": ["x:1"]}
    assert told["desc_act"] is False  # groups hold their own columns: static order, which engines serve


def test_reordered_groups_stay_declared(tmp_path: Path, weights: Weights) -> None:
    stored, _ = quantized(weights, "gptq")
    name = "model.layers.0.mlp.up_proj.g_idx"
    stored[name] = stored[name].flip(0).contiguous()
    raw = library_folder(tmp_path / "raw", stored, {"quant_method": "gptq", "desc_act": False})
    told = quantization_config(raw)
    assert told is not None
    assert told["desc_act"] is True
    assert told["checkpoint_format"] == "gptq"  # what is meant where nothing is said


@pytest.mark.parametrize(
    ("quantization", "wanted"),
    [
        (None, "dense"),
        (eight_bit_config("int8"), "int8"),
        (eight_bit_config("fp8"), "fp8"),
        (
            {"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {}},
            "fp8-weights",
        ),
        ({"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}, "nvfp4-pack-quantized"),
    ],
)
def test_the_form_is_told_from_what_was_stored(quantization: Any, wanted: str) -> None:
    assert served_as(quantization) == wanted


def test_what_a_library_adds_or_converts_is_undone(tmp_path: Path, base: Path, weights: Weights) -> None:
    stored, _ = quantized(weights, "gptq")
    stored = {k: v.float() if v.is_floating_point() else v for k, v in stored.items()}
    stored["lm_head.weight"] = stored["model.embed_tokens.weight"].clone()
    stored["model.layers.0.mlp.up_proj.bias"] = torch.zeros(128)
    out = tmp_path / "out"
    out.mkdir()
    finish(
        base, library_folder(tmp_path / "raw", stored, config_of("gptq")), out, dense=False, smoothed=False
    )
    written = read_folder(out)
    assert "lm_head.weight" not in written
    assert "model.layers.0.mlp.up_proj.bias" not in written
    for name in ("model.embed_tokens.weight", "model.norm.weight", "model.layers.0.input_layernorm.weight"):
        assert torch.equal(written[name], weights[name])
    assert written["model.layers.0.mlp.up_proj.scales"].dtype == torch.float16


def test_the_small_files_are_the_bases(tmp_path: Path, base: Path, weights: Weights) -> None:
    rope = {"rope_parameters": {"rope_type": "default", "rope_theta": 1e5}, "dtype": "bfloat16"}
    (base / "config.json").write_text(json.dumps({"model_type": "llama", **rope}))
    (base / "chat_template.jinja").write_text("{{ messages }}")
    stored, _ = quantized(weights, "awq")
    raw = library_folder(tmp_path / "raw", stored, config_of("awq"))
    (raw / "tokenizer_config.json").write_text("{}")
    out = tmp_path / "out"
    out.mkdir()
    finish(base, raw, out, dense=False, smoothed=True)
    config = json.loads((out / "config.json").read_text())
    assert (config["rope_theta"], config["torch_dtype"]) == (1e5, "bfloat16")
    assert config["rope_parameters"] == rope["rope_parameters"]
    assert config["quantization_config"]["quant_method"] == "awq"
    assert (out / "chat_template.jinja").read_text() == "{{ messages }}"
    assert (out / "tokenizer_config.json").read_text() == (base / "tokenizer_config.json").read_text()
    assert not (out / "pytorch_model.bin").exists()


def test_layers_that_a_library_left_out_are_named(tmp_path: Path, base: Path, weights: Weights) -> None:
    stored, _ = quantized(weights, "packed")
    stem = "model.layers.0.mlp.down_proj."
    for part in ("weight_packed", "weight_scale", "weight_shape"):
        del stored[stem + part]
    stored[stem + "weight"] = weights[stem + "weight"]
    out = tmp_path / "out"
    out.mkdir()
    raw = library_folder(tmp_path / "raw", stored, config_of("packed"))
    report = finish(base, raw, out, dense=False, smoothed=False)
    assert report.notes == [f"1 of 7 linear weights left as they were by the library: {stem}weight"]
    assert report.facts["touched"] == 6


def test_several_files_get_an_index(tmp_path: Path, base: Path, weights: Weights) -> None:
    stored, _ = quantized(weights, "packed")
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "config.json").write_text(json.dumps({"quantization_config": config_of("packed")}))
    for part, names in enumerate((list(stored)[:8], list(stored)[8:])):
        save_file({n: stored[n] for n in names}, str(raw / f"part{part}.safetensors"))
    out = tmp_path / "out"
    out.mkdir()
    finish(base, raw, out, dense=False, smoothed=False)
    index = json.loads((out / "model.safetensors.index.json").read_text())["weight_map"]
    assert set(index) == set(stored)
    assert set(index.values()) == {f"model-0000{n}-of-00002.safetensors" for n in (1, 2)}
    assert set(read_folder(out)) == set(stored)
