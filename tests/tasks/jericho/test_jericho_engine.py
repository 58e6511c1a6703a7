"""Stories in child processes: files, loops, crashes, many at once, and what a list of commands leaves behind."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from jericho_stubs import (
    DIVIDE_BY_ZERO,
    ILLEGAL,
    JUMP_TO_ITSELF,
    READ_THEN_DIVIDE,
    tiny_story,
)

from acbench.errors import ConfigError, DataError, EnvironmentDied
from acbench.tasks.jericho import engine, worker
from acbench.tasks.jericho.engine import Play, Pool
from acbench.tasks.jericho.samples import PACK, pack
from acbench.tasks.jericho.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("jericho", reason="the jericho extra is not installed")

LEVEL3 = PACK / "level3.z5"
PLANS = {(episode["file"], episode["number"]): episode["plan"] for episode in pack()["episodes"]}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(1)
    yield made
    made.close()


def texts(play: Play, commands: list[str]) -> list[str]:
    return [clean(str(play.type(command)["text"])) for command in commands]


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"acbench\[jericho\]"):
        engine.require_package()


def test_files_are_written_nowhere(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the environment's own refusal, straight into the story: it says that it saved, and holds no bytes."""
    monkeypatch.chdir(tmp_path)
    play = Play(pool, LEVEL3, opening=["1"])
    for command in ("save", "script", "recording on", "look", "recording off", "restore", "look"):
        play.type(command)
    assert list(tmp_path.iterdir()) == []
    folder = pool.processes[0].folder
    assert all(path.stat().st_size == 0 for path in folder.rglob("*"))
    assert not list(LEVEL3.parent.glob("*.qzl"))


def test_the_folder_of_a_process_goes_with_it() -> None:
    own = Pool(1)
    Play(own, LEVEL3, opening=["1"])
    folder, pid = own.processes[0].folder, own.processes[0].pid
    own.close()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert own.processes == []


def test_plays_do_not_share_anything(pool: Pool) -> None:
    one, other = (Play(pool, LEVEL3, opening=["1"]) for _ in range(2))
    plan = PLANS["level3.z5", 1]
    told = texts(one, plan)
    assert texts(other, ["inventory"]) == ["You're carrying nothing."]
    assert texts(other, plan) == told


def test_a_process_that_was_killed_is_replaced_and_nothing_is_lost() -> None:
    own = Pool(1)
    plan = PLANS["level3.z5", 2]
    whole = texts(Play(own, LEVEL3, opening=["2"]), plan)
    play = Play(own, LEVEL3, opening=["2"])
    told = texts(play, plan[:4])
    os.kill(own.processes[0].pid, signal.SIGKILL)
    assert told + texts(play, plan[4:]) == whole
    own.close()


def test_more_stories_than_a_process_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """An evicted story is opened again and brought to where it was."""
    monkeypatch.setattr(worker, "PLAYS", 2)
    stories = worker.Stories()

    class Here:
        alive = True

        def call(self, message: dict[str, object]) -> dict[str, object]:
            return stories.answer(message)

    monkeypatch.setattr(worker, "_files_allowed", lambda: open(os.devnull))  # noqa: PTH123, SIM115
    monkeypatch.setattr(engine.Seat, "running", lambda _: Here())
    own = Pool(1)
    numbers = (1, 2, 3, 4)
    plays = [Play(own, LEVEL3, opening=[str(number)]) for number in numbers]
    told: list[list[str]] = [[] for _ in plays]
    for turn in range(6):
        for index, play in enumerate(plays):
            told[index] += texts(play, [PLANS["level3.z5", numbers[index]][turn]])
            assert len(stories._engines) <= 2
    alone = Pool(1)
    for index, number in enumerate(numbers):
        play = Play(alone, LEVEL3, opening=[str(number)])
        assert told[index] == texts(play, PLANS["level3.z5", number][:6])


def test_eight_threads_play_as_one_does(pool: Pool) -> None:
    def one(number: int) -> list[str]:
        play = Play(both, LEVEL3, opening=[str(number)])
        return [play.start_text, *texts(play, PLANS["level3.z5", number]), *play.choices(None)]

    both = Pool(2)
    numbers = [1 + index % 12 for index in range(24)]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(one, numbers))
    alone = {number: one(number) for number in set(numbers)}
    both.close()
    assert together == [alone[number] for number in numbers]


@pytest.mark.parametrize("code", [DIVIDE_BY_ZERO, JUMP_TO_ITSELF], ids=["crash", "loop"])
def test_a_story_that_ends_its_process_breaks_its_own_episode_only(
    code: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Pool(1)
    good = Play(own, LEVEL3, opening=["1"])
    first = texts(good, ["look"])
    monkeypatch.setattr(engine, "CALL_LIMIT_S", 0.5)
    with pytest.raises(EnvironmentDied, match="story machine failed"):
        Play(own, tiny_story(tmp_path / "bad.z5", code))
    monkeypatch.undo()
    assert texts(good, ["look"]) == first
    own.close()


def test_a_line_that_ends_the_process_is_tried_once_more_then_the_episode_is_broken(
    tmp_path: Path,
) -> None:
    own = Pool(1)
    play = Play(own, tiny_story(tmp_path / "bad.z5", READ_THEN_DIVIDE))
    before = own.processes[0].pid
    with pytest.raises(EnvironmentDied):
        play.type("look")
    assert play.commands == []
    assert all(process.pid != before for process in own.processes)
    own.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no Z-machine story"),
        (b"\x09" * 100, "is no Z-machine story"),
        (b"\x05" * 100, "is cut short"),
        (None, "there is no such story file"),
    ],
)
def test_files_that_are_no_stories_are_named(
    pool: Pool, tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "some.z5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        Play(pool, path)


def test_a_story_without_a_program_stops(pool: Pool, tmp_path: Path) -> None:
    play = Play(pool, tiny_story(tmp_path / "bad.z5", ILLEGAL))
    assert play.type("look")["halted"]


def test_a_list_leaves_no_trace(pool: Pool) -> None:
    """The same answers with and without lists between the commands."""
    plain, asked = (Play(pool, LEVEL3, opening=["3"]) for _ in range(2))
    for command in PLANS["level3.z5", 3]:
        assert asked.choices(None)
        assert asked.type(command)["text"] == plain.type(command)["text"]


def test_a_list_holds_what_works_and_nothing_else(pool: Pool) -> None:
    """Story 1 by its source: every exit, every thing, no way that is not there."""
    play = Play(pool, PACK / "level1.z5", opening=["2"])
    start = clean(play.start_text)
    found = play.choices(None)
    ways = [way for way in ("north", "south", "east", "west", "up", "down") if f"You can go {way}." in start]
    assert [way for way in ways if way in found] == ways
    assert not {"north", "south", "east", "west", "up", "down", "in", "out"} & set(found) - set(ways)
    assert found == sorted(found)
    for command in found:
        fresh = Play(pool, PACK / "level1.z5", opening=["2"])
        assert "can't" not in clean(str(fresh.type(command)["text"])), command


def test_commands_without_effect_are_not_listed(pool: Pool) -> None:
    play = Play(pool, LEVEL3, opening=["1"])
    found = play.choices(["wait", "sing", "jump", "think", "listen", "look", "examine {}", "xyzzy {}"])
    assert "look" in found
    assert not {"sing", "jump", "think", "listen"} & set(found)
    assert not [command for command in found if command.startswith("xyzzy")]


def test_points_are_asked_for_without_a_trace(pool: Pool) -> None:
    """The handmade stories give four points each; the generated ones keep no score."""
    play = Play(pool, PACK / "handmade.z5", opening=["1"])
    assert play.points() == (0, 4)
    texts(play, PLANS["handmade.z5", 1][:-1])
    assert play.points() == (2, 4)
    assert "score" not in clean(str(play.type("look")["text"])).lower()
    texts(play, PLANS["handmade.z5", 1][-1:])
    assert play.points() == (4, 4)
    assert Play(pool, LEVEL3, opening=["1"]).points() == (0, 0)


class KnownStory:
    """Stands in for a story that jericho knows: none of those files can be shipped."""

    is_fully_supported = True

    def get_valid_actions(self, *, use_parallel: bool) -> list[str]:
        assert not use_parallel  # it would start processes of its own
        util = import_module("jericho.util")
        return [f"take {word}" for word, _ in util.extract_objs("The Lamp, a key.")]

    def get_score(self) -> int:
        return 5

    def get_max_score(self) -> int:
        return 350

    def game_over(self) -> bool:
        return True

    def victory(self) -> bool:
        return False

    def _emulator_halted(self) -> bool:
        return False


def test_a_story_that_jericho_knows_is_asked_by_its_own_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list works without spaCy, whose model would be fetched; score and end are the package's."""
    util = import_module("jericho.util")
    for name in ("_load_spacy", "extract_objs"):
        monkeypatch.setattr(util, name, getattr(util, name))  # put back afterwards
    story = KnownStory()
    told = worker.Stories._choices(story, {"templates": None, "story": "any"})
    assert told == {"choices": ["take a", "take key", "take lamp", "take the"]}
    assert worker.Stories._points(story, {}) == {"score": 5, "maximum": 350}
    assert worker._state(story, "text") == {"text": "text", "over": True, "halted": False}
    assert "spacy" not in sys.modules
