"""Real stories as environments: validity, the ends of a story, lists, and hostile lines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jericho_stubs import ILLEGAL, environment, tiny_story

from acbench.errors import DataError
from acbench.tasks.jericho.environment import AFTER_THE_END, EMPTY, GAME_OVER, LIST_LEAD
from acbench.tasks.jericho.samples import PACK, embedded_data, environment_for, pack

pytest.importorskip("jericho", reason="the jericho extra is not installed")


def told(env: Any, *lines: str) -> list[tuple[bool, bool]]:
    steps = [env.step(line) for line in lines]
    return [(step.valid, step.understood) for step in steps]


def test_validity_is_the_absence_of_a_refusal() -> None:
    env = environment("handmade.z5", 1)
    lines = ("look", "take dry matches", "take dry matches", "down", "frobnicate", "up", "", "save")
    assert told(env, *lines) == [
        (True, True),
        (True, True),
        (False, True),
        (False, True),
        (False, False),
        (True, True),
        (False, False),
        (False, True),
    ]


def test_as_published_nearly_every_line_is_valid() -> None:
    env = environment("handmade.z5", 1, upstream=True)
    lines = ("take dry matches", "take dry matches", "frobnicate", "save")
    assert told(env, *lines) == [(True, True), (True, True), (True, False), (True, True)]


def test_only_what_stands_before_comma_and_full_stop_is_played() -> None:
    env = environment("handmade.z5", 1)
    env.step("take dry matches, then go up")
    assert env.step("look").observation.startswith("Cottage ")
    env.step("up. down")
    assert env.step("look").observation.startswith("Landing ")


def test_success_is_progress_one_and_ends_the_play() -> None:
    env = environment("handmade.z5", 2, ["You take the copper coin", "You are in the bakery"])
    assert (env.progress, env.done, env.success) == (0.0, False, False)
    assert env.step("take copper coin").progress == 0.5
    step = env.step("east")
    assert (step.progress, step.done, env.success, env.ending(), step.trouble) == (1.0, True, True, "", "")
    after = env.step("west")
    assert (after.observation, after.valid, after.done, after.progress) == (AFTER_THE_END, False, True, 1.0)


@pytest.mark.parametrize("upstream", [False, True])
def test_a_story_that_ends_before_is_lost(upstream: bool) -> None:
    """In both modes: as published it was logged as success."""
    env = environment("handmade.z5", 4, ["You are in the laboratory", "never told"], upstream=upstream)
    env.step("north")
    step = env.step("push red button")
    assert "You have died" in step.observation
    assert (step.done, step.progress, env.success, env.game_over) == (True, 0.5, False, True)
    assert (env.ending(), step.trouble) == (GAME_OVER, GAME_OVER)
    assert env.facts()["game_over"] is True


def test_a_machine_that_stops_ends_the_play(tmp_path: Any) -> None:
    data = {
        "source": "upstream",
        "story": str(tiny_story(tmp_path / "bad.z5", ILLEGAL)),
        "goal": "g",
        "subgoals": ["never told"],
    }
    env = environment_for(data, upstream=False, show_actions=False)
    step = env.step("look")
    assert (step.done, env.success, step.progress) == (True, False, 0.0)


@pytest.mark.parametrize("line", ["quit", "restart", "restore", "undo", "look then quit", "Q"])
def test_the_machine_cannot_be_spoken_to(line: str) -> None:
    """Nothing is asked back, nothing starts anew: the next line is a command of the story again."""
    env = environment("handmade.z5", 1)
    env.step("take dry matches")
    env.step("up")
    step = env.step(line)
    assert (step.valid, step.done) == (False, False)
    assert "is not part of this story" in step.observation
    assert env.step("yes").done is False
    assert env.step("inventory").observation == "You're carrying: some dry matches"
    assert env.step("look").observation.startswith("Landing ")


def test_the_list_command_tells_what_works_and_costs_nothing_in_the_story() -> None:
    env = environment("handmade.z5", 1, verbs=["up", "take {}", "drop {}"])
    step = env.step("check valid actions")
    assert step.observation == LIST_LEAD + "take cold pipe, take dry matches, up"
    assert (step.valid, step.understood) == (True, True)
    env.step("take cold pipe")
    assert env.choices() == ["drop cold pipe", "take dry matches", "up"]


def test_a_list_meets_no_sub_goal() -> None:
    env = environment("handmade.z5", 1, ["take cold pipe"], verbs=["take {}"])
    assert "take cold pipe" in env.step("check valid actions").observation
    assert env.progress == 0


def test_shown_commands_stand_below_every_observation_but_the_last() -> None:
    env = environment("handmade.z5", 1, ["You are on a narrow landing"], verbs=["up"], show_actions=True)
    assert env.first_observation().endswith("\nPossible commands:\n- up")
    assert env.step("dance").observation.endswith("\nPossible commands:\n- up")
    assert "Possible" not in env.step("up").observation


def test_points_measure_progress_where_there_are_no_sub_goals() -> None:
    env = environment("handmade.z5", 1, [])
    plan = next(e["plan"] for e in pack()["episodes"] if (e["file"], e["number"]) == ("handmade.z5", 1))
    steps = [env.step(command) for command in plan]
    assert [step.progress for step in steps] == [0, 0, 0, 0, 0.5, 1.0]
    assert "score has" not in steps[-2].observation
    assert env.success


def test_a_story_without_points_needs_sub_goals() -> None:
    with pytest.raises(DataError, match="tells no highest score"):
        environment("level3.z5", 1, [])


def test_an_embedded_story_that_begins_otherwise_is_refused() -> None:
    data = {**embedded_data(pack()["episodes"][0]), "first": "You are somewhere else."}
    with pytest.raises(DataError, match=r"jericho 3\.3\.1"):
        environment_for(data, upstream=False, show_actions=False)


@pytest.mark.parametrize("field", ["source", "story", "goal", "subgoals"])
def test_a_missing_field_is_named(field: str) -> None:
    data = embedded_data(pack()["episodes"][0])
    del data[field]
    with pytest.raises(DataError, match=field):
        environment_for(data, upstream=False, show_actions=False)


HOSTILE = (
    *("save", "restore", "restart", "quit", "y", "yes", "no", "q", "script", "script on", "unscript", "undo"),
    *(
        "verify",
        "recording on",
        "recording off",
        "replay",
        "look then quit",
        "look. quit",
        "take all then save",
    ),
    *("%s%n%x", "{0}", "\x00", "\x1b[2J", "look\nquit\ny", "look\r\nsave", "'; rm -rf /", "__import__('os')"),
    *("../../etc/passwd", "é“x”", "💥" * 60, "a" * 5000, "look " * 500, ",", ".", ">", "> look", "[", "!"),
    *(
        "again",
        "g",
        "oops",
        "oops lamp",
        "\t",
        "   ",
        "all",
        "take all",
        "drop all",
        "look, look",
        "check actions",
    ),
    *(
        "#random 3",
        "$ve",
        "trace",
        "showobj 5",
        "purloin lamp",
        "gonear 3",
        "tree",
        "notify off",
        "wait wait",
    ),
    *("north then north then north", "take all except all", "put all in all", "anna, quit", "anna, give me"),
    *("5", "-1", "99999999999999999999", "\ud800", "\uffff", "­", "look\x85quit", "look\u2028save"),
)
VOCABULARY = (
    "take drop put open unlock with in on give to go north south east west up down key lamp box all it them "
    "look examine then and save quit %n {0} \x00 , ."
)
WORDS = st.sampled_from(VOCABULARY.split(" "))
LINES = st.one_of(st.sampled_from(HOSTILE), st.lists(WORDS, max_size=8).map(" ".join), st.text(max_size=60))
STORIES = st.sampled_from([("level1.z5", 3), ("level2.z5", 5), ("level3.z5", 2), ("handmade.z5", 4)])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    story=STORIES,
    lines=st.lists(LINES, min_size=16, max_size=16),
    upstream=st.booleans(),
)
def test_hostile_and_random_lines_never_raise(
    story: tuple[str, int], lines: list[str], upstream: bool
) -> None:
    """More than 2,000 lines in all."""
    env = environment(*story, ["You take", "You are in", "never told"], upstream=upstream)
    best = 0.0
    for line in lines:
        step = env.step(line)
        assert 0 < len(step.observation) <= 4004
        assert step.observation == step.observation.strip()
        assert "\n" not in step.observation
        assert "Are you sure" not in step.observation
        assert best <= step.progress <= 1
        assert step.done is env.done
        best = step.progress
    env.close()


def test_every_hostile_line_is_answered_and_the_story_goes_on() -> None:
    env = environment("handmade.z5", 1)
    for line in HOSTILE:
        step = env.step(line)
        assert step.observation, line
        assert not step.done, line
    assert env.step("look").valid
    assert not list(PACK.glob("*.qzl"))
    assert env.step("").observation == EMPTY
