"""Worked examples 17 to 22 of the specification, and the rules behind them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools_stubs import TODO_WORLD, call, environment, seen, sheet_world

from acbench.errors import DataError
from acbench.tasks.tools.matching import equal, equal_near, haversine, matched, normalised, table_match
from acbench.tasks.tools.play import build_environment
from acbench.tasks.tools.toolbox import ordered

PAPERS: dict[str, Any] = {
    "graphs": {
        "PaperNet": {
            "nodes": {
                "On Words": {
                    "authors": ["A"],
                    "year": 2020,
                    "venue": "ACL",
                    "n_citation": 3,
                    "keywords": [],
                    "doc_type": "Conference",
                }
            },
            "edges": [],
        },
        "AuthorNet": {"nodes": {"A": {"name": "A", "org": "X"}}, "edges": []},
    }
}
NODE = PAPERS["graphs"]["PaperNet"]["nodes"]["On Words"]
LOOK = (call("loadPaperNet"), call("paperNodeCheck", node="On Words"))


@pytest.mark.parametrize("upstream", [False, True])
def test_worked_example_17(upstream: bool) -> None:
    for answer, progress in (("acl", 0.5), ("ACL", 1.0)):
        env = environment("academia", PAPERS, subgoals=["ACL", NODE], upstream=upstream)
        assert seen(env, *LOOK).progress == 0.5
        last = env.step(call("finish", answer=answer))
        assert (last.progress, last.done, env.success) == (progress, True, progress == 1.0)


def test_worked_example_18() -> None:
    assert matched([2, 2], [2], equal) == [True, False]
    env = environment("academia", PAPERS, subgoals=[2, 2])
    assert env.step(call("finish", answer=2)).progress == 0.5


def test_worked_example_19() -> None:
    assert haversine(31.2, 121.5, 31.6, 121.5) == pytest.approx(44.5, abs=0.05)
    assert haversine(31.2, 121.5, 31.65, 121.5) == pytest.approx(50.04, abs=0.005)
    place = {"latitude": 31.2, "longitude": 121.5, "daily": {"time": ["2023-01-01"]}}
    assert equal_near(place, {**place, "latitude": 31.6})
    assert not equal_near(place, {**place, "latitude": 31.65})
    assert not equal_near(place, {**place, "daily": {"time": ["2023-01-02"]}})
    assert not equal_near(place, {**place, "latitude": "31.2"})


def test_worked_example_21() -> None:
    assert table_match([["a", "1"], ["b", "2"]], [["a", "1"], ["b", "3"]]) == 0.75
    target = [["a", "1"], ["b", "2"], ["c", "3"]]
    assert table_match([["a", "1"]], target, common_only=True) == 1.0
    assert table_match([["a", "1"]], target) == pytest.approx(0.3333, abs=5e-5)
    assert table_match([["5.0"]], [["5"]]) == 0.0


def test_worked_example_22() -> None:
    assert normalised(0.625, 0.25) == 0.5
    assert normalised(0.1, 0.25) == 0.0
    assert normalised(1.0, 0.25) == 1.0


TARGET = [["k", "v"], ["a", "1"], ["b", "3"]]
START = [["k", "v"], ["a", "2"], ["b", "2"]]  # four of six cells are right from the start


@pytest.mark.parametrize(("upstream", "looked", "half"), [(False, 0.0, 0.5), (True, 4 / 6, 5 / 6)])
def test_sheet_progress_in_both_modes(upstream: bool, looked: float, half: float) -> None:
    env = environment("sheet", sheet_world(START), subgoals=[], target=TARGET, upstream=upstream)
    assert env.progress == 0.0
    assert env.step(call("get_all_values")).progress == pytest.approx(looked)
    assert env.step(call("update_cell", position="B2", value="1")).progress == pytest.approx(half)
    assert env.step(call("update_cell", position="B2", value="7")).progress == pytest.approx(half)
    assert seen(
        env, call("update_cell", position="B2", value=1), call("update_cell", position="B3", value=3)
    ).progress == pytest.approx(1.0)
    assert not env.success
    assert env.step(call("finish")).done
    assert env.success


@pytest.mark.parametrize("match", ["normalized", "upstream"])
def test_both_scores_of_a_table_are_recorded_and_either_can_be_the_progress(match: str) -> None:
    data = {"tool": "sheet", "goal": "g", "world": sheet_world(START), "subgoals": [], "target": TARGET}
    env = build_environment(data, upstream=match == "normalized", sheet_match=match)  # the setting wins
    env.step(call("check_valid_actions"))
    assert env.facts() == {
        "finished": False, "sheet_match": match, "match_normalized": 0.0, "match_upstream": 0.0
    }  # fmt: skip
    env.step(call("update_cell", position="B2", value="1"))
    step = env.step(call("update_cell", position="A1", value="worse"))
    found = {"normalized": 0.5, "upstream": 5 / 6}
    assert step.progress == pytest.approx(found[match])
    assert {name: env.facts()[f"match_{name}"] for name in found} == pytest.approx(found)


def test_deleting_all_but_the_header_scores_only_upstream() -> None:
    for upstream, progress in ((True, 1.0), (False, 0.0)):
        target = [["k", "v"], ["a", "2"], ["b", "3"], ["c", "4"]]
        start = [["k", "v"], ["a", "2"], ["b", "2"], ["c", "5"]]
        env = environment("sheet", sheet_world(start), subgoals=[], target=target, upstream=upstream)
        step = env.step(call("delete_batch_data", dimension="row", index_list=[3, 4]))
        assert step.progress == progress


@pytest.mark.parametrize("upstream", [False, True])
def test_a_table_must_be_right_at_the_end_except_upstream(upstream: bool) -> None:
    env = environment("sheet", sheet_world(START), subgoals=[], target=TARGET, upstream=upstream)
    last = seen(
        env,
        call("update_cell", position="B2", value="1"),
        call("update_cell", position="B3", value="3"),
        call("update_cell", position="B3", value="9"),
        call("finish"),
    )
    assert (last.progress, env.success) == (1.0, upstream)


def test_a_table_that_is_right_from_the_start_cannot_be_measured() -> None:
    with pytest.raises(DataError, match="target from the start"):
        environment("sheet", sheet_world(TARGET), subgoals=[], target=TARGET)
    with pytest.raises(DataError, match="no sub-goals"):
        environment("todo", TODO_WORLD, subgoals=[])


TABLES = st.lists(st.lists(st.sampled_from(["a", "1", ""]), max_size=4), max_size=4)


@settings(max_examples=200, deadline=None)
@given(TABLES, TABLES)
def test_table_match_against_a_count_cell_by_cell(current: list[list[str]], target: list[list[str]]) -> None:
    def cells(table: list[list[str]]) -> dict[tuple[int, int], str]:
        return {(i, j): text for i, row in enumerate(table) for j, text in enumerate(row)}

    one, two = cells(current), cells(target)
    equals = sum(two.get(place) == text for place, text in one.items())
    height = max(len(current), len(target))
    width = max(map(len, [*current, *target]), default=0)
    if height * width:
        assert table_match(current, target) == pytest.approx(equals / (height * width))
    assert 0.0 <= table_match(current, target, common_only=True) <= 1.0  # ragged rows do not crash


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=6), st.lists(st.integers(0, 3), max_size=6))
def test_matching_counts_each_candidate_once(goals: list[int], candidates: list[int]) -> None:
    expected = sum(min(goals.count(value), candidates.count(value)) for value in range(4))
    assert sum(matched(goals, candidates, equal)) == expected


def test_types_matter() -> None:
    assert equal(2, 2.0)
    assert not equal(2, "2")
    assert not equal("Yes", "yes")


def test_list_answers_are_sorted_even_when_mixed() -> None:
    assert ordered([10, 9]) == [9, 10]
    assert ordered(["b", 1, "a", None]) == [None, 1, "a", "b"]
    assert ordered([2, "a"]) == ordered(["a", 2])
    assert ordered([{"a": 1}, {"b": 2}]) == ordered([{"b": 2}, {"a": 1}])
    env = environment("academia", PAPERS, subgoals=[["a", "b"]])
    assert env.step(call("finish", answer=["b", "a"])).progress == 1.0


def test_only_the_finish_tool_ends_the_episode() -> None:
    env = environment("academia", PAPERS)
    for line in (
        call("paperNodeCheck", node="How to finish a thesis"),
        "finish",
        "finish with Action Input: {}",
        "finish with Action Input: nonsense",
        "Finish with Action Input: {'answer': 1}",
    ):
        assert not env.step(line).done
    assert env.step(call("finish", answer=None)).done
    after = env.step(call("finish", answer=2))
    assert (after.valid, after.done, env.success) == (False, True, False)


def test_words_in_data_do_not_spoil_a_result() -> None:
    """Upstream drops results that contain such words; here errors are no texts."""
    facts = {**NODE, "venue": "Invalid HTTPError finish"}
    world = {"graphs": {**PAPERS["graphs"], "PaperNet": {"nodes": {"On Words": facts}, "edges": []}}}
    env = environment("academia", world, subgoals=[facts])
    assert seen(env, *LOOK).progress == 1.0


def test_failed_calls_are_candidates_too() -> None:
    env = environment("todo", TODO_WORLD, subgoals=["Calling delete_task with {'task_id': '1'} failed"])
    assert env.step(call("delete_task", task_id="1")).progress == 1.0


def test_validity_is_settled_before_the_step() -> None:
    """Completing a task makes it unknown: the call was good when it was made."""
    env = environment("todo", TODO_WORLD)
    task = env.simulator.projects[0].tasks[0].id  # type: ignore[attr-defined]
    first, again = (
        env.step(call("complete_task", task_id=task)),
        env.step(call("complete_task", task_id=task)),
    )
    assert (first.valid, first.trouble) == (True, "")
    assert (again.valid, again.trouble) == (True, "refused")
    assert again.observation == f"Task {task} is not exists."


def test_progress_never_falls_and_repeats_do_not_count() -> None:
    env = environment("academia", PAPERS, subgoals=[NODE, NODE, "x"])
    values = [env.step(line).progress for line in (*LOOK, LOOK[1], LOOK[1], "nonsense")]
    assert values == pytest.approx([0.0, 1 / 3, 2 / 3, 2 / 3, 2 / 3])
