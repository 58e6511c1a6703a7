"""Worked examples 1 to 24 and 40 to 42 of the specification: effective ranks, top-k lists, correlations.

Tolerances are those of the printed numbers. Examples of other parts of the project call the function that the project
uses for it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from acbench.claims.association import pearson, spearman
from acbench.compress.grids import quantize
from acbench.metrics import mean_of, ranking, spectra
from acbench.metrics.averages import geometric_mean

torch.set_num_threads(1)
BOTH = ("sigma", "lambda")
PRINTED = 1e-10
"""One unit in the last of ten digits: the specification cuts some of them off instead of rounding."""


def erank(matrix: Any, form: spectra.Form = "sigma") -> float:
    return spectra.matrix_erank(torch.as_tensor(np.asarray(matrix, dtype=np.float64)), form=form)


def hidden(*rows: tuple[float, ...]) -> spectra.TokenRank:
    return spectra.token_erank(torch.tensor(rows, dtype=torch.float64))


# -- effective rank, 1 to 18 and 42 ------------------------------------------------------------------


def test_01_identity() -> None:
    assert erank(np.eye(4)) == pytest.approx(4.0, abs=1e-12)


def test_02_half_of_a_diagonal() -> None:
    assert erank(np.diag([1, 1, 0, 0])) == pytest.approx(2.0, abs=1e-12)


@pytest.mark.parametrize(
    "matrix",
    [np.diag([3, 1]), [[3, 0], [4, 5]], 7 * np.array([[3, 0], [4, 5]])],
    ids=["03-diagonal", "04-full", "05-scaled"],
)
def test_03_to_05_singular_values_three_to_one(matrix: Any) -> None:
    found = [erank(matrix, form) for form in BOTH]  # type: ignore[arg-type]
    assert found == pytest.approx([1.7547653506, 1.3841454885], abs=PRINTED)


def test_06_rank_one() -> None:
    assert erank(np.ones((3, 5))) == pytest.approx(1.0, abs=1e-9)
    assert erank([[1, 2, 3, 4, 5]]) == 1.0


def test_07_zeros() -> None:
    assert math.isnan(erank(np.zeros((3, 3))))


def test_08_falling_by_halves() -> None:
    matrix = np.diag(2.0 ** -np.arange(8))
    found = [erank(matrix, form) for form in BOTH]  # type: ignore[arg-type]
    assert found == pytest.approx([3.8986668754, 2.1161442990], abs=PRINTED)


def test_09_gaussian_matrices() -> None:
    rng = np.random.default_rng(0)
    shapes = ((64, 64), (256, 256), (576, 576), (192, 576), (1536, 576))
    found = [erank(rng.standard_normal(shape)) for shape in shapes]
    assert found == pytest.approx([51.627, 205.749, 463.421, 183.216, 545.391], abs=5.1e-4)


def test_10_a_small_singular_value() -> None:
    """In float32 a decomposition still sees it, a Gram matrix does not: it must be made in float64."""
    c, s = math.cos(0.7), math.sin(0.7)
    turn = np.array([[c, -s], [s, c]])
    matrix = turn @ np.diag([1, 1e-5]) @ turn.T
    single = matrix.astype(np.float32)
    assert spectra.singular_values(torch.tensor(matrix))[1] == pytest.approx(1.0000e-5, abs=5e-10)
    assert np.linalg.svd(single, compute_uv=False)[1] == pytest.approx(9.98e-6, abs=5e-9)
    ours = spectra.singular_values(torch.tensor(single), path="svd")[1]
    assert ours == pytest.approx(9.98e-6, abs=2.4e-7)  # two units of float32
    gram = np.sqrt(np.abs(np.linalg.eigvalsh(single @ single.T))).min()
    assert gram == pytest.approx(1.19e-4, abs=5e-5), "a Gram matrix in float32 is ten times off"
    assert spectra.singular_values(torch.tensor(single))[1] == pytest.approx(9.98e-6, abs=5e-9)


def decaying(count: int = 64) -> torch.Tensor:
    rng = np.random.default_rng(1)
    left, right = (np.linalg.qr(rng.standard_normal((64, 64)))[0] for _ in range(2))
    strengths = 0.8 ** np.arange(64) * (np.arange(64) < count)
    return torch.tensor(left @ np.diag(strengths) @ right.T)


def rounded(matrix: torch.Tensor) -> list[float]:
    """Effective rank unrounded and on asymmetric grids of 8, 4, 3 and 2 bits, groups of 16."""
    grids = [quantize(matrix, bits=bits, group=16, kind="asym").dequantized() for bits in (8, 4, 3, 2)]
    return [erank(m) for m in (matrix, *grids)]


def test_11_rounding_and_pruning_raise_a_decaying_spectrum() -> None:
    matrix = decaying()
    ladder = rounded(matrix)
    assert ladder == pytest.approx([12.207, 12.469, 16.908, 22.090, 31.647], abs=5.1e-4)
    assert ladder == sorted(ladder)
    pruned = torch.where(matrix.abs() > matrix.abs().median(), matrix, 0.0)
    assert float((pruned == 0).double().mean()) == 0.5
    assert erank(pruned) == pytest.approx(26.289, abs=5.1e-4)


def test_12_a_flat_spectrum_hardly_moves_and_low_rank_damage_lowers_it() -> None:
    matrix = torch.tensor(np.random.default_rng(2).standard_normal((64, 64)))
    assert rounded(matrix) == pytest.approx([51.560, 51.560, 51.457, 51.698, 51.750], abs=5.1e-4)
    half = matrix.clone()
    half[:, 32:] = 0
    assert erank(half) == pytest.approx(29.464, abs=5.1e-4)
    assert erank(decaying(16)) == pytest.approx(10.698, abs=5.1e-4)


@pytest.mark.parametrize("tokens", [4, 8])
def test_13_unit_vectors_as_tokens(tokens: int) -> None:
    assert spectra.token_erank(torch.eye(tokens)).value == pytest.approx(tokens - 1, abs=1e-12)


def test_14_two_tokens() -> None:
    assert hidden((1, 2, 3), (4, 0, -1)).value == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (((1, 0), (0, 1), (-1, -1)), 1.8898815748),
        (((0, 0), (2, 0), (0, 2), (2, 2)), 2.0),
        (((1, 0), (2, 0), (3, 0), (0, 1)), 1.4691298782),
    ],
)
def test_15_tokens_in_a_plane(rows: tuple[tuple[float, ...], ...], expected: float) -> None:
    assert hidden(*rows).value == pytest.approx(expected, abs=PRINTED)


def test_16_tokens_on_a_line() -> None:
    assert hidden(*((n, n, 0) for n in (1, 2, 4, 8))).value == pytest.approx(1.0, abs=1e-9)


def test_17_equal_tokens() -> None:
    found = hidden((1, 2), (1, 2), (1, 2))
    assert math.isnan(found.value)
    assert found.reason == "zero-variance"


def test_18_a_data_set_is_a_geometric_mean() -> None:
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


def test_42_three_ways_to_the_logits_rank() -> None:
    logits = np.random.default_rng(42).standard_normal((6, 97))
    z = logits - logits.mean(axis=0)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    values = np.clip(np.linalg.eigvalsh(z.T @ z / 6), 0, None)
    values = values[values > 1e-14]
    by_covariance = float(np.exp(-(values * np.log(values)).sum()))
    whole = torch.tensor(logits)
    full = spectra.token_erank(whole).value
    chunked = spectra.streamed_token_erank(whole.split(10, dim=1), 6).value
    assert [full, chunked] == pytest.approx([by_covariance] * 2, rel=1e-13)
    assert chunked == pytest.approx(full, rel=1e-14)


# -- top-k, 19 to 24 and 40 --------------------------------------------------------------------------

BASE = torch.tensor([[5.0, 4, 3, 2, 1]])
VARIANT = torch.tensor([[5.0, 3, 4, 1, 2]])


def lists(k: int) -> tuple[torch.Tensor, torch.Tensor]:
    return ranking.top_ids(BASE, k), ranking.top_ids(VARIANT, k)


def on(ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return BASE.gather(1, ids), VARIANT.gather(1, ids)


def test_19_jaccard() -> None:
    found = [ranking.jaccard(*lists(k)).item() for k in range(1, 6)]
    assert found == pytest.approx([1, 1 / 3, 1, 0.6, 1])


def test_20_tau_on_the_bases_set() -> None:
    found = [ranking.kendall_tau_b(*on(lists(k)[0])).item() for k in range(2, 6)]
    assert found == pytest.approx([1, 1 / 3, 2 / 3, 0.6])


def test_21_rho_on_the_bases_set() -> None:
    found = [ranking.spearman_rho(*on(lists(k)[0])).item() for k in range(2, 6)]
    assert found == pytest.approx([1, 0.5, 0.8, 0.8])


def test_22_tau_on_union_and_intersection() -> None:
    def union(k: int) -> float:
        a, b = lists(k)
        return float(ranking.kendall_tau_b(*on(torch.cat([a, b], 1)), ranking.union_mask(a, b)))

    def intersection(k: int) -> float:
        a, b = lists(k)
        return float(ranking.kendall_tau_b(*on(a), ranking.intersection_mask(a, b)))

    assert [union(2), union(4)] == pytest.approx([1 / 3, 0.6])
    assert [intersection(k) for k in (2, 3, 4)] == pytest.approx([math.nan, 1 / 3, 1 / 3], nan_ok=True)


def test_23_the_lower_id_wins_a_tie() -> None:
    base, variant = torch.tensor([[2.0, 2, 1, 0]]), torch.tensor([[1.0, 2, 2, 0]])
    assert ranking.jaccard(ranking.top_ids(base, 1), ranking.top_ids(variant, 1)).item() == 0
    assert ranking.kendall_tau_b(base[:, :3], variant[:, :3]).item() == pytest.approx(-0.5)
    assert ranking.spearman_rho(base[:, :3], variant[:, :3]).item() == pytest.approx(-0.5)


def test_24_an_undefined_tau_is_counted_not_averaged() -> None:
    constant = torch.ones(1, 5)
    assert ranking.kendall_tau_b(constant, VARIANT).isnan().all()
    assert math.isnan(float(np.mean([0.9, math.nan, 0.8])))
    mean = mean_of([0.9, math.nan, 0.8])
    assert mean.value == pytest.approx(0.85)
    assert (mean.n, mean.undefined) == (2, 1)


def test_40_positions_flattened_into_one_list_are_not_a_top_k() -> None:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((32, 1000)) + 3 * rng.standard_normal((32, 1))
    flat = ranking.top_ids(torch.tensor(logits).reshape(1, -1), 20)
    assert len(set((flat // 1000).flatten().tolist())) == 2
    assert ranking.top_ids(torch.tensor(logits), 20).shape == (32, 20)


def test_41_the_published_ranks_do_not_follow_accuracy() -> None:
    """Table 2 of the paper (arXiv 2505.19433), OPT 125M, 1.3B, 2.7B and 6.7B: accuracy and "ERank (4bit)"."""
    accuracy, published = (0.276, 0.332, 0.370, 0.360), (15.462, 15.589, 13.898, 17.877)
    assert spearman(accuracy, published) == pytest.approx(-0.2)
    assert pearson(accuracy, published) == pytest.approx(0.0277, abs=5.1e-5)
    table = [torch.tensor([side], dtype=torch.float64) for side in (accuracy, published)]
    assert ranking.spearman_rho(*table).item() == pytest.approx(-0.2)
