"""Errors, zeros and bits of a library's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from model_folders import llama_folder, llama_weights

from acbench.compress.backends.linears import is_linear, linear_shapes
from acbench.compress.backends.measuring import fitted_scales, measure, relative_error
from acbench.compress.tally import is_linear as own_rule
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from pathlib import Path

Q0 = "model.layers.0.self_attn.q_proj.weight"


def test_the_error_is_relative_and_squared() -> None:
    original = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    found = torch.tensor([[3.0, 3.0], [0.0, 0.0]])
    assert relative_error(original, found, smoothed=False) == pytest.approx(1 / 25)
    assert relative_error(torch.zeros(2, 2), torch.zeros(2, 2), smoothed=False) == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000))
def test_scales_that_were_folded_in_are_no_error(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    original = torch.randn(12, 20, generator=generator)
    rows = torch.rand(12, generator=generator) * 3 + 0.3
    columns = torch.rand(20, generator=generator) * 3 + 0.3
    folded = original * rows[:, None] * columns
    r, c = fitted_scales(original, folded)
    assert torch.allclose(r[:, None] * c, rows[:, None] * columns, rtol=5e-3)
    assert relative_error(original, folded, smoothed=True) < 1e-5
    assert relative_error(original, folded, smoothed=False) > 0.01


def test_rounding_is_still_seen_below_folded_scales() -> None:
    original = torch.randn(64, 64, generator=torch.Generator().manual_seed(1))
    columns = torch.linspace(0.5, 2.0, 64)
    rounded = (original * columns * 4).round() / 4
    plain = float(((rounded / columns) - original).square().sum() / original.square().sum())
    assert relative_error(original, rounded, smoothed=True) == pytest.approx(plain, rel=0.1)


def folders(tmp_path: Path, change: dict[str, torch.Tensor]) -> tuple[Path, Path]:
    weights = llama_weights(layers=1)
    base = llama_folder(tmp_path / "base", weights)
    return base, llama_folder(tmp_path / "made", {**weights, **change})


def test_only_what_changed_is_touched(tmp_path: Path) -> None:
    weights = llama_weights(layers=1)
    half = weights[Q0].clone()
    half[:, ::2] = 0
    found = measure(*folders(tmp_path, {Q0: half}), smoothed=False)
    assert (found.touched, len(found.untouched), found.without) == (1, 6, [])
    assert found.per_layer[Q0]["sparsity"] == 0.5
    assert found.zeros == half.numel() // 2
    assert found.bits / found.elements == 16


def test_a_folder_that_nothing_happened_to_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match="no weight changed; the library did nothing"):
        measure(*folders(tmp_path, {}), smoothed=False)


def test_infinite_weights_are_an_error(tmp_path: Path) -> None:
    bad = llama_weights(layers=1)[Q0].clone()
    bad[0, 0] = float("inf")
    with pytest.raises(CompressionError, match=r"q_proj\.weight came back .* with NaN or infinite"):
        measure(*folders(tmp_path, {Q0: bad}), smoothed=False)


@pytest.mark.parametrize(
    "name",
    [
        Q0,
        "model.embed_tokens.weight",
        "lm_head.weight",
        "model.layers.3.mlp.gate.weight",
        "model.layers.3.block_sparse_moe.experts.1.w1.weight",
        "transformer.h.0.mlp.fc.weight",
        "model.layers.0.self_attn.q_proj.bias",
    ],
)
def test_the_scope_is_that_of_the_in_house_methods(name: str) -> None:
    for shape in ([8, 8], [8]):
        assert is_linear(name, shape) == own_rule(name, shape)


def test_widths_come_from_headers(tmp_path: Path) -> None:
    base = llama_folder(tmp_path / "m", llama_weights(layers=1))
    assert linear_shapes(base)["model.layers.0.mlp.down_proj.weight"] == (64, 128)
    assert len(linear_shapes(base)) == 7
