"""Flips, margins, calibration, CKA, errors and tails of weights, outliers: by hand, by formula, by their laws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.compress.grids import quantize
from acbench.errors import DataError
from acbench.metrics import decisions, weights
from acbench.metrics.representation import linear_cka, outlier_ratio, top_channel_energy

torch.set_num_threads(1)
FEW = settings(max_examples=50, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
Table = Any


def gaussian(seed: int, *shape: int) -> Table:
    return np.random.default_rng(seed).standard_normal(shape)


# -- decisions ---------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
@FEW
def test_flips_by_counting(pairs: list[tuple[bool, bool]]) -> None:
    base, variant = ([float(pair[side]) for pair in pairs] for side in (0, 1))
    found = decisions.flips(base, variant)
    assert found.right_to_wrong == sum(b and not v for b, v in pairs) / len(pairs)
    assert found.wrong_to_right == sum(v and not b for b, v in pairs) / len(pairs)
    change = np.mean(variant) - np.mean(base)
    assert found.wrong_to_right - found.right_to_wrong == pytest.approx(change)
    assert 0 <= found.both <= 1


@given(seed=SEEDS, slope=st.floats(-3, 3), offset=st.floats(-5, 5), n=st.integers(2, 30))
@FEW
def test_a_planted_line_is_found(seed: int, slope: float, offset: float, n: int) -> None:
    base = gaussian(seed, n) * 4
    found = decisions.margin_fit(base, slope * base + offset)
    assert [found.slope, found.offset] == pytest.approx([slope, offset], abs=1e-6)
    assert found.flips == np.mean(base * (slope * base + offset) < 0)


@given(seed=SEEDS, n=st.integers(3, 30))
@FEW
def test_the_line_is_numpys_least_squares(seed: int, n: int) -> None:
    base, variant = gaussian(seed, 2, n)
    found = decisions.margin_fit(base, variant)
    assert [found.slope, found.offset] == pytest.approx(np.polyfit(base, variant, 1).tolist(), abs=1e-9)


def test_margins_of_one_value_have_no_slope() -> None:
    found = decisions.margin_fit([2.0, 2.0, 2.0, 2.0], [1.0, -1.0, 3.0, 2.0])
    assert math.isnan(found.slope)
    assert found.flips == 0.25


def ece_by_hand(confidence: list[float], correct: list[int], bins: int) -> float:
    total = 0.0
    for b in range(bins):
        inside = [i for i, c in enumerate(confidence) if min(int(c * bins), bins - 1) == b]
        if inside:
            gap = sum(confidence[i] for i in inside) / len(inside) - sum(correct[i] for i in inside) / len(
                inside
            )
            total += len(inside) / len(confidence) * abs(gap)
    return total


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=40), st.integers(1, 20))
@FEW
def test_calibration_by_hand_and_its_bounds(items: list[tuple[float, int]], bins: int) -> None:
    confidence, correct = [c for c, _ in items], [y for _, y in items]
    found = decisions.calibration(confidence, correct, bins=bins)
    assert found.ece == pytest.approx(ece_by_hand(confidence, correct, bins), abs=1e-12)
    assert abs(found.gap) - 1e-12 <= found.ece <= 1 + 1e-12, "bins can only add to the overall gap"
    assert 0 <= found.brier <= 1
    assert found.brier == pytest.approx(np.mean([(c - y) ** 2 for c, y in items]))
    assert found.accuracy == pytest.approx(np.mean(correct))
    assert decisions.calibration(confidence, correct, bins=1).ece == pytest.approx(abs(found.gap), abs=1e-12)


def test_calibration_at_its_ends() -> None:
    sure = decisions.calibration([1.0, 1.0, 0.0], [1, 1, 0])
    assert (sure.ece, sure.gap, sure.brier) == (0.0, 0.0, 0.0)
    wrong = decisions.calibration([1.0, 1.0], [0, 0])
    assert (wrong.ece, wrong.gap, wrong.brier, wrong.accuracy) == (1.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize("confidence", [-0.01, 1.01, math.nan])
def test_a_confidence_is_a_probability(confidence: float) -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        decisions.calibration([0.5, confidence], [1, 1])


@pytest.mark.parametrize("measure", [decisions.flips, decisions.margin_fit, decisions.calibration])
def test_items_of_both_sides(measure: Any) -> None:
    for sides in (([], []), ([1.0, 1.0], [1.0])):
        with pytest.raises(DataError):
            measure(*sides)


# -- hidden states -----------------------------------------------------------------------------------


def cka_by_features(x: Table, y: Table) -> float:
    a, b = x - x.mean(0), y - y.mean(0)
    return float(np.linalg.norm(b.T @ a) ** 2 / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)))


def cka_by_tokens(x: Table, y: Table) -> float:
    """The same as the correlation of the two centred kernels of tokens."""
    n = len(x)
    centre = np.eye(n) - 1 / n
    k, m = centre @ x @ x.T @ centre, centre @ y @ y.T @ centre
    return float((k * m).sum() / math.sqrt((k * k).sum() * (m * m).sum()))


@given(seed=SEEDS, n=st.integers(3, 20), d=st.integers(1, 20), e=st.integers(1, 20))
@FEW
def test_cka_in_both_its_forms(seed: int, n: int, d: int, e: int) -> None:
    x, y = gaussian(seed, n, d) + 2, gaussian(seed + 1, n, e)
    found = linear_cka(torch.tensor(x), torch.tensor(y))
    assert found == pytest.approx(cka_by_features(x, y), abs=1e-10)
    assert found == pytest.approx(cka_by_tokens(x, y), abs=1e-10)
    assert -1e-12 <= found <= 1 + 1e-12
    assert linear_cka(torch.tensor(y), torch.tensor(x)) == pytest.approx(found)
    turn = np.linalg.qr(gaussian(seed, d, d))[0]
    assert linear_cka(torch.tensor(-0.3 * x @ turn + 7), torch.tensor(y)) == pytest.approx(found, abs=1e-9)


def test_cka_is_biased_upward_for_few_tokens() -> None:
    few = [
        linear_cka(torch.tensor(gaussian(s, 50, 8)), torch.tensor(gaussian(s + 100, 50, 8)))
        for s in range(40)
    ]
    assert np.mean(few) == pytest.approx(0.15, abs=0.02)


def test_cka_that_is_not_defined() -> None:
    x = torch.tensor(gaussian(1, 6, 3))
    for constant in (torch.ones(6, 3), torch.full((6, 9), 0.1)):
        assert math.isnan(linear_cka(x, constant))
        assert math.isnan(linear_cka(constant, x))
    for other in (x[:5], x[:1]):
        with pytest.raises(DataError, match="same tokens on both sides"):
            linear_cka(x if len(other) > 1 else other, other)


def test_outliers_by_hand() -> None:
    table = torch.tensor([[1.0, -8.0, 0.0], [-1.0, 2.0, 0.0], [1.0, 1.0, 5.0]])
    assert outlier_ratio(table).tolist() == [1.0, 4.0, math.inf]
    assert top_channel_energy(table) == pytest.approx(69 / 97), "one channel at least"
    assert top_channel_energy(table, share=0.5) == pytest.approx((69 + 25) / 97)
    assert top_channel_energy(table, share=1.0) == pytest.approx(1.0)
    assert math.isnan(top_channel_energy(torch.zeros(3, 3)))
    assert top_channel_energy(torch.ones(4, 200)) == pytest.approx(0.01)


# -- weights -----------------------------------------------------------------------------------------


def test_errors_of_weights_by_hand() -> None:
    base, variant = torch.tensor([[3.0, 4.0]]), torch.tensor([[3.0, 4.5]])
    assert weights.sqnr_db(base, variant) == pytest.approx(20.0)
    assert weights.relative_error(base, variant) == pytest.approx(0.1)
    assert weights.sqnr_db(base, base) == math.inf
    assert weights.relative_error(base, base) == 0
    assert weights.sqnr_db(base, torch.zeros(1, 2)) == pytest.approx(0.0)
    assert math.isnan(weights.sqnr_db(torch.zeros(1, 2), variant))
    assert math.isnan(weights.relative_error(torch.zeros(1, 2), variant))
    for measure in (weights.sqnr_db, weights.relative_error):
        with pytest.raises(DataError, match=r"\(1, 2\) and \(2, 1\) cannot be compared"):
            measure(base, variant.T)


@given(seed=SEEDS, noise=st.floats(1e-4, 10))
@FEW
def test_one_error_is_the_logarithm_of_the_other(seed: int, noise: float) -> None:
    base = torch.tensor(gaussian(seed, 6, 5))
    variant = base + noise * torch.tensor(gaussian(seed + 1, 6, 5))
    relative = weights.relative_error(base, variant)
    assert weights.sqnr_db(base, variant) == pytest.approx(-20 * math.log10(relative), abs=1e-8)
    assert weights.sqnr_db(3 * base, 3 * variant) == pytest.approx(weights.sqnr_db(base, variant), abs=1e-8)


@pytest.mark.parametrize(("bits", "expected"), [(8, 45.4), (4, 20.8), (3, 14.2), (2, 6.8)])
def test_rounding_of_gaussian_weights(bits: int, expected: float) -> None:
    base = torch.tensor(gaussian(7, 256, 512)).float()
    made = quantize(base, bits=bits, group=64, kind="asym").dequantized()
    assert weights.sqnr_db(base, made) == pytest.approx(expected, abs=0.1)


def test_zeros_and_tails() -> None:
    assert weights.zero_share(torch.tensor([[0.0, -0.0, 1e-30, 2.0]])) == 0.5
    assert weights.excess_kurtosis(torch.tensor([-1.0, 1.0, -1.0, 1.0])) == pytest.approx(-2.0), "two points"
    uniform = torch.linspace(-1, 1, 10001, dtype=torch.float64)
    assert weights.excess_kurtosis(uniform) == pytest.approx(-1.2, abs=1e-3)
    assert weights.excess_kurtosis(torch.tensor(gaussian(8, 400, 500))) == pytest.approx(0.0, abs=0.05)
    heavy = torch.zeros(100)
    heavy[0] = 1.0
    assert weights.excess_kurtosis(heavy) == pytest.approx(1 / 0.01 + 1 / 0.99 - 6), "of a Bernoulli variable"
    assert math.isnan(weights.excess_kurtosis(torch.full((7, 3), 0.1)))


def test_kurtosis_against_scipy() -> None:
    stats = pytest.importorskip("scipy.stats", reason="the embeddings extra is not installed")
    values = gaussian(9, 20, 30) ** 3
    expected = stats.kurtosis(values, axis=None)
    assert weights.excess_kurtosis(torch.tensor(values)) == pytest.approx(expected)
    assert weights.excess_kurtosis(torch.tensor(values * 1e-4 + 5)) == pytest.approx(expected, rel=1e-6)
