"""Degenerate inputs, as the specification's section 7 wants them; what tables of logits do stands in
``test_metrics_stream``, what checkpoints do in the tests of the analyses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from acbench.errors import DataError
from acbench.metrics import mean_of, ranking, spectra
from acbench.metrics.energy import energy, energy_centred, energy_top
from reports.overview.correlation import correlate

torch.set_num_threads(1)
PATHS = ("gram", "svd")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", ["sigma", "lambda"])
def test_a_zero_matrix_is_undefined_and_left_out_of_means(path: Any, form: Any) -> None:
    zero = spectra.matrix_erank(torch.zeros(5, 3), path=path, form=form)
    assert math.isnan(zero)
    found = mean_of([zero, 2.0, 4.0])
    assert (found.value, found.n, found.undefined) == (3.0, 2, 1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_broken_weights_are_an_error_with_name_and_count(bad: float) -> None:
    matrix = torch.ones(4, 3)
    matrix[1, :2] = bad
    for measure in (spectra.matrix_erank, spectra.token_erank, spectra.singular_values):
        with pytest.raises(DataError, match=r"h\.3: 2 of 12 values are NaN or infinite"):
            measure(matrix, name="h.3")


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int32, torch.bool])
def test_packed_weights_have_no_spectrum(dtype: torch.dtype) -> None:
    with pytest.raises(DataError, match=r"w: packed weights .* dequantize them first"):
        spectra.matrix_erank(torch.ones(4, 4).to(dtype), name="w")


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), (0, 4), (4, 0)])
def test_only_matrices_have_a_spectrum(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="expected a matrix"):
        spectra.matrix_erank(torch.ones(shape))


@pytest.mark.parametrize("spectrum", [[1.0, math.nan], [1.0, -0.1], [math.inf]])
def test_what_is_no_spectrum(spectrum: list[float]) -> None:
    with pytest.raises(DataError, match="finite and not negative"):
        spectra.erank_of_values(spectrum)


@pytest.mark.parametrize("spectrum", [[0.0], [0.0, 0.0], []])
def test_a_spectrum_of_zeros_has_no_rank(spectrum: list[float]) -> None:
    assert math.isnan(spectra.erank_of_values(spectrum))


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_one_value_of_any_size_is_rank_one(scale: float) -> None:
    assert spectra.erank_of_values([scale]) == 1.0
    assert spectra.erank_of_values([0.0, scale, 0.0]) == 1.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
@pytest.mark.parametrize("path", PATHS)
def test_a_single_row_or_column_is_exactly_one(shape: tuple[int, int], path: Any) -> None:
    rng = np.random.default_rng(shape)
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        matrix = torch.tensor(rng.standard_normal(shape)).to(dtype)
        assert spectra.matrix_erank(matrix, path=path) == 1.0


@pytest.mark.parametrize("n", [1, 2, 17, 64])
@pytest.mark.parametrize("path", PATHS)
def test_an_identity_counts_itself(n: int, path: Any) -> None:
    assert spectra.matrix_erank(torch.eye(n), path=path) == pytest.approx(n, rel=1e-12)


def test_one_token_and_identical_tokens() -> None:
    one = spectra.token_erank(torch.ones(1, 5))
    assert math.isnan(one.value)
    assert one.reason == "too-few-tokens"
    same = spectra.token_erank(torch.full((4, 5), 0.1))
    assert math.isnan(same.value)
    assert (same.reason, same.dropped) == ("zero-variance", 4)
    zero = spectra.token_erank(torch.zeros(3, 2))
    assert (math.isnan(zero.value), zero.reason) == (True, "zero-variance")


@pytest.mark.parametrize(
    "tokens", [((0.1, 0.2), (0.3, 0.1)), ((1e-12, 0.0), (0.0, 0.0)), ((1e9, 1.0), (1e9, 2.0))]
)
def test_two_distinct_tokens_are_exactly_one(tokens: tuple[tuple[float, float], ...]) -> None:
    found = spectra.token_erank(torch.tensor(tokens, dtype=torch.float64))
    assert found.value == pytest.approx(1.0, abs=1e-12)
    assert found.dropped == 0


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_a_temperature_is_positive(temperature: float) -> None:
    for measure in (energy, energy_top, energy_centred):
        with pytest.raises(ValueError, match="temperature must be positive"):
            measure(torch.ones(3), temperature=temperature)


@pytest.mark.parametrize("size", [1, 7, 49152])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_constant_logits(size: int, temperature: float) -> None:
    flat = torch.zeros(2, size)
    found = energy(flat, temperature=temperature)
    assert found.tolist() == pytest.approx([-temperature * math.log(size)] * 2)
    for measure in (ranking.kendall_tau_b, ranking.spearman_rho):
        assert measure(flat[:, :50], torch.arange(50.0)[None, : min(size, 50)].expand(2, -1)).isnan().all()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_correlation_over_fewer_than_three_is_none(n: int) -> None:
    found = correlate([1.0, 2.0][:n], [1.0, 3.0][:n])
    assert (found.rho, found.p) == (None, None)


@pytest.mark.parametrize(("n", "tested"), [(3, False), (7, False), (8, True)])
def test_a_correlation_over_few_has_no_p(n: int, tested: bool) -> None:
    found = correlate([float(i) for i in range(n)], [float(i * i % 11) for i in range(n)])
    assert found.rho is not None
    assert (found.p is not None) == tested
