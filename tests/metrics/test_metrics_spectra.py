"""Effective ranks against closed forms and numpy's decomposition, and the laws they obey."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acbench.metrics import spectra

torch.set_num_threads(1)
Matrix = NDArray[np.float64]
SIDES = st.integers(1, 9)
SEEDS = st.integers(0, 2**32 - 1)
FORMS = st.sampled_from(["sigma", "lambda"])
FEW = settings(max_examples=40, derandomize=True)
NOISE = 1e-6
"""The Gram matrix's share: singular values that should be 0 are up to 1e-8 of the largest."""


def gaussian(seed: int, *shape: int) -> Matrix:
    return np.random.default_rng(seed).standard_normal(shape)


def of_rank(seed: int, rows: int, columns: int, rank: int) -> Matrix:
    return gaussian(seed, rows, rank) @ gaussian(seed + 1, rank, columns)


def rotation(seed: int, size: int) -> Matrix:
    found: Matrix = np.linalg.qr(gaussian(seed, size, size))[0]
    return found


def erank(matrix: Matrix, form: Any = "sigma", path: Any = "gram") -> float:
    return spectra.matrix_erank(torch.tensor(matrix), form=form, path=path)


def entropy_rank(values: Any) -> float:
    """The definition, written down again."""
    shares = values[values > 0] / values.sum()
    return math.exp(-sum(p * math.log(p) for p in shares))


def token_rank(tokens: Matrix) -> float:
    """Hidden effective rank by the singular values of the centred rows of length one."""
    centred = tokens - tokens.mean(axis=0)
    rows = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    values = np.linalg.svd(rows, compute_uv=False) ** 2 / len(rows)
    return entropy_rank(values[values > 1e-14])


# -- closed forms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [0.9, 0.5, 0.1])
@pytest.mark.parametrize("count", [2, 7, 20])
@pytest.mark.parametrize("form", ["sigma", "lambda"])
def test_a_geometric_spectrum(ratio: float, count: int, form: str) -> None:
    """p_i = r^i (1 - r)/(1 - r^n), so H = -ln((1 - r)/(1 - r^n)) - ln r * E[i], E[i] from the geometric series."""
    r = ratio if form == "sigma" else ratio**2
    scale = (1 - r) / (1 - r**count)
    mean_index = r / (1 - r) - count * r**count / (1 - r**count)
    expected = math.exp(-math.log(scale) - math.log(r) * mean_index)
    matrix = rotation(1, count) @ np.diag(ratio ** np.arange(count)) @ rotation(2, count)
    for path in ("gram", "svd"):
        assert erank(matrix, form, path) == pytest.approx(expected, rel=NOISE)


@pytest.mark.parametrize("count", [1, 2, 5, 33])
def test_equal_strengths_count_themselves(count: int) -> None:
    """The identity, a rotation, and a projection."""
    assert erank(np.eye(count)) == pytest.approx(count, rel=1e-12)
    assert erank(rotation(3, count)) == pytest.approx(count, rel=1e-9)
    tall = np.vstack([rotation(4, count), np.zeros((5, count))])
    assert erank(tall) == erank(tall.T) == pytest.approx(count, rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [(3.0, 1.0), (1.0, 1e-3), (5.0, 4.9)])
def test_two_values(a: float, b: float) -> None:
    p, q = a / (a + b), b / (a + b)
    assert erank(np.diag([b, a])) == pytest.approx(p**-p * q**-q, rel=1e-12)
    p, q = a * a / (a * a + b * b), b * b / (a * a + b * b)
    assert erank(np.diag([b, a]), "lambda") == pytest.approx(p**-p * q**-q, rel=1e-12)


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=SEEDS, form=FORMS)
@FEW
def test_both_paths_against_numpys_decomposition(rows: int, columns: int, seed: int, form: str) -> None:
    matrix = gaussian(seed, rows, columns)
    values = np.linalg.svd(matrix, compute_uv=False)
    expected = entropy_rank(values if form == "sigma" else values**2)
    assert erank(matrix, form, "gram") == pytest.approx(expected, rel=NOISE)
    assert erank(matrix, form, "svd") == pytest.approx(expected, rel=1e-12)
    single = spectra.matrix_erank(torch.tensor(matrix, dtype=torch.float32), form=form, path="svd")  # type: ignore[arg-type]
    assert single == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(spectra.singular_values(torch.tensor(matrix)), values, atol=1e-7 * values[0])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_stored_arithmetic_is_widened_before_anything_is_squared(dtype: torch.dtype) -> None:
    stored = torch.tensor(gaussian(5, 30, 12) * 300, dtype=dtype)  # squares overflow float16
    assert spectra.matrix_erank(stored) == pytest.approx(
        erank(stored.double().numpy(), "sigma", "svd"), rel=NOISE
    )


# -- laws --------------------------------------------------------------------------------------------


@given(rows=SIDES, columns=SIDES, rank=SIDES, seed=SEEDS, form=FORMS)
@FEW
def test_between_one_and_the_rank(rows: int, columns: int, rank: int, seed: int, form: str) -> None:
    rank = min(rank, rows, columns)
    found = erank(of_rank(seed, rows, columns, rank), form)
    assert 1.0 <= found <= rank + 1e-5
    assert erank(of_rank(seed, rows, columns, rank), form, "svd") <= rank + 1e-9


@given(rows=SIDES, columns=SIDES, seed=SEEDS)
@FEW
def test_the_lambda_form_is_never_larger(rows: int, columns: int, seed: int) -> None:
    matrix = gaussian(seed, rows, columns)
    assert erank(matrix, "lambda") <= erank(matrix, "sigma") + 1e-9


SCALES = st.floats(1e-6, 1e6) | st.floats(-1e6, -1e-6)


@given(rows=SIDES, columns=SIDES, seed=SEEDS, form=FORMS, scale=SCALES)
@FEW
def test_invariances(rows: int, columns: int, seed: int, form: str, scale: float) -> None:
    matrix = gaussian(seed, rows, columns)
    expected = pytest.approx(erank(matrix, form), rel=NOISE)
    assert erank(rotation(seed, rows) @ matrix, form) == expected
    assert erank(matrix @ rotation(seed, columns), form) == expected
    shuffled = np.random.default_rng(seed)
    assert erank(matrix[shuffled.permutation(rows)][:, shuffled.permutation(columns)], form) == expected
    assert erank(scale * matrix, form) == expected
    assert erank(matrix.T, form) == expected


@given(rank=st.integers(1, 8), seed=SEEDS, form=FORMS)
@FEW
def test_a_further_direction_of_equal_strength_adds_one(rank: int, seed: int, form: str) -> None:
    left, right = rotation(seed, 9), rotation(seed + 1, 9)
    small, large = (left[:, :r] @ right[:r] for r in (rank, rank + 1))
    assert erank(large, form) - erank(small, form) == pytest.approx(1.0, abs=1e-5)


@given(seed=SEEDS, form=FORMS)
@FEW
def test_rounding_noise_raises_a_decaying_spectrum(seed: int, form: str) -> None:
    left, right = rotation(seed, 16), rotation(seed + 1, 16)
    matrix = left @ np.diag(0.5 ** np.arange(16)) @ right
    assert erank(matrix + 0.02 * gaussian(seed, 16, 16), form) > erank(matrix, form)


def test_row_and_column_scales_do_change_it_and_folding_undoes_that() -> None:
    weight, norm = torch.tensor(gaussian(6, 12, 8)).float(), torch.linspace(0.2, 3, 8)
    scale = torch.linspace(0.5, 4, 8)
    before = spectra.matrix_erank(spectra.folded(weight, norm))
    assert spectra.matrix_erank(spectra.folded(weight * scale, norm / scale)) == pytest.approx(
        before, rel=1e-6
    )
    assert abs(spectra.matrix_erank(weight * scale) - spectra.matrix_erank(weight)) > 0.05
    torch.testing.assert_close(spectra.folded(weight, norm - 1, plus=1.0), weight * norm)


# -- token vectors -----------------------------------------------------------------------------------


@given(tokens=st.integers(3, 12), width=st.integers(2, 20), seed=SEEDS, data=st.data())
@FEW
def test_blocks_of_any_width_give_the_whole(tokens: int, width: int, seed: int, data: st.DataObject) -> None:
    states = gaussian(seed, tokens, width) + 3.0
    cuts = sorted(data.draw(st.sets(st.integers(1, width - 1))))
    blocks = [torch.tensor(part) for part in np.split(states, cuts, axis=1)]
    expected = token_rank(states)
    assert spectra.token_erank(torch.tensor(states)).value == pytest.approx(expected, rel=1e-9)
    assert spectra.streamed_token_erank(blocks, tokens).value == pytest.approx(expected, rel=1e-9)
    assert spectra.streamed_token_erank(reversed(blocks), tokens).value == pytest.approx(expected, rel=1e-9)


@given(tokens=st.integers(3, 12), width=st.integers(1, 20), seed=SEEDS)
@FEW
def test_hidden_laws(tokens: int, width: int, seed: int) -> None:
    states = gaussian(seed, tokens, width)
    found = spectra.token_erank(torch.tensor(states))
    assert 1.0 <= found.value <= min(tokens - 1, width) + 1e-9  # centring costs one direction
    assert (found.dropped, found.reason) == (0, "")
    order = np.random.default_rng(seed).permutation(tokens)
    for other in (states + 5.0, -2.0 * states, states @ rotation(seed, width), states[order]):
        assert spectra.token_erank(torch.tensor(other)).value == pytest.approx(found.value, rel=1e-8)


def test_a_token_at_the_mean_is_dropped_and_counted() -> None:
    """It has no direction; the other rows stay."""
    rows = torch.tensor([[1.0, 0], [-1, 0], [0, 2], [0, -2], [0, 0]])
    found = spectra.token_erank(rows)
    assert found.value == pytest.approx(2.0)
    assert (found.dropped, found.reason) == (1, "")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("tokens", [2, 3, 49, 128])
def test_identical_tokens_have_no_rank_whatever_the_rounding_of_their_mean(
    tokens: int, dtype: torch.dtype
) -> None:
    row = torch.tensor(gaussian(8, 1, 40) * 1000, dtype=dtype)
    found = spectra.token_erank(row.repeat(tokens, 1))
    assert math.isnan(found.value)
    assert (found.dropped, found.reason) == (tokens, "zero-variance")


def test_one_huge_token_does_not_hide_the_others() -> None:
    """Models put vectors a thousand times as long at their first token: directions, not lengths, are compared."""
    states = gaussian(9, 20, 50)
    states[0] *= 1e4
    assert spectra.token_erank(torch.tensor(states)).value == pytest.approx(token_rank(states), rel=1e-9)
    assert spectra.token_erank(torch.tensor(states)).dropped == 0


# -- differences and subspaces -----------------------------------------------------------------------


def test_names_of_differences_and_their_signs() -> None:
    assert spectra.diff_erank(7.5, 27.0) == -19.5, "untrained minus trained"
    assert spectra.erank_delta(20.0, 22.0) == 2.0, "variant minus base"
    assert spectra.erank_ratio(20.0, 22.0) == pytest.approx(1.1)
    assert math.isnan(spectra.erank_ratio(math.nan, 1.0))


def test_subspaces_by_principal_angles() -> None:
    a, b = gaussian(10, 12, 7), gaussian(11, 12, 7)
    left = [np.linalg.svd(m)[0][:, :3] for m in (a, b)]
    cosines = np.linalg.svd(left[0].T @ left[1], compute_uv=False)
    found = spectra.subspace_overlap(torch.tensor(a), torch.tensor(b), 3)
    assert found == pytest.approx((cosines**2).mean())
    assert spectra.subspace_overlap(torch.tensor(a), 5 * torch.tensor(a), 3) == pytest.approx(1.0)
    apart = torch.tensor([[1.0, 0], [0, 0], [0, 0]]), torch.tensor([[0.0, 0], [1, 0], [0, 0]])
    assert spectra.subspace_overlap(*apart, 1) == pytest.approx(0.0, abs=1e-12)
