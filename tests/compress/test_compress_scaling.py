"""AWQ, SmoothQuant and eight bits: worked values of the specification (section 10), and what must always hold."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.compress.awq import candidate, channel_weight, clip, output_error, search_scale
from acbench.compress.eightbit import quantize_rows, rounded_rows
from acbench.compress.grids import Grid
from acbench.compress.smoothquant import smoothing

torch.set_num_threads(1)

F64 = torch.float64
X = torch.tensor([1, -2, 0.5, 4], dtype=F64)
GAMMA = torch.tensor([1, 0.5, 2, 1.5], dtype=F64)
W = torch.tensor([[0.2, -0.4, 0.1, 0.3], [0.5, 0.1, -0.2, 0.05]], dtype=F64)
NORMED = X / X.square().mean().sqrt() * GAMMA
GRAM = NORMED[:, None] * NORMED[None, :]
seeds = st.integers(0, 10**6)


def problem(seed: int, rows: int = 8, columns: int = 32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weights, H and mean |x| of inputs with a few large channels, in float64."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(64, columns, generator=generator, dtype=F64)
    inputs *= torch.randn(columns, generator=generator, dtype=F64).exp()
    weight = torch.randn(rows, columns, generator=generator, dtype=F64)
    return weight, inputs.t() @ inputs / 64, inputs.abs().mean(0)


def rounded(weight: torch.Tensor, grid: Grid, group: int) -> torch.Tensor:
    groups = weight.reshape(len(weight), -1, group)
    fitted = grid.fit(groups)
    return grid.back(grid.codes(groups, *fitted), *fitted).reshape(weight.shape)


# -- AWQ --------------------------------------------------------------------------------------------


def test_the_worked_search() -> None:
    grid, activation, relative = Grid(3, "asym"), NORMED.abs(), channel_weight(W, 4)
    assert activation.tolist() == pytest.approx([0.433861, 0.433861, 0.433861, 2.603165], abs=1e-6)
    assert relative.tolist() == pytest.approx([0.75, 0.6, 0.325, 0.425], rel=1e-9)
    errors = {0: 0.01284339, 0.25: 0.00195186, 0.5: 0.00580311, 0.75: 0.00171013}
    for ratio, expected in errors.items():
        scale = candidate(activation, relative, ratio)
        found = output_error(rounded(W * scale, grid, 4) / scale - W, GRAM)
        assert found == pytest.approx(expected, rel=1e-5)
    best = search_scale(W, GRAM, activation, grid=grid, group=4, ratios=4)
    assert best.ratio == 0.75
    assert best.scale.tolist() == pytest.approx([0.475732, 0.503023, 0.586336, 2.102022], abs=1e-6)
    assert best.error == pytest.approx(errors[0.75], rel=1e-5)


def test_the_worked_fold() -> None:
    scale = torch.tensor([0.5, 2, 1, 4], dtype=F64)
    folded = (W * scale) @ (NORMED / GAMMA * (GAMMA / scale))
    assert folded.tolist() == pytest.approx([1.084652, 0.21693], abs=1e-6)
    assert folded.tolist() == pytest.approx((W @ NORMED).tolist(), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from(["asym", "sym-full"]), st.sampled_from([2, 3, 4]), st.sampled_from([8, 32]))
def test_the_search_is_never_worse_than_no_scaling(seed: int, kind: str, bits: int, group: int) -> None:
    weight, gram, activation = problem(seed)
    grid = Grid(bits, kind)  # type: ignore[arg-type]
    plain = output_error(rounded(weight, grid, group) - weight, gram)
    best = search_scale(weight, gram, activation, grid=grid, group=group)
    assert best.error <= plain
    again = output_error(rounded(weight * best.scale, grid, group) / best.scale - weight, gram)
    assert best.error == pytest.approx(again, rel=1e-9)
    if best.ratio is None:
        assert torch.equal(best.scale, torch.ones_like(activation))
    else:
        assert float(best.scale.max() * best.scale.min()) == pytest.approx(1)
        parts = (
            channel_weight(weight, group),
            torch.ones_like(activation),
        )  # with the weights' part and without
        tried = [candidate(activation, part, k / 20) for part in parts for k in range(20)]
        errors = [output_error(rounded(weight * s, grid, group) / s - weight, gram) for s in tried]
        assert best.error == pytest.approx(min(errors), rel=1e-9)
        assert best.ratio == errors.index(min(errors)) % 20 / 20


def test_a_large_channel_is_protected() -> None:
    """One channel carries the output: its own rounding error all but vanishes."""
    weight, _, _ = problem(3)
    size = torch.ones(32, dtype=F64)
    size[5] = 100
    grid = Grid(3, "asym")
    best = search_scale(weight, torch.diag(size.square()), size, grid=grid, group=32)
    plain = output_error(rounded(weight, grid, 32) - weight, torch.diag(size.square()))
    assert best.error < 0.2 * plain
    assert int(best.scale.argmax()) == 5


def test_channels_without_input_and_rows_without_weights_give_finite_scales() -> None:
    weight, gram, activation = problem(4)
    activation[3] = 0
    gram[3] = gram[:, 3] = 0
    weight[:, 8:16] = 0
    best = search_scale(weight, gram, activation, grid=Grid(4, "asym"), group=8)
    assert bool(torch.isfinite(best.scale).all())
    assert float(best.scale.min()) > 0


def test_a_search_over_some_rows_is_that_of_these_rows() -> None:
    weight, gram, activation = problem(5, rows=12)
    grid = Grid(3, "asym")
    some = search_scale(weight, gram, activation, grid=grid, group=8, rows=4)
    assert some.ratio is not None
    part, tried = weight[::3], some.scale
    assert some.error == pytest.approx(output_error(rounded(part * tried, grid, 8) / tried - part, gram))
    assert some.error <= output_error(rounded(part, grid, 8) - part, gram)


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from(["asym", "sym-full"]), st.sampled_from([8, 16]))
def test_clipping_never_loses_more_within_a_group(seed: int, kind: str, group: int) -> None:
    weight, gram, _ = problem(seed)
    grid = Grid(3, kind)  # type: ignore[arg-type]
    clipped = clip(weight, gram, grid=grid, group=group)
    assert bool((clipped.abs() <= weight.abs()).all())
    limits = clipped.abs().reshape(8, -1, group).amax(-1) / weight.abs().reshape(8, -1, group).amax(-1)
    steps = (1 - limits) / 0.025
    assert torch.allclose(steps, steps.round(), atol=1e-6)
    assert float(limits.min()) >= 0.525 - 1e-9
    for first in range(0, 32, group):
        part = slice(first, first + group)
        before = rounded(weight[:, part], grid, group) - weight[:, part]
        after = rounded(clipped[:, part], grid, group) - weight[:, part]
        own = gram[part, part]
        lost = [((d @ own) * d).sum(-1) for d in (before, after)]
        assert bool((lost[1] <= lost[0] * (1 + 1e-9)).all())


# -- SmoothQuant ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [(0.5, [4.472136, 1.118034, 3.162278, 1.825742]), (0.8, [7.247797, 0.689865, 2.402249, 1.27226])],
)
def test_worked_smoothing(alpha: float, expected: list[float]) -> None:
    largest = torch.tensor([10, 0.5, 2, 1], dtype=F64)
    assert smoothing(largest, W, alpha=alpha).tolist() == pytest.approx(expected, abs=1e-6)


def test_alpha_moves_all_or_nothing() -> None:
    largest = torch.tensor([10, 0.5, 2, 1], dtype=F64)
    assert (largest / smoothing(largest, W, alpha=1.0)).tolist() == pytest.approx([1] * 4)
    columns = (W * smoothing(largest, W, alpha=0.0)).abs().amax(0)
    assert columns.tolist() == pytest.approx([1] * 4)
    half = smoothing(largest, W, alpha=0.5)  # activations and weights end up with the same range
    assert (largest / half).tolist() == pytest.approx((W * half).abs().amax(0).tolist())


def test_unused_channels_are_left_alone() -> None:
    weight = W.clone()
    weight[:, 1] = 0
    found = smoothing(torch.tensor([0.0, 5, 1, 1], dtype=F64), weight, alpha=0.8)
    assert found[:2].tolist() == [1, 1]
    assert bool(torch.isfinite(found).all())


# -- eight bits -------------------------------------------------------------------------------------


def test_worked_product_of_eight_bit_codes() -> None:
    a, w = torch.tensor([[0.5, -1.27, 0.02, 1]], dtype=F64), torch.tensor([[0.2, -0.4, 0.1, 0.3]], dtype=F64)
    (left, left_scale), (right, right_scale) = quantize_rows(a, "int8"), quantize_rows(w, "int8")
    assert (left.tolist(), left_scale.item()) == ([[50, -127, 2, 100]], pytest.approx(0.01))
    assert (right.tolist(), right_scale.item()) == ([[63, -127, 32, 95]], pytest.approx(0.0031496063))
    summed = (left.to(torch.int32) * right.to(torch.int32)).sum()
    assert int(summed) == 28843
    expected = pytest.approx(0.908441, abs=1e-6)
    assert float(summed * left_scale * right_scale) == expected
    assert float((rounded_rows(a, "int8") * rounded_rows(w, "int8")).sum()) == expected
    assert float((a * w).sum()) == pytest.approx(0.91)


def test_worked_fp8() -> None:
    weight = torch.tensor([[0.3, -1, 0.011, 0.0004]])
    codes, scale = quantize_rows(weight, "fp8")
    assert codes.dtype == torch.float8_e4m3fn
    assert scale.item() == pytest.approx(0.00223214, abs=1e-8)
    assert codes.float().tolist() == [[128, -448, 5, 0.171875]]
    back = rounded_rows(weight, "fp8")[0].tolist()
    assert back == pytest.approx([0.285714, -1, 0.01116071, 0.00038365], rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=16, max_size=16),
    st.sampled_from(["int8", "fp8"]),
    st.sampled_from([None, torch.bfloat16]),
)
def test_eight_bits_stay_near(values: list[float], number: str, scale_dtype: torch.dtype | None) -> None:
    rows = torch.tensor(values).reshape(2, 8)
    codes, scale = quantize_rows(rows, number, scale_dtype=scale_dtype)  # type: ignore[arg-type]
    back = codes.float() * scale
    assert bool(torch.isfinite(back).all())
    slack = rows.abs().amax(-1, keepdim=True) * (
        0.004 if scale_dtype else 1e-6
    )  # a scale that was rounded down
    step = scale / 2 if number == "int8" else torch.maximum(rows.abs() / 16, scale * 2**-10)
    assert bool(((back - rows).abs() <= step * 1.001 + slack + 1e-12).all())


def test_rows_of_zeros_stay_zero() -> None:
    for number in ("int8", "fp8"):
        assert not rounded_rows(torch.zeros(2, 8), number).any()
