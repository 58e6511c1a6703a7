"""Channels, curves and means of multi-turn episodes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from acbench.tasks.agents.judging import (
    CHANNELS,
    TurnRecord,
    failure_channel,
    grounding,
    mean_or_none,
    progress_curve,
    repeats,
    score_changes,
    turn_error,
)

if TYPE_CHECKING:
    from acbench.tasks.agents.replies import TurnOutcome

OUTCOMES: dict[str, TurnOutcome] = {"v": "valid", "i": "invalid", "u": "unparsed", "c": "cut"}


def turns(pattern: str, *, actions: str = "", progress: float = 0.0) -> list[TurnRecord]:
    names = actions or "abcdefghijklmnopqrstuvwxyz"[: len(pattern)]
    return [TurnRecord(name, OUTCOMES[key], progress) for key, name in zip(pattern, names, strict=True)]


def test_score_changes_and_curve() -> None:
    """Worked example 25."""
    record = [(0, 0.5), (3, 1.0)]
    assert score_changes([0.5, 0.5, 0.5, 1.0]) == record
    assert progress_curve(record, 5) == [0.5, 0.5, 0.5, 1.0, 1.0]
    assert progress_curve([], 2) == [0.0, 0.0]


def test_means() -> None:
    """Worked example 23."""
    assert mean_or_none([0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(0.3)
    assert mean_or_none([1, 0]) == 0.5
    assert mean_or_none([]) is None


def test_grounding_counts_everything_that_was_not_executed() -> None:
    """Worked example 10: 16 turns of which 4 are invalid."""
    assert grounding(turns("v" * 12 + "iiuc")) == 0.75
    assert grounding([]) == 0.0


@pytest.mark.parametrize(
    ("pattern", "actions", "channel"),
    [
        ("iiv", "abc", "invalid_action"),
        ("uuv", "abc", "unparsed"),
        ("ccv", "abc", "cut"),
        ("iivv", "abcd", "budget"),  # half is no majority
        ("uicvv", "abcde", "cut"),  # a tie among the kinds
        ("uivvc", "abcde", "cut"),
        ("iiiii", "aaaaa", "invalid_action"),  # named by its cause, not as a loop
        ("vvvv", "baaa", "loop"),
        ("vvvv", "aaab", "budget"),
        ("vv", "aa", "budget"),
        ("vvv", "aAa", "loop"),
    ],
)
def test_failed_episodes_have_one_channel(pattern: str, actions: str, channel: str) -> None:
    assert failure_channel(turns(pattern, actions=actions), success=False) == channel


def test_progress_at_the_end_is_no_loop() -> None:
    played = turns("vvv", actions="aaa")
    assert failure_channel([*played[:2], TurnRecord("a", "valid", 0.5)], success=False) == "budget"
    assert failure_channel(played, success=True) == "correct"


def test_every_pattern_lands_in_the_closed_set() -> None:
    for length in range(6):
        for pattern in product("viuc", repeat=length):
            assert failure_channel(turns("".join(pattern)), success=False) in CHANNELS


TROUBLES = {"no_tool": "unknown_tool", "no_argument": "bad_arguments", "off": "invalid_action"}


def troubled(*kinds: str) -> list[TurnRecord]:
    return [
        TurnRecord(f"a{n}", "invalid" if kind else "valid", 0.0, "", kind) for n, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "channel"),
    [
        (("no_tool", "no_tool", "no_argument"), "unknown_tool"),
        (("no_argument", "no_argument", "no_tool", ""), "bad_arguments"),
        (("no_tool", "no_argument", ""), "bad_arguments"),  # a tie: the first by name
        (("off", "off", "no_tool"), "invalid_action"),
        (("elsewhere", "elsewhere"), "invalid_action"),  # a kind without a channel of its own
        (("no_tool", "", ""), "budget"),  # not the rule of an episode
    ],
)
def test_kinds_of_invalid_actions_have_channels_of_their_own(kinds: tuple[str, ...], channel: str) -> None:
    played = troubled(*kinds)
    assert failure_channel(played, success=False, troubles=TROUBLES) == channel
    assert failure_channel(played, success=True, troubles=TROUBLES) == "correct"
    assert failure_channel(played, success=False) in ("invalid_action", "budget")


def test_kinds_count_only_where_invalid_actions_prevail() -> None:
    played = [*turns("uuu"), *troubled("no_tool", "no_tool")]
    assert failure_channel(played, success=False, troubles=TROUBLES) == "unparsed"


@pytest.mark.parametrize(
    ("outcome", "trouble", "name"),
    [
        ("valid", "", ""),
        ("valid", "refused", "refused"),  # carried out, and to no avail
        ("invalid", "", "invalid"),
        ("invalid", "no_tool", "no_tool"),
        ("unparsed", "format", "unparsed"),
        ("cut", "no_tool", "cut"),
    ],
)
def test_a_turn_that_came_to_nothing_has_one_name(outcome: TurnOutcome, trouble: str, name: str) -> None:
    assert turn_error(TurnRecord("a", outcome, 0.0, "", trouble)) == name


def test_repeated_actions_are_counted_but_for_empty_ones() -> None:
    assert repeats(["a", "a", "a", "b", "a"]) == 2
    assert repeats(["", "", "x", "x"]) == 1
    assert repeats([]) == 0
