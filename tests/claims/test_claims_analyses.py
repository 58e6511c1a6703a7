"""C17-C23 on planted analysis numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from claims_results import MODEL, analysed, catalogue, decide, flips, number, result

from acbench.claims.evidence import Evidence
from acbench.claims.findings import CONFIRMED, NOT_TESTABLE, REFUTED, UNDECIDED

if TYPE_CHECKING:
    from acbench.records import CaseResult

LADDER = (
    "rtn-w8g128",
    "rtn-w4g128",
    "rtn-w3g128",
    "rtn-w2g128",
    "gptq-w8g128",
    "gptq-w4g128",
    "gptq-w3g64",
    "awq-w4g128",
)
BITS = dict(zip(LADDER, (8, 4, 3, 2, 8, 4, 3, 4), strict=True))
FORMS = ("erank.weight.sigma.folded", "erank.hidden.lambda", "erank.logit.lambda")
PRUNED = ("wanda-50", "wanda-2of4", "magnitude-50")
EVERY = (*LADDER, *PRUNED)


def eranks(change: Any, recipes: tuple[str, ...] = LADDER, **more: Any) -> list[CaseResult]:
    return [
        analysed(
            recipe,
            "erank",
            numbers={name: number(100 * (1 + change(BITS[recipe])), base=100) for name in FORMS},
            **more,
        )
        for recipe in recipes
    ]


def test_c17_follows_the_bits() -> None:
    falls = decide("C17", eranks(lambda bits: -1 / bits))
    assert falls.verdict == CONFIRMED
    assert falls.estimate is not None
    assert falls.estimate.n == 9  # eight recipes and the base at 16 bits
    assert decide("C17", eranks(lambda bits: 1 / bits)).verdict == REFUTED
    noise = dict(zip((8, 4, 3, 2), (0.02, -0.01, 0.01, -0.02), strict=True))
    assert decide("C17", eranks(lambda bits: noise[bits])).verdict == UNDECIDED


def test_c17_needs_eight_points_and_one_protocol() -> None:
    few = decide("C17", eranks(lambda bits: -1 / bits, LADDER[:4]))
    assert (few.verdict, few.rows[0].needed) == (UNDECIDED, 8)
    assert "5 points, at least 8" in few.rows[0].why
    other = {"texts": 5, "tokens": 64, "arithmetic": "float32", "source": "pack"}
    mixed = [
        *eranks(lambda bits: -1 / bits, LADDER[:4]),
        *eranks(lambda bits: -1 / bits, LADDER[4:], protocol=other),
    ]
    finding = decide("C17", mixed)
    assert finding.verdict == UNDECIDED
    assert "2 protocols" in finding.rows[0].why
    assert decide("C17", []).verdict == NOT_TESTABLE


def test_analyses_of_one_model_read_the_same_texts_and_have_one_floor() -> None:
    """Ids of the same texts differ between tokenizers; within a model another hash is another set of texts."""
    texts = {"source": "path", "texts": 30, "tokens": 128, "floor": "bfloat16", "hash": "one"}

    def protocols(*changes: dict[str, str], model: str = MODEL) -> int:
        results = [
            analysed(recipe, "erank", model=m, protocol={**texts, **change})
            for recipe, change, m in zip(LADDER, changes, (MODEL, model), strict=False)
        ]
        return len(Evidence(results, catalogue()).protocols("erank"))

    assert protocols({}, {}) == 1
    assert protocols({}, {"hash": "two"}) == 2
    assert protocols({}, {"hash": "two"}, model="qwen2.5-3b") == 1
    assert protocols({}, {"floor": "float16"}) == 2


def scored(recipe: str, lost: int) -> CaseResult:
    return result("t-eval-plan-json", recipe, flips(400, 320, lost=lost))


def test_c18_correlates_change_with_change() -> None:
    eight = [(recipe, i) for i, recipe in enumerate(LADDER)]

    def both(sign: int) -> list[CaseResult]:
        ranks = [
            analysed(recipe, "erank", numbers={name: number(100 - sign * i, base=100) for name in FORMS})
            for recipe, i in eight
        ]
        return [*ranks, *(scored(recipe, 10 * i) for recipe, i in eight)]

    assert decide("C18", both(1)).verdict == CONFIRMED
    assert decide("C18", both(-1)).verdict == REFUTED
    assert decide("C18", both(1)[:8]).verdict == NOT_TESTABLE
    few = [r for r in both(1) if r.compression in LADDER[:5]]
    assert decide("C18", few).verdict == UNDECIDED
    floor = [*both(1)[:8], *(result("t-eval-plan-json", recipe, flips(400, 4)) for recipe in LADDER)]
    assert "above the floor" in decide("C18", floor).why


def test_c19_is_not_about_compression() -> None:
    finding = decide("C19", eranks(lambda bits: -1 / bits))
    assert finding.verdict == NOT_TESTABLE
    assert "untrained" in finding.why
    models = (
        "qwen2.5-1.5b",
        "qwen2.5-3b",
        "qwen2.5-7b",
        "qwen2.5-14b",
        "qwen2.5-32b",
        "smollm2-135m",
        "gemma-2-2b",
        "phi-3.5-mini",
    )
    sizes = (1.5, 3.1, 7.6, 14.8, 32.8, 0.135, 2.6, 3.8)

    def with_numbers(sign: float) -> str:
        results = [
            analysed("rtn-w4g128", "erank", model=m, numbers={"erank.diff.untrained": number(sign * s)})
            for m, s in zip(models, sizes, strict=True)
        ]
        return decide("C19", results).verdict

    assert (with_numbers(1), with_numbers(-1)) == (CONFIRMED, REFUTED)


def top_k(
    taus: tuple[float, float], excess: tuple[float, float], recipes: tuple[str, ...] = EVERY
) -> list[CaseResult]:
    """Tau and its spread in units of independence at k = 3 and 10; the law's own spreads are 0.64 and 0.25."""
    return [
        analysed(
            recipe,
            "top-k",
            by_k=[
                {
                    "k": k,
                    "jaccard": 0.8,
                    "tau": taus[i] + 0.001 * j,
                    "tau_sd": excess[i] * law,
                    "independent_sd": law,
                }
                for i, (k, law) in enumerate(((3, 0.64), (10, 0.25)))
            ],
        )
        for j, recipe in enumerate(recipes)
    ]


def test_c20_takes_the_arithmetic_out_of_the_spread() -> None:
    assert decide("C20", top_k((0.5, 0.8), (0.9, 0.4))).verdict == CONFIRMED
    # the plain spread is larger at k = 3 (0.9 * 0.64 > 0.95 * 0.25), and yet only arithmetic
    arithmetic = decide("C20", top_k((0.5, 0.8), (0.90, 0.95)))
    assert arithmetic.verdict == REFUTED
    assert "spread beyond arithmetic" in arithmetic.why
    assert decide("C20", top_k((0.8, 0.5), (0.9, 0.4))).verdict == REFUTED
    few = decide("C20", top_k((0.5, 0.8), (0.9, 0.4), EVERY[:7]))
    assert few.verdict == UNDECIDED
    assert "7 variants, at least 8" in few.rows[0].why
    assert decide("C20", [analysed("rtn-w4g128", "top-k")]).verdict == NOT_TESTABLE


@pytest.mark.parametrize(("sign", "verdict"), [(1, CONFIRMED), (-1, REFUTED), (0, UNDECIDED)])
def test_c21_expects_less_agreement_with_more_perplexity(sign: int, verdict: str) -> None:
    results = []
    for i, recipe in enumerate(EVERY):
        overlap = 0.9 - 0.03 * sign * i if sign else 0.5 + 0.1 * ((i * 5) % 11) / 11
        results.append(analysed(recipe, "top-k", numbers={"topk.jaccard.10": number(overlap)}))
        results.append(analysed(recipe, "energy", numbers={"perplexity": number(20 + i, base=19)}))
    finding = decide("C21", results)
    assert finding.verdict == verdict
    assert finding.estimate is not None
    assert finding.estimate.n == 11
    if verdict == UNDECIDED:
        assert finding.needed is None or finding.needed > 11


def energies(
    early: float, late: float, floor: float = 0.1, recipes: tuple[str, ...] = EVERY
) -> list[CaseResult]:
    return [
        analysed(
            recipe,
            "energy",
            by_position=[
                {"bin": name, "n": n, "abs": value + 0.001 * j, "floor_abs": floor}
                for name, n, value in (
                    ("0", 30, early),
                    ("4-7", 120, early),
                    ("32-63", 960, 9.0),
                    ("64-127", 1920, late),
                )
            ],
        )
        for j, recipe in enumerate(recipes)
    ]


def test_c22_wants_a_difference_that_goes_away() -> None:
    assert decide("C22", energies(1.0, 0.12)).verdict == CONFIRMED
    stays = decide("C22", energies(1.0, 0.6))
    assert stays.verdict == REFUTED
    assert "merge later" in stays.why
    assert decide("C22", energies(0.1, 0.11)).verdict == REFUTED  # no difference early
    assert decide("C22", energies(1.0, 0.12, recipes=EVERY[:5])).verdict == UNDECIDED
    assert decide("C22", [analysed("rtn-w4g128", "energy", by_position=[])]).verdict == NOT_TESTABLE


MODELS = ("qwen2.5-1.5b", "qwen2.5-3b", "qwen2.5-7b", "qwen2.5-14b", "qwen2.5-32b", "mistral-7b")


def shifts(spread: float, shift: float, models: tuple[str, ...] = MODELS) -> list[CaseResult]:
    return [
        analysed(
            recipe,
            "energy",
            model=model,
            numbers={"energy.mean": number(-10 + spread * i + sign * shift, base=-10 + spread * i)},
        )
        for i, model in enumerate(models)
        for recipe, sign in (("rtn-w4g128", 1), ("awq-w4g128", -1))
    ]


def test_c23_sets_the_shift_against_the_spread_of_models() -> None:
    assert decide("C23", shifts(0.01, 1.0)).verdict == CONFIRMED
    assert decide("C23", shifts(2.0, 0.1)).verdict == REFUTED
    three = decide("C23", shifts(0.01, 1.0, MODELS[:3]))
    assert three.verdict == NOT_TESTABLE
    assert "at least 4 models" in three.why


def test_undefined_numbers_are_left_out() -> None:
    results = [analysed(r, "erank", numbers={FORMS[0]: number(None, base=100)}) for r in LADDER]
    assert decide("C17", results).verdict == NOT_TESTABLE
    assert (
        decide("C17", [analysed(r, "erank", numbers={FORMS[0]: number(5.0, base=0)}) for r in LADDER]).verdict
        == NOT_TESTABLE
    )
