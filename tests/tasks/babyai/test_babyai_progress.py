"""Patterns and progress: the worked examples of the specification, alternatives, both ways of counting."""

from __future__ import annotations

import pytest

from acbench.errors import DataError
from acbench.tasks.babyai.progress import Progress, matches

NEAR = " There is a red ball ** right in front of you 1 steps away."
SEEN = "There is a red ball **"


def sees(steps: int) -> str:
    return (
        f"In front of you: There is a red ball 1 right in front of you {steps} steps away.  "
        "There is a blue key 1 0 steps in front of you and 2 steps to your left.  "
    )


def test_example_4() -> None:
    assert matches(sees(1), NEAR)
    assert not matches(sees(2), NEAR)


def test_example_5_one_sub_goal_per_step() -> None:
    progress = Progress([[SEEN, NEAR]], one_per_step=True)
    assert [progress.observe(sees(1)), progress.observe(sees(1))] == [0.5, 1.0]


def test_all_sub_goals_of_a_step() -> None:
    progress = Progress([[SEEN, NEAR]])
    assert progress.value == 0
    assert progress.observe(sees(1)) == 1.0


def test_parts_stand_in_one_sentence() -> None:
    assert not matches("There is a red ball 1 2 steps away. A key right in front of you 1 steps away.", NEAR)


@pytest.mark.parametrize(
    ("pattern", "met"),
    [
        ("There is a * key", True),
        ("There is a blue key *", True),
        ("key ** blue", True),  # parts in any order
        ("There is a  blue", False),  # blanks count
        ("THERE IS", False),
        ("There is.** left.", True),  # full stops at a part's ends do not count
    ],
)
def test_forms_of_patterns(pattern: str, met: bool) -> None:
    assert matches(sees(1), pattern) is met


def test_progress_never_falls_and_a_sub_goal_counts_once() -> None:
    progress = Progress([[SEEN, "You are carrying a red ball."]])
    assert [progress.observe(text) for text in (sees(2), "", sees(2), "You are carrying a red ball.")] == [
        0.5,
        0.5,
        0.5,
        1.0,
    ]


def test_alternatives_share_their_places() -> None:
    paths = [["red open", "red closed"], ["blue open", "blue closed"]]
    progress = Progress(paths)
    assert progress.observe("a blue open door") == 0.5
    assert progress.observe("a red open door") == 0.5  # the first place is taken, whoever took it
    assert progress.observe("a red closed door") == 1.0
    assert paths == [["red open", "red closed"], ["blue open", "blue closed"]]


@pytest.mark.parametrize("paths", [[], [[]], [["a"], ["a", "b"]]])
def test_paths_that_cannot_be_measured(paths: list[list[str]]) -> None:
    with pytest.raises(DataError, match="equal length"):
        Progress(paths)
