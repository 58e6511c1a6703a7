"""Spectra of stored weights: which matrices, folding, packed forms, damage."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from compress_models import FAMILIES, MULTI_HEAD, built, model_folder, model_of
from safetensors.torch import load_file, save_file

from acbench.analysis.weights import by_name, measure, places
from acbench.compress.reading import WeightReader
from acbench.errors import DataError
from acbench.metrics.weights import sqnr_db

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

torch.set_num_threads(1)


def erank_by_svd(matrix: torch.Tensor) -> float:
    values = np.linalg.svd(matrix.double().numpy(), compute_uv=False)
    shares = values / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def changed(folder: Path, out: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> Path:
    """A copy of a folder with other tensors."""
    out.mkdir()
    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            (out / file.name).write_bytes(file.read_bytes())
    tensors = load_file(str(folder / "model.safetensors"))
    change(tensors)
    save_file(tensors, str(out / "model.safetensors"), metadata={"format": "pt"})
    return out


@pytest.mark.parametrize("family", FAMILIES)
def test_every_matrix_of_every_block_once(tmp_path: Path, family: str) -> None:
    folder = model_folder(tmp_path / "m", family)
    with WeightReader(folder) as reader:
        found = places(reader)
        inside = [place for place in found if place.layer >= 0]
        expected = [n for n in reader.names if reader.stored(n).dim() == 2 and "layers." in n]
        assert sorted(place.name for place in inside) == sorted(expected)
        assert all(place.norm in reader.names for place in inside if place.norm)
        assert any(place.norm for place in inside), "some matrix reads a norm's output"
        reader.release()


def test_values_against_a_decomposition_in_float64(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", tie_word_embeddings=False)
    rows = by_name(measure(folder))
    with WeightReader(folder) as reader:
        for name, row in rows.items():
            weight = reader.weight(name).float()
            assert row["sigma"] == pytest.approx(erank_by_svd(weight), rel=1e-6)
            if row["kind"] in ("q", "k", "v"):
                norm = reader.weight(name.split("self_attn")[0] + "input_layernorm.weight").float()
                assert row["folded"] == pytest.approx(erank_by_svd(weight * norm), rel=1e-6)
            if row["kind"] in ("o", "down", "embedding", "head"):
                assert row["folded"] == row["sigma"]
        reader.release()
    assert {row["kind"] for row in rows.values() if row["layer"] < 0} == {"embedding", "head"}


def test_tied_embeddings_count_once(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", tie_word_embeddings=True)
    assert [row["kind"] for row in measure(folder) if row["layer"] < 0] == ["embedding"]


def test_gemmas_norms_multiply_by_one_plus_their_weight(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", "gemma2")
    row = next(row for row in measure(folder) if row["kind"] == "q")
    tensors = load_file(str(folder / "model.safetensors"))
    norm = 1 + tensors[row["name"].split("self_attn")[0] + "input_layernorm.weight"].float()
    assert row["folded"] == pytest.approx(erank_by_svd(tensors[row["name"]].float() * norm), rel=1e-6)


def test_a_scale_moved_into_the_norm_changes_the_plain_value_only(tmp_path: Path) -> None:
    """What SmoothQuant and AWQ do (specification, section 1.2)."""
    model = model_of("llama", dtype=torch.float32)
    model.save_pretrained(str(tmp_path / "m"))
    scale = torch.linspace(0.25, 4, 64)

    def move(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.layers.0.input_layernorm.weight"] /= scale
        for name in "qkv":
            tensors[f"model.layers.0.self_attn.{name}_proj.weight"] *= scale

    after = by_name(measure(changed(tmp_path / "m", tmp_path / "moved", move)))
    before = by_name(measure(tmp_path / "m"))
    for name in "qkv":
        row = f"model.layers.0.self_attn.{name}_proj.weight"
        assert after[row]["folded"] == pytest.approx(before[row]["folded"], rel=1e-5)
        assert abs(after[row]["sigma"] - before[row]["sigma"]) > 0.1


def test_packed_weights_are_dequantized_and_measured_against_their_base(tmp_path: Path) -> None:
    base = model_folder(tmp_path / "base", hidden_size=64)
    packed = tmp_path / "packed"
    built(base, packed, "rtn", {"bits": 4, "group_size": 32}, served_as="packed")
    rows = by_name(measure(packed, base))
    with WeightReader(packed) as reader, WeightReader(base) as plain:
        for name, row in rows.items():
            if row["layer"] < 0:
                assert row["sqnr_db"] is None  # untouched: infinite, which JSON has no word for
                continue
            after, before = (folded_by_hand(side, name).double() for side in (reader, plain))
            if row["kind"] in ("v", "up"):  # a row's scale could have moved
                after *= (before * after).sum(1, keepdim=True) / after.square().sum(1, keepdim=True)
            if row["kind"] in ("o", "down"):
                after *= (before * after).sum(0) / after.square().sum(0)
            noise = float((after - before).square().sum() / before.square().sum())
            assert row["sqnr_db"] == pytest.approx(-10 * math.log10(noise), rel=1e-5)
            assert row["relative_error"] == pytest.approx(math.sqrt(noise), rel=1e-5)
            assert 15 < row["sqnr_db"] < 30
        reader.release()
        plain.release()


def folded_by_hand(reader: WeightReader, name: str) -> torch.Tensor:
    match = re.fullmatch(r"(.*layers\.\d+\.)\w+\.(\w+)_proj\.weight", name)
    assert match is not None
    layer, kind = match.groups()
    norms = {"q": "input", "k": "input", "v": "input", "gate": "post_attention", "up": "post_attention"}
    weight = reader.weight(name).float()
    return (
        weight * reader.weight(f"{layer}{norms[kind]}_layernorm.weight").float() if kind in norms else weight
    )


@pytest.mark.parametrize("method", ["awq", "smoothquant"])
def test_a_scale_that_moved_is_no_error(tmp_path: Path, method: str) -> None:
    """Compared as stored, a method that moves scales looks far worse than it is."""
    base = model_folder(tmp_path / "base", **MULTI_HEAD)
    built(base, tmp_path / "made", method, {"bits": 8, "group_size": 32} if method == "awq" else {})
    for row in measure(tmp_path / "made", base, outside=False):
        assert row["sqnr_db"] > 25, row["name"]
    with WeightReader(tmp_path / "made") as reader, WeightReader(base) as plain:
        name = "model.layers.0.self_attn.q_proj.weight"
        assert sqnr_db(plain.weight(name).float(), reader.weight(name).float()) < 25
        reader.release()
        plain.release()


def test_every_nth_block(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", num_hidden_layers=5)
    assert {row["layer"] for row in measure(folder, every=2, outside=False)} == {0, 2, 4}


def damaged(tensors: dict[str, torch.Tensor]) -> None:
    tensors["model.layers.1.mlp.up_proj.weight"][0, :3] = math.nan


def zeroed(tensors: dict[str, torch.Tensor]) -> None:
    tensors["model.layers.1.mlp.up_proj.weight"].zero_()


def test_nan_is_an_error_with_name_and_count(tmp_path: Path) -> None:
    folder = changed(model_folder(tmp_path / "m"), tmp_path / "damaged", damaged)
    with pytest.raises(DataError, match=r"model\.layers\.1\.mlp\.up_proj\.weight: 3 of \d+ values"):
        measure(folder)


def test_a_zero_matrix_has_no_value_and_the_rest_has(tmp_path: Path) -> None:
    base = model_folder(tmp_path / "m")
    rows = by_name(measure(changed(base, tmp_path / "zero", zeroed), base))
    row: Any = rows["model.layers.1.mlp.up_proj.weight"]
    assert (row["sigma"], row["zeros"], row["kurtosis"]) == (None, 1.0, None)
    assert row["sqnr_db"] == pytest.approx(0)
    assert sum(other["sigma"] is None for other in rows.values()) == 1
    json.dumps(list(rows.values()), allow_nan=False)


def test_a_base_without_the_matrix_is_an_error(tmp_path: Path) -> None:
    base = model_folder(tmp_path / "m", num_hidden_layers=1)
    with pytest.raises(DataError, match="no matrix"):
        measure(model_folder(tmp_path / "more", num_hidden_layers=2), base)
