"""The user's own data: label rows, game files, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from alfworld_stubs import KITCHEN, context, gold, play

from acbench.errors import DataError
from acbench.tasks.alfworld import open_task, replay, row_data
from acbench.tasks.alfworld.games import packaged_game
from acbench.tasks.alfworld.problems import goal_sentence, pddl
from acbench.tasks.alfworld.upstream import TYPE_BY_PREFIX, game_type

pytest.importorskip("alfworld", reason="the alfworld extra is not installed")

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "agentboard" / "alfworld"
FOLDER = "pick_heat_then_place_in_recep-Mug-None-CounterTop-1"
PLAN = [
    "go to microwave 1",
    "take mug 1 from microwave 1",
    "heat mug 1 with microwave 1",
    "go to countertop 1",
    "put mug 1 on countertop 1.",
]
SUBGOALS = [r"You pick up the mug \d", "You heat the mug"]
PROGRESS = [0, 1 / 3, 2 / 3, 2 / 3, 1]


def game_json() -> dict[str, Any]:
    game = packaged_game(pddl(KITCHEN), goal_sentence(KITCHEN))
    keys = {"pddl_domain": game.domain, "grammar": game.grammar, "pddl_problem": game.problem}
    return {**keys, "solvable": True}


def row(number: int, trial: str, **changes: Any) -> dict[str, Any]:
    made = {
        "task": "alfworld",
        "id": number,
        "goal": "put a hot mug in countertop.",
        "subgoals": SUBGOALS,
        "difficulty": "hard",
        "additional_info": {"description": f"{FOLDER}/{trial}"},
    }
    return {**made, **changes}


def folder(base: Path, rows: list[Any], trials: list[str], home: str = "") -> Path:
    """An upstream folder with one kitchen for every trial."""
    labels = base / home
    labels.mkdir(parents=True, exist_ok=True)
    (labels / "test.jsonl").write_text("\n\n".join(json.dumps(item) for item in rows))
    for trial in trials:
        place = labels / "json_2.1.1" / "valid_unseen" / FOLDER / trial
        place.mkdir(parents=True)
        (place / "game.tw-pddl").write_text(json.dumps(game_json()))
    return base


@pytest.mark.parametrize("home", ["", "alfworld", "data/alfworld"])
def test_rows_are_joined_with_their_games_and_sorted_by_path(home: str, tmp_path: Path) -> None:
    rows = [row(0, "trial_B"), row(1, "trial_A", difficulty="easy")]
    data = folder(tmp_path, rows, ["trial_A", "trial_B"], home)
    task = open_task(context(data_dir=data))
    samples = list(task.samples())
    assert [(s.id, s.level) for s in samples] == [("alfworld-001", "easy"), ("alfworld-000", "hard")]
    assert all(s.data["budget"] == 30 and s.data["type"] == "heat" for s in samples)
    assert [s.id for s in open_task(context(data_dir=data, per_level=1)).samples()] == [s.id for s in samples]
    sample = samples[0]
    episode = task.open(sample)
    grade, prompts = play(episode, gold(type(sample)(sample.id, {**sample.data, "plan": PLAN})))
    assert grade.scores["progress"] == grade.scores["grounding"] == 1
    assert "Goal: put a hot mug in countertop." in prompts[0].messages[-1].content
    assert grade.detail["description"] == f"{FOLDER}/trial_A"


def test_replay_of_a_row_with_a_folder_and_of_rows_with_their_own_game(tmp_path: Path) -> None:
    data = folder(tmp_path, [row(0, "trial_A")], ["trial_A"])
    by_folder = replay(row(0, "trial_A"), PLAN, data_dir=data)
    assert [step["progress"] for step in by_folder] == pytest.approx(PROGRESS)
    assert by_folder[-1]["observation"] == "You put the mug 1 in/on the countertop 1."
    bare = row(0, "trial_A", additional_info={})
    file = tmp_path / "json_2.1.1" / "valid_unseen" / FOLDER / "trial_A" / "game.tw-pddl"
    own: list[dict[str, Any]] = [
        {**bare, "game": game_json()},
        {**bare, "game": json.dumps(game_json())},
        {**bare, "additional_info": {"description": "x/y", "game": game_json()}},
        {**bare, **game_json()},
        {**bare, "game": {"pddl_problem": pddl(KITCHEN)}},
        {**bare, "game_file": str(file)},
    ]
    for given in own:
        for mode in ("corrected", "upstream"):
            assert replay(given, PLAN, mode=mode) == by_folder
    assert (
        replay({**bare, "gamefile": f"elsewhere/{FOLDER}/trial_A/game.tw-pddl"}, PLAN, data_dir=data)
        == by_folder
    )
    assert replay(row_data({"game": game_json()}), PLAN)[-1]["progress"] == 1


def broken_rows() -> list[tuple[Any, str]]:
    return [
        ([], "expected an object"),
        (row(0, "a", additional_info=3), "additional_info must be an object"),
        (row(0, "a", additional_info={}), r"additional_info\.description must name the game"),
        (row(0, "a", additional_info={"description": 3}), r"additional_info\.description must be a text"),
        (row(0, "a", subgoals="x"), "'subgoals' must be a list"),
        (row(0, "a", subgoals=[""]), "'subgoals' must be a list"),
        (row(-1, "a"), "'id' must be a whole number"),
        (row(0, "a", difficulty="medium"), "'difficulty' must be easy or hard"),
        (row(0, "a", goal=4), "'goal' must be a text"),
        (row(0, "missing"), "there is no game file .*missing/game.tw-pddl"),
        (row(0, "a", game={"pddl_domain": ""}), "'pddl_problem' is missing"),
    ]


@pytest.mark.parametrize(("bad", "message"), broken_rows())
def test_what_is_wrong_with_a_row_is_said_with_its_line(bad: Any, message: str, tmp_path: Path) -> None:
    data = folder(tmp_path, [row(7, "trial_A"), bad], ["trial_A"])
    with pytest.raises(DataError, match=rf"test.jsonl:3: .*{message}"):
        open_task(context(data_dir=data)).samples()


def test_what_is_wrong_with_the_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test\.jsonl: cannot be read"):
        open_task(context(data_dir=tmp_path)).samples()
    twice = folder(tmp_path / "twice", [row(0, "a"), row(0, "b")], ["a", "b"])
    with pytest.raises(DataError, match="id 0 is there twice"):
        open_task(context(data_dir=twice)).samples()
    (tmp_path / "test.jsonl").write_text("\n")
    with pytest.raises(DataError, match="there are no rows"):
        open_task(context(data_dir=tmp_path)).samples()
    (tmp_path / "test.jsonl").write_text("{")
    with pytest.raises(DataError, match=r"test\.jsonl:1: not valid JSON"):
        open_task(context(data_dir=tmp_path)).samples()
    data = folder(tmp_path / "bad", [row(0, "a")], ["a"])
    file = next(data.rglob("game.tw-pddl"))
    file.write_text("{}")
    with pytest.raises(DataError, match=r"game\.tw-pddl: field 'pddl_problem' is missing"):
        replay(row(0, "a"), [], data_dir=data)
    with pytest.raises(DataError, match="say where the folder"):
        replay(row(0, "a"), [])


def test_sub_goals_that_are_no_expressions_are_named() -> None:
    with pytest.raises(DataError, match=r"sub-goal '\(' is no regular expression"):
        replay({"subgoals": ["("], "game": game_json()}, [])


def test_the_type_of_a_game() -> None:
    assert [game_type(prefix + "_x-Mug") for prefix in TYPE_BY_PREFIX] == list(TYPE_BY_PREFIX.values())
    goals = {
        "put a mug in shelf.": "put",
        "clean some mug and put it in shelf.": "clean",
        "put a hot mug in shelf.": "heat",
        "cool some mug and put it in shelf.": "cool",
        "put two mug in shelf.": "puttwo",
        "look at mug under the desklamp.": "examine",
    }
    assert [game_type("", goal) for goal in goals] == list(goals.values())


@pytest.mark.upstream
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no upstream data at {SHARED}")
def test_the_published_games_have_the_six_types() -> None:
    rows = json.loads((SHARED / "valid_unseen_134.json").read_text())
    folders = [entry["gamefile"].split("/")[-3] for entry in rows]
    kinds = [game_type(name) for name in folders]
    assert len(folders) == 134
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "clean": 31,
        "cool": 21,
        "examine": 18,
        "heat": 23,
        "put": 24,
        "puttwo": 17,
    }
    assert all(any(name.startswith(prefix) for prefix in TYPE_BY_PREFIX) for name in folders)
    goals = [entry["goal"].split("Your task is to: ")[1].split("___")[0] for entry in rows]
    assert [game_type("", goal) for goal in goals] == kinds
