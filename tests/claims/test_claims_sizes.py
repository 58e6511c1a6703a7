"""C9-C12 and C15: sizes, bytes and distilled models, on planted scores."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from claims_results import catalogue, decide, flips, result

from acbench.claims.findings import CONFIRMED, NOT_TESTABLE, REFUTED, UNDECIDED
from acbench.claims.kinds import family_of

if TYPE_CHECKING:
    from acbench.config import Catalogue
    from acbench.records import CaseResult

LADDER = ("qwen2.5-1.5b", "qwen2.5-3b", "qwen2.5-7b", "qwen2.5-14b", "qwen2.5-32b")
TOOL, WORK = "t-eval-plan-json", "worfbench-lumos"
GIB = 2**30


def losses(*lost: int) -> list[CaseResult]:
    return [
        result(TOOL, "gptq-w4g128", flips(400, 320, lost=n), model=model)
        for model, n in zip(LADDER, lost, strict=False)
    ]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("qwen2.5-1.5b", "qwen2.5"),
        ("smollm2-135m", "smollm2"),
        ("phi-3.5-mini", "phi-3.5-mini"),
        ("gemma-2-2b", "gemma-2"),
    ],
)
def test_family_of_a_model(name: str, family: str) -> None:
    assert family_of(name) == family


def test_c9_wants_a_slope_over_four_sizes() -> None:
    assert decide("C9", losses(200, 140, 80, 30, 5)).verdict == CONFIRMED
    falling = decide("C9", losses(5, 30, 80, 140, 200))
    assert falling.verdict == REFUTED
    assert "not above 0" in falling.why or "contradicts" in falling.why
    assert decide("C9", losses(60, 58, 62, 60, 59)).verdict == REFUTED  # the rule: an interval over 0 refutes
    three = decide("C9", losses(200, 140, 80))
    assert three.verdict == NOT_TESTABLE
    assert "there are 3 here" in three.why


def test_c9_is_not_refuted_by_samples_that_are_too_few() -> None:
    """Two clusters give an interval over 0 whatever the slope is."""
    names = [f"text {i % 2}" for i in range(400)]
    scores = [flips(400, 320, lost=n) for n in (200, 140, 80, 30)]
    ladder = zip(LADDER, scores, strict=False)
    alone = [result(TOOL, "gptq-w4g128", found, model=m, clusters=names) for m, found in ladder]
    finding = decide("C9", alone)
    assert finding.verdict == UNDECIDED
    assert "400 in 2 independent clusters" in finding.why
    assert decide("C9", losses(200, 140, 80, 30)).verdict == CONFIRMED


def test_c9_leaves_out_a_base_at_the_floor() -> None:
    results = [*losses(200, 140, 80), result(TOOL, "gptq-w4g128", flips(400, 4), model="qwen2.5-14b")]
    assert decide("C9", results).verdict == NOT_TESTABLE


def sized(model: str, sizes: tuple[int, int], right: int, lost: int) -> CaseResult:
    """``sizes``: GiB in 4 bits and in 16."""
    checkpoint = {"bytes": sizes[0] * GIB, "base_bytes": sizes[1] * GIB}
    return result(TOOL, "awq-w4g128", flips(400, right, lost=lost), model=model, checkpoint=checkpoint)


def test_c10_compares_at_equal_bytes() -> None:
    # 14B in 4 bits (9 GiB) against 7B in 16 bits (14 GiB): 75 % against 60 %
    large = sized("qwen2.5-14b", (9, 28), 320, 20)
    small = sized("qwen2.5-7b", (5, 14), 240, 10)
    confirmed = decide("C10", [large, small])
    assert confirmed.verdict == CONFIRMED
    assert confirmed.estimate is not None
    assert confirmed.estimate.value == pytest.approx(300 / 400 - 240 / 400)
    broken = sized("qwen2.5-14b", (9, 28), 320, 180)
    assert decide("C10", [broken, small]).verdict == REFUTED
    near = sized("qwen2.5-14b", (9, 28), 320, 78)
    assert decide("C10", [near, small]).verdict == UNDECIDED


def test_c10_is_about_seven_billion_and_more() -> None:
    large = sized("qwen2.5-3b", (2, 6), 320, 20)
    small = sized("qwen2.5-1.5b", (1, 3), 240, 10)
    finding = decide("C10", [large, small])
    assert finding.verdict == NOT_TESTABLE
    assert "only smaller ones" in finding.why
    assert finding.rows[0].estimate is not None
    too_large = sized("qwen2.5-14b", (20, 28), 320, 20)
    assert decide("C10", [too_large, sized("qwen2.5-7b", (5, 14), 240, 0)]).rows == ()


R1, R7 = "deepseek-r1-distill-qwen-1.5b", "deepseek-r1-distill-qwen-7b"


def distilled(task: str, right: int, lost: int, model: str = R7, n: int = 300) -> CaseResult:
    partner = {R7: "qwen2.5-7b", R1: "qwen2.5-1.5b"}[model]
    made = result(task, f"against-{partner}", flips(n, right, lost=lost), model=model)
    return replace(made, reference=f"{partner}:base:{task}", method="pair")


def thinking(budget: int) -> Catalogue:
    models = {
        name: replace(spec, thinking={**spec.thinking, "budget": budget}) if spec.thinking else spec
        for name, spec in catalogue().models.items()
    }
    return replace(catalogue(), models=MappingProxyType(models))


def test_c11_needs_room_to_think() -> None:
    poor = [distilled(TOOL, 240, 150), distilled("pddl", 150, 150)]
    fair = decide("C11", poor, thinking(4096))
    assert fair.verdict == CONFIRMED
    short = decide("C11", poor)
    assert short.verdict == UNDECIDED
    assert any("limited to 1024 tokens" in row.why for row in short.rows)
    assert short.rows[0].estimate is not None  # the number is shown all the same


def test_c11_refuted_and_undecided() -> None:
    good = [distilled(TOOL, 240, 0), distilled("pddl", 150, 20)]
    assert decide("C11", good, thinking(4096)).verdict == REFUTED  # real-world far from zero
    assert decide("C11", [distilled(TOOL, 240, 1)], thinking(4096)).verdict == UNDECIDED
    assert decide("C11", [result(TOOL, "awq-w4g128", flips(100, 80))]).verdict == NOT_TESTABLE


def test_c12_ranks_the_siblings() -> None:
    def both(small: int, large: int) -> str:
        results = [distilled(WORK, 240, small, R1), distilled(WORK, 240, large, R7)]
        return decide("C12", results, thinking(4096)).verdict

    assert both(20, 200) == CONFIRMED
    assert both(200, 20) == REFUTED
    assert both(100, 103) == UNDECIDED
    assert decide("C12", [distilled(WORK, 240, 20, R1)]).verdict == NOT_TESTABLE


def test_c15_compares_a_small_model_with_itself() -> None:
    task = "longgenbench-gsm8k"

    def small(lost: int, right: int = 240, n: int = 300) -> str:
        return decide(
            "C15", [result(task, "awq-w4g128", flips(n, right, lost=lost), model="qwen2.5-3b")]
        ).verdict

    assert small(200) == CONFIRMED
    assert small(20) == REFUTED
    assert small(11, right=20, n=30) == UNDECIDED
    assert small(3, right=6) == UNDECIDED  # a floor
    assert decide("C15", [result(task, "awq-w4g128", flips(300, 240, lost=200))]).verdict == NOT_TESTABLE
