"""Grids: the worked values of the specification (section 10), and properties that hold for any weight."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.compress.grids import SCALE_FLOOR, Grid, Kind, fitting_group, quantize

torch.set_num_threads(1)

W = [0.73, -1.4, 0.33, 0.05]
WORKED: list[tuple[int, Kind, float, int, list[int], list[float]]] = [
    (8, "sym-full", 0.01098039, 0, [66, -128, 30, 5], [0.724706, -1.40549, 0.329412, 0.054902]),
    (8, "sym-restricted", 0.01102362, 0, [66, -127, 30, 5], [0.727559, -1.4, 0.330709, 0.055118]),
    (8, "asym", 0.00835294, 168, [255, 0, 208, 174], [0.726706, -1.403294, 0.334118, 0.050118]),
    (4, "sym-full", 0.18666667, 0, [4, -8, 2, 0], [0.746667, -1.493333, 0.373333, 0]),
    (4, "sym-restricted", 0.2, 0, [4, -7, 2, 0], [0.8, -1.4, 0.4, 0]),
    (4, "asym", 0.142, 10, [15, 0, 12, 10], [0.71, -1.42, 0.284, 0]),
    (3, "sym-full", 0.4, 0, [2, -4, 1, 0], [0.8, -1.6, 0.4, 0]),
    (3, "asym", 0.30428571, 5, [7, 0, 6, 5], [0.608571, -1.521429, 0.304286, 0]),
    (2, "sym-full", 0.93333333, 0, [1, -2, 0, 0], [0.933333, -1.866667, 0, 0]),
    (2, "sym-restricted", 1.4, 0, [1, -1, 0, 0], [1.4, -1.4, 0, 0]),
    (2, "asym", 0.71, 2, [3, 0, 2, 2], [0.71, -1.42, 0, 0]),
]
KINDS: tuple[Kind, ...] = ("sym-full", "sym-restricted", "asym")


def bounds(bits: int, kind: Kind) -> tuple[int, int]:
    return (0, 2**bits - 1) if kind == "asym" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


@pytest.mark.parametrize(("bits", "kind", "scale", "zero", "codes", "back"), WORKED)
def test_worked_values(  # noqa: PLR0917 - the columns of the table
    bits: int, kind: Kind, scale: float, zero: int, codes: list[int], back: list[float]
) -> None:
    found = quantize(torch.tensor([W]), bits=bits, group=4, kind=kind)
    assert found.scale.item() == pytest.approx(scale, rel=1e-6)
    assert found.zero.item() == zero
    mine, mine_back = found.codes[0].tolist(), found.dequantized()[0].tolist()
    for position, (code, value) in enumerate(zip(codes, back, strict=True)):
        if kind == "sym-full" and position == 1:
            # The largest magnitude sits on a rounding tie: the last float bit decides (specification, 2).
            assert mine[position] in (code, code + 1)
            assert abs(mine_back[position] - value) <= scale * (1 + 1e-5)
        else:
            assert mine[position] == code
            assert mine_back[position] == pytest.approx(value, abs=2e-6)


def test_groups_are_columns_of_one_row_and_have_their_own_scale() -> None:
    weight = torch.tensor([[7.0, 3.5, 0.7, 0.1], [70.0, -70.0, 0.0, 0.0]])
    found = quantize(weight, bits=4, group=2, kind="sym-restricted")
    assert found.scale.tolist() == [[1.0, pytest.approx(0.1)], [10.0, pytest.approx(SCALE_FLOOR)]]
    assert found.codes.tolist() == [[7, 4, 7, 1], [7, -7, 0, 0]]  # 3.5 is rounded half to even
    assert found.dequantized()[1].tolist() == [70.0, -70.0, 0.0, 0.0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale_dtype", [None, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("search", [False, True])
def test_groups_of_zeros_stay_zero(kind: Kind, scale_dtype: torch.dtype | None, search: bool) -> None:
    """fp16 rounds the least scale to 0; a scale of 0 would make every code of the group NaN."""
    found = quantize(torch.zeros(2, 64), bits=4, group=32, kind=kind, scale_dtype=scale_dtype, search=search)
    assert bool((found.dequantized() == 0).all())
    assert bool((found.scale > 0).all())


def test_tiny_weights_have_a_scale_that_fp16_can_store() -> None:
    weight = torch.tensor([[3e-8, -1e-8, 2e-8, 0.0]])
    found = quantize(weight, bits=4, group=4, kind="asym", scale_dtype=torch.float16)
    assert torch.equal(found.scale, found.scale.half().float())
    assert bool((found.dequantized().abs() < 1e-7).all())


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_asymmetric_grid_always_holds_zero(sign: float) -> None:
    found = quantize(sign * torch.tensor([[5.0, 6.0, 7.5, 5.5]]), bits=4, group=4, kind="asym")
    assert found.scale.item() == pytest.approx(0.5)
    assert found.zero.item() == (0 if sign > 0 else 15)
    assert found.dequantized()[0].tolist() == [5.0 * sign, 6.0 * sign, 7.5 * sign, 5.5 * sign]


def test_codes_are_computed_with_the_scale_that_is_stored() -> None:
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(4, 64, generator=generator)
    found = quantize(weight, bits=8, group=64, kind="sym-restricted", scale_dtype=torch.bfloat16)
    exact = weight.abs().amax(-1, keepdim=True) / 127
    assert torch.equal(found.scale, exact.to(torch.bfloat16).float())
    assert not torch.equal(found.scale, exact)
    expected = torch.round(weight / found.scale).clamp(-128, 127)
    assert torch.equal(found.codes.float(), expected)


def test_a_group_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="group size 64 does not divide 96 columns"):
        quantize(torch.zeros(1, 96), bits=4, group=64, kind="asym")


@pytest.mark.parametrize(
    ("wanted", "columns", "group"),
    [
        (128, 256, 128),
        (128, 576, 64),
        (64, 96, 32),
        (128, 96, 32),
        (32, 96, 32),
        (256, 128, 64),
        (-1, 97, 97),
    ],
)
def test_the_fitting_group(wanted: int, columns: int, group: int) -> None:
    assert fitting_group(wanted, columns) == group


def test_no_group_fits() -> None:
    with pytest.raises(ValueError, match="no group size of 64, 64 or 32 divides 48 columns"):
        fitting_group(64, 48)
    with pytest.raises(ValueError, match="divides 72 columns"):
        fitting_group(32, 72)


weights = st.lists(st.floats(-8, 8, width=32, allow_subnormal=False), min_size=64, max_size=64).map(
    lambda values: torch.tensor(values).reshape(2, 32)
)


@settings(max_examples=60, deadline=None)
@given(weights, st.sampled_from([2, 3, 4, 8]), st.sampled_from(KINDS), st.sampled_from([8, 16, 32]))
def test_inside_the_range_the_error_is_at_most_half_a_step(
    weight: torch.Tensor, bits: int, kind: Kind, group: int
) -> None:
    for scale_dtype in (None, torch.bfloat16):
        found = quantize(weight, bits=bits, group=group, kind=kind, scale_dtype=scale_dtype)
        bottom, top = bounds(bits, kind)
        assert int(found.codes.min()) >= bottom
        assert int(found.codes.max()) <= top
        scale = found.scale.repeat_interleave(group, dim=1)
        zero = found.zero.repeat_interleave(group, dim=1)
        inside = (weight >= (bottom - zero) * scale) & (weight <= (top - zero) * scale)
        error = (found.dequantized() - weight).abs()
        slack = 1e-6 * (1 + weight.abs())
        assert bool((error <= scale / 2 + slack)[inside].all())
        if (
            scale_dtype is None
        ):  # an exact scale covers the range: nothing lies further out than the grid's ends
            limit = scale if kind == "asym" else scale / 2
            assert bool((error <= limit + slack).all())


@settings(max_examples=30, deadline=None)
@given(weights, st.sampled_from([4, 8]))
def test_what_is_on_the_grid_stays(weight: torch.Tensor, bits: int) -> None:
    once = quantize(weight, bits=bits, group=32, kind="sym-restricted")
    again = quantize(once.dequantized(), bits=bits, group=32, kind="sym-restricted")
    assert torch.allclose(again.dequantized(), once.dequantized(), rtol=1e-5, atol=1e-7)


@settings(max_examples=30, deadline=None)
@given(weights)
def test_more_bits_never_lose_more_in_the_worst_case(weight: torch.Tensor) -> None:
    steps = [quantize(weight, bits=b, group=32, kind="sym-full").scale for b in (2, 3, 4, 8)]
    assert all(bool((fine <= coarse).all()) for coarse, fine in itertools.pairwise(steps))


# -- the search for a range ---------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(weights, st.sampled_from([2, 3, 4, 8]), st.sampled_from(KINDS), st.sampled_from([8, 32]))
def test_a_searched_range_never_loses_more(weight: torch.Tensor, bits: int, kind: Kind, group: int) -> None:
    def losses(search: bool) -> torch.Tensor:
        found = quantize(weight, bits=bits, group=group, kind=kind, search=search)
        return (found.dequantized() - weight).square().reshape(2, -1, group).sum(-1)

    plain = losses(search=False)
    assert bool((losses(search=True) <= plain * (1 + 1e-5) + 1e-10).all())


def test_the_searched_range_is_the_best_of_the_grid_of_ranges() -> None:
    """Brute force in float64: ranges 1 - 0.8 k / 25 of the full one, one group at a time."""
    weight = torch.randn(6, 16, generator=torch.Generator().manual_seed(3)).double() ** 3
    scale, zero = Grid(3, "sym-full", search=True).fit(weight)
    assert not zero.any()
    for row, found in zip(weight, scale, strict=True):
        top = row.abs().max()
        tried = [top * (1 - 0.8 * k / 25) / 3.5 for k in range(25)]
        lost = [float(((row / s).round().clamp(-4, 3) * s - row).square().sum()) for s in tried]
        assert float(found) == pytest.approx(float(tried[lost.index(min(lost))]), rel=1e-12)


def test_importance_decides_which_errors_count() -> None:
    group = torch.tensor([[1.0, 0.13, 0.13, 0.13]])
    grid = Grid(2, "sym-restricted", search=True)  # values -s, 0, s
    assert float(grid.fit(group)[0]) > 0.8  # the large weight counts most
    small = grid.fit(group, torch.tensor([[0.0, 1.0, 1.0, 1.0]]))[0]
    assert float(small) < 0.26  # it does not count at all
