"""The user's folder: rows of the published form, stories by name, stories of one's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from jericho_stubs import context, nothing, play, tiny_story

from acbench.errors import DataError
from acbench.tasks.jericho import open_task, replay, row_data
from acbench.tasks.jericho.samples import PACK
from acbench.tasks.jericho.upstream import NAMES, OWN_GOAL, story_file

pytest.importorskip("jericho", reason="the jericho extra is not installed")

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "agentboard" / "jericho"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no upstream data at {REAL}")


def row(number: Any = 0, **more: Any) -> dict[str, Any]:
    return {
        "task": "jericho",
        "id": number,
        "goal": "see the tower",
        "subgoals": ["You are in the tower"],
        "difficulty": "easy",
        "additional_info": {},
        **more,
    }


def folder(path: Path, *rows: Any, games: tuple[str, ...] = NAMES) -> Path:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
    (path / "test.jsonl").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    (path / "games").mkdir()
    for name in games:
        shutil.copyfile(PACK / "handmade.z5", path / "games" / story_file(name))
    return path


def goals(path: Path, **told: str) -> None:
    entries = [{"game": name, "goal": goal} for name, goal in told.items()]
    (path / "games_goals.json").write_text(json.dumps(entries), encoding="utf-8")


def test_the_published_list() -> None:
    assert len(NAMES) == len(set(NAMES)) == 20
    assert [story_file(name) for name in ("905", "afflicted", "snacktime", "zork1")] == [
        "905.z5",
        "afflicted.z8",
        "snacktime.z8",
        "zork1.z5",
    ]


def test_rows_become_samples_in_their_order(tmp_path: Path) -> None:
    folder(tmp_path, row(11), row(2, difficulty="hard"), row(18), row(19))
    found = open_task(context(data_dir=tmp_path, per_level=2, max_steps=9)).samples()
    assert [(s.id, s.level, Path(s.data["story"]).name, s.data["budget"]) for s in found] == [
        ("jericho-zork1", "easy", "zork1.z5", 9),
        ("jericho-afflicted", "hard", "afflicted.z8", 9),
        ("jericho-huntdark", "easy", "huntdark.z5", 9),
    ]


def test_labels_are_joined_by_name_before_position(tmp_path: Path) -> None:
    """A name in the row, else the goal's own game, else the number; as published the number alone."""
    folder(tmp_path)
    goals(tmp_path, reverb="bring the pizza", zenon="leave the cell")
    named = row(0, additional_info={"game": "zork3.z5"})
    by_goal = row(0, goal="leave the cell")
    by_number = row(14)

    def stories(mode: str) -> list[str]:
        return [Path(row_data(r, tmp_path, mode=mode)["story"]).stem for r in (named, by_goal, by_number)]

    assert stories("corrected") == ["zork3", "zenon", "detective"]
    assert stories("upstream") == ["905", "905", "detective"]


def test_a_goal_that_the_row_lacks_comes_from_the_list(tmp_path: Path) -> None:
    folder(tmp_path)
    goals(tmp_path, huntdark="find a way out")
    assert row_data(row(18, goal=""), tmp_path)["goal"] == "find a way out"
    assert row_data(row(18), tmp_path)["goal"] == "see the tower"
    with pytest.raises(DataError, match="loose has no goal"):
        row_data(row(19, goal=None), tmp_path)


def test_a_first_observation_of_the_row_stands_before_the_storys(tmp_path: Path) -> None:
    folder(tmp_path, row(additional_info={"init_obs": "You wake up."}), row(1))
    first, second = open_task(context(data_dir=tmp_path, show_actions=False)).samples()
    assert first.data["first"] == "You wake up."
    assert replay(first, ["1"])[0]["observation"].startswith("Cottage ")
    assert second.data["first"] is None


def test_a_row_is_played_with_its_sub_goals(tmp_path: Path) -> None:
    folder(tmp_path)
    entry = row(subgoals=["You are in the keepers cottage", "You take the cold pipe"])
    steps = replay(entry, ["1", "take cold pipe", "look"], data_dir=tmp_path)
    assert [step["progress"] for step in steps] == [0.5, 1.0]
    assert steps[-1]["done"]


def test_a_row_without_sub_goals_is_measured_by_points(tmp_path: Path) -> None:
    """The story tells its points only once it has begun, so one that asks something first needs sub-goals."""
    folder(tmp_path)
    with pytest.raises(DataError, match="tells no highest score"):
        replay(row(subgoals=[]), ["1"], data_dir=tmp_path)


def test_games_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    folder(tmp_path / "here", row(5), games=())
    (tmp_path / "there").mkdir()
    shutil.copyfile(PACK / "handmade.z5", tmp_path / "there" / "JEWEL.Z5")
    found = open_task(context(data_dir=tmp_path / "here", game_dir=str(tmp_path / "there"))).samples()
    assert Path(found[0].data["story"]).name == "JEWEL.Z5"
    with pytest.raises(DataError, match=r"jewel\.z5 is missing in .*game_dir.*holds no stories"):
        open_task(context(data_dir=tmp_path / "here")).samples()
    with pytest.raises(DataError, match="no such folder"):
        open_task(context(data_dir=tmp_path / "here", game_dir=str(tmp_path / "nowhere"))).samples()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be a JSON object"),
        (row(additional_info=[1]), "'additional_info' must be an object"),
        (row("0"), "nothing tells the story"),
        (row(20), "from 0 to 19"),
        (row(True), "nothing tells the story"),
        (row(difficulty="medium"), "easy or hard"),
        (row(subgoals="door"), "'subgoals' must be a list of texts"),
        (row(subgoals=[""]), "'subgoals' must be a list of texts"),
        (row(additional_info={"game": "zork9"}), r"zork9\.z5 is missing"),
        ("", "there are no rows"),
    ],
)
def test_malformed_rows_are_named(tmp_path: Path, bad: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_task(context(data_dir=folder(tmp_path, bad))).samples()


def test_a_story_with_two_rows_and_a_list_of_goals_that_is_none(tmp_path: Path) -> None:
    folder(tmp_path, row(1), row(1))
    with pytest.raises(DataError, match="acorncourt has a row already"):
        open_task(context(data_dir=tmp_path)).samples()
    (tmp_path / "games_goals.json").write_text("{}x", encoding="utf-8")
    with pytest.raises(DataError, match=r"games_goals\.json"):
        open_task(context(data_dir=tmp_path)).samples()


def test_stories_of_ones_own_need_no_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither test\.jsonl nor a story file"):
        open_task(context(data_dir=tmp_path)).samples()
    tiny_story(tmp_path / "mine.z5", b"\xba")
    tiny_story(tmp_path / "also mine.z8", b"\xba")
    samples = open_task(context(data_dir=tmp_path)).samples()
    assert [(s.id, s.level, s.data["goal"], s.data["subgoals"]) for s in samples] == [
        ("jericho-also mine", "own", OWN_GOAL, []),
        ("jericho-mine", "own", OWN_GOAL, []),
    ]


@needs_real
@pytest.mark.upstream
def test_the_real_names_and_goals(tmp_path: Path) -> None:
    """The list of goals that users have: all names, files and the goal that upstream loses by a wrong key."""
    entries = json.loads((REAL / "games_goals.json").read_text(encoding="utf-8"))
    assert [entry["game"] for entry in entries] == list(NAMES)
    assert [entry["file"] for entry in entries] == [story_file(name) for name in NAMES]
    folder(tmp_path)
    shutil.copyfile(REAL / "games_goals.json", tmp_path / "games_goals.json")
    for number, entry in enumerate(entries):
        told = row_data(row(number, goal=""), tmp_path)
        assert told["goal"] == entry["goal"].strip()
        assert Path(told["story"]).name == entry["file"]
        by_goal = row_data({**row(goal=entry["goal"]), "id": None}, tmp_path)
        assert Path(by_goal["story"]).name == entry["file"]
    assert row_data(row(18, goal=None), tmp_path)["goal"]


@needs_real
@pytest.mark.upstream
def test_a_passive_agent_gets_nothing(tmp_path: Path) -> None:
    folder(tmp_path, *(row(number, goal="") for number in range(20)))
    shutil.copyfile(REAL / "games_goals.json", tmp_path / "games_goals.json")
    task = open_task(context(data_dir=tmp_path, max_steps=2))
    samples = task.samples()
    assert len(samples) == 20
    assert {play(task.open(sample), nothing)[0].scores["progress"] for sample in samples[:3]} == {0.0}
