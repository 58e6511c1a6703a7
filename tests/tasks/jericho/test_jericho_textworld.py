"""Games that the package textworld makes: real ones, equal for equal seeds, kept and played to their end."""

from __future__ import annotations

from pathlib import Path

import pytest
from jericho_stubs import context, gold, nothing, play

from acbench.errors import DataError
from acbench.tasks.jericho import open_task
from acbench.tasks.jericho.samples import environment_for
from acbench.tasks.jericho.textworld_games import WON, _subgoals, textworld_episodes

pytest.importorskip("jericho", reason="the jericho extra is not installed")
pytest.importorskip("textworld", reason="the package textworld is not installed")


def test_sub_goals_are_new_rooms_acts_and_the_end() -> None:
    first = "-= Hall =- A hall."
    shown = [
        "-= Attic =- An attic.",
        "You take the key from the box. Well done.",
        "-= Hall =- A hall.",
        f"You open it. {WON}",
    ]
    assert _subgoals(first, shown) == ["-= Attic =-", "You take the key from the box", WON]


@pytest.mark.slow
def test_a_made_game_is_kept_and_the_same_everywhere(tmp_path: Path) -> None:
    one, other = (
        textworld_episodes(tmp_path / name, 2, seed=7, count=1)[0] for name in ("here", "elsewhere")
    )
    assert Path(one["story"]).read_bytes() == Path(other["story"]).read_bytes()
    assert {**one, "story": ""} == {**other, "story": ""}
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == [
        "textworld-l2-s7-00.json",
        "textworld-l2-s7-00.z8",
    ]
    before = Path(one["story"]).stat().st_mtime_ns
    assert textworld_episodes(tmp_path / "here", 2, seed=7, count=1) == [one]
    assert Path(one["story"]).stat().st_mtime_ns == before
    (tmp_path / "here" / "textworld-l2-s7-00.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="remove it"):
        textworld_episodes(tmp_path / "here", 2, seed=7, count=1)


@pytest.mark.slow
def test_made_games_are_played_to_success(tmp_path: Path) -> None:
    task = open_task(context(games="textworld", cache_dir=str(tmp_path), levels=[1, 3], per_level=1))
    samples = task.samples()
    assert [(s.id, s.level, s.data["difficulty"]) for s in samples] == [
        ("jericho-tw-l1-00", "L1", "easy"),
        ("jericho-tw-l3-00", "L3", "hard"),
    ]
    for sample in samples:
        grade, _ = play(task.open(sample), gold(sample))
        assert grade.scores == {"progress": 1.0, "success": 1.0, "grounding": 1.0}
        assert play(task.open(sample), nothing)[0].scores["progress"] == 0.0
        env = environment_for(sample.data, upstream=False, show_actions=True)
        assert env.first_observation().startswith("-= ")
        assert sample.data["plan"][0].lower() in env.choices()
        env.close()
