"""C1-C3 and C13 on planted scores: each verdict, the floor, missing tasks."""

from __future__ import annotations

import pytest
from claims_results import decide, flips, result

from acbench.claims import rules
from acbench.claims.findings import CONFIRMED, NOT_TESTABLE, REFUTED, UNDECIDED

TOOL = "t-eval-plan-json"
WORK = "worfbench-lumos"
EQUAL = flips(1500, 1200, lost=12, won=10)
"""-0.2 % of base with a standard error of sqrt(22)/1200 = 0.4 %: inside 3 %."""
WORSE = flips(1500, 1200, lost=120, won=10)
"""-9.2 % +- 1.9 %: beyond 3 %."""
FEW = flips(40, 32, lost=2, won=1)
"""-3.1 % +- 10 %: on the limit, undecided."""


def test_c1_is_confirmed_inside_the_margin() -> None:
    finding = decide("C1", [result(TOOL, "awq-w4g128", EQUAL)])
    assert finding.verdict == CONFIRMED
    assert finding.estimate is not None
    assert finding.estimate.value == pytest.approx(-2 / 1200)
    assert finding.estimate.n == 1500
    assert -0.03 < finding.estimate.low < finding.estimate.high < 0.03


def test_c1_is_refuted_beyond_it_and_says_where_it_holds() -> None:
    finding = decide("C1", [result(TOOL, "awq-w4g128", EQUAL), result(TOOL, "gptq-w4g128", WORSE)])
    assert finding.verdict == REFUTED
    assert finding.subject == "qwen2.5-7b, gptq-w4g128"
    assert "1 of 2 comparisons contradicts it" in finding.why
    assert "it holds for qwen2.5-7b, awq-w4g128" in finding.why


def test_c1_is_undecided_with_few_samples_and_says_how_many_would_do() -> None:
    finding = decide("C1", [result(TOOL, "awq-w4g128", flips(60, 48, lost=4, won=4))])
    assert finding.verdict == UNDECIDED
    assert finding.estimate is not None
    half = finding.estimate.high
    # the estimate is 0 and the margin 3 %: widths shrink with the root of n
    assert finding.needed == pytest.approx(60 * (half / 0.03) ** 2, rel=0.1)
    assert f"about {finding.needed:,} samples would decide it" in finding.why


def test_more_samples_do_decide() -> None:
    needed = decide("C1", [result(TOOL, "awq-w4g128", flips(60, 48, lost=4, won=4))]).needed
    assert needed is not None
    times = round(1.3 * needed / 60)
    scores = flips(60 * times, 48 * times, lost=4 * times, won=4 * times)
    assert decide("C1", [result(TOOL, "awq-w4g128", scores)]).verdict == CONFIRMED


def test_c1_sits_on_the_margin() -> None:
    finding = decide("C1", [result(TOOL, "awq-w4g128", flips(500, 400, lost=22, won=10))])  # exactly -3 %
    assert (finding.verdict, finding.needed) == (UNDECIDED, None)
    assert "hardly" in finding.why


def test_c1_does_not_foresee_a_gain() -> None:
    finding = decide("C1", [result(TOOL, "awq-w4g128", flips(1500, 1000, won=100))])
    assert finding.verdict == UNDECIDED
    assert rules.BETTER in finding.why


@pytest.mark.parametrize("lost", [0, 1])
def test_a_base_at_the_floor_decides_nothing(lost: int) -> None:
    finding = decide("C1", [result(TOOL, "awq-w4g128", flips(200, 8, lost=8 * lost))])
    assert finding.verdict == UNDECIDED
    assert "base itself scores 4.0 %" in finding.why
    assert finding.needed is None


def test_too_few_samples_or_clusters_decide_nothing() -> None:
    few = decide("C1", [result(TOOL, "awq-w4g128", flips(19, 19, lost=19))])
    assert (few.verdict, few.needed) == (UNDECIDED, 20)
    clusters = [f"d{i % 5}" for i in range(40)]
    clustered = decide("C1", [result(TOOL, "awq-w4g128", flips(40, 40, lost=40), clusters=clusters)])
    assert clustered.verdict == UNDECIDED
    assert "5 independent clusters" in clustered.why


@pytest.mark.parametrize(
    ("recipe", "task"),
    [("awq-w4g128", "needle"), ("rtn-w8g128", TOOL), ("wanda-50", TOOL), ("kv-int4", TOOL)],
)
def test_c1_needs_four_bits_and_a_tool_task(recipe: str, task: str) -> None:
    finding = decide("C1", [result(task, recipe, EQUAL)])
    assert finding.verdict == NOT_TESTABLE
    assert "4 bits" in finding.why
    assert finding.estimate is None


def test_noise_floors_are_no_evidence() -> None:
    assert decide("C1", [result(TOOL, "base", EQUAL)]).verdict == NOT_TESTABLE


def test_tasks_weigh_the_same_whatever_their_size() -> None:
    results = [
        result(TOOL, "awq-w4g128", flips(100, 100)),
        result("t-eval-plan-str", "awq-w4g128", flips(1000, 1000, lost=500)),
    ]
    finding = decide("C1", results)
    assert finding.estimate is not None
    assert finding.estimate.value == pytest.approx(-0.25)


def test_one_chance_in_many_comparisons_refutes_nothing() -> None:
    # -5 % with a standard error of sqrt(56)/800 = 0.94 %: clears -3 % at 1.96 errors, not at 2.77 (nine rows)
    near = flips(900, 800, lost=48, won=8)
    results = [result(TOOL, f"awq-w4g128+l{i}", EQUAL, method="awq") for i in range(8)]
    alone = decide("C1", [result(TOOL, "gptq-w4g128", near)])
    among = decide("C1", [*results, result(TOOL, "gptq-w4g128", near)])
    assert alone.verdict == REFUTED
    row = next(r for r in among.rows if "gptq" in r.subject)
    assert (row.verdict, row.firm) == (REFUTED, UNDECIDED)
    assert among.verdict == UNDECIDED
    assert "can be chance" in among.why


def test_c2_takes_both_scores() -> None:
    good, bad = EQUAL, WORSE
    same = result(WORK, "awq-w4g128", good, metrics={"chain_f1": good, "graph_f1": good})
    mixed = result(WORK, "awq-w4g128", good, metrics={"chain_f1": good, "graph_f1": bad})
    assert decide("C2", [same]).verdict == CONFIRMED
    finding = decide("C2", [mixed])
    assert finding.verdict == REFUTED
    assert finding.subject.endswith("graph F1")
    assert decide("C2", [result(TOOL, "awq-w4g128", good)]).verdict == NOT_TESTABLE
    few = decide("C2", [result(WORK, "awq-w4g128", FEW, metrics={"chain_f1": FEW, "graph_f1": FEW})])
    assert few.verdict == UNDECIDED


@pytest.mark.parametrize(
    ("lost", "won", "verdict"),
    [(60, 8, CONFIRMED), (10, 10, REFUTED), (200, 5, REFUTED), (40, 8, UNDECIDED)],
    ids=["-13 %", "0 %", "-49 %", "-8 %"],
)
def test_c3_wants_a_loss_of_ten_to_fifteen_per_cent(lost: int, won: int, verdict: str) -> None:
    finding = decide("C3", [result("pddl", "awq-w4g128", flips(600, 400, lost=lost, won=won))])
    assert finding.verdict == verdict
    assert any("1 of the paper's 5" in note for note in finding.notes)


def test_c3_pools_recipes_and_counts_samples_once() -> None:
    one, other = flips(300, 200, lost=40), flips(300, 200, lost=10)
    finding = decide("C3", [result("pddl", "awq-w4g128", one), result("pddl", "gptq-w4g128", other)])
    assert finding.estimate is not None
    assert finding.estimate.value == pytest.approx(-(0.2 + 0.05) / 2)
    assert finding.estimate.n == 300
    assert [r.counted for r in finding.rows] == [True, False, False]
    assert any("2 worse, 0 better of 2" in note for note in finding.notes)


def test_c3_says_so_when_a_confirmation_is_wide() -> None:
    finding = decide("C3", [result("pddl", "awq-w4g128", flips(60, 40, lost=8, won=1))])
    assert finding.verdict == CONFIRMED
    assert "how much is open" in finding.why


def test_c3_at_the_floor() -> None:
    finding = decide("C3", [result("pddl", "awq-w4g128", flips(200, 2, lost=2))])
    assert finding.verdict == UNDECIDED
    assert "floor" in finding.why


def test_c13_is_about_large_models() -> None:
    task = "longbench-trec"
    assert decide("C13", [result(task, "awq-w4g128", EQUAL)]).verdict == CONFIRMED
    assert decide("C13", [result(task, "wanda-50", WORSE)]).verdict == REFUTED
    assert decide("C13", [result(task, "awq-w4g128", FEW)]).verdict == UNDECIDED
    small = decide("C13", [result(task, "awq-w4g128", EQUAL, model="smollm2-135m")])
    assert small.verdict == NOT_TESTABLE
    assert "only smaller ones" in small.why
    assert small.rows[0].estimate is not None
    assert not small.rows[0].counted
    assert decide("C13", [result(task, "magnitude-50", WORSE)]).verdict == NOT_TESTABLE
