"""Plans: the specification's worked examples T1 to T9, its list of faults, and properties."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from teval_stubs import both, scored, scores

from acbench.tasks.teval import ordering
from acbench.tasks.teval.plan import gold_text
from acbench.tasks.teval.records import read_record

A = ("Trains.search", {"from": "Turin"})
B = ("Hotel.reserve", {"nights": 2})
C = ("Mail.send", {"to": "Ann"})
WATER: tuple[str, dict[str, Any]] = ("Garden.water", {})
FEED: tuple[str, dict[str, Any]] = ("Zoo.feed", {})
FINISH: tuple[str, dict[str, Any]] = ("FinishAction", {})
NAMES = [call[0] for call in (A, B, C, WATER, FEED)]


def gold(*calls: tuple[str, dict[str, Any]], prev: list[list[int]] | None = None, form: str = "json") -> Any:
    before = prev or [[i - 1] if i else [] for i in range(len(calls))]
    actions = [{"id": i, "prev": before[i], "name": n, "args": a} for i, (n, a) in enumerate(calls)]
    return {"meta": {"prompt_type": form, "API_list": NAMES}, "ground_truth": actions}


def answer(*calls: tuple[str, dict[str, Any]]) -> str:
    return json.dumps([{"id": i, "name": n, "args": str(a)} for i, (n, a) in enumerate(calls)])


FULL = gold(A, B, C, FINISH)
THIRD = 1 / 3


@pytest.mark.parametrize(
    ("record", "calls", "upstream", "corrected"),
    [
        pytest.param(FULL, (A, B, C, FINISH), (1, 1, 1), (1, 1, 1), id="T1"),
        pytest.param(FULL, (A, B), (1, 2 / 3, 0.8), (1, 2 / 3, 0.8), id="T2"),
        pytest.param(FULL, (B, A, C), (2 / 3, 2 / 3, 2 / 3), (2 / 3, 2 / 3, 2 / 3), id="T3"),
        pytest.param(FULL, (C, B, A), (THIRD, THIRD, THIRD), (THIRD, THIRD, THIRD), id="T4"),
        pytest.param(FULL, (A, WATER, B, C), (0.75, 1, 1.5 / 1.75), (0.75, 1, 1.5 / 1.75), id="T5"),
        pytest.param(FULL, (WATER, FEED), (0.5, THIRD, 0.4), (0, 0, 0), id="T6"),
        pytest.param(gold(A, FINISH), (WATER,), (1, 1, 1), (0, 0, 0), id="T7"),
        pytest.param(FULL, (FINISH,), (0, 0, 0), (0, 0, 0), id="T8"),
        pytest.param(gold(FINISH), (FINISH,), (0, 0, 0), (1, 1, 1), id="both empty"),
    ],
)
def test_worked_examples(record: Any, calls: Any, upstream: Any, corrected: Any) -> None:
    for mode, wanted in (("upstream", upstream), ("corrected", corrected)):
        found = scores("plan_json", record, answer(*calls), mode)
        assert [found[n] for n in ("precision", "recall", "f1_score")] == pytest.approx(list(wanted))
        assert found["f1"] == found["f1_score"]


def test_t8_is_flagged_because_the_published_scorer_stops_there() -> None:
    assert scored("plan_json", FULL, answer(FINISH), "upstream").outcome == "upstream_error"
    assert scored("plan_json", FULL, answer(FINISH), "corrected").outcome == "ok"


@pytest.mark.parametrize("text", ["[1,2", "", "no plan", "[]", "{}", "[[", "]["])
def test_t9_unreadable_plans(text: str) -> None:
    for mode in ("upstream", "corrected"):
        found = scored("plan_json", FULL, text, mode)
        assert found.outcome == "unparsed"
        assert set(found.scores.values()) == {0.0}


def test_a5_a_malformed_element_or_a_bracket_in_front() -> None:
    whole = answer(A, B, C)
    broken = whole[:-1] + ', {"id": "x", "name": "Zoo.feed", "args": "{}"}]'
    assert both("plan_json", FULL, broken, "f1") == (0, 1)
    assert both("plan_json", FULL, "My plan [three steps]: " + whole, "f1") == (0, 1)
    assert scored("plan_json", FULL, broken, "corrected").outcome == "repaired"
    # text around the list without a bracket is no obstacle for either
    assert both("plan_json", FULL, f"Sure:\n```json\n{whole}\n```\nDone.", "f1") == (1, 1)


def test_a6_string_plans() -> None:
    record = gold(A, B, C, form="str")
    names = "Use Trains.search, Hotel.reserve and Mail.send"
    # one action per line upstream; its argument text is the line, which no stub vector resembles: 0.75 < 0.8
    assert both("plan_str", record, names, "precision") == (1, 1)
    assert both("plan_str", record, names, "recall") == pytest.approx((1 / 3, 1))
    split = "Use Trains.search e.g. Hotel.reserve\nMail.send"
    assert both("plan_str", record, split, "recall") == pytest.approx((1 / 3, 1))
    longer = {**record, "meta": {"prompt_type": "str", "API_list": ["Mail.send", "Mail.send_all"]}}
    longer["ground_truth"] = [{"id": 0, "prev": [], "name": "Mail.send_all", "args": {}}]
    assert scores("plan_str", longer, "Mail.send_all", "corrected")["f1"] == 1
    assert scored("plan_str", record, "no tool at all", "corrected").outcome == "unparsed"
    assert scores("plan_str", record, "1. FinishAction", "upstream")["parse_rate"] == 0


def test_a4_independent_calls_in_any_order() -> None:
    free = gold(A, B, C, prev=[[], [], [0, 1]])
    assert scores("plan_json", free, answer(B, A, C), "corrected")["plan_partial_order"] == 1
    assert scores("plan_json", free, answer(B, A, C), "corrected")["f1"] == pytest.approx(2 / 3)
    assert scores("plan_json", free, answer(C, A, B), "corrected")["plan_partial_order"] == pytest.approx(
        2 / 3
    )
    assert scores("plan_json", FULL, answer(B, A, C), "corrected")["plan_partial_order"] == pytest.approx(
        2 / 3
    )
    assert "plan_partial_order" not in scores("plan_json", free, answer(B, A, C), "upstream")


def test_a3_equal_calls_are_matched_in_order() -> None:
    same = gold(A, B, A, B, A, A)
    assert scores("plan_json", same, answer(A, B, A, B, A, A), "corrected")["f1"] == 1


def test_equal_calls_are_exchanged_for_the_longest_run() -> None:
    # either of the two equal calls may stand for the gold one: behind A is better than in front of it
    found = scores("plan_json", gold(A, B, C), answer(B, A, B), "corrected")
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["plan_partial_order"] >= found["f1"]


def test_upstream_similarity_threshold() -> None:
    # equal names without similar arguments stay below 0.8 with the stub: the run still counts 1
    other = ("Trains.search", {"from": "Bern"})
    assert both("plan_json", gold(A), answer(other), "f1") == (1, 0)


def test_key_order_and_white_space_do_not_matter() -> None:
    call = ("Trains.search", {"from": "Turin", "to": "Bern"})
    turned = '[\n {"args": {"to": "Bern",  "from": "Turin"}, "name": "Trains.search", "id": 0}\n]'
    assert scores("plan_json", gold(call), turned, "corrected")["f1"] == 1


def test_gold_text_scores_one_in_both_layouts() -> None:
    for form in ("json", "str"):
        raw = gold(A, B, C, FINISH, form=form)
        text = gold_text(read_record("r", raw, "plan", "json", with_prompt=False))
        assert scores("plan_json", raw, text, "corrected")["f1"] == 1


CALLS = st.lists(st.sampled_from([A, B, C, WATER, FEED]), max_size=7)


@given(CALLS, CALLS, st.sampled_from(["upstream", "corrected"]))
def test_scores_stay_between_0_and_1(wanted: Any, given_calls: Any, mode: str) -> None:
    found = scores("plan_json", gold(*wanted), answer(*given_calls), mode)
    assert all(0 <= value <= 1 for value in found.values())


@given(CALLS)
def test_a_wrong_call_never_raises_precision(calls: Any) -> None:
    record = gold(A, B, C)
    before = scores("plan_json", record, answer(*calls), "corrected")["precision"]
    after = scores("plan_json", record, answer(*calls, ("Nobody.knows", {})), "corrected")["precision"]
    assert after <= before + 1e-12


@given(st.permutations([A, B, C, WATER, FEED]), st.integers(1, 9), st.integers(1, 4))
def test_numbering_does_not_matter_as_long_as_the_order_stays(calls: Any, first: int, by: int) -> None:
    moved = [{"id": first + by * i, "name": n, "args": a} for i, (n, a) in enumerate(calls)]
    random.Random(first).shuffle(moved)
    plain = scores("plan_json", FULL, answer(*calls), "corrected")
    assert scores("plan_json", FULL, json.dumps(moved), "corrected") == plain


@given(st.lists(st.integers(0, 6), max_size=7, unique=True))
def test_increasing_run_against_brute_force(partners: list[int]) -> None:
    runs = [
        len(part)
        for size in range(len(partners) + 1)
        for part in itertools.combinations(partners, size)
        if list(part) == sorted(part)
    ]
    assert ordering.increasing_run(partners) == max(runs)


def _topological(order: tuple[int, ...], before: list[set[int]]) -> bool:
    return all(not (before[x] & set(order[i + 1 :])) for i, x in enumerate(order))


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_admissible_run_against_all_topological_orders(seed: int) -> None:
    rng = random.Random(seed)
    n = rng.randint(1, 5)
    direct = [{j for j in range(i) if rng.random() < 0.4} for i in range(n)]
    before = ordering.closure(direct)
    partners = rng.sample(range(n), rng.randint(1, n))
    orders = [o for o in itertools.permutations(range(n)) if _topological(o, before)]
    best = max(ordering.increasing_run([o.index(p) for p in partners]) for o in orders)
    assert ordering.admissible_run(partners, before) == best


@given(st.integers(0, 10**6))
def test_both_matchings_reach_the_same_weight(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    matrix = np.round(numbers.random((numbers.integers(1, 5), numbers.integers(1, 5))), 3)
    weight = [
        sum(matrix[i][j] for i, j in enumerate(match(matrix, 0.4)) if j >= 0)
        for match in (ordering.graph_matching, ordering.assignment)
    ]
    assert weight[0] == pytest.approx(weight[1])
