"""C4-C8 and C14 on planted scores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from claims_results import ENGINE, MODEL, decide, flips, result

from acbench.claims.findings import CONFIRMED, NOT_TESTABLE, REFUTED, UNDECIDED

if TYPE_CHECKING:
    from acbench.records import CaseResult

TOOL = "t-eval-plan-json"
GOOD, BAD = flips(300, 240, lost=5), flips(300, 240, lost=100)


def two(
    claim: str, first: tuple[str, list[tuple[float, float]]], second: tuple[str, list[tuple[float, float]]]
) -> str:
    return decide(claim, [result(TOOL, *first), result(TOOL, *second)]).verdict


@pytest.mark.parametrize(
    ("quantized", "pruned", "verdict"),
    [(GOOD, BAD, CONFIRMED), (BAD, GOOD, REFUTED), (GOOD, flips(300, 240, lost=6, won=1), UNDECIDED)],
)
def test_c4(quantized: list[tuple[float, float]], pruned: list[tuple[float, float]], verdict: str) -> None:
    assert two("C4", ("gptq-w4g128", quantized), ("wanda-50", pruned)) == verdict


def test_c4_gives_the_exact_p_value_of_right_and_wrong() -> None:
    finding = decide("C4", [result(TOOL, "awq-w4g128", GOOD), result(TOOL, "wanda-2of4", BAD)])
    assert finding.estimate is not None
    assert finding.estimate.value == pytest.approx(95 / 300)
    assert finding.estimate.p_value == pytest.approx(2 / 2**95)  # 95 against 0 discordant pairs
    graded = [(a, 0.5 * b) for a, b in GOOD]
    finding = decide("C4", [result(TOOL, "awq-w4g128", GOOD), result(TOOL, "wanda-2of4", graded)])
    assert finding.estimate is not None
    assert finding.estimate.p_value is None


def test_other_samples_base_scores_or_engines_are_refused() -> None:
    quantized = result(TOOL, "awq-w4g128", GOOD)
    others: list[tuple[CaseResult, str]] = [
        (result(TOOL, "wanda-50", BAD, clusters=[f"t{i}" for i in range(300)]), "not asked the same samples"),
        (result(TOOL, "wanda-50", flips(300, 230)), "different answers of the base model"),
        (result(TOOL, "wanda-50", BAD[::-1]), "different answers of the base model"),
        (replace(result(TOOL, "wanda-50", BAD), engine={**ENGINE, "version": "2"}), "different engines"),
    ]
    for other, message in others:
        finding = decide("C4", [quantized, other])
        assert finding.verdict == UNDECIDED
        assert message in finding.why
        assert finding.estimate is None


def test_recipes_without_a_common_task_or_model_are_no_pair() -> None:
    quantized = result(TOOL, "awq-w4g128", GOOD)
    assert decide("C4", [quantized, result("t-eval-plan-str", "wanda-50", BAD)]).verdict == NOT_TESTABLE
    assert (
        decide("C4", [quantized, result(TOOL, "wanda-50", BAD, model="mistral-7b")]).verdict == NOT_TESTABLE
    )


@pytest.mark.parametrize(
    ("wanda", "verdict"),
    [(flips(300, 240, lost=6, won=1), CONFIRMED), (BAD, REFUTED), (flips(300, 240, lost=16), UNDECIDED)],
)
def test_c5(wanda: list[tuple[float, float]], verdict: str) -> None:
    assert two("C5", ("wanda-50", wanda), ("awq-w4g128", GOOD)) == verdict


@pytest.mark.parametrize(
    ("strict", "verdict"),
    [
        (BAD, CONFIRMED),
        (flips(300, 240, lost=6, won=1), REFUTED),
        (flips(300, 240, lost=18, won=2), UNDECIDED),
    ],
)
def test_c6(strict: list[tuple[float, float]], verdict: str) -> None:
    assert two("C6", ("wanda-50", GOOD), ("wanda-2of4", strict)) == verdict


def test_c6_compares_within_a_method_and_not_two_ruins() -> None:
    gone = flips(300, 240, lost=240)
    assert two("C6", ("wanda-50", GOOD), ("magnitude-2of4", BAD)) == NOT_TESTABLE
    finding = decide("C6", [result(TOOL, "wanda-50", gone), result(TOOL, "wanda-2of4", gone)])
    assert finding.verdict == UNDECIDED
    assert "both score 0" in finding.why


TASKS = ("t-eval-plan-json", "worfbench-lumos", "needle", "pddl")


def test_c7_counts_capabilities() -> None:
    gone, kept = flips(300, 240, lost=238), flips(300, 240, lost=60)

    def collapse(*scores: list[tuple[float, float]]) -> str:
        return decide(
            "C7", [result(task, "magnitude-2of4", s) for task, s in zip(TASKS, scores, strict=False)]
        ).verdict

    assert collapse(gone, gone, gone, kept) == CONFIRMED
    assert collapse(gone, gone, gone) == CONFIRMED
    assert collapse(gone, gone, kept, kept) == REFUTED
    assert collapse(kept, kept) == REFUTED  # three can no longer be reached
    assert collapse(gone, gone) == UNDECIDED
    assert collapse(gone, gone, flips(300, 9), kept) == UNDECIDED  # a floor is no collapse


def test_c7_names_what_is_open() -> None:
    finding = decide("C7", [result(TOOL, "magnitude-50", flips(300, 240, lost=240))])
    assert finding.verdict == UNDECIDED
    assert "workflow was not run" in finding.why
    assert decide("C7", [result(TOOL, "wanda-50", BAD)]).verdict == NOT_TESTABLE


def forms(
    json: list[tuple[float, float]], string: list[tuple[float, float]], recipe: str = "wanda-2of4"
) -> list[CaseResult]:
    return [
        result("t-eval-plan-json", recipe, json, metrics={"parse_rate": json}),
        result("t-eval-plan-str", recipe, string, metrics={"parse_rate": string}),
    ]


def test_c8_is_an_interaction() -> None:
    finding = decide("C8", forms(BAD, GOOD))
    assert finding.verdict == CONFIRMED
    assert finding.estimate is not None
    assert finding.estimate.value == pytest.approx((-100 + 5) / 300)
    assert decide("C8", forms(GOOD, BAD)).verdict == REFUTED
    assert decide("C8", forms(flips(1000, 800, lost=9), flips(1000, 800, lost=9))).verdict == REFUTED
    assert decide("C8", forms(flips(60, 48, lost=5), flips(60, 50, lost=4))).verdict == UNDECIDED
    assert decide("C8", [result("t-eval-plan-json", "wanda-2of4", BAD)]).verdict == NOT_TESTABLE


def test_c8_subtracts_the_gap_of_base() -> None:
    # base is far worse in JSON; both forms lose as many answers
    finding = decide("C8", forms(flips(2000, 1000, lost=20), flips(2000, 1900, lost=20)))
    assert finding.verdict == REFUTED
    assert finding.estimate is not None
    assert finding.estimate.value == pytest.approx(0)


def test_c8_separates_parsing() -> None:
    finding = decide("C8", forms(BAD, GOOD))
    assert [r.counted for r in finding.rows] == [True, False]
    assert finding.rows[1].subject.endswith("share of answers parsed")


def test_c8_with_different_questions_weighs_an_ability_once() -> None:
    json = result("t-eval-plan-json", "wanda-2of4", BAD)
    string = result("t-eval-plan-str", "wanda-2of4", flips(200, 160, lost=4))
    finding = decide("C8", [json, string])
    assert finding.estimate is not None
    assert finding.estimate.value == pytest.approx(-100 / 300 + 4 / 200)


def test_c8_at_the_floor_of_json() -> None:
    finding = decide("C8", forms(flips(300, 3, lost=3), BAD))
    assert finding.verdict == UNDECIDED
    assert "floor" in finding.why


def seeded(method: str, seed: int, lost: int) -> CaseResult:
    scores = flips(300, 240, lost=lost)
    checkpoint = {"calibration": {"seed": seed}}
    recipe = f"{method}-w4g128+s{seed}"
    return result("longgenbench-gsm8k", recipe, scores, method=method, checkpoint=checkpoint)


def test_c14_needs_three_draws() -> None:
    one = decide("C14", [seeded("awq", 0, 5), seeded("gptq", 0, 60)])
    assert one.verdict == UNDECIDED
    assert "at least 3 of each" in one.why
    assert one.estimate is not None
    assert one.estimate.value == pytest.approx(55 / 300)
    three = [seeded("awq", i, 5 + i) for i in range(3)]
    assert decide("C14", [*three, *(seeded("gptq", i, 60 + i) for i in range(3))]).verdict == CONFIRMED
    assert (
        decide(
            "C14", [*(seeded("awq", i, 60 + i) for i in range(3)), *(seeded("gptq", i, 5) for i in range(3))]
        ).verdict
        == REFUTED
    )


def test_c14_draws_that_disagree_are_undecided() -> None:
    awq = [seeded("awq", i, lost) for i, lost in enumerate((5, 20, 40))]
    gptq = [seeded("gptq", i, lost) for i, lost in enumerate((10, 25, 45))]
    assert decide("C14", [*awq, *gptq]).verdict == UNDECIDED
    assert decide("C14", awq).verdict == NOT_TESTABLE
    assert MODEL in decide("C14", [*awq, *gptq]).subject
