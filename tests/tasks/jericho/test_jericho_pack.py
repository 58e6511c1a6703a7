"""The embedded stories: plans, levels, what was made is what is there."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from jericho_stubs import context, gold, nothing, pack_samples, play, wanderer

from acbench.errors import ConfigError, DataError
from acbench.tasks.jericho import INFO, open_task, replay
from acbench.tasks.jericho.handmade import HANDMADE
from acbench.tasks.jericho.inform import source
from acbench.tasks.jericho.making import (
    EXAMPLE,
    LIBRARY_FOLDER,
    compiled,
    episode,
    made_stories,
    write_pack,
)
from acbench.tasks.jericho.progress import matches
from acbench.tasks.jericho.samples import PACK, PACK_FILE, embedded_data, environment_for, pack
from acbench.tasks.jericho.stories import Story

pytest.importorskip("jericho", reason="the jericho extra is not installed")

STEPS = {"L1": range(2, 4), "L2": range(5, 11), "L3": range(9, 17)}
SUBGOALS = {"L1": range(2, 4), "L2": range(3, 6), "L3": range(4, 8)}


def test_forty_episodes_in_three_levels() -> None:
    samples = pack_samples()
    counts = {level: sum(s.level == level for s in samples) for level in ("L1", "L2", "L3")}
    assert counts == {"L1": 12, "L2": 14, "L3": 14}
    assert len({s.data["first"] + s.data["goal"] for s in samples}) == len(samples)
    for sample in samples:
        assert len(sample.data["plan"]) in STEPS[sample.level]
        assert len(sample.data["subgoals"]) in SUBGOALS[sample.level]
        assert sample.data["difficulty"] == ("hard" if sample.level == "L3" else "easy")
        assert 2 * len(sample.data["plan"]) <= sample.data["budget"] <= 30 or sample.data["budget"] == 30
    json.dumps([dict(s.data) for s in samples])


def test_the_pack_is_small_and_names_its_licences() -> None:
    assert sum(path.stat().st_size for path in PACK.iterdir()) < 1_000_000
    assert pack()["license"] == "Apache-2.0"
    assert "Artistic-2.0" in pack()["library"]
    for name in ("level1", "level2", "level3", "handmade"):
        assert (PACK / f"{name}.inf").read_text(encoding="ascii").startswith("! Stories of ACBench, licence")
        assert (PACK / f"{name}.z5").read_bytes()[0] == 5


@pytest.mark.parametrize("sample", pack_samples(), ids=lambda sample: sample.id)
def test_every_gold_plan_replays_to_success(sample: Any) -> None:
    """Every step is valid, every step is among the commands shown, and only the last one ends the play."""
    env = environment_for(sample.data, upstream=False, show_actions=False)
    assert not any(matches(env.first_observation(), subgoal) for subgoal in sample.data["subgoals"])
    steps = []
    for command in sample.data["plan"]:
        assert command in env.choices()
        steps.append(env.step(command))
    assert all(step.valid and step.understood for step in steps)
    assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]
    assert (env.progress, env.success, env.ending()) == (1.0, True, "")
    env.close()


def test_gold_do_nothing_and_random_agents() -> None:
    task = open_task(context())
    progress: dict[str, list[float]] = {"gold": [], "nothing": [], "random": []}
    for sample in task.samples():
        for name, agent in (("gold", gold(sample)), ("nothing", nothing), ("random", wanderer(sample))):
            grade, prompts = play(task.open(sample), agent)
            progress[name].append(grade.scores["progress"])
            assert len(prompts) <= sample.data["budget"] <= 30
            assert grade.channel in INFO.channels
            if name == "gold":
                assert grade.scores == {"progress": 1.0, "success": 1.0, "grounding": 1.0}
                assert grade.channel == "correct"
            if name == "nothing":
                assert grade.scores == {"progress": 0.0, "success": 0.0, "grounding": 0.0}
    assert mean(progress["gold"]) == 1
    assert mean(progress["nothing"]) == 0
    assert 0.1 < mean(progress["random"]) < 0.5


def test_a_policy_that_reads_the_goal_word_by_word_solves_the_easiest_level() -> None:
    """What a small model needs at level 1: the shown command, not given yet, that shares most with the goal."""

    def literal() -> Any:
        given: set[str] = set()

        def agent(prompt: Any) -> str:
            text = prompt.messages[-1].content
            goal = goals[-1].lower().replace(",", "").split()
            shown: list[str] = [line[2:] for line in text.splitlines() if line.startswith("- ")]
            fresh = [line for line in shown if line not in given] or shown
            best = max(fresh, key=lambda line: sum(word in goal for word in line.split()) / len(line.split()))
            given.add(best)
            return best

        return agent

    task = open_task(context(levels=[1]))
    goals: list[str] = []
    solved = []
    for sample in task.samples():
        goals.append(sample.data["goal"])
        solved.append(play(task.open(sample), literal())[0].scores["success"])
    assert mean(solved) > 0.8


def test_the_sources_are_what_the_maker_makes() -> None:
    for name, stories in made_stories().items():
        assert (PACK / f"{name}.inf").read_text(encoding="ascii") == source(name, stories)


def test_the_list_of_the_pack_is_what_the_maker_tells(tmp_path: Path) -> None:
    found = {name: list(stories) for name, stories in made_stories().items()} | {"handmade": HANDMADE}
    for entry in [pack()["example"], *pack()["episodes"][::7]]:
        story = found[entry["file"].removesuffix(".z5")][entry["number"] - 1]
        assert episode(story, PACK / entry["file"], entry["number"]) == entry
    assert pack()["example"]["number"] == EXAMPLE + 1
    write_pack(dict(pack()), tmp_path / "pack.json")
    assert (tmp_path / "pack.json").read_bytes() == PACK_FILE.read_bytes()


def same_compiler() -> bool:
    """Whether compiler and library are those of the pack: others write other bytes."""
    version = Path(LIBRARY_FOLDER) / "version.h"
    if shutil.which("inform6") is None or not version.is_file():
        return False
    told = subprocess.run(["inform6", "-V"], capture_output=True, text=True, check=False).stdout
    return "Inform 6.41" in told and "6.12.6" in version.read_text(encoding="latin-1")


@pytest.mark.skipif(not same_compiler(), reason="Inform 6.41 with library 6.12.6 is not installed")
@pytest.mark.parametrize("name", ["level1", "level2", "level3", "handmade"])
def test_the_story_files_are_compiled_from_their_sources(name: str, tmp_path: Path) -> None:
    text = (PACK / f"{name}.inf").read_text(encoding="ascii")
    made = compiled(text, name, tmp_path)
    assert made.read_bytes() == (PACK / f"{name}.z5").read_bytes()


@pytest.mark.skipif(shutil.which("inform6") is None, reason="the compiler inform6 is not installed")
def test_a_source_that_does_not_compile_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"bad\.inf: does not compile"):
        compiled("this is no source", "bad", tmp_path)


def test_without_the_compiler_its_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="inform6-compiler"):
        compiled("", "any", tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plan": ["dance"]}, "not among"),
        ({"plan": ["take long rope"]}, "step 0"),
        ({"subgoals": ["never told"]}, "step 2"),
    ],
)
def test_the_maker_refuses_a_plan_that_does_not_fit(change: dict[str, Any], message: str) -> None:
    entry = next(e for e in pack()["episodes"] if len(e["plan"]) == 3)
    told = {key: entry[key] for key in ("level", "goal", "plan", "subgoals", "verbs")} | change
    with pytest.raises(DataError, match=message):
        episode(Story(**told), PACK / entry["file"], entry["number"])


def test_upstream_mode_plays_the_pack_as_well() -> None:
    for sample in pack_samples(per_level=2):
        steps = replay(sample, sample.data["plan"], mode="upstream")
        assert (steps[-1]["progress"], steps[-1]["done"]) == (1.0, True)


def test_the_example_is_in_no_episode() -> None:
    example = embedded_data(pack()["example"])
    assert all(
        (example["story"], example["opening"]) != (s.data["story"], s.data["opening"]) for s in pack_samples()
    )
