"""The user's upstream folder: the reader on a small folder of our own, and on the real data if present."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pddl_stubs import context, gold, nothing, play

from acbench.errors import ConfigError, DataError
from acbench.tasks.pddl import open_likelihood, open_task, replay
from acbench.tasks.pddl.domains import DOMAINS

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "agentboard" / "pddl"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no upstream data at {REAL}")

BLOCKS = DOMAINS["blocksworld"].text.replace("hand-empty", "arm-empty").replace(" - block", "")
PROBLEM = """(define (problem p) (:domain d) (:objects b1 b2)
  (:init (arm-empty) (on-table b1) (on-table b2) (clear b1) (clear b2)) (:goal (and (on {goal}))))"""


def make_folder(tmp_path: Path, rows: list[dict[str, Any]] | None = None) -> Path:
    game = tmp_path / "blockworld"
    game.mkdir()
    (game / "domain.pddl").write_text(BLOCKS)
    for name, goal in (("problem1", "b1 b2"), ("problem10", "b2 b1"), ("problem2", "b1 b2")):
        (game / f"{name}.pddl").write_text(PROBLEM.format(goal=goal))
    three = [row(difficulty) for difficulty in ("easy", "hard", "easy")] if rows is None else rows
    lines = [json.dumps(entry) for entry in three]
    (tmp_path / "test.jsonl").write_text("\n\n".join(lines) + "\n")
    return tmp_path


def row(difficulty: str = "easy", game: str = "blockworld") -> dict[str, Any]:
    info = {"subtask": game}
    return {"id": 0, "goal": "Bring about this: all.", "difficulty": difficulty, "additional_info": info}


def test_files_go_with_rows_in_lexicographic_order(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    samples = open_task(context(data_dir=folder, domains=["blockworld"])).samples()
    assert [(s.id, s.level) for s in samples] == [
        ("blockworld-problem1", "easy"),
        ("blockworld-problem10", "hard"),
        ("blockworld-problem2", "easy"),
    ]
    one = open_task(context(data_dir=folder, domains=["blockworld"], per_level=1)).samples()
    assert [s.id for s in one] == ["blockworld-problem1", "blockworld-problem10"]


@pytest.mark.parametrize("layout", [None, "chat", "single"])  # None: what the mode brings
def test_wording_follows_the_mode(tmp_path: Path, layout: str | None) -> None:
    folder = make_folder(tmp_path)
    texts = {}
    for mode in ("upstream", "corrected"):
        chosen: dict[str, Any] = {"format": layout} if layout else {}
        task = open_task(context(data_dir=folder, domains=["blockworld"], mode=mode, **chosen))
        prompt = task.open(task.samples()[0]).ask()
        assert prompt is not None
        chat = (layout or {"upstream": "single", "corrected": "chat"}[mode]) == "chat"
        lead = "A new task." if chat else "Now it is your turn."
        example, found, texts[mode] = prompt.messages[-1].content.partition(lead)
        assert found
        before = "".join(m.content for m in prompt.messages[:-1]) + example
        assert ("Nothing is on " in before) == (mode == "corrected")
    assert "Goal: Bring about this: b1 is on b2.\n" in texts["upstream"]
    assert "The b1 is clear." in texts["upstream"]
    assert "Goal: Make all of this true: b1 is on b2.\n" in texts["corrected"]
    assert "Nothing is on b1." in texts["corrected"]


def test_plans_are_optional_but_the_likelihood_needs_them(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    chosen: dict[str, Any] = {"data_dir": folder, "domains": ["blockworld"]}
    assert open_task(context(**chosen)).samples()[0].data["optimal"] is None
    with pytest.raises(DataError, match=r"blockworld-problem1: no gold plan"):
        open_likelihood(context(**chosen)).samples()
    plans = [
        {"file": f"{name}.pddl", "plan": [f"pickup {a}", f"stack {a} {b}"]}
        for name, a, b in (("problem1", "b1", "b2"), ("problem10", "b2", "b1"), ("problem2", "b1", "b2"))
    ]
    (folder / "gold_plans.json").write_text(json.dumps({"blockworld": plans}))
    assert open_task(context(**chosen)).samples()[0].data["optimal"] == 2
    assert len(open_likelihood(context(**chosen)).samples()) == 6


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row()], "3 problem files for 1 rows"),
        ([row(game="chess")], r"test.jsonl:1: additional_info.subtask"),
        ([row(difficulty="medium")], r"test.jsonl:1: field 'difficulty'"),
        ([row(), {**row(), "goal": None}], r"test.jsonl:3: field 'goal'"),
        ([{"id": 0}], "additional_info"),
    ],
)
def test_malformed_rows_are_named(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    folder = make_folder(tmp_path, rows)
    with pytest.raises(DataError, match=message):
        open_task(context(data_dir=folder, domains=["blockworld"])).samples()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("test.jsonl", None, r"test.jsonl: cannot be read"),
        ("test.jsonl", "{", r"test.jsonl:1: not valid JSON"),
        ("blockworld/domain.pddl", None, r"domain.pddl: file is missing"),
        ("blockworld/problem10.pddl", "(define", r"blockworld/problem10.pddl:1: this parenthesis"),
        ("gold_plans.json", "{}", None),
        ("gold_plans.json", '{"blockworld": [{}]}', r"gold_plans.json: expected"),
        ("gold_plans.json", "[1]", r"gold_plans.json: expected"),
    ],
)
def test_malformed_files_are_named(tmp_path: Path, name: str, text: str | None, message: str | None) -> None:
    folder = make_folder(tmp_path)
    (folder / name).write_text(text) if text is not None else (folder / name).unlink()
    task = open_task(context(data_dir=folder, domains=["blockworld"]))
    if message is None:
        assert len(task.samples()) == 3
        return
    with pytest.raises(DataError, match=message):
        task.samples()


def test_games_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'blockworld'"):
        open_task(context(data_dir=tmp_path, domains=["blocksworld"]))


@pytest.mark.upstream
@needs_real
@pytest.mark.parametrize("mode", ["upstream", "corrected"])
def test_all_real_plans_reach_their_goals(mode: str) -> None:
    samples = open_task(context(data_dir=REAL, mode=mode)).samples()
    assert len(samples) == 60
    assert sum(sample.level == "easy" for sample in samples) == 36
    for sample in samples:
        steps = replay(sample, sample.data["plan"], mode=mode)
        assert all(step["valid"] for step in steps)
        assert (len(steps), steps[-1]["progress"], steps[-1]["done"]) == (sample.data["optimal"], 1.0, True)


@pytest.mark.upstream
@needs_real
@pytest.mark.parametrize("mode", ["upstream", "corrected"])
def test_agents_play_the_real_problems(mode: str) -> None:
    task = open_task(context(data_dir=REAL, mode=mode, max_steps=50))
    samples = task.samples()
    assert samples[21].id == "blockworld-problem10"
    for sample in samples[::6]:
        assert play(task.open(sample), gold(sample))[0].scores["success"] == 1.0
        assert play(task.open(sample), nothing)[0].scores["progress"] == 0.0


@pytest.mark.upstream
@needs_real
def test_real_goals_read_like_the_rows() -> None:
    rows = [json.loads(line) for line in (REAL / "test.jsonl").read_text().splitlines() if line.strip()]
    task = open_task(context(data_dir=REAL, mode="upstream"))
    for sample, entry in zip(task.samples(), rows, strict=True):
        prompt = task.open(sample).ask()
        assert prompt is not None
        goal = prompt.messages[1].content.rpartition("Goal: ")[2].partition("\n")[0]
        lead = entry["goal"].partition(": ")[0] + ": "
        assert goal.startswith(lead)
        assert sorted(goal.removeprefix(lead).split(", ")) == sorted(entry["subgoals"])


@pytest.mark.upstream
@needs_real
def test_likelihood_of_real_plans() -> None:
    problems = open_task(context(data_dir=REAL)).samples()
    samples = open_likelihood(context(data_dir=REAL)).samples()
    assert len(samples) == sum(min(4, problem.data["optimal"]) for problem in problems)
