"""Real worlds: macros, messages, both modes, and a package that is missing or of another version."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from babyai_stubs import context, environment
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.errors import ConfigError, DataError
from acbench.tasks.babyai import open_task
from acbench.tasks.babyai.environment import CLOSING, NO_CHANGE, UNKNOWN
from acbench.tasks.babyai.samples import environment_for
from acbench.tasks.babyai.worlds import (
    PUBLISHED_NUMBERS,
    WORLD_NAMES,
    World,
    published_world,
)

needs_package = pytest.mark.usefixtures("package")


@pytest.fixture
def package() -> None:
    pytest.importorskip("minigrid", reason="the babyai extra is not installed")


def test_the_published_rows() -> None:
    assert (len(WORLD_NAMES), len(PUBLISHED_NUMBERS)) == (40, 28)
    assert published_world(0) == ("BabyAI-GoToRedBallGrey-v0", 1234)
    assert published_world(15) == ("BabyAI-GoToObjS6-v0", 1237)
    assert published_world(111) == ("BabyAI-KeyCorridorS6R3-v0", 1237)
    with pytest.raises(DataError, match="no published row 112"):
        published_world(112)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minigrid", None)
    with pytest.raises(ConfigError, match=r"acbench\[babyai\]"):
        open_task(context())


@needs_package
@pytest.mark.parametrize("name", WORLD_NAMES.values())
def test_every_level_opens(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(name, 7)
    assert world.mission
    assert World(name, 7).view() == world.view()
    assert capsys.readouterr().out == ""


@needs_package
def test_the_renamed_level_is_the_small_room() -> None:
    assert World("BabyAI-GoToObjS6-v0", 3).engine.width == 4


@needs_package
def test_an_unknown_level_is_named() -> None:
    with pytest.raises(DataError, match="BabyAI-GoToDoor-v0"):
        World("BabyAI-GoToDor-v0", 1)


@needs_package
def test_a_world_that_does_not_begin_as_recorded_is_refused() -> None:
    data = {"world": "BabyAI-GoToDoor-v0", "seed": 1, "paths": [["x"]], "first": "You see nothing."}
    with pytest.raises(DataError, match=r"minigrid 3\.2\.0"):
        environment_for(data, upstream=False, show_actions=False)


@needs_package
def test_messages_and_validity() -> None:
    env = environment("GoToRedBallGrey", 4)
    told = {line: env.step(line) for line in ("", "fly", "drop", "check available actions", "please CHECK")}
    assert {line: (step.valid, step.understood) for line, step in told.items()} == {
        "": (False, False),
        "fly": (False, False),
        "drop": (False, True),
        "check available actions": (True, True),
        "please CHECK": (True, True),
    }
    assert told[""].observation == NO_CHANGE
    assert told["fly"].observation == UNKNOWN
    assert told["drop"].observation == "You cannot drop the object, as you are not carrying anything."
    assert told["please CHECK"].observation == "You can take the following actions: " + ", ".join(
        env.choices()
    )
    assert env.choices()[:2] == ["turn left", "turn right"]
    assert env.choices()[-1] == "check available actions"


def first_choice(env: Any, verb: str) -> str:
    return str(next(command for command in env.choices() if command.startswith(verb)))


def env_with(verb: str, *subgoals: str, **options: Any) -> Any:
    """A small room whose first view offers a command that needs at least one move."""
    for seed in range(200):
        env = environment("GoToLocalS8N7", seed, *subgoals, **options)
        moves = env._commands.moves
        found = [command for command in moves if command.startswith(verb)]
        if found and len(moves[found[0]]) >= 2:
            return env
    raise AssertionError(f"no seed offers {verb!r}")


@needs_package
def test_both_spellings_pick_up_outside_upstream_mode() -> None:
    env = env_with("pickup")
    command = first_choice(env, "pickup")
    name = command.removeprefix("pickup ")
    step = env.step(f" Pick  Up {name.upper()} ")
    assert step.valid
    assert step.observation.endswith(f"You are carrying a {name.rpartition(' ')[0]}.")
    published = env_with("pickup", upstream=True)
    assert published.step(f"pick up {name}").observation == UNKNOWN
    assert published.step(command).valid


@needs_package
def test_a_command_that_needs_no_move_changes_nothing() -> None:
    env = env_with("go to")
    name = first_choice(env, "go to")
    assert "right in front of you 1 steps away" in env.step(name).observation
    facing = next(command for command, moves in env._commands.moves.items() if not moves)
    step = env.step(facing)
    assert (step.observation, step.valid) == (NO_CHANGE, True)


@needs_package
@pytest.mark.parametrize("before", ["check", "nonsense"])
def test_as_published_such_a_command_is_as_valid_as_the_one_before(before: str) -> None:
    env = env_with("go to", upstream=True)
    env.step(first_choice(env, "go to"))
    last = env.step(before).valid
    facing = next(command for command, moves in env._commands.moves.items() if not moves)
    assert env.step(facing).valid is last
    assert last is (before == "check")


class EmptyHall:
    """A world that looks the same everywhere; forward moves along a line."""

    mission = "walk"

    def __init__(self) -> None:
        self.place = 0

    def move(self, _number: int) -> bool:
        self.place += 1
        return False

    def view(self) -> Any:
        from babyai_stubs import drawn

        return drawn(("red ball", 6, 0), position=(10, 90 - self.place))


@pytest.mark.parametrize(("upstream", "walked"), [(False, 5), (True, 1)])
def test_a_command_goes_on_while_the_pose_changes(upstream: bool, walked: int) -> None:
    """In a hall that looks the same the published rule stops after one move."""
    from acbench.tasks.babyai.environment import Environment

    hall = EmptyHall()
    env = Environment(hall, [["x"]], upstream=upstream)  # type: ignore[arg-type]
    assert env.step("go to red ball 1").valid
    assert hall.place == walked


@needs_package
def test_sub_goals_of_one_observation_count_by_mode() -> None:
    subgoals = ("The room has walls around you", "You are not carrying anything.")
    env = environment("GoToDoor", 1, *subgoals)
    assert env.progress == 0  # the first observation does not count
    assert [env.step("turn left").progress, env.done, env.success] == [1.0, True, True]
    env = environment("GoToDoor", 1, *subgoals, upstream=True)
    steps = [env.step("turn left") for _ in range(2)]
    assert [step.progress for step in steps] == [0.5, 1.0]
    assert [step.observation.endswith(CLOSING) for step in steps] == [False, True]


@needs_package
def test_after_the_end_nothing_happens() -> None:
    env = environment("GoToDoor", 1, "walls")
    env.step("turn left")
    before = env.view
    step = env.step("turn left")
    assert (step.valid, step.done, step.progress) == (False, True, 1.0)
    assert env.view == before


@needs_package
@pytest.mark.parametrize(
    ("subgoals", "upstream", "expected"),
    [
        (("walls", "no such"), True, (0.5, False, False)),  # the engine's end counts above one half
        (("walls", "walls", "no such"), True, (2 / 3, True, True)),
        (("walls", "walls", "no such"), False, (2 / 3, True, False)),
    ],
)
def test_the_end_of_the_engine(
    subgoals: tuple[str, ...], upstream: bool, expected: tuple[float, bool, bool]
) -> None:
    """The mission is to go to the only ball; turning on the spot first scores without reaching it."""
    for seed in range(50):
        env = environment("GoToRedBallNoDists", seed, *subgoals, upstream=upstream)
        turns = ["turn left", "turn right"] if upstream and len(subgoals) == 3 else ["turn left"]
        steps = [env.step(turn) for turn in turns]
        if env.progress == expected[0] and "go to red ball 1" in env.choices() and not steps[-1].done:
            step = env.step("go to red ball 1")
            if step.observation != NO_CHANGE:
                assert CLOSING in step.observation
                assert (step.progress, step.done, env.success) == (pytest.approx(expected[0]), *expected[1:])
                return
    raise AssertionError("no seed fits")


@needs_package
def test_the_order_of_a_mission_is_kept_outside_upstream_mode() -> None:
    texts = {
        environment("OpenRedBlueDoorsDebug", 1, upstream=upstream).goal_text() for upstream in (True, False)
    }
    assert texts == {
        "open the red door, then open the blue door",
        "open the red door, and open the blue door",
    }


@needs_package
def test_shown_commands_can_all_be_carried_out() -> None:
    env = environment("GoToObjDoor", 5, show_actions=True)
    shown = env.first_observation().partition("Possible commands:\n")[2].splitlines()
    assert shown == [f"- {command}" for command in env.choices()[:-1]]


VOCABULARY = (
    "go to pick up pickup toggle and through drop check red ball door key 1 2 0 -1 ** turn left move forward "
    "\x00 {0} %s __import__('os')"
)
WORDS = st.sampled_from(VOCABULARY.split(" "))
LINES = st.lists(WORDS, max_size=7).map(" ".join) | st.text(max_size=40)


@needs_package
@settings(max_examples=160, deadline=None)
@given(
    world=st.sampled_from(["GoToObjDoor", "UnlockPickup", "KeyInBox", "BossLevel", "PutNextS7N4Carrying"]),
    seed=st.integers(0, 20),
    lines=st.lists(LINES | st.integers(0, 30), min_size=16, max_size=16),
    upstream=st.booleans(),
)
def test_hostile_and_random_lines_never_raise(
    world: str, seed: int, lines: list[Any], upstream: bool
) -> None:
    """2,560 lines; numbers stand for a command that is possible at that moment. The second sub-goal is out of reach."""
    env = environment(world, seed, "You are carrying a **", "no such thing", upstream=upstream)
    best = 0.0
    for line in lines:
        choices = env.choices()
        known = isinstance(line, int)
        text = choices[line % len(choices)] if known else line
        step = env.step(text)
        assert 0 < len(step.observation) < 5_000
        assert best <= step.progress <= 0.5
        assert not step.done
        if not step.valid and not known and not step.done:
            assert step.observation == UNKNOWN or step.observation.startswith(
                (NO_CHANGE, "You cannot", "There is a barrier")
            )
        best = step.progress
