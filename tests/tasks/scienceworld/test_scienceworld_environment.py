"""Reading, validity, failure and progress, on a world without Java."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scienceworld_stubs import ToyWorld, context

from acbench.errors import ConfigError, DataError
from acbench.tasks.scienceworld import open_task, row_data
from acbench.tasks.scienceworld.environment import LIST_COMMAND, UNKNOWN, Environment
from acbench.tasks.scienceworld.progress import Progress
from acbench.tasks.scienceworld.settings import read_settings
from acbench.tasks.scienceworld.upstream import upstream_samples

if TYPE_CHECKING:
    from pathlib import Path

CROCODILE = ["You move to the outside.", "You focus on the crocodile egg."]


def toy(*subgoals: str, **options: Any) -> Environment:
    return Environment(ToyWorld(), subgoals or CROCODILE, **options)


def test_worked_example_three() -> None:
    """Specification, section 10, example 3."""
    progress = Progress(CROCODILE)
    assert progress.value == 0
    assert progress.observe("You move to the outside.") == 0.5
    assert progress.observe("You see a substance called air.") == 0.5
    assert progress.observe("You focus on the crocodile egg.") == 1.0
    assert Progress(CROCODILE).observe("You move to the outside!") == 0.5  # the dot is a regex dot


def test_two_sub_goals_in_one_observation() -> None:
    assert Progress(["a", "b", "c"]).observe("a b") == pytest.approx(2 / 3)


@pytest.mark.parametrize("subgoals", [[], ["("]])
def test_sub_goals_that_are_none(subgoals: list[str]) -> None:
    with pytest.raises(DataError, match="sub-goal"):
        Progress(subgoals)


def test_validity_is_tested_before_the_step_and_after_it_upstream() -> None:
    before, after = toy(), toy(upstream=True)
    assert [env.step("go to hall").valid for env in (before, after)] == [True, False]
    assert [env.step("go to lab").valid for env in (before, after)] == [False, False]
    assert [env.step("look around").valid for env in (before, after)] == [True, True]


def test_other_names_of_a_thing_are_as_good_as_the_listed_one_but_not_upstream() -> None:
    for words in ("focus on egg", "focus on the egg"):
        assert toy().step(words).valid
    assert not toy(upstream=True).step("focus on the egg").valid
    assert toy().step("open door").valid  # listed, though it only asks which


def test_case_and_blanks_do_not_count_but_upstream_they_do() -> None:
    """The simulator itself does not mind them; only the published test of validity does."""
    env, upstream = toy(), toy(upstream=True)
    assert env.step(" LOOK  around ").valid
    assert env.step("Check  Valid actions").observation.startswith("Choose an action")
    assert not upstream.step("LOOK around").valid
    assert upstream.step("Check valid actions").observation == UNKNOWN
    assert upstream.step(" check valid actions ").valid


def test_gold_ends_with_success() -> None:
    env = toy()
    steps = [env.step(line) for line in ("go to hall", "go to outside", "focus on egg", "look around")]
    assert [(s.progress, s.done) for s in steps] == [(0, False), (0.5, False), (1, True), (1, True)]
    assert (env.success, env.native, env.failed) == (True, 1.0, False)
    assert [s.observation for s in steps[2:]] == ["You focus on the crocodile egg.", "The task is over."]


def test_a_failure_ends_the_episode_but_not_upstream() -> None:
    env, upstream = toy(), toy(upstream=True)
    for play in (env, upstream):
        play.step("go to hall")
        play.step("go to outside")
    ends = [play.step("focus on rock") for play in (env, upstream)]
    assert [end.done for end in ends] == [True, False]
    assert [end.observation for end in ends] == ["You focus on the rock."] * 2
    assert (env.progress, env.success, env.native, env.ending()) == (0.5, False, 0.0, "failed")
    assert upstream.step("focus on egg").done
    assert upstream.success


def test_the_list_command_shows_templates_without_a_step() -> None:
    env = toy()
    step = env.step("check valid actions")
    assert (step.valid, step.understood, step.progress) == (True, True, 0)
    assert step.observation.endswith(": focus on OBJ, go OBJ, look around, check valid actions")
    assert isinstance(env.world, ToyWorld)
    assert env.world.heard == []


def test_starting_over_is_never_offered_but_carried_out_as_published() -> None:
    env = toy(show_actions=True)
    assert "reset task" not in env.choices()
    assert "reset" not in env.first_observation()
    assert env.step("reset task").valid
    assert isinstance(env.world, ToyWorld)
    assert env.world.heard == ["reset task"]


def test_a_question_is_answered_by_one_of_its_numbers() -> None:
    env = toy()
    assert not env.step("1").valid
    env.step("open door")
    step = env.step("1")
    assert (step.valid, step.understood, step.observation) == (True, True, "The door is open.")
    assert not env.step("1").valid
    env.step("open door")
    assert not env.step("2").valid


@pytest.mark.parametrize("line", ["", "x" * 301, "\0", "look around"])
def test_anything_but_a_number_takes_a_question_back(line: str) -> None:
    env = toy(show_actions=True)
    assert "You can go to" not in env.step("open door").observation
    step = env.step(line)
    assert step.observation.startswith("Unknown action.\nYou can go to: ")
    assert not step.valid
    assert isinstance(env.world, ToyWorld)
    assert env.world.heard[-1] == (line if line == "look around" else "")
    assert env.step("look around").valid


def test_asking_for_the_task_leaves_a_question_open() -> None:
    env = toy()
    env.step("open door")
    assert env.step("task").observation == "Task description"
    assert env.step("1").valid


def test_exits_and_things_below_the_observation() -> None:
    text = toy(show_actions=True).first_observation()
    assert text.endswith("You can go to: hall\nThings here: egg, rock")
    assert toy().first_observation() == ToyWorld().start_text


def test_the_goal_of_the_data_comes_before_the_simulators() -> None:
    assert toy().goal_text() == "Focus on the egg."
    assert toy(goal="Look for an egg.").goal_text() == "Look for an egg."


@pytest.mark.parametrize("shown", [False, True])
def test_a_state_is_listed_once_and_unknown_text_changes_no_state(shown: bool) -> None:
    """The list is the simulator's slowest answer."""
    env = toy(show_actions=shown)
    world = env.world
    assert isinstance(world, ToyWorld)
    env.first_observation()
    for line in ("fly", "dance with me", "go", "go to nowhere", "focus on nothing", "0", ""):
        assert env.step(line).observation.startswith(UNKNOWN)
    assert world.listings == 1
    env.step("look around")
    env.step("look around")
    assert world.listings == (3 if shown else 1)


def test_lines_that_no_list_holds_ask_for_no_list() -> None:
    env = toy()
    for line in ("fly", "please look around", "", "7"):
        step = env.step(line)
        assert (step.valid, step.understood, step.observation) == (False, False, UNKNOWN)
    assert isinstance(env.world, ToyWorld)
    assert env.world.listings == 0


LINES = st.one_of(
    st.text(max_size=400),
    st.sampled_from(["go", "focus on", "open door", LIST_COMMAND, "reset", "0", "1", "\0", "go to hall"]),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(LINES, min_size=8, max_size=8), st.booleans(), st.booleans())
def test_any_line_is_answered(lines: list[str], upstream: bool, shown: bool) -> None:
    """4,000 lines and more."""
    env = toy(upstream=upstream, show_actions=shown)
    best = 0.0
    for line in lines:
        step = env.step(line)
        assert 0 < len(step.observation) < 1000
        assert best <= step.progress <= 1
        best = step.progress
    assert isinstance(env.world, ToyWorld)
    assert all(len(heard) <= 300 and heard.isprintable() for heard in env.world.heard)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scienceworld.constants", None)
    with pytest.raises(ConfigError, match=r"acbench\[scienceworld\]"):
        open_task(context())


def test_without_java_java_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scienceworld.constants", SimpleNamespace(JAR_PATH="x.jar"))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match=r"acbench\[scienceworld\].*Java 8"):
        open_task(context())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"level": [1]}, "unknown setting 'level'"),
        ({"levels": [4]}, "levels: unknown 4"),
        ({"jvms": 0}, "at least 1"),
        ({"max_steps": True}, "whole number"),
        ({"show_actions": 1}, "true or false"),
        ({"format": "caht"}, "chat"),
    ],
)
def test_wrong_settings_are_named(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_settings(setting, mode="corrected")


ROW = {
    "task": "scienceworld",
    "id": 3,
    "goal": "g",
    "subgoals": CROCODILE,
    "difficulty": "easy",
    "additional_info": {"env_name": "lifespan-longest-lived", "var": 5},
}


def test_rows_of_the_upstream_folder(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text(json.dumps(ROW) + "\n\n", encoding="utf-8")
    (sample,) = upstream_samples(tmp_path, read_settings({}, mode="upstream"))
    assert (sample.id, sample.level) == ("scienceworld-003", "easy")
    assert (sample.data["task"], sample.data["variation"]) == ("lifespan-longest-lived", 5)
    assert (sample.data["subgoals"], sample.data["goal"]) == (CROCODILE, "g")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subgoals": []}, "subgoals"),
        ({"difficulty": "x"}, "difficulty"),
        ({"additional_info": {"env_name": "a", "var": "5"}}, r"additional_info\.var"),
        ({"additional_info": {}}, "env_name"),
        ({"id": -1}, "'id'"),
        ({"goal": None}, "'goal'"),
    ],
)
def test_malformed_rows_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        row_data({**ROW, **change})


def test_a_folder_without_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test\.jsonl"):
        upstream_samples(tmp_path, read_settings({}, mode="upstream"))
