"""Capability means, fronts, speeds and correlations of the overview, against independent derivations."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import analysis_cases as cases
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from acbench.claims import points
from acbench.claims.rules import Above
from reports.overview import correlation, pareto, quality
from reports.overview.pareto import Point

FEW = st.lists(st.integers(0, 4), min_size=3, max_size=9)


# -- what is kept ----------------------------------------------------------------------------------------


def test_a_capability_is_the_ratio_of_means_over_tasks_and_all_is_the_mean_of_capabilities() -> None:
    results = [
        cases.task_case("rtn-w4g64", "needle", [1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]),  # 0.5 -> 0.25
        cases.task_case("rtn-w4g64", "longbench-hotpotqa", [1.0] * 4, [1.0, 1.0, 0.5, 0.5]),  # 1 -> 0.75
        cases.task_case("rtn-w4g64", "pddl", [0.4, 0.6], [0.4, 0.6]),  # 0.5 -> 0.5
    ]
    found = quality.quality_of(results)
    long_context = found.capabilities["long_context"]
    assert long_context.tasks == ("needle", "longbench-hotpotqa")
    assert (long_context.base, long_context.value) == (0.75, 0.5)
    assert long_context.share == pytest.approx(2 / 3)
    assert found.capabilities["real_world"].share == 1.0
    assert found.overall.share == pytest.approx((2 / 3 + 1) / 2)
    assert found.overall.lost == pytest.approx(1 / 6)


def test_the_interval_comes_from_pairs_drawn_by_cluster() -> None:
    """All samples in two clusters, one kept whole and one lost: a resample keeps nothing, half or all."""
    result = cases.task_case("rtn-w4g64", "needle", [1.0] * 10, [1.0] * 5 + [0.0] * 5)
    rows = tuple(("a" if i < 5 else "b", 1.0, float(i < 5)) for i in range(10))
    kept = quality.quality_of([replace(result, pairs={"accuracy": rows})]).overall
    assert (kept.low, kept.share, kept.high) == (0.0, 0.5, 1.0)


def test_a_single_cluster_has_a_share_and_no_interval() -> None:
    """All samples over one text: no other text is known, so neither the task nor the whole has an interval."""
    alone = cases.task_case("rtn-w4g64", "needle", [1.0] * 10, [1.0] * 5 + [0.0] * 5)
    alone = replace(alone, pairs={"accuracy": tuple(("a", 1.0, float(i < 5)) for i in range(10))})
    many = cases.task_case("rtn-w4g64", "pddl", [1.0] * 10, [1.0] * 5 + [0.0] * 5)
    found = quality.quality_of([alone, many])
    assert (found.overall.share, found.overall.low, found.overall.high) == (0.5, None, None)
    assert found.capabilities["long_context"].low is None
    assert found.capabilities["real_world"].low is not None


def test_an_interval_of_unchanged_samples_is_not_empty() -> None:
    kept = quality.quality_of([cases.task_case("rtn-w8g64", "needle", [0.5] * 40, [0.5] * 40)]).overall
    bound = (1 - 0.05 ** (1 / 40)) / 0.5  # an event unseen in 40 samples, as a share of the base score
    assert kept.share == 1.0
    assert kept.low == pytest.approx(1 - bound, rel=1e-3)
    assert kept.high == pytest.approx(1 + bound, rel=1e-3)


def test_a_task_at_the_floor_is_left_out_and_named() -> None:
    low = cases.task_case("rtn-w4g64", "needle", [1.0] + [0.0] * 39, [0.0] * 40, margin=0.05)  # base 2.5 %
    high = cases.task_case("rtn-w4g64", "longbench-hotpotqa", [1.0] * 4, [0.0] * 4)
    assert quality.at_floor(low)
    assert not quality.at_floor(high)
    kept = quality.quality_of([low, high]).capabilities["long_context"]
    assert (kept.tasks, kept.floored, kept.share) == (("longbench-hotpotqa",), ("needle",), 0.0)
    alone = quality.quality_of([low])
    assert alone.capabilities["long_context"].share is None
    assert alone.overall.share is None
    assert alone.overall.lost is None


def test_only_shares_of_the_four_capabilities_add_up() -> None:
    nats = cases.task_case("rtn-w4g64", "needle", [1.0], [0.5], comparison={"unit": "nats"})
    lower = cases.task_case("rtn-w4g64", "needle", [1.0], [0.5], comparison={"higher_is_better": False})
    diagnostic = cases.task_case("rtn-w4g64", "pddl-likelihood", [1.0], [0.5])
    assert quality.scored([nats, lower, diagnostic]) == []
    assert quality.quality_of([]).overall.share is None


# -- the front -------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12), st.booleans())
def test_the_front_is_what_nothing_beats(places: list[tuple[int, int]], less: bool) -> None:
    points = [Point(str(i), float(cost), float(kept)) for i, (cost, kept) in enumerate(places)]
    sign = -1 if less else 1
    goods = {p.name: (sign * p.cost, p.quality) for p in points}
    beaten = {
        mine.name
        for mine, other in itertools.permutations(points, 2)
        if goods[other.name] != goods[mine.name]
        and all(a >= b for a, b in zip(goods[other.name], goods[mine.name], strict=True))
    }
    found = pareto.front(points, less_is_better=less)
    assert {p.name for p in found} == {p.name for p in points} - beaten
    assert [p.cost for p in found] == sorted(p.cost for p in found)


def test_speed_is_the_median_of_what_was_generated() -> None:
    tasks = ("needle", "pddl", "t-eval-plan-json")
    results = [
        cases.task_case(
            "rtn-w4g64", task, [1.0], [1.0], tokens={"output": 2000, "turns": 40}, seconds=seconds
        )
        for task, seconds in zip(tasks, (20.0, 40.0, 400.0), strict=True)  # one case waited for the engine
    ]
    assert pareto.speed(results) == (50.0, "evaluation")


def test_a_kept_time_is_the_speed_even_of_replayed_answers_and_of_base() -> None:
    tokens = {"output": 1200, "turns": 45, "replayed": 45, "generation_ms": 60_000}
    for recipe in ("base", "rtn-w8g64"):
        found = cases.task_case(recipe, "needle", [1.0], [1.0], tokens=tokens, seconds=0.07)
        assert pareto.speed([found]) == (20.0, "evaluation")


def test_no_speed_from_replay_base_or_nothing() -> None:
    made = {"output": 1197, "turns": 45}
    replayed = cases.task_case("rtn-w8g64", "needle", [1.0], [1.0], tokens=made, seconds=0.07)
    assert pareto.speed([replayed]) is None
    said = cases.task_case("rtn-w8g64", "needle", [1.0], [1.0], tokens={**made, "replayed": 12}, seconds=60.0)
    assert pareto.speed([said]) is None
    assert pareto.speed([cases.task_case("base", "needle", [1.0], [1.0], tokens=made, seconds=60.0)]) is None
    assert pareto.speed([cases.analysis_case("rtn-w4g64", "erank")]) is None


def test_the_engines_own_measurement_goes_first() -> None:
    facts = {pareto.DECODE: "12.5 → 14.2"}
    assert pareto.speed([cases.task_case("rtn-w4g64", "needle", [1.0], [1.0], facts=facts)]) == (
        14.2,
        "engine",
    )
    none = {pareto.DECODE: "12.5 → not measured"}
    assert pareto.speed([cases.task_case("base", "needle", [1.0], [1.0], facts=none)]) is None


def test_recipes_that_wrote_much_more_are_set_apart() -> None:
    assert pareto.alike({"a": 1000, "b": 1200, "c": 800, "babbler": 9000}) == ["a", "b", "c"]
    assert pareto.alike({}) == []


# -- rank correlation ------------------------------------------------------------------------------------


def test_spearman_by_hand() -> None:
    assert correlation.spearman([1, 2, 3, 4], [10, 20, 40, 30]) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert correlation.spearman([1, 2, 3], [3, 2, 1]) == -1.0
    # ties: ranks 1.5 1.5 3 against 1 2 3: covariance 1.5 over sqrt(1.5 x 2)
    assert correlation.spearman([5, 5, 9], [1, 2, 3]) == pytest.approx(1.5 / math.sqrt(3))
    assert correlation.spearman([5, 5, 5], [1, 2, 3]) is None


@given(FEW, st.randoms(use_true_random=False))
def test_spearman_equals_scipys(left: list[int], random: object) -> None:
    right = list(left)
    random.shuffle(right)  # type: ignore[attr-defined]
    found = correlation.spearman(left, right)
    if len(set(left)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(float(scipy_stats.spearmanr(left, right).statistic))


def test_spearman_of_four_by_the_difference_formula() -> None:
    """1 - 6 sum d^2 / (n (n^2 - 1)) holds without ties: squared differences of 14, 14 and 12."""
    assert correlation.spearman([1, 2, 3, 4], [3, 2, 4, 1]) == pytest.approx(1 - 6 * 14 / 60)
    assert correlation.spearman([1, 2, 3, 4], [2, 4, 3, 1]) == pytest.approx(1 - 6 * 14 / 60)
    assert correlation.spearman([1, 2, 3, 4], [4, 1, 2, 3]) == pytest.approx(1 - 6 * 12 / 60)


def test_how_many_recipes_it_takes() -> None:
    assert correlation.correlate([1, 2], [1, 2]) == correlation.Correlation(2)
    seven = correlation.correlate([1, 2, 3, 4, 5, 6, 7], [1, 3, 2, 4, 6, 5, 7])
    assert seven.rho is not None
    assert seven.p is None
    assert seven.low is not None
    assert seven.high is not None
    assert seven.low < seven.rho <= seven.high
    eight = correlation.correlate(list(range(8)), list(range(8)))
    assert (eight.rho, eight.low, eight.high) == (1.0, None, None)  # no resample breaks the order
    assert eight.p == pytest.approx(2 / math.factorial(8))


def test_p_of_drawn_orders_is_near_that_of_all_orders() -> None:
    left, right = [float(i) for i in range(9)], [2.0, 0, 1, 5, 3, 4, 8, 6, 7]
    found = correlation.correlate(left, right)
    assert found.p is not None
    expected = float(scipy_stats.spearmanr(left, right).pvalue)
    assert found.p == pytest.approx(expected, abs=0.01)
    assert correlation.correlate(left, right, resampled=False) == correlation.Correlation(9, found.rho)


def test_predictors_are_turned_so_that_more_is_further_from_base() -> None:
    recipes = ("rtn-w8g64", "rtn-w4g64", "rtn-w2g64")
    results = [cases.analysis_case(recipe, task) for recipe in recipes for task in cases.ANALYSES]
    found = correlation.predictors([*results, cases.analysis_case("base", "erank", 0.0)])
    assert "base" not in found["erank.hidden.distance"]
    for name, values in found.items():
        if name != "weight.sqnr":
            assert all(value >= 0 for value in values.values()), name
        assert values["rtn-w8g64"] < values["rtn-w4g64"] < values["rtn-w2g64"], name
    assert found["topk.jaccard.10"]["rtn-w4g64"] == pytest.approx(1 - 0.97 * 0.66**1.5)
    assert found["erank.weight.sigma.folded"]["rtn-w4g64"] == pytest.approx(0.02 * 0.34)
    assert found["perplexity"]["rtn-w4g64"] == pytest.approx(20.7 * (math.exp(3 * 0.34) - 1))


def test_the_table_joins_recipes_that_have_both() -> None:
    distances = {"kl.mean": {"a": 1.0, "b": 2.0, "c": 3.0, "d": 9.0}}
    losses = {"needle": {"a": 0.1, "b": 0.3, "c": 0.2}, "pddl": {"a": 0.0, "d": 1.0}}
    found = correlation.table(distances, losses)
    assert found["kl.mean", "needle"].rho == pytest.approx(0.5)
    assert found["kl.mean", "pddl"] == correlation.Correlation(2)


def test_overview_and_claims_say_the_same_of_the_same_recipes() -> None:
    """One report must not print two intervals or two p for one pair of series."""
    left, right = [0.1, 0.2, 0.2, 0.5, 0.6, 0.9, 1.1, 1.3], [0.0, 0.1, 0.3, 0.2, 0.4, 0.9, 0.5, 0.7]
    mine = correlation.correlate(left, right)
    theirs = points.correlation("both", left, right, Above(0.0)).estimate
    assert theirs is not None
    assert (mine.rho, mine.low, mine.high, mine.p) == (theirs.value, theirs.low, theirs.high, theirs.p_value)
