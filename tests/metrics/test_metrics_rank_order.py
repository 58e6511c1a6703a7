"""Kendall's tau-b and Spearman's rho against counting and scipy, their laws, masks, and degenerate sides."""

from __future__ import annotations

import math
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acbench.metrics import ranking
from acbench.metrics.samples import independent_sd

torch.set_num_threads(1)
FEW = settings(max_examples=80, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
MEASURES = (ranking.kendall_tau_b, ranking.spearman_rho)
Values = NDArray[np.float32]


def tables(seed: int, rows: int, k: int, levels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two tables [rows, k] with ties and masked (-inf) entries."""
    rng = np.random.default_rng(seed)
    found = rng.integers(0, levels, (2, rows, k)).astype(np.float32)
    found[rng.random(found.shape) < 0.05] = -np.inf
    return torch.tensor(found[0]), torch.tensor(found[1])


def tau_by_counting(x: Values, y: Values) -> float:
    """(C - D) / sqrt((N - ties of x)(N - ties of y)), pair by pair."""
    pairs = list(combinations(range(len(x)), 2))
    concordant = sum((x[i] > x[j]) == (y[i] > y[j]) for i, j in pairs if x[i] != x[j] and y[i] != y[j])
    untied = sum(x[i] != x[j] and y[i] != y[j] for i, j in pairs)
    ties = [sum(side[i] == side[j] for i, j in pairs) for side in (x, y)]
    below = math.sqrt((len(pairs) - ties[0]) * (len(pairs) - ties[1]))
    return (2 * concordant - untied) / below if below else math.nan


def rho_by_ranks(x: Values, y: Values) -> float:
    """Pearson's correlation of the ranks, equal values in the mean of their places."""

    def ranks(side: Values) -> NDArray[np.float64]:
        places = np.argsort(np.argsort(side, kind="stable"), kind="stable").astype(np.float64)
        return np.array([places[side == value].mean() for value in side])

    if len(x) < 2 or len(set(x.tolist())) == 1 or len(set(y.tolist())) == 1:
        return math.nan
    return float(np.corrcoef(ranks(x), ranks(y))[0, 1])


@given(seed=SEEDS, k=st.integers(1, 12), levels=st.integers(1, 9))
@FEW
def test_both_against_counting(seed: int, k: int, levels: int) -> None:
    x, y = tables(seed, 3, k, levels)
    for measure, second in zip(MEASURES, (tau_by_counting, rho_by_ranks), strict=True):
        expected = [second(a, b) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
        assert measure(x, y).tolist() == pytest.approx(expected, nan_ok=True)


def test_both_against_scipy() -> None:
    stats = pytest.importorskip("scipy.stats", reason="the embeddings extra is not installed")
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x, y = rng.integers(0, 6 + 20 * (seed % 2), (2, 1, 50)).astype(np.float32)
        for measure, theirs in zip(MEASURES, (stats.kendalltau, stats.spearmanr), strict=True):
            expected = theirs(x[0], y[0]).statistic
            assert measure(torch.tensor(x), torch.tensor(y)).item() == pytest.approx(expected)


@given(seed=SEEDS, k=st.integers(2, 10), levels=st.integers(1, 9), share=st.floats(0, 1))
@FEW
def test_a_mask_is_leaving_the_rest_out(seed: int, k: int, levels: int, share: float) -> None:
    """Whatever stands outside of the mask, NaN and infinity too."""
    x, y = tables(seed, 4, k, levels)
    rng = np.random.default_rng(seed)
    mask = torch.tensor(rng.random((4, k)) < share)
    outside = torch.tensor(rng.choice([math.nan, math.inf, -math.inf, 7.0], (4, k)).astype(np.float32))
    dirty = [torch.where(mask, side, outside) for side in (x, y)]
    for measure in MEASURES:
        found = measure(dirty[0], dirty[1], mask)
        for row in range(4):
            kept = mask[row]
            alone = (
                measure(x[row, kept][None], y[row, kept][None]).item() if int(kept.sum()) > 1 else math.nan
            )
            assert found[row].item() == pytest.approx(alone, nan_ok=True)


@given(seed=SEEDS, k=st.integers(2, 12), levels=st.integers(1, 9))
@FEW
def test_bounds_symmetry_reversal_and_monotone_maps(seed: int, k: int, levels: int) -> None:
    x, y = tables(seed, 4, k, levels)
    for measure in MEASURES:
        found = measure(x, y)
        defined = ~found.isnan()
        assert (found[defined].abs() <= 1 + 1e-12).all()
        constant = [(side == side[:, :1]).all(1) for side in (x, y)]
        assert torch.equal(defined, ~(constant[0] | constant[1])), "NaN exactly where a side is constant"
        torch.testing.assert_close(measure(y, x), found, equal_nan=True)
        torch.testing.assert_close(measure(x, -y), -found, equal_nan=True)
        torch.testing.assert_close(measure(x.exp() + 3, 2 * y), found, equal_nan=True)
        torch.testing.assert_close(measure(x, x)[~constant[0]], torch.ones(4).double()[~constant[0]])


@pytest.mark.parametrize("measure", MEASURES)
def test_fewer_than_two_entries_have_no_order(measure: object) -> None:
    x = torch.tensor([[3.0, 2.0, 1.0]])
    assert callable(measure)
    for kept in ([False, False, False], [False, True, False]):
        assert measure(x, x, torch.tensor([kept])).isnan().all()
    assert measure(x[:, :1], x[:, :1]).isnan().all()


def test_float64_differences_are_not_lost() -> None:
    """Two logits that are one number in float32."""
    x = torch.tensor([[1.0, 1.0 + 1e-12, 2.0]], dtype=torch.float64)
    y = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    assert ranking.kendall_tau_b(x, y).item() == ranking.spearman_rho(x, y).item() == 1.0


def test_the_spread_under_independence() -> None:
    """The law that small k are held against, by formula, by all orders of five, and by drawing."""
    found = [independent_sd(k) for k in (3, 5, 10, 20, 50)]
    assert found == pytest.approx([0.638, 0.408, 0.2485, 0.162, 0.098], abs=5.1e-4)
    assert math.isnan(independent_sd(1))
    every = torch.tensor(list(permutations(range(5))), dtype=torch.float32)
    taus = ranking.kendall_tau_b(torch.arange(5.0).expand(len(every), 5), every)
    assert float(taus.std(correction=0)) == pytest.approx(independent_sd(5))
    rng = np.random.default_rng(0)
    drawn = torch.tensor(np.stack([rng.permutation(10) for _ in range(4000)]).astype(np.float32))
    taus = ranking.kendall_tau_b(torch.arange(10.0).expand(4000, 10), drawn)
    assert float(taus.std()) == pytest.approx(independent_sd(10), rel=0.05)
    assert float(taus.mean()) == pytest.approx(0.0, abs=0.02)
