"""Fake quantization: the worked value, error bounds, what stays exact, and bytes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from acbench.kv import rounding
from acbench.kv.layers import EvictLayer, QuantLayer, tensor_bytes
from acbench.kv.settings import parse_kv


def states(length: int, seed: int = 0, size: int = 16, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """[1, 2, length, size]; channels have different offsets, as keys have."""
    generator = torch.Generator().manual_seed(seed)
    offsets = 4 * torch.randn(size, generator=generator)
    return (torch.randn(1, 2, length, size, generator=generator) + offsets).to(dtype)


def layer_with(length: int, **table: Any) -> tuple[QuantLayer, torch.Tensor, torch.Tensor]:
    """A layer after a prompt: (layer, exact keys, exact values)."""
    layer, keys, values = QuantLayer(parse_kv(table)), states(length), states(length, 1)
    layer.update(keys, values)
    layer.settle()
    return layer, keys, values


def test_worked_value() -> None:
    token = torch.tensor([1, -0.25, 0.4, 0.1]).reshape(1, 1, 1, 4)
    back = rounding.along_head(token, 4, 4)
    assert back.flatten().tolist() == pytest.approx([1, -0.25, 0.416667, 0.083333], abs=1e-6)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("group", [4, 16])
def test_errors_of_the_token_grid_are_within_a_step(bits: int, group: int) -> None:
    exact = states(50)
    back = rounding.along_head(exact, bits, group)
    grouped = exact.unflatten(-1, (-1, group))
    span = grouped.amax(-1).clamp(min=0) - grouped.amin(-1).clamp(max=0)
    step = (span / (2**bits - 1)).repeat_interleave(group, -1)
    error = (back - exact).abs()
    assert bool((error <= step * 1.001).all())
    assert float((error / step).mean()) < 0.5
    levels = {len(set(row.tolist())) for row in back.unflatten(-1, (-1, group)).reshape(-1, group)}
    assert max(levels) <= 2**bits


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_errors_of_the_kivi_grid_are_within_half_a_step(bits: int) -> None:
    exact = states(64)
    back = rounding.along_tokens(exact, bits, 32)
    grouped = exact.unflatten(2, (-1, 32))
    step = ((grouped.amax(3) - grouped.amin(3)) / (2**bits - 1)).repeat_interleave(32, 2)
    assert bool(((back - exact).abs() <= step * 0.501).all())


def test_keys_far_from_zero_want_a_grid_of_their_own() -> None:
    """Why KIVI rounds keys per channel: offsets of the channels take no part of the range."""
    exact = states(64)
    per_token = (rounding.along_head(exact, 2, 16) - exact).pow(2).mean()
    per_channel = (rounding.along_tokens(exact, 2, 64) - exact).pow(2).mean()
    assert float(per_channel) < 0.5 * float(per_token)


def test_zeros_and_16_bit_types_survive() -> None:
    assert rounding.along_head(torch.zeros(1, 1, 2, 8), 4, 8).tolist() == torch.zeros(1, 1, 2, 8).tolist()
    constant = torch.full((1, 1, 8, 4), 3.5)
    assert torch.equal(rounding.along_tokens(constant, 2, 8), constant)
    half = states(20, dtype=torch.bfloat16)
    back = rounding.along_head(half, 8, 16)
    assert back.dtype == torch.bfloat16
    assert float((back - half).abs().max()) < 0.1


def test_the_token_layout_rounds_on_arrival() -> None:
    layer = QuantLayer(parse_kv({"bits": 4}))
    keys, values = states(10), states(10, 1)
    seen_keys, seen_values = layer.update(keys, values)
    assert torch.equal(seen_keys, rounding.along_head(keys, 4, 16))
    assert torch.equal(seen_values, rounding.along_head(values, 4, 16))
    layer.settle()
    assert torch.equal(layer.keys, seen_keys)


def test_tokens_at_once_or_one_by_one_are_the_same() -> None:
    whole, keys, values = layer_with(12, bits=4, residual=3)
    single = QuantLayer(parse_kv({"bits": 4, "residual": 3}))
    for i in range(12):
        single.update(keys[:, :, i : i + 1], values[:, :, i : i + 1])
        single.settle()
    assert torch.equal(single.keys, whole.keys)
    assert torch.equal(single.values, whole.values)
    assert torch.equal(single.keys[:, :, -3:], keys[:, :, -3:])
    assert not torch.equal(single.keys[:, :, -4], keys[:, :, -4])


def test_kivi_keeps_the_last_tokens_and_rounds_keys_in_whole_groups() -> None:
    layer, keys, values = layer_with(50, bits=2, layout="kivi", residual=10, group_size=16)
    assert torch.equal(layer.keys[:, :, :32], rounding.along_tokens(keys[:, :, :32], 2, 16))
    assert torch.equal(layer.keys[:, :, 32:], keys[:, :, 32:])  # 40 may be rounded, 32 are whole groups
    assert torch.equal(layer.values[:, :, 40:], values[:, :, 40:])
    assert not torch.equal(layer.values[:, :, 39], values[:, :, 39])
    before = layer.keys[:, :, :32].clone()
    for i in range(8):
        layer.update(states(1, 50 + i), states(1, 90 + i))
        layer.settle()
    assert torch.equal(layer.keys[:, :, :32], before)  # rounded once, never again
    assert torch.equal(layer.keys[:, :, 32:48], rounding.along_tokens(keys[:, :, 32:48], 2, 16))
    assert torch.equal(layer.keys[:, :, 48:50], keys[:, :, 48:])


def test_kivi_shows_the_prompts_pass_exact_states() -> None:
    layer, keys = QuantLayer(parse_kv({"bits": 2, "layout": "kivi", "residual": 0})), states(64)
    shown, _ = layer.update(keys, keys)
    assert torch.equal(shown, keys)
    layer.settle()
    assert not torch.equal(layer.keys, keys)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_bytes_are_those_of_the_tensors(dtype: torch.dtype) -> None:
    layer = EvictLayer()
    layer.update(states(30, dtype=dtype), states(30, dtype=dtype))
    assert layer.stored_bytes() == 2 * 2 * 30 * 16 * dtype.itemsize == tensor_bytes(layer)
    layer.keep(torch.arange(11).expand(1, 2, -1))
    assert layer.stored_bytes() == 2 * 2 * 11 * 16 * dtype.itemsize
    assert layer.stored_bytes() == sum(t.numel() * t.element_size() for t in (layer.keys, layer.values))


def test_bytes_of_rounded_tokens_are_those_of_a_packed_layout() -> None:
    half = QuantLayer(parse_kv({"bits": 4}))
    half.update(states(30, dtype=torch.bfloat16), states(30, dtype=torch.bfloat16))
    # 2 tensors x 2 heads x 30 tokens: 16 numbers of 4 bits, a scale and an offset of 2 bytes
    assert half.stored_bytes() == 2 * 2 * 30 * (8 + 4)
    half.keep(torch.arange(5).expand(1, 2, -1))
    assert half.stored_bytes() == 2 * 2 * 5 * (8 + 4)
    kivi = QuantLayer(parse_kv({"bits": 2, "layout": "kivi", "residual": 10, "group_size": 16}))
    kivi.update(states(50, dtype=torch.bfloat16), states(50, dtype=torch.bfloat16))
    kivi.settle()
    keys = 32 * 16 * 2 // 8 + 2 * 16 * 4 + 18 * 16 * 2  # 32 in 2 groups of each of 16 channels, 18 exact
    values = 40 * (16 * 2 // 8 + 4) + 10 * 16 * 2
    assert kivi.stored_bytes() == 2 * (keys + values)


def test_a_layer_remembers_positions_and_what_it_has_seen() -> None:
    layer = EvictLayer()
    layer.update(states(6), states(6))
    layer.keep(torch.tensor([[[0, 2, 5], [1, 2, 5]]]))
    assert layer.positions[0].tolist() == [[0, 2, 5], [1, 2, 5]]
    layer.update(states(1), states(1))
    assert layer.positions[0].tolist() == [[0, 2, 5, 6], [1, 2, 5, 6]]
    assert (layer.get_seq_length(), layer.stored) == (7, 4)
    assert layer.get_mask_sizes(1) == (5, 3)
    assert layer.get_mask_sizes(torch.tensor([7])) == (5, 3)
    layer.reset()
    assert (layer.get_seq_length(), layer.stored) == (0, 0)
    with pytest.raises(NotImplementedError, match="rolled back"):
        layer.crop(-1)
