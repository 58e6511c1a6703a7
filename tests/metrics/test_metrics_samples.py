"""Distances of samples against scipy and their laws; bins of positions; means; loss; lengths and loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.errors import DataError
from acbench.metrics import mean_of
from acbench.metrics.averages import geometric_mean, mean_per_text
from acbench.metrics.likelihood import mean_nll, perplexity, shown_perplexity
from acbench.metrics.samples import (
    kolmogorov_smirnov,
    position_bins,
    wasserstein,
)
from acbench.metrics.sequences import length_inflation, repeated_share

FEW = settings(max_examples=60, derandomize=True)
NUMBERS = st.integers(-8, 8).map(lambda n: n / 2) | st.floats(-50, 50).map(lambda x: round(x, 6))
SAMPLES = st.lists(NUMBERS, min_size=1, max_size=12).map(np.array)


# -- distances of samples ----------------------------------------------------------------------------


def test_both_against_scipy() -> None:
    stats = pytest.importorskip("scipy.stats", reason="the embeddings extra is not installed")
    for seed in range(20):
        rng = np.random.default_rng(seed)
        a, b = rng.normal(0, 3, rng.integers(1, 40)), rng.normal(1, 2, rng.integers(1, 40))
        if seed % 2:  # many equal values, within and across the samples
            a, b = a.round(), b.round()
        assert wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a, b))
        assert kolmogorov_smirnov(a, b) == pytest.approx(stats.ks_2samp(a, b).statistic)


@given(SAMPLES, SAMPLES, SAMPLES)
@FEW
def test_wasserstein_is_a_metric(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    near = wasserstein(a, b)
    assert near >= 0
    assert near == pytest.approx(wasserstein(b, a))
    assert wasserstein(a, c) <= near + wasserstein(b, c) + 1e-9
    assert wasserstein(a, a[::-1]) == 0
    assert wasserstein(a, np.repeat(a, 3)) == pytest.approx(0, abs=1e-9), "of distributions, not of counts"


@given(SAMPLES, SAMPLES, st.floats(-20, 20), st.floats(0.1, 10))
@FEW
def test_shifts_and_scales(a: np.ndarray, b: np.ndarray, shift: float, scale: float) -> None:
    near, steps = wasserstein(a, b), kolmogorov_smirnov(a, b)
    assert wasserstein(a, a + shift) == pytest.approx(abs(shift), abs=1e-9)
    assert wasserstein(a + shift, b + shift) == pytest.approx(near, abs=1e-8)
    assert wasserstein(scale * a, scale * b) == pytest.approx(scale * near, abs=1e-8)
    assert near >= abs(a.mean() - b.mean()) - 1e-9
    assert 0 <= steps <= 1
    assert steps == kolmogorov_smirnov(b, a)
    assert (steps == 0) == (near == 0)
    assert kolmogorov_smirnov(a, a.max() - a.min() + a + 1) == 1


@given(st.integers(1, 10), st.integers(0, 2**32 - 1))
@FEW
def test_equal_sizes_are_matched_in_order(size: int, seed: int) -> None:
    a, b = np.random.default_rng(seed).normal(size=(2, size))
    assert wasserstein(a, b) == pytest.approx(np.abs(np.sort(a) - np.sort(b)).mean())


@pytest.mark.parametrize("measure", [wasserstein, kolmogorov_smirnov])
def test_samples_that_have_no_distance(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(DataError, match="no positions"):
        measure(np.array([]), np.array([1.0]))
    for bad in (math.nan, math.inf):
        with pytest.raises(DataError, match="finite"):
            measure(np.array([1.0]), np.array([0.0, bad]))


@pytest.mark.parametrize("tokens", [1, 2, 4, 9, 128, 200, 256, 2048])
def test_every_position_is_in_one_bin(tokens: int) -> None:
    found = position_bins(tokens)
    covered = [place for _, columns in found for place in range(tokens)[columns]]
    assert covered == list(range(tokens))
    names = ["0", "1-3", "4-7", "8-15", "16-31", "32-63", "64-127", "128-255"]
    assert [name for name, _ in found][:8] == names[: len(found)]


def test_no_position_no_bin() -> None:
    with pytest.raises(DataError, match="no positions"):
        position_bins(0)


# -- means -------------------------------------------------------------------------------------------

HOLED = st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=20)


@given(HOLED)
@FEW
def test_a_mean_says_what_it_rests_on(values: list[float]) -> None:
    found = mean_of(values)
    defined = [value for value in values if not math.isnan(value)]
    assert (found.n, found.undefined) == (len(defined), len(values) - len(defined))
    assert found.coverage == len(defined) / len(values)
    expected = math.fsum(defined) / len(defined) if defined else math.nan
    assert found.value == pytest.approx(expected, nan_ok=True, abs=1e-6)


def test_no_values_no_mean() -> None:
    with pytest.raises(DataError, match="no positions"):
        mean_of([])


@given(st.lists(st.floats(0.1, 1000), min_size=1, max_size=10))
@FEW
def test_the_geometric_mean_is_a_root_of_the_product(values: list[float]) -> None:
    found = geometric_mean(values)
    assert found == pytest.approx(math.prod(values) ** (1 / len(values)))
    assert found <= np.mean(values) * (1 + 1e-12)
    assert geometric_mean([*values, math.nan]) == pytest.approx(found)


def test_undefined_geometric_mean() -> None:
    assert math.isnan(geometric_mean([math.nan]))


def test_texts_are_averaged_one_by_one() -> None:
    found = mean_per_text(np.array([[1.0, 2.0, 3.0], [5.0, math.nan, 7.0], [math.nan] * 3]))
    assert found.tolist() == pytest.approx([2.0, 6.0, math.nan], nan_ok=True)


# -- loss --------------------------------------------------------------------------------------------


def test_the_difference_of_losses_is_the_ratio_of_perplexities() -> None:
    rng = np.random.default_rng(0)
    base, variant = rng.uniform(0, 5, (2, 40))
    ratio = perplexity(variant) / perplexity(base)
    assert ratio == pytest.approx(math.exp(mean_nll(variant) - mean_nll(base)))
    assert perplexity(np.full(3, math.log(17))) == pytest.approx(17), "uniform over 17"


def test_a_loss_of_nothing_and_a_loss_that_is_none() -> None:
    with pytest.raises(DataError, match="no positions"):
        perplexity([])
    with pytest.raises(DataError, match="1 of 2 token losses are NaN"):
        mean_nll([1.0, math.nan])


def test_worse_than_uniform_is_shown_as_such() -> None:
    assert shown_perplexity(49153.0, 49152) == ">49152"
    assert shown_perplexity(49152.0, 49152) == "4.915e+04"
    assert shown_perplexity(23.4567, 49152) == "23.46"
    assert shown_perplexity(perplexity([5000.0]), 49152) == ">49152", "does not overflow"


# -- answers as sequences ----------------------------------------------------------------------------


def test_longer_answers() -> None:
    assert length_inflation([10, 20], [20, 20]) == pytest.approx(1.5), "a mean of ratios, item by item"
    assert length_inflation([0, 20], [5, 10]) == pytest.approx(0.5), "an empty answer of base has no ratio"
    assert math.isnan(length_inflation([0], [5]))
    with pytest.raises(DataError, match="same items"):
        length_inflation([1], [1, 2])


def test_loops() -> None:
    assert repeated_share([1, 2, 3, 4, 5, 6, 7]) == 0
    assert repeated_share([1] * 7) == pytest.approx(3 / 4), "four 4-grams, one of them new"
    assert repeated_share([1, 2, 3, 1, 2, 3, 1], n=3) == pytest.approx(2 / 5)
    assert repeated_share([1, 2, 3]) == 0
