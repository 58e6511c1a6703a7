"""Whole folders through the build job's own function, on tiny random Llama weights."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING, Any

import pytest
import safetensors.torch
import torch
from model_folders import llama_folder, llama_weights, read_folder
from safetensors import SafetensorError

from acbench.cases import Recipe
from acbench.checkpoints import verify
from acbench.compress import worker
from acbench.errors import CompressionError
from acbench.safetensors_check import check_folder

if TYPE_CHECKING:
    from pathlib import Path

torch.set_num_threads(1)

# Importing the packing of compressed-tensors loads torch's compiler, which uses a deprecated part of torch itself.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")


def compress(
    model: Path, method: str, params: dict[str, Any], *, served_as: str = "dense"
) -> tuple[Path, dict[str, Any]]:
    """Builds beside the model; gives the folder and its ``acbench.json``. Verified as a build would."""
    out = model.parent / "out"
    out.mkdir()
    request = {
        "model": str(model),
        "out": str(out),
        "recipe": "r",
        "method": method,
        "params": params,
        "served_as": served_as,
        "label": "tiny:r",
    }
    assert worker.run(request)["touched"] > 0
    verify(out, Recipe("r", method, params))
    return out, json.loads((out / "acbench.json").read_text())


def linear_names(weights: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in weights if "_proj" in name}


def test_rtn_packed_holds_the_grid_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    weights = llama_weights()
    out, facts = compress(
        llama_folder(tmp_path / "m", weights), "rtn", {"bits": 4, "group_size": 64}, served_as="packed"
    )
    found = read_folder(out)
    linears = linear_names(weights)
    assert len(linears) == facts["touched"] == 14
    for name in set(weights) - linears:  # embeddings and norms
        assert torch.equal(found[name], weights[name])
    for name in linears:
        stem = name.removesuffix("weight")
        rows, columns = weights[name].shape
        assert name not in found
        assert found[stem + "weight_shape"].tolist() == [rows, columns]
        shifts = torch.arange(8) * 4
        codes = ((found[stem + "weight_packed"][..., None] >> shifts) & 15).reshape(rows, columns) - 8
        scale = found[stem + "weight_scale"].float().repeat_interleave(64, dim=1)
        error = (codes * scale - weights[name].float()).abs()
        assert bool((error <= scale * 0.55).all())  # half a step, and the rounding of the stored scale
    assert set(found) == (set(weights) - linears) | {
        name.removesuffix("weight") + part
        for name in linears
        for part in ("weight_packed", "weight_scale", "weight_shape")
    }
    assert facts["bits_per_weight"] == 4.25  # 4 + 16 / 64
    assert facts["base_bytes"] > facts["bytes"]


def test_a_packed_folder_describes_itself(tmp_path: Path) -> None:
    params = {"bits": 4, "group_size": 32, "symmetric": False}
    out, facts = compress(llama_folder(tmp_path / "m", llama_weights()), "rtn", params, served_as="packed")
    config = check_folder(out)
    assert config["model_type"] == "llama"
    quantization = config["quantization_config"]
    assert (quantization["quant_method"], quantization["format"]) == ("compressed-tensors", "pack-quantized")
    assert quantization["ignore"] == ["lm_head"]
    scheme = quantization["config_groups"]["group_0"]["weights"]
    assert {key: scheme[key] for key in ("num_bits", "type", "symmetric", "strategy", "group_size")} == {
        "num_bits": 4,
        "type": "int",
        "symmetric": False,
        "strategy": "group",
        "group_size": 32,
    }
    name = "model.layers.0.mlp.down_proj.weight_zero_point"
    assert read_folder(out)[name].shape == (64 // 8, 128 // 32)
    assert facts["bits_per_weight"] == 4.625  # 4 + (16 + 4) / 32


def test_one_group_per_row_is_called_channel(tmp_path: Path) -> None:
    params = {"bits": 4, "group_size": -1}
    out, facts = compress(llama_folder(tmp_path / "m", llama_weights()), "rtn", params, served_as="packed")
    scheme = check_folder(out)["quantization_config"]["config_groups"]["group_0"]["weights"]
    assert (scheme["strategy"], scheme["group_size"]) == ("channel", None)
    assert read_folder(out)["model.layers.0.mlp.down_proj.weight_scale"].shape == (64, 1)
    assert facts["notes"] == []


def test_rtn_dense_stores_the_dequantized_weights(tmp_path: Path) -> None:
    weights = llama_weights()
    params = {"bits": 3, "group_size": 64}
    out, facts = compress(llama_folder(tmp_path / "m", weights), "rtn", params)
    found = read_folder(out)
    assert set(found) == set(weights)
    assert "quantization_config" not in check_folder(out)
    for name in linear_names(weights):
        assert found[name].dtype == torch.bfloat16
        for group in found[name].float().reshape(-1, 64):
            assert len(group.unique()) <= 8
        assert not torch.equal(found[name], weights[name])
    zeros = sum(int((found[name] == 0).sum()) for name in linear_names(weights))
    elements = sum(weights[name].numel() for name in linear_names(weights))
    assert facts["sparsity"] == pytest.approx(zeros / elements, abs=1e-6)
    assert (facts["served_as"], facts["bits_per_weight"]) == ("dense", 3.25)


def test_recorded_errors_are_those_of_the_stored_weights_and_fall_with_bits(tmp_path: Path) -> None:
    weights = llama_weights(layers=1)
    totals = []
    for bits in (8, 4, 3, 2):
        home = tmp_path / str(bits)
        home.mkdir()
        out, facts = compress(llama_folder(home / "m", weights), "rtn", {"bits": bits, "group_size": 64})
        found = read_folder(out)
        for name, entry in facts["per_layer"].items():
            original = weights[name].double()
            share = float(((found[name].double() - original) ** 2).sum() / (original**2).sum())
            assert entry["error"] == pytest.approx(share, rel=0.03, abs=2e-5)  # bf16 adds its own rounding
        totals.append(sum(entry["error"] for entry in facts["per_layer"].values()))
    assert totals == sorted(totals)


@pytest.mark.parametrize(("params", "exact"), [({"sparsity": 0.5}, False), ({"pattern": "2:4"}, True)])
def test_magnitude_prunes_half_and_keeps_the_largest(
    tmp_path: Path, params: dict[str, Any], exact: bool
) -> None:
    weights = llama_weights()
    out, facts = compress(llama_folder(tmp_path / "m", weights), "magnitude", params)
    found = read_folder(out)
    for name in set(weights) - linear_names(weights):
        assert torch.equal(found[name], weights[name])
    for name in linear_names(weights):
        kept = found[name] != 0
        assert torch.equal(found[name][kept], weights[name][kept])
        assert int(kept.sum()) <= weights[name].numel() // 2
        if exact:
            assert bool((kept.reshape(-1, 4).sum(-1) <= 2).all())
        else:
            assert weights[name][kept].abs().min() >= weights[name][~kept].abs().max()
    assert facts["sparsity"] == pytest.approx(0.5, abs=0.002)
    assert facts["bits_per_weight"] == 16.0


def test_several_files_keep_their_places_and_get_a_new_index(tmp_path: Path) -> None:
    weights = llama_weights()
    model = llama_folder(tmp_path / "m", weights, shard_of=lambda name: 1 if "layers.0" in name else 2)
    out, _ = compress(model, "rtn", {"bits": 4, "group_size": 64}, served_as="packed")
    assert sorted(file.name for file in out.glob("*.safetensors")) == [
        "model-00001.safetensors",
        "model-00002.safetensors",
    ]
    index = json.loads((out / "model.safetensors.index.json").read_text())
    assert set(index["weight_map"]) == set(read_folder(out))
    assert index["weight_map"]["model.layers.0.mlp.up_proj.weight_packed"] == "model-00001.safetensors"
    assert index["weight_map"]["model.embed_tokens.weight"] == "model-00002.safetensors"
    assert index["metadata"]["total_size"] == sum(f.stat().st_size for f in out.glob("*.safetensors"))


@pytest.mark.parametrize("served_as", ["dense", "packed"])
def test_a_width_that_the_group_does_not_divide_changes_it_everywhere(tmp_path: Path, served_as: str) -> None:
    model = llama_folder(tmp_path / "m", llama_weights(inner=96))
    out, facts = compress(model, "rtn", {"bits": 4, "group_size": 64}, served_as=served_as)
    assert facts["notes"] == ["group size 64 -> 32: 64 does not divide all of [64, 96]"]
    assert facts["bits_per_weight"] == 4.5  # 4 + 16 / 32 for every weight
    if served_as == "packed":
        scheme = check_folder(out)["quantization_config"]["config_groups"]["group_0"]["weights"]
        assert scheme["group_size"] == 32
        found = read_folder(out)
        assert found["model.layers.0.mlp.down_proj.weight_scale"].shape == (64, 3)
        assert found["model.layers.0.mlp.up_proj.weight_scale"].shape == (96, 2)


def test_no_group_for_a_width_is_an_error_before_any_work(tmp_path: Path) -> None:
    model = llama_folder(tmp_path / "m", llama_weights(inner=72))
    with pytest.raises(CompressionError, match=r"r: widths \[64, 72\]: no group size of 64, 64 or 32"):
        compress(model, "rtn", {"bits": 4, "group_size": 64})
    assert list((tmp_path / "out").iterdir()) == []


def test_a_pattern_that_does_not_fit_names_the_weight(tmp_path: Path) -> None:
    model = llama_folder(tmp_path / "m", llama_weights(inner=66))
    with pytest.raises(CompressionError, match=r"down_proj\.weight: a 2:4 pattern does not fit 66 columns"):
        compress(model, "magnitude", {"pattern": "2:4"})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    weights = llama_weights(layers=1)
    weights["model.layers.0.mlp.up_proj.weight"][3, 5] = value
    with pytest.raises(
        CompressionError, match=r"model\.safetensors: .*up_proj\.weight holds NaN or infinite"
    ):
        compress(llama_folder(tmp_path / "m", weights), "rtn", {"bits": 4, "group_size": 64})


def test_a_model_without_linear_weights_is_refused(tmp_path: Path) -> None:
    weights = {"model.embed_tokens.weight": torch.ones(4, 4), "model.norm.weight": torch.ones(4)}
    with pytest.raises(CompressionError, match=r"r: no linear weight found in .*; nothing was compressed"):
        compress(llama_folder(tmp_path / "m", weights), "rtn", {"bits": 4})


def test_the_head_is_left_alone_and_a_tied_one_is_not_stored(tmp_path: Path) -> None:
    for tied in (True, False):
        home = tmp_path / str(tied)
        home.mkdir()
        weights = llama_weights(layers=1, tied=tied)
        out, _ = compress(llama_folder(home / "m", weights), "magnitude", {"sparsity": 0.5})
        found = read_folder(out)
        assert ("lm_head.weight" in found) is not tied
        for name in ("lm_head.weight", "model.embed_tokens.weight"):
            if name in weights:
                assert torch.equal(found[name], weights[name])


def test_small_files_come_along_and_pickles_do_not(tmp_path: Path) -> None:
    model = llama_folder(tmp_path / "m", llama_weights(layers=1))
    (model / "acbench.json").write_text('{"label": "another"}')
    (model / ".hidden").write_text("")
    out, facts = compress(model, "magnitude", {})
    assert sorted(file.name for file in out.iterdir()) == [
        "acbench.json",
        "config.json",
        "model.safetensors",
        "tokenizer_config.json",
    ]
    assert (facts["label"], facts["recipe"], facts["method"], facts["params"]) == (
        "tiny:r",
        "r",
        "magnitude",
        {},
    )
    assert facts["bytes"] == (out / "model.safetensors").stat().st_size
    assert facts["versions"]["torch"] == torch.__version__


def test_a_full_disk_while_weights_are_written_is_known_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    model = llama_folder(tmp_path / "m", llama_weights(layers=1))
    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(OSError, match="No space left") as caught:
        compress(model, "magnitude", {})
    assert caught.value.errno == errno.ENOSPC
