"""``acbench replay``: saved actions through the environments of pddl and the tool tasks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from acbench.errors import ConfigError, DataError
from acbench.tasks.replay_command import add_parser, episode_data
from acbench.tasks.replay_command import replay as replay_data

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "agentboard"
needs_real = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no upstream data at {SHARED}")
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


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("pddl", "gripper-l3-01"),
        ("pddl", "tyreworld-l2-00"),
        ("pddl", "barman-l5-00"),
        ("tool-query", "movie-l2-03"),
        ("tool-operation", "sheet-l1-00"),
    ],
)
def test_lines_in_and_lines_out(task: str, name: str, tmp_path: Path) -> None:
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
    assert (first["steps"][-1]["progress"], first["steps"][-1]["done"]) == (1.0, True)
    assert [step["valid"] for step in second["steps"]] == [False, True]
    assert second["steps"][1]["observation"] == first["steps"][0]["observation"]


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
    source.write_text("\n".join([*map(json.dumps, bad), "{", json.dumps(good)]))
    assert run("pddl", "--in", str(source)) == 1
    shown = capsys.readouterr()
    assert [json.loads(line)["id"] for line in shown.out.splitlines()] == [1]
    errors = shown.err.splitlines()
    assert len(errors) == len(bad) + 1
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
