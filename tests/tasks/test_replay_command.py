"""``acbench replay``: saved actions through the environments of all nine tasks."""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from acbench.errors import ConfigError, DataError
from acbench.tasks.replay_command import TASKS, add_parser, episode_data
from acbench.tasks.replay_command import replay as replay_data

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "agentboard"
needs_real = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no upstream data at {SHARED}")
MODES = ("corrected", "upstream")
FIELDS = {"action", "observation", "valid", "progress", "done"}


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    options = parser.parse_args(["replay", *arguments])
    return int(options.run(options))


def replay(
    task: str, episode: Any, actions: list[str], data_dir: Path | None = None, mode: str = "corrected"
) -> list[dict[str, Any]]:
    return replay_data(task, episode_data(task, episode, data_dir, mode), actions, mode)


def gold(task: str, name: str) -> list[str]:
    return list(episode_data(task, name, None, "corrected")["plan"])


NEEDS = {"alfworld": "textworld", "scienceworld": "scienceworld", "babyai": "minigrid", "jericho": "jericho"}
NAMES = [
    ("alfworld", "alfworld-l1-00"),
    ("scienceworld", "scienceworld-l1-00"),
    ("babyai", "babyai-l2-01"),
    ("jericho", "jericho-l2-03"),
    ("pddl", "blocksworld-l3-00"),
    ("pddl", "gripper-l3-01"),
    ("pddl", "tyreworld-l2-00"),
    ("pddl", "barman-l5-00"),
    ("webshop", "webshop-l2-00"),
    ("webarena", "webarena-l2-01"),
    ("tool-query", "movie-l2-03"),
    ("tool-query", "weather-l3-00"),
    ("tool-query", "academia-l1-02"),
    ("tool-operation", "todo-l3-04"),
    ("tool-operation", "sheet-l1-00"),
]


def installed(task: str) -> None:
    if task in NEEDS:
        pytest.importorskip(NEEDS[task], reason=f"episodes of {task} are played with {NEEDS[task]}")


def test_every_task_is_replayed_here() -> None:
    assert {task for task, _ in NAMES} == set(TASKS)


@pytest.mark.parametrize(("task", "name"), NAMES)
def test_lines_in_and_lines_out(task: str, name: str, tmp_path: Path) -> None:
    """An episode by its name, and the data behind that name, both with the gold plan."""
    installed(task)
    plan = gold(task, name)
    source, out = tmp_path / "in.jsonl", tmp_path / "deep" / "out.jsonl"
    lines = [
        {"id": "gold", "episode": name, "actions": [*plan, "and on"]},
        {"id": 7, "episode": episode_data(task, name, None, "corrected"), "actions": ["", plan[0]]},
    ]
    source.write_text("\n\n".join(json.dumps(line) for line in lines))
    assert run(task, "--in", str(source), "--out", str(out)) == 0
    first, second = map(json.loads, out.read_text().splitlines())
    assert (first["id"], second["id"]) == ("gold", 7)
    assert all(set(step) == FIELDS for step in first["steps"] + second["steps"])
    assert [step["action"] for step in first["steps"]] == plan  # ends where the episode ends
    assert all(step["valid"] for step in first["steps"])
    assert (first["steps"][-1]["progress"], first["steps"][-1]["done"]) == (1.0, True)
    assert second["steps"][0]["progress"] == 0.0
    assert second["steps"][-1]["observation"] == first["steps"][0]["observation"]


FROZEN = ("alfworld", "scienceworld", "babyai", "jericho", "webshop", "webarena")


@pytest.mark.parametrize("task", FROZEN)
def test_a_row_of_a_pack_is_the_episode_of_that_name(task: str) -> None:
    installed(task)
    episodes = import_module(f"acbench.tasks.{task}.samples").pack()["episodes"]
    row = next(episode for episode in episodes if episode["level"] == 2)
    steps = replay(task, row, row["plan"])
    assert steps[-1]["progress"] == 1.0
    assert steps == replay(task, f"{task}-l2-00", row["plan"])


def test_malformed_rows_of_a_pack_are_named() -> None:
    for task, field in (("babyai", "world"), ("scienceworld", "variation"), ("jericho", "file")):
        with pytest.raises(DataError, match=rf"field 'episode' is no row of the {task} pack"):
            episode_data(task, {field: "x"})


def test_a_row_of_a_story_needs_its_folder_and_the_mode_finds_the_story(tmp_path: Path) -> None:
    """Upstream joins rows to stories by position; the corrected mode goes by the name a row has (section 8, 17)."""
    row = {
        "id": 0,
        "goal": "g",
        "difficulty": "easy",
        "subgoals": ["x"],
        "additional_info": {"game": "zork1"},
    }
    with pytest.raises(DataError, match="say with --data where its folder is"):
        episode_data("jericho", row)
    (tmp_path / "games").mkdir()
    for name in ("905", "zork1"):
        (tmp_path / "games" / f"{name}.z5").write_bytes(b"")
    found = {mode: Path(episode_data("jericho", row, tmp_path, mode)["story"]).stem for mode in MODES}
    assert found == {"corrected": "zork1", "upstream": "905"}
    (tmp_path / "games").rename(tmp_path / "elsewhere")
    chosen = (("game_dir", str(tmp_path / "elsewhere")),)
    assert Path(episode_data("jericho", row, tmp_path, "corrected", chosen)["story"]).stem == "zork1"


def test_settings_choose_what_a_name_means(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = {"id": 1, "episode": "gripper-l1-00", "actions": ["check valid actions"]}
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps(line))
    shown = []
    for chosen in (
        (),
        ("--set", "seed=1"),
        ("--set", "seed = 0"),
        ("--set", "seed=1", "--set", 'domains=["gripper"]'),
    ):
        assert run("pddl", "--in", str(source), *chosen) == 0
        shown.append(json.loads(capsys.readouterr().out)["steps"][0]["observation"])
    assert shown[0] == shown[2] != shown[1] == shown[3]
    assert run("pddl", "--in", str(source), "--set", "sed=1") == 1
    assert "did you mean 'seed'" in capsys.readouterr().err
    for wrong, message in (("seed", "must be NAME=VALUE"), ("seed=one", "not TOML")):
        with pytest.raises(ConfigError, match=message):
            run("pddl", "--in", str(source), "--set", wrong)


@pytest.mark.parametrize("character", ["\ud800", "\u2028", "\x85", "\x0c", "\U0001f600"])
def test_any_character_goes_in_and_comes_out(
    character: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"id": character, "episode": "gripper-l1-00", "actions": [f"dance {character}"]}
    plain = character != "\ud800"  # half a pair has no other form than its escape
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(line, ensure_ascii=not plain), encoding="utf-8")
    assert run("pddl", "--in", str(source), "--out", str(out)) == 0
    assert run("pddl", "--in", str(source)) == 0
    for text in (out.read_text(encoding="utf-8"), capsys.readouterr().out):
        (only,) = text.rstrip("\n").split("\n")
        found = json.loads(only)
        assert (found["id"], found["steps"][0]["action"]) == (character, f"dance {character}")


def test_malformed_lines_are_named_after_the_others_were_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"id": 1, "episode": "gripper-l1-00", "actions": ["dance"]}
    bad: list[Any] = [
        [],
        {"id": 2, "actions": []},
        {**good, "actions": "dance"},
        {**good, "actions": [1]},
        {**good, "episode": "gripper"},
        {**good, "episode": "griper-l1-00"},
        {**good, "episode": 3},
        {**good, "episode": {"additional_info": {}}},
        {**good, "episode": {"source": "embedded"}},
    ]
    source = tmp_path / "in.jsonl"
    texts = [*map(json.dumps, bad), "{", "[" * 50_000]
    source.write_text("\n".join([*texts, json.dumps(good)]))
    assert run("pddl", "--in", str(source)) == 1
    shown = capsys.readouterr()
    assert [json.loads(line)["id"] for line in shown.out.splitlines()] == [1]
    errors = shown.err.splitlines()
    assert len(errors) == len(texts)
    assert all(
        line.startswith(f"acbench: {source}, line {number}: ") for number, line in enumerate(errors, start=1)
    )
    assert "field 'episode' is missing" in errors[1]
    assert "did you mean 'gripper'" in errors[5]
    assert "--data" in errors[7]


def test_unknown_task_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'pddl'"):
        run("pddle")
    with pytest.raises(DataError, match="cannot be read"):
        run("pddl", "--in", str(tmp_path / "none.jsonl"))
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(DataError, match="nothing to replay"):
        run("pddl", "--in", str(tmp_path / "empty.jsonl"))


@pytest.mark.upstream
@needs_real
@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_every_row_of_the_real_planning_problems_leads_to_its_own_problem(mode: str) -> None:
    folder = SHARED / "pddl"
    rows = [json.loads(line) for line in (folder / "test.jsonl").read_text().splitlines() if line.strip()]
    plans: dict[str, list[Any]] = json.loads((folder / "gold_plans.json").read_text())
    seen: dict[str, int] = {}
    for row in rows[::3]:
        game = row["additional_info"]["subtask"]
        own = [other["id"] for other in rows if other["additional_info"]["subtask"] == game]
        plan = plans[game][own.index(row["id"])]
        steps = replay("pddl", row, plan["plan"], folder, mode)
        assert steps[-1]["done"], plan["file"]
        assert steps == replay(
            "pddl", f"{game}-{plan['file'].removesuffix('.pddl')}", plan["plan"], folder, mode
        )
        seen[game] = seen.get(game, 0) + 1
    assert len(seen) == 4
    with pytest.raises(DataError, match="is no barman row"):
        replay("pddl", {**rows[0], "additional_info": {"subtask": "barman"}}, [], folder)


@pytest.mark.upstream
@needs_real
def test_real_tool_rows() -> None:
    folder = SHARED / "tools"
    row = json.loads((folder / "sheet.jsonl").read_text().splitlines()[0])
    steps = replay("tool-operation", row, ["get_all_values with Action Input: {}"], folder)
    assert steps[0]["valid"]
    assert steps == replay("tool-operation", f"sheet-{row['id']}", [steps[0]["action"]], folder)
    with pytest.raises(DataError, match="another task"):
        replay("tool-query", row, [], folder)
