"""Reading lines, specials, aliases and progress, with a game told by a table."""

from __future__ import annotations

import pytest
from alfworld_stubs import COMMON, INTRO, table
from hypothesis import given
from hypothesis import strategies as st

from acbench.errors import DataError
from acbench.tasks.alfworld.environment import (
    AFTER_THE_END,
    LIST_COMMAND,
    LIST_LEAD,
    NOTHING,
    Environment,
    goal_and_room,
    read_line,
    with_actions,
)
from acbench.tasks.alfworld.progress import Progress


def test_worked_example_1_progress_is_matched_over_n_plus_one() -> None:
    three = Progress(["one", "two", "three"])
    assert [three.value] + [three.observe(text) for text in ("one", "two", "x three")] == [0, 0.25, 0.5, 0.75]
    assert three.observe("nothing new", won=True) == 1.0
    two = Progress([r"You put the mug \d", "never"])
    assert two.observe("You put the mug 2 in/on the shelf 1.") == pytest.approx(1 / 3)
    assert two.observe("You pick it up again.") == pytest.approx(1 / 3)


def test_sub_goals_met_by_one_observation_all_count() -> None:
    assert Progress(["a", "b", "b"]).observe("a b") == 0.75
    assert Progress([]).observe("anything") == 0
    with pytest.raises(DataError, match="regular expression"):
        Progress(["(open"])


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("put mug 1 on cabinet 1.", "put mug 1 in/on cabinet 1"),
        ("put a in b on c", "put a in/on b on c"),
        ("  put mug 1 in/on cabinet 1 ", "put mug 1 in/on cabinet 1"),
        ("put mug 1 in cabinet 1", "put mug 1 in/on cabinet 1"),
        ("go to cabinet 1.", "go to cabinet 1"),
        ("take mug 1 in haste", "take mug 1 in haste"),
        ("inventory..", "inventory."),
        (".", ""),
    ],
)
def test_worked_example_2_lines_are_read_as_published(line: str, read: str) -> None:
    assert read_line(line) == read


def test_goal_and_room_come_from_the_first_text() -> None:
    assert goal_and_room(INTRO) == (
        "put a mug in shelf.",
        "You are in the middle of a room. You see a shelf 1.",
    )
    env, _ = table()
    assert (env.goal_text(), env.first_observation()) == goal_and_room(INTRO)
    for text in ("", "Your task is to: nap.", "A room.\n\nDo something."):
        with pytest.raises(DataError, match="Your task is to:"):
            goal_and_room(text)


def test_look_steps_the_game_and_shows_what_was_last_gone_to_or_opened() -> None:
    there = "On the shelf 1, you see a mug 1."
    env, game = table(answers={"go to shelf 1": f"You arrive at loc 7. {there}", "look": "You face it."})
    assert env.step("look").observation == env.first_observation()
    assert env.step("go to shelf 1").observation == there
    assert env.step("inventory").valid
    assert not env.step("go to mars").valid
    assert (env.step("look").observation, env.step("look.").valid) == (there, True)
    assert game.asked == ["look", "go to shelf 1", "inventory", "look", "look"]


def test_only_the_old_arrival_is_cut() -> None:
    env, _ = table(answers={"go to shelf 1": "You arrive at shelf 1. On the shelf 1, you see nothing."})
    assert env.step("go to shelf 1").observation == "You arrive at shelf 1. On the shelf 1, you see nothing."


def test_the_list_command_costs_no_step_of_the_game() -> None:
    env, game = table("go to shelf")
    step = env.step(LIST_COMMAND)
    assert step.observation == LIST_LEAD + ", ".join(COMMON) + f", {LIST_COMMAND}"
    assert (step.valid, game.asked) == (True, [])
    assert step.progress == 0.5  # sub-goals are looked for in lists too


@pytest.mark.parametrize("line", ["go to mars", "Go to shelf 1", "", "put", "{o.name}", "take 'mug 1'"])
def test_what_the_game_does_not_list_is_answered_without_it(line: str) -> None:
    env, game = table("Nothing")
    step = env.step(line)
    assert (step.observation, step.valid, game.asked) == (NOTHING, False, [])


def test_what_is_no_command_at_all_is_not_understood() -> None:
    env, _ = table()
    told = {
        line: env.step(line).understood for line in ("take it from me", "I am lost", "", "look", "inventory")
    }
    assert list(told.values()) == [True, False, False, True, True]


@pytest.mark.parametrize(
    ("line", "listed", "upstream"),
    [
        ("move mug 1 to shelf 1", "put mug 1 in/on shelf 1", True),
        ("put mug 1 on shelf 1", "move mug 1 to shelf 1", True),
        ("toggle desklamp 1", "use desklamp 1", False),
        ("clean mug 1 using sinkbasin 1", "clean mug 1 with sinkbasin 1", False),
        ("heat mug 1 using microwave 1", "heat mug 1 with microwave 1", False),
        ("cool mug 1 using fridge 1", "cool mug 1 with fridge 1", False),
    ],
)
def test_other_names_of_commands(line: str, listed: str, upstream: bool) -> None:
    env, game = table(commands=(listed,))
    assert env.step(line).valid
    assert game.asked == [listed]
    published, asked = table(commands=(listed,), upstream=True)
    assert published.step(line).valid is upstream
    assert asked.asked == ([listed] if upstream else [])


def test_the_end() -> None:
    env, game = table("never", winning="open shelf 1")
    step = env.step("open shelf 1")
    assert (step.progress, step.done, env.success, env.facts()) == (1.0, True, True, {"won": True})
    again = env.step("open shelf 1")
    assert (again.observation, again.valid, again.progress) == (AFTER_THE_END, False, 1.0)
    assert game.asked == ["open shelf 1"]
    env.close()
    assert game.closed


def test_possible_commands_below_observations() -> None:
    _, game = table(
        commands=("examine shelf 1", "go to shelf 1", "help", "inventory", "look", "take a from b")
    )
    env = Environment(game, [], show_actions=True)
    shown = "\nPossible commands:\n- go to shelf 1\n- take a from b"
    assert env.first_observation().endswith("a shelf 1." + shown)
    assert env.step("nonsense").observation == NOTHING + shown
    assert with_actions("x", ["help"]) == "x\nPossible commands:"
    assert shown not in env.step(LIST_COMMAND).observation


def test_a_recorded_beginning_is_checked_at_the_first_command() -> None:
    goal, first = goal_and_room(INTRO)
    beginning = {"goal": goal, "first": first, "commands": list(COMMON)}
    _, game = table()
    env = Environment(game, [], beginning=beginning)
    assert (env.goal_text(), env.first_observation(), env.choices()) == (goal, first, list(COMMON))
    assert env.step("look").observation == first
    for key, other in (("goal", "nap."), ("first", "A hall."), ("commands", ["look"])):
        with pytest.raises(DataError, match=r"alfworld 0\.4\.2"):
            Environment(game, [], beginning={**beginning, key: other}).step("look")


@given(st.text(max_size=400))
def test_any_line_gets_an_answer(line: str) -> None:
    env, _ = table("You")
    step = env.step(line)
    assert len(step.observation) <= 200
    assert 0 <= step.progress <= 1


def test_long_lines_are_answered_at_once() -> None:
    env, game = table()
    for line in ("put " * 30_000, "clean " + " using" * 30_000, "move " + " to" * 30_000, "." * 100_000):
        assert env.step(line).observation == NOTHING
    assert game.asked == []
