"""What environments answered, on disk: read back in order, and never an obstacle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from agent_stubs import Worlds, sample, walk_task

from acbench.errors import StoreError
from acbench.tasks.protocol import Reply
from acbench.worldlog import WorldLog, first_prompt, open_episode

if TYPE_CHECKING:
    from pathlib import Path

ONE: list[dict[str, Any]] = [{"start": {"goal": "ä"}}, {"action": "go\n"}, {"end": {}}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    log = WorldLog(tmp_path)
    log.append("a", ONE[:1])
    log.append("b", [{"start": {}}])
    log.append("a", ONE[1:])
    log.append("a", [])
    return tmp_path


def file(folder: Path) -> Path:
    return folder / "worlds.jsonl"


def test_records_come_back_by_sample_and_in_order(folder: Path) -> None:
    log = WorldLog(folder)
    assert log.records("a") == ONE
    assert log.records("b") == [{"start": {}}]
    assert log.records("c") == []
    assert len(file(folder).read_text().splitlines()) == 4


def test_what_is_handed_out_is_not_what_is_kept(folder: Path) -> None:
    log = WorldLog(folder)
    log.records("a").clear()
    assert log.records("a") == ONE


def test_without_records_there_is_no_file(tmp_path: Path) -> None:
    WorldLog(tmp_path).append("a", [])
    assert not file(tmp_path).exists()
    assert WorldLog(tmp_path).records("a") == []


def test_a_line_that_a_kill_cut_is_dropped_and_written_again(folder: Path) -> None:
    content = file(folder).read_bytes()
    for cut in (1, 5, 30):
        file(folder).write_bytes(content[:-cut])
        log = WorldLog(folder)
        assert log.records("a") == ONE[:2]
        log.append("a", ONE[2:])
        assert WorldLog(folder).records("a") == ONE
        assert file(folder).read_bytes() == content


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        '{"sample": "a", "record": {}}',
        '{"sample": ["a"], "number": 1, "record": {}}',
        '{"sample": "a", "number": 1, "record": "go"}',
        '{"sample": "a", "number": 1, "record": null}',
        "[]",
        "",
        "\ufffd\x00",
    ],
)
def test_behind_a_line_that_cannot_be_read_nothing_of_its_sample_counts(folder: Path, line: str) -> None:
    lines = file(folder).read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[2])["record"] == ONE[1]
    file(folder).write_text("\n".join([*lines[:2], line, *lines[3:]]) + "\n", encoding="utf-8")
    log = WorldLog(folder)
    assert log.records("a") == ONE[:1]
    assert log.records("b") == [{"start": {}}]
    log.append("a", ONE[1:])  # played again
    assert WorldLog(folder).records("a") == ONE


def test_bytes_that_are_no_text_are_no_obstacle(folder: Path) -> None:
    file(folder).write_bytes(b"\xff\xfe\n" + file(folder).read_bytes())
    assert WorldLog(folder).records("a") == ONE


def test_a_full_disk_is_told(folder: Path) -> None:
    log = WorldLog(folder)
    file(folder).unlink()
    file(folder).mkdir()
    with pytest.raises(StoreError, match=r"worlds\.jsonl"):
        log.append("a", ONE)


def test_an_episode_is_opened_with_what_its_world_answered(tmp_path: Path) -> None:
    worlds = Worlds()
    task, of = walk_task([sample()], worlds), sample()
    log = WorldLog(tmp_path)
    episode = open_episode(task, of, log)
    episode.ask()
    episode.tell(Reply("go"))
    log.append(of.id, episode.news())  # type: ignore[attr-defined]
    opened = len(worlds.opened)
    again = open_episode(task, of, WorldLog(tmp_path))
    again.ask()
    again.tell(Reply("go"))
    assert again.ask() == episode.ask()
    assert len(worlds.opened) == opened
    assert open_episode(task, of, None).ask() is not None


def test_the_first_prompt_needs_no_world_that_is_remembered_and_leaves_none_open(tmp_path: Path) -> None:
    worlds = Worlds()
    task, of = walk_task([sample()], worlds), sample()
    prompt = first_prompt(task, of)
    assert prompt is not None
    assert "reach 3" in prompt.messages[-1].content
    assert (worlds.opened, worlds.left_open) == (["w"], [])
    log = WorldLog(tmp_path)
    episode = open_episode(task, of, log)
    episode.ask()
    log.append(of.id, episode.news())  # type: ignore[attr-defined]
    assert first_prompt(task, of, log) == prompt
    assert len(worlds.opened) == 2
    assert first_prompt(walk_task([of], window_tokens=20), of) is None
