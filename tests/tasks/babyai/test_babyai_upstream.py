"""The user's upstream folder: the reader on rows of our own, and on the real data if present."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from babyai_stubs import context, nothing, play

from acbench.errors import DataError
from acbench.tasks.babyai import open_task, replay, row_data
from acbench.tasks.babyai.making import search
from acbench.tasks.babyai.samples import environment_for
from acbench.tasks.babyai.worlds import World

pytest.importorskip("minigrid", reason="the babyai extra is not installed")

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "agentboard" / "babyai"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no upstream data at {REAL}")


def row(number: int = 0, **more: Any) -> dict[str, Any]:
    info = {"subtask": "BabyAI-GoToRedBallGrey-v0", **more.pop("info", {})}
    return {
        "id": number,
        "task": "babyai",
        "goal": "g",
        "subgoals": ["You are carrying a **"],
        "difficulty": "easy",
        "additional_info": info,
        **more,
    }


def folder(path: Path, *rows: Any) -> Path:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
    (path / "test.jsonl").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_rows_become_samples_in_their_order(tmp_path: Path) -> None:
    folder(tmp_path, row(1), row(0, difficulty="hard"), row(2), row(3))
    found = open_task(context(data_dir=tmp_path, per_level=2, max_steps=9)).samples()
    assert [(s.id, s.level, s.data["seed"], s.data["budget"]) for s in found] == [
        ("babyai-001", "easy", 1235, 9),
        ("babyai-000", "hard", 1234, 9),
        ("babyai-002", "easy", 1236, 9),
    ]


def test_alternatives_become_paths_and_are_not_used_up() -> None:
    """Two resets of one row: the second one finds all patterns again."""
    data = row_data(row(subgoals=["no such", "#1"], subgoals_1=["walls", "#2"], subgoals_2=["#3", "#3"]))
    assert data["paths"] == [["no such", "#1"], ["walls", "#2"], ["#3", "#3"]]
    for _ in range(2):
        assert [step["progress"] for step in replay(data, ["turn left", "turn left"])] == [0.5, 0.5]


def test_a_seed_of_the_row_comes_first() -> None:
    assert row_data(row(info={"seed": 5}))["seed"] == 5
    assert (
        row_data(row(500, info={"seed": 5, "subtask": "BabyAI-BossLevel-v0"}))["world"]
        == "BabyAI-BossLevel-v0"
    )


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "additional_info.subtask"),
        (row(info={"subtask": None}), "additional_info.subtask"),
        (row(info={"subtask": "BabyAI-Open-v0"}), "row 0 is published with BabyAI-GoToRedBallGrey-v0"),
        (row(112), "no published row 112"),
        (row("0"), "'id' must be a whole number"),  # type: ignore[arg-type]
        (row(difficulty="medium"), "easy or hard"),
        (row(subgoals=[]), "'subgoals' must be a non-empty list"),
        (row(subgoals="walls"), "'subgoals' must be a non-empty list"),
        (row(subgoals_1=["a", "b"]), "'subgoals_1' must be as long"),
        (row(info={"seed": "7"}), "seed must be a whole number"),
        ("", "there are no rows"),
    ],
)
def test_malformed_rows_are_named(tmp_path: Path, bad: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_task(context(data_dir=folder(tmp_path, bad))).samples()


def test_a_row_that_is_there_twice_and_a_file_that_is_not(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test\.jsonl: cannot be read"):
        open_task(context(data_dir=tmp_path)).samples()
    with pytest.raises(DataError, match="id 1 is there twice"):
        open_task(context(data_dir=folder(tmp_path, row(1), row(1)))).samples()


def real_rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (REAL / "test.jsonl").read_text(encoding="utf-8").splitlines()]


@needs_real
@pytest.mark.upstream
def test_all_112_first_observations_and_goals_are_equal() -> None:
    rows = real_rows()
    assert len(rows) == 112
    for entry in rows:
        data = row_data(entry)
        world = World(data["world"], data["seed"])
        assert world.view().describe() == entry["additional_info"]["init_obs"], entry["id"]
        assert world.mission == entry["goal"], entry["id"]


@needs_real
@pytest.mark.upstream
@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_real_rows_load_and_a_passive_agent_gets_nothing(mode: str) -> None:
    task = open_task(context(data_dir=REAL, mode=mode, max_steps=3))
    samples = task.samples()
    assert [sum(s.level == level for s in samples) for level in ("easy", "hard")] == [86, 26]
    assert sum(len(s.data["paths"]) > 1 for s in samples) == 2
    for sample in samples[::7]:
        assert play(task.open(sample), nothing)[0].scores["progress"] == 0


@needs_real
@pytest.mark.upstream
@pytest.mark.parametrize("number", [0, 8, 12, 40, 48, 52, 72])
def test_rows_of_several_kinds_can_be_played_to_their_end(number: int) -> None:
    env = environment_for(row_data(real_rows()[number]), upstream=False, show_actions=False)
    plan = search(env, turns=8, breadth=60)
    assert plan is not None
    assert replay(row_data(real_rows()[number]), plan)[-1]["progress"] == 1.0
