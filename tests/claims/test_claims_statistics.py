"""Statistics of claims against hand calculations, closed forms and scipy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.claims import association as a
from acbench.claims import statistics as s

if TYPE_CHECKING:
    from collections.abc import Sequence

SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=20, max_size=30)


def stratum(
    values: Sequence[tuple[float, ...]], *, weight: float = 1.0, clusters: list[str] | None = None
) -> s.Stratum:
    names = clusters or [str(i) for i in range(len(values))]
    return s.Stratum(tuple(names), np.array(values, dtype=np.float64), weight)


def test_means_are_weighted_over_tasks_not_over_samples() -> None:
    found = s.means([stratum([(1.0, 0.5)] * 30, weight=3), stratum([(0.0, 0.5)] * 10)])
    assert found.point.tolist() == [0.75, 0.5]
    assert (found.n, found.groups) == (40, 40)


def test_bootstrap_error_is_the_textbook_one() -> None:
    rng = np.random.default_rng(1)
    values = rng.random((400, 2))
    draws = s.contrast(s.means([stratum([tuple(row) for row in values])]), (-1, 1))
    differences = values[:, 1] - values[:, 0]
    error = differences.std(ddof=1) / math.sqrt(400)
    assert draws.value == pytest.approx(differences.mean())
    assert draws.resamples.std() == pytest.approx(error, rel=0.05)
    low, high = draws.interval()
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.07)


def test_samples_of_one_cluster_move_together() -> None:
    rows = [(0.0, float(i % 2)) for i in range(40)]
    alone = s.contrast(s.means([stratum(rows)]), (-1, 1))
    twice = [row for row in rows for _ in range(4)]
    names = [str(i) for i in range(40) for _ in range(4)]
    together = s.contrast(s.means([stratum(twice, clusters=names)]), (-1, 1))
    assert together.resamples.std() == pytest.approx(alone.resamples.std(), rel=0.05)


def test_equal_scores_keep_the_width_of_an_unseen_event() -> None:
    draws = s.contrast(s.means([stratum([(1.0, 1.0)] * 30)]), (-1, 1))
    bound = 1 - 0.05 ** (1 / 30)
    assert list(draws.interval()) == pytest.approx([-bound, bound])
    wider = draws.interval(0.995)
    assert wider[1] == pytest.approx(bound * math.log(0.005) / math.log(0.05))


def test_a_score_of_zero_throughout_is_not_exactly_zero() -> None:
    kept = s.ratio(s.means([stratum([(1.0, 0.0)] * 40)]))
    assert list(kept.interval()) == pytest.approx([0, 1 - 0.05 ** (1 / 40)])
    assert s.relative_change(s.means([stratum([(1.0, 0.0)] * 40)])).interval()[0] == -1.0


def test_nothing_bounds_a_ratio_to_a_base_of_zero() -> None:
    kept = s.ratio(s.means([stratum([(0.0, 1.0)] * 40)]))
    assert math.isnan(kept.value)
    assert kept.interval() == (0.0, math.inf)


def test_one_cluster_bounds_nothing() -> None:
    draws = s.contrast(s.means([stratum([(0.2, 0.4)] * 30, clusters=["a"] * 30)]), (-1, 1))
    assert draws.interval() == (-1.0, 1.0)


@settings(max_examples=25)
@given(SCORES, st.floats(0.1, 1.0))
def test_the_relative_change_does_not_depend_on_the_scale(
    scores: list[tuple[float, float]], factor: float
) -> None:
    if sum(base for base, _ in scores) < 1:
        scores = [(base + 0.1, other) for base, other in scores]
    whole = s.relative_change(s.means([stratum(list(scores))]))
    scaled = s.relative_change(s.means([stratum([(factor * a, factor * b) for a, b in scores])]))
    assert scaled.value == pytest.approx(whole.value, abs=1e-9)
    assert np.allclose(scaled.resamples, whole.resamples, equal_nan=True)


@settings(max_examples=25)
@given(SCORES)
def test_the_relative_change_has_the_sign_of_the_difference(scores: list[tuple[float, float]]) -> None:
    found = s.means([stratum(list(scores))])
    change, difference = s.relative_change(found), s.contrast(found, (-1, 1))
    if found.point[0] > 0.01 and abs(difference.value) > 1e-12:
        assert (change.value > 0) == (difference.value > 0)
        assert change.value >= -1
        low, high = change.interval()
        assert low <= change.value <= high


def test_averages_are_taken_resample_by_resample() -> None:
    found = s.means([stratum([(1.0, float(i % 2), float(i % 2 == 0)) for i in range(40)])])
    parts = [s.relative_change(found, 0, 1), s.relative_change(found, 0, 2)]
    both = s.average(parts)
    assert both.value == pytest.approx(-0.5)
    assert both.resamples.std() == pytest.approx(0, abs=1e-12)  # what one gains the other loses


# -- over variants -------------------------------------------------------------------------------------


def test_spearman_by_hand() -> None:
    # ranks 1..5 against 2,1,4,3,5: sum of squared differences 4, rho = 1 - 6*4/(5*24)
    assert a.spearman([1, 2, 3, 4, 5], [20, 10, 40, 30, 50]) == pytest.approx(0.8)
    assert a.ranks([3, 1, 3, 2]).tolist() == [3.5, 1, 3.5, 2]
    assert math.isnan(a.spearman([1, 1, 1], [1, 2, 3]))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=4, max_size=12))
def test_spearman_is_scipys(points: list[tuple[int, int]]) -> None:
    scipy = pytest.importorskip("scipy.stats", reason="scipy is an optional extra")
    x, y = [float(a) for a, _ in points], [float(b) for _, b in points]
    if len(set(x)) > 1 and len(set(y)) > 1:
        assert a.spearman(x, y) == pytest.approx(float(scipy.spearmanr(x, y).statistic), abs=1e-12)


@given(st.lists(st.integers(-50, 50), min_size=8, max_size=12, unique=True))
def test_spearman_sees_the_order_only(x: list[int]) -> None:
    y = [math.exp(v / 20) for v in x]
    assert a.spearman(x, y) == pytest.approx(1)
    assert a.spearman(x, [-v for v in y]) == pytest.approx(-1)


def test_interval_of_a_rank_correlation() -> None:
    rng = np.random.default_rng(3)
    x = rng.random(40)
    strong, none = x + 0.1 * rng.random(40), rng.random(40)
    low, high = a.spearman_draws(x.tolist(), strong.tolist()).interval()
    assert 0.7 < low <= high <= 1
    low, high = a.spearman_draws(x.tolist(), none.tolist()).interval()
    assert low < 0 < high


def test_up_to_eight_points_every_order_counts() -> None:
    """Of 8! orders one is the best and one the worst; of nine points 10,000 drawn ones and the one found count."""
    assert a.rank_p(range(8), range(8)) == pytest.approx(2 / math.factorial(8))
    assert a.rank_p(range(9), range(9)) == pytest.approx(2 / 10_001)


def test_slope_and_its_permutations() -> None:
    assert a.slope([1, 2, 3, 4], [0, 2, 4, 6]) == pytest.approx(2)
    assert math.isnan(a.slope([1, 1], [0, 2]))
    assert a.permutation_p([1, 2, 3, 4], [1, 2, 3, 4]) == pytest.approx(1 / 24)
    assert a.permutation_p([1, 2, 3, 4], [4, 3, 2, 1]) == 1
    assert a.permutation_p(list(range(12)), list(range(12))) == pytest.approx(1 / 10_001)


def test_sign_test_leaves_ties_out() -> None:
    assert a.sign_test([1.0] * 8 + [0.0] * 3) == pytest.approx(2 / 2**8)
    assert a.sign_test([1.0, -1.0]) == 1


def test_logistic_slope_finds_the_planted_one() -> None:
    x = np.linspace(-2, 2, 400)
    shares = 1 / (1 + np.exp(-(0.3 - 1.5 * x)))
    assert a.logistic_slope(x, shares) == pytest.approx(-1.5, abs=0.01)
    assert a.logistic_slope(x, np.zeros(400)) == pytest.approx(0, abs=0.05)
    assert math.isfinite(
        a.logistic_slope(x, (x < 0).astype(np.float64))
    )  # separated: only the ridge holds it
