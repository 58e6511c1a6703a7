"""Statistics against values derived another way: enumeration, hand calculation, simulation."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from acbench import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

Z95 = 1.959963984540054
Z80 = 0.8416212335729143


def pairs(worse: int, better: int, same: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    base = np.array([1.0] * worse + [0.0] * better + [1.0, 0.0] * (same // 2) + [1.0] * (same % 2))
    other = np.array([0.0] * worse + [1.0] * better + [1.0, 0.0] * (same // 2) + [1.0] * (same % 2))
    return base, other


def bootstrap(
    differences: list[float] | NDArray[np.float64],
    clusters: list[str] | None = None,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    bounded: bool = True,
) -> stats.Interval:
    compressed = np.asarray(differences, dtype=np.float64)
    names = clusters or [str(i) for i in range(len(compressed))]
    return stats.paired_bootstrap(
        np.zeros(len(compressed)), compressed, names, confidence=confidence, seed=seed, bounded=bounded
    )


# -- right/wrong metrics ----------------------------------------------------------------------------


@pytest.mark.parametrize(("worse", "better"), [(w, b) for w in range(6) for b in range(6)])
def test_mcnemar_is_the_share_of_outcomes_at_least_as_lopsided(worse: int, better: int) -> None:
    outcomes = list(product((0, 1), repeat=worse + better))
    extreme = sum(abs(2 * sum(o) - len(o)) >= abs(worse - better) for o in outcomes)
    assert stats.mcnemar_exact(worse, better) == pytest.approx(
        float(Fraction(extreme, len(outcomes))), abs=1e-15
    )


def test_mcnemar_of_larger_counts_by_fractions() -> None:
    tail = sum(Fraction(math.comb(60, k), 2**60) for k in range(21))
    assert stats.mcnemar_exact(40, 20) == pytest.approx(float(2 * tail), rel=1e-12)
    assert stats.mcnemar_exact(20, 40) == stats.mcnemar_exact(40, 20)


def test_bonett_price_by_hand() -> None:
    # 48 pairs, 7 worse, 2 better: p12 = 3/50, p21 = 8/50; variance (0.22 - 0.10^2) / 50 = 0.0042.
    found = stats.paired_proportions(*pairs(7, 2, 39), confidence=0.95)
    assert found.difference == pytest.approx(-5 / 48)
    assert found.error == pytest.approx(math.sqrt(0.0042), rel=1e-12)
    assert found.low == pytest.approx(-0.10 - 0.12702019, abs=1e-7)
    assert found.high == pytest.approx(-0.10 + 0.12702019, abs=1e-7)
    assert found.p_value == pytest.approx(2 * (1 + 9 + 36) / 2**9)


def test_without_a_discordant_pair_the_interval_has_a_width() -> None:
    found = stats.paired_proportions(*pairs(0, 0, 20), confidence=0.95)
    half = Z95 * math.sqrt((2 / 22) / 22)
    assert (found.difference, found.p_value) == (0.0, 1.0)
    assert found.low == pytest.approx(-half)
    assert found.high == pytest.approx(half)


def test_proportions_stay_in_range_and_are_symmetric() -> None:
    assert stats.paired_proportions(*pairs(1, 0, 0), confidence=0.95).low == -1.0
    down = stats.paired_proportions(*pairs(9, 3, 30), confidence=0.9)
    up = stats.paired_proportions(*pairs(3, 9, 30), confidence=0.9)
    assert (up.low, up.high) == pytest.approx((-down.high, -down.low))


def test_more_confidence_or_fewer_samples_widen_the_interval() -> None:
    def width(pairs_of: tuple[int, int, int], confidence: float) -> float:
        found = stats.paired_proportions(*pairs(*pairs_of), confidence=confidence)
        return found.high - found.low

    assert width((5, 5, 40), 0.99) > width((5, 5, 40), 0.95)
    ratio = width((50, 50, 400), 0.95) / width((200, 200, 1600), 0.95)
    assert ratio == pytest.approx(2, rel=0.01)


# -- graded metrics ---------------------------------------------------------------------------------


def coverage(*, clustered: bool, runs: int = 200) -> float:
    """Share of 90 % intervals that hold the true mean: 20 clusters of 3 with a strong common part."""
    rng = np.random.default_rng(11)
    names = [f"c{i // 3}" for i in range(60)]
    hit = 0
    for run in range(runs):
        common = np.repeat(rng.normal(0.0, 1.0, 20), 3)
        values = -0.3 + common + rng.normal(0.0, 0.3, 60)
        found = bootstrap(values, names if clustered else None, confidence=0.9, seed=run, bounded=False)
        hit += found.low <= -0.3 <= found.high
    return hit / runs


def test_intervals_over_clusters_hold_the_truth_as_often_as_they_say() -> None:
    assert 0.84 <= coverage(clustered=True) <= 0.95  # 90 % promised; +- 2 standard errors and some


def test_ignoring_clusters_would_be_overconfident() -> None:
    assert coverage(clustered=False) < 0.78


def test_copies_of_a_sample_in_its_cluster_add_no_information() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(-0.1, 1.0, 30)
    once = bootstrap(values, bounded=False)
    names = [f"c{i // 4}" for i in range(120)]
    copied = bootstrap(np.repeat(values, 4), names, bounded=False)
    naive = bootstrap(np.repeat(values, 4), bounded=False)
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=1e-9)
    assert (once.high - once.low) / (naive.high - naive.low) == pytest.approx(2, rel=0.1)


def test_the_bootstrap_error_is_the_standard_error_of_the_mean() -> None:
    values = np.random.default_rng(5).normal(0.2, 1.0, 200)
    found = bootstrap(values, bounded=False)
    assert found.difference == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std(ddof=1) / math.sqrt(200), rel=0.05)
    assert found.high - found.low == pytest.approx(2 * Z95 * found.error, rel=0.06)


def test_the_same_seed_gives_the_same_interval_and_another_seed_nearly() -> None:
    values = np.random.default_rng(7).normal(0.0, 1.0, 40)
    assert bootstrap(values, seed=1) == bootstrap(values, seed=1)
    one, two = bootstrap(values, seed=1), bootstrap(values, seed=2)
    assert one != two
    assert one.low == pytest.approx(two.low, abs=0.05)


@pytest.mark.parametrize(
    "sums", [[3.0, -1.0, 2.0, 2.0, -0.5], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [1.0, -1.0, 2.0]]
)
def test_the_permutation_p_value_against_all_sign_flips(sums: list[float]) -> None:
    flips = list(product((-1.0, 1.0), repeat=len(sums)))
    extreme = sum(abs(float(np.dot(flip, sums))) >= abs(sum(sums)) for flip in flips)
    exact = extreme / len(flips)
    spread = math.sqrt(exact * (1 - exact) / stats.RESAMPLES)
    assert bootstrap(sums, bounded=False).p_value == pytest.approx(exact, abs=4 * spread + 1e-3)


def test_clusters_flip_together() -> None:
    # Two samples of one cluster cancel out: two clusters remain, all four flips equally extreme.
    found = bootstrap([5.0, -5.0, 1.0, 1.0], ["a", "a", "b", "c"], bounded=False)
    assert found.p_value == pytest.approx(0.5, abs=0.05)


def test_when_nothing_differs_the_bound_is_that_of_an_unseen_event() -> None:
    found = bootstrap([0.0] * 59)
    assert found.high == pytest.approx(0.0495, abs=5e-4)  # 0.95^... : 0.05^(1/59) = 0.9505
    assert (1 - found.high) ** 59 == pytest.approx(0.05)
    assert found.low == -found.high
    assert (found.difference, found.p_value) == (0.0, 1.0)


def test_an_unseen_event_is_counted_in_clusters() -> None:
    found = bootstrap([0.0] * 60, [f"c{i % 10}" for i in range(60)])
    assert (1 - found.high) ** 10 == pytest.approx(0.05)


def test_an_unbounded_metric_has_no_such_bound() -> None:
    found = bootstrap([0.0] * 10, bounded=False)
    assert (found.low, found.high) == (0.0, 0.0)


def test_a_single_cluster_decides_nothing() -> None:
    found = bootstrap([-0.5] * 30, ["only"] * 30)
    assert (found.difference, found.low, found.high, found.p_value) == (-0.5, -1.0, 1.0, 1.0)
    assert math.isnan(bootstrap([-0.5] * 30, ["only"] * 30, bounded=False).low)


# -- planning ---------------------------------------------------------------------------------------


def test_the_minimum_detectable_effect() -> None:
    assert stats.minimum_detectable(0.05, confidence=0.95) == pytest.approx((Z95 + Z80) * 0.05)
    assert stats.minimum_detectable(0.1, confidence=0.95) == pytest.approx((Z95 + Z80) * 0.1)


def test_samples_to_decide_grow_with_the_square_of_the_ratio() -> None:
    assert stats.samples_to_decide(100, half_width=0.125, distance=0.0625) == 400
    assert stats.samples_to_decide(100, half_width=0.125, distance=0.03125) == 1600
    assert stats.samples_to_decide(200, half_width=0.125, distance=0.0625) == 800
    assert stats.samples_to_decide(100, half_width=0.1, distance=0.09) == 124  # 123.46 rounded up


def test_an_undecided_run_always_needs_more_samples_than_it_had() -> None:
    assert stats.samples_to_decide(100, half_width=0.1, distance=0.2) == 101


def test_no_number_decides_an_estimate_on_the_limit() -> None:
    assert stats.samples_to_decide(100, half_width=0.1, distance=0.0) is None
    assert stats.samples_to_decide(100, half_width=0.1, distance=0.0019) is None


def test_the_predicted_number_of_samples_does_clear_the_limit() -> None:
    worse, better, same = 12, 6, 82
    found = stats.paired_proportions(*pairs(worse, better, same), confidence=0.95)
    half, margin = (found.high - found.low) / 2, 0.1
    needed = stats.samples_to_decide(100, half_width=half, distance=abs(found.difference + margin))
    assert needed is not None
    factor = math.ceil(needed / 100)
    assert found.low < -margin
    more = stats.paired_proportions(*pairs(worse * factor, better * factor, same * factor), confidence=0.95)
    assert more.low > -margin
