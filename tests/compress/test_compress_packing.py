"""Stored forms: packed words, tensors and configs, and the way back, against the libraries that read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from acbench.compress import forms, packing
from acbench.compress.eightbit import quantize_rows
from acbench.compress.grids import Kind, Quantized, quantize
from acbench.compress.reading import WeightReader, activation_rounding
from acbench.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

torch.set_num_threads(1)

NAME = "model.layers.0.mlp.up_proj."


def words(tensor: torch.Tensor) -> list[int]:
    return [int(word) & 0xFFFFFFFF for word in tensor.flatten()]


def row(*codes: int) -> torch.Tensor:
    return torch.tensor([codes], dtype=torch.int32)


# -- words ------------------------------------------------------------------------------------------


def test_worked_words() -> None:
    assert words(packing.pack(row(-8, -7, -1, 0, 1, 2, 6, 7) + 8, 4)) == [0xFEA98710]
    assert words(packing.pack(row(-128, -1, 0, 127) + 128, 8)) == [0xFF807F00]
    assert words(packing.pack(row(*range(8)), 4)) == [0x76543210]
    assert words(packing.pack_awq(row(*range(8)))) == [0x75316420]
    dense = packing.pack(row(*(list(range(-4, 4)) * 4)) + 4, 3)
    assert words(dense) == [0x88FAC688, 0xC688FAC6, 0xFAC688FA]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([2, 3, 4, 8]), st.integers(1, 4), st.integers(1, 70), st.integers(0, 99))
def test_packing_round_trip(bits: int, rows: int, columns: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 2**bits, (rows, columns), generator=generator, dtype=torch.int32)
    stored = packing.pack(codes, bits)
    assert (stored.dtype, stored.shape) == (torch.int32, (rows, -(-columns * bits // 32)))
    assert torch.equal(packing.unpack(stored, bits, columns), codes)
    stream = sum(
        int(code) << (bits * at) for at, code in enumerate(codes[0])
    )  # one long number, low bits first
    assert words(stored[0]) == [(stream >> (32 * at)) & 0xFFFFFFFF for at in range(stored.shape[1])]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 99))
def test_awq_round_trip(rows: int, blocks: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 16, (rows, 8 * blocks), generator=generator, dtype=torch.int32)
    stored = packing.pack_awq(codes)
    assert torch.equal(packing.unpack_awq(stored), codes)
    for at, column in enumerate([0, 2, 4, 6, 1, 3, 5, 7]):
        assert ((stored[:, 0] >> (4 * at)) & 15).tolist() == codes[:, column].tolist()


# -- tensors and the way back -----------------------------------------------------------------------


def quantized(
    bits: int, group: int, kind: Kind, *, rows: int = 32, columns: int = 256, dtype: Any = torch.bfloat16
) -> Quantized:
    weight = torch.randn(rows, columns, generator=torch.Generator().manual_seed(bits + rows))
    return quantize(weight, bits=bits, group=columns if group == -1 else group, kind=kind, scale_dtype=dtype)


def write(folder: Path, tensors: dict[str, torch.Tensor], config: dict[str, Any] | None) -> Path:
    folder.mkdir(exist_ok=True)
    save_file(
        {NAME + part: values.contiguous() for part, values in tensors.items()},
        str(folder / "model.safetensors"),
    )
    content = {"quantization_config": config} if config else {}
    (folder / "config.json").write_text(json.dumps(content))
    return folder


def read(folder: Path) -> torch.Tensor:
    with WeightReader(folder) as reader:
        assert reader.names == {NAME + "weight"}
        return reader.weight(NAME + "weight").float()


@pytest.mark.parametrize("kind", ["sym-full", "asym"])
@pytest.mark.parametrize("group", [32, 64, 128, -1])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("form", ["packed", "gptq"])
def test_what_is_written_is_read_back_exactly(
    tmp_path: Path, form: str, bits: int, group: int, kind: Kind
) -> None:
    dtype = torch.bfloat16 if form == "packed" else torch.float16
    found = quantized(bits, group, kind, dtype=dtype)
    tensors = forms.packed_tensors(found, bits=bits, kind=kind, form=form, dtype=dtype)
    config = forms.integer_config(bits=bits, kind=kind, group=group, form=form)
    assert torch.equal(read(write(tmp_path, tensors, config)), found.dequantized())
    groups = 256 // (256 if group == -1 else group)
    if form == "packed":
        assert tensors["weight_packed"].shape == (32, 256 * bits // 32)
        assert tensors["weight_scale"].shape == (32, groups)
        if kind == "asym":
            assert tensors["weight_zero_point"].shape == (32 * bits // 32, groups)
    else:
        assert tensors["qweight"].shape == (256 * bits // 32, 32)
        assert tensors["qzeros"].shape == (groups, 32 * bits // 32)
        assert tensors["scales"].shape == (groups, 32)


@pytest.mark.parametrize("group", [32, 64, 128])
def test_awq_is_read_back_exactly(tmp_path: Path, group: int) -> None:
    found = quantized(4, group, "asym", dtype=torch.float16)
    tensors = forms.packed_tensors(found, bits=4, kind="asym", form="awq", dtype=torch.float16)
    config = forms.integer_config(bits=4, kind="asym", group=group, form="awq")
    assert torch.equal(read(write(tmp_path, tensors, config)), found.dequantized())
    assert tensors["qweight"].shape == (256, 32 // 8)
    assert tensors["qzeros"].shape == (256 // group, 32 // 8)


def test_the_awq_format_holds_one_kind_of_codes() -> None:
    others: list[tuple[int, Kind]] = [(4, "sym-full"), (8, "asym")]
    for bits, kind in others:
        found = quantized(bits, 64, kind)
        with pytest.raises(ValueError, match="4-bit codes with zero points only"):
            forms.packed_tensors(found, bits=bits, kind=kind, form="awq", dtype=torch.float16)


def test_the_older_gptq_format_stores_zero_points_minus_one(tmp_path: Path) -> None:
    found = quantized(4, 64, "sym-full", dtype=torch.float16)
    tensors = forms.packed_tensors(found, bits=4, kind="sym-full", form="gptq", dtype=torch.float16)
    assert set(words(tensors["qzeros"])) == {0x88888888}
    config = forms.integer_config(bits=4, kind="sym-full", group=64, form="gptq")
    older = {**tensors, "qzeros": tensors["qzeros"] - 0x11111111}
    assert set(words(older["qzeros"])) == {0x77777777}
    folder = write(tmp_path, older, {**config, "checkpoint_format": "gptq"})
    assert torch.equal(read(folder), found.dequantized())
    del config["checkpoint_format"]  # files from before the field have the older format
    assert torch.equal(read(write(tmp_path, older, config)), found.dequantized())


def test_reordered_gptq_columns_are_read_by_their_group(tmp_path: Path) -> None:
    """``desc_act``: column i belongs to group g_idx[i]."""
    found = quantized(4, 128, "asym", dtype=torch.float16)
    tensors = forms.packed_tensors(found, bits=4, kind="asym", form="gptq", dtype=torch.float16)
    swapped = {**tensors, "g_idx": 1 - tensors["g_idx"]}
    config = {**forms.integer_config(bits=4, kind="asym", group=128, form="gptq"), "desc_act": True}
    scale, zero = (t.flip(1).repeat_interleave(128, 1) for t in (found.scale, found.zero))
    assert torch.equal(read(write(tmp_path, swapped, config)), (found.codes - zero) * scale)


@pytest.mark.parametrize("number", ["int8", "fp8"])
def test_eight_bit_weights_are_read_back_exactly(tmp_path: Path, number: str) -> None:
    weight = torch.randn(16, 64, generator=torch.Generator().manual_seed(0))
    codes, scale = quantize_rows(weight, number, scale_dtype=torch.bfloat16)  # type: ignore[arg-type]
    config = forms.eight_bit_config(number)
    tensors = {"weight": codes, "weight_scale": scale.to(torch.bfloat16)}
    assert torch.equal(read(write(tmp_path, tensors, config)), codes.float() * scale)
    assert activation_rounding(config) == number
    for one in (
        torch.tensor(0.5),
        torch.tensor([0.5]),
    ):  # one scale for the whole matrix, as libraries write it
        folder = write(tmp_path, {"weight": codes, "weight_scale": one}, config)
        assert torch.equal(read(folder), codes.float() * 0.5)
    grouped = {"weight": codes, "weight_scale": torch.stack([scale[:, 0], 2 * scale[:, 0]], 1)}
    expected = codes.float() * torch.cat([scale.expand(-1, 32), 2 * scale.expand(-1, 32)], 1)
    assert torch.equal(read(write(tmp_path, grouped, config)), expected)


def test_plain_eight_bit_weights_with_a_zero_point_are_read(tmp_path: Path) -> None:
    codes = torch.tensor([[5, -3, 0, 127]], dtype=torch.int8)
    tensors = {
        "weight": codes,
        "weight_scale": torch.tensor([[0.5]]),
        "weight_zero_point": torch.tensor([[-3]], dtype=torch.int8),
    }
    assert read(write(tmp_path, tensors, forms.eight_bit_config("int8"))).tolist() == [[4, 0, 1.5, 65]]


def test_only_activations_that_are_rounded_are_said_to_be() -> None:
    assert activation_rounding({}) is None
    assert activation_rounding(forms.integer_config(bits=4, kind="asym", group=64, form="packed")) is None
    assert activation_rounding(forms.integer_config(bits=4, kind="asym", group=64, form="awq")) is None


def test_dense_weights_keep_their_type_and_missing_ones_are_named(tmp_path: Path) -> None:
    weight = torch.randn(4, 4).to(torch.bfloat16)
    with WeightReader(write(tmp_path, {"weight": weight}, None)) as reader:
        assert torch.equal(reader.weight(NAME + "weight"), weight)
        assert not reader.is_compressed(NAME + "weight")
        with pytest.raises(ModelError, match=r"no tensor 'lm_head\.weight'"):
            reader.weight("lm_head.weight")


# -- other people's readers -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sym-full", "asym"])
@pytest.mark.parametrize("group", [32, 128, -1])
@pytest.mark.parametrize("bits", [2, 4, 8])
# Importing compressed-tensors loads torch's compiler, which uses a deprecated part of torch itself.
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_compressed_tensors_reads_the_same_weights(bits: int, group: int, kind: Kind) -> None:
    """Its own unpacking and dequantization, from the tensors and the config we write."""
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32, unpack_from_int32
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme

    found = quantized(bits, group, kind)
    tensors = forms.packed_tensors(found, bits=bits, kind=kind, form="packed", dtype=torch.bfloat16)
    config = forms.integer_config(bits=bits, kind=kind, group=group, form="packed")
    codes = unpack_from_int32(tensors["weight_packed"], bits, torch.Size([32, 256]))
    offset = 2 ** (bits - 1) if kind == "asym" else 0
    assert torch.equal(codes.int() + offset, found.codes)
    assert torch.equal(pack_to_int32((found.codes - offset).to(torch.int8), bits), tensors["weight_packed"])
    scheme = config["config_groups"]["group_0"]
    arguments = QuantizationArgs(**scheme["weights"])
    compressor = BaseCompressor.load_from_registry(config["format"])
    parsed = QuantizationScheme(targets=scheme["targets"], weights=arguments)
    back = compressor.decompress({k: v.clone() for k, v in tensors.items()}, parsed)["weight"]
    assert torch.allclose(back.float(), found.dequantized(), rtol=2**-7)  # it multiplies in bf16
