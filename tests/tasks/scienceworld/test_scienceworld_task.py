"""The task on real worlds: one Java process for the whole module."""

from __future__ import annotations

import re
from statistics import mean
from typing import TYPE_CHECKING

import pytest
from scienceworld_stubs import context, gold, nothing, pack_samples, play, wanderer

from acbench.errors import ConfigError, DataError
from acbench.tasks.protocol import Reply
from acbench.tasks.registry import task_info
from acbench.tasks.scienceworld import INFO, java, open_task, replay
from acbench.tasks.scienceworld.making import FEWEST, MOST, TIERS, what_is_shown, write_pack
from acbench.tasks.scienceworld.samples import PACK_FILE, embedded_data, environment_for, example_for, pack
from acbench.tasks.scienceworld.worlds import shared_pool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("scienceworld", reason="the scienceworld extra is not installed")
try:
    java.require_package()
except ConfigError as missing:
    pytest.skip(str(missing), allow_module_level=True)


@pytest.fixture(scope="module", autouse=True)
def processes() -> Iterator[None]:
    """Ends the Java process of the module."""
    yield
    shared_pool(1).close()


def test_the_registry_knows_the_task() -> None:
    assert task_info("scienceworld") is INFO


def test_the_pack_has_ten_episodes_a_level() -> None:
    episodes = pack()["episodes"]
    assert [sum(e["level"] == level for e in episodes) for level in (1, 2, 3)] == [10, 10, 10]
    assert len({(e["task"], e["variation"]) for e in [*episodes, pack()["example"]]}) == len(episodes) + 1
    for episode in episodes:
        tier = TIERS[episode["level"]]
        assert tier.shortest <= len(episode["plan"]) <= min(30, tier.longest)
        assert FEWEST <= len(episode["subgoals"]) <= MOST
        hard = len(episode["plan"]) > 15 or len(episode["subgoals"]) > 3
        assert episode["difficulty"] == ("hard" if hard else "easy")


def test_the_pack_file_is_written_as_it_is_read(tmp_path: Path) -> None:
    write_pack(pack(), tmp_path / "pack.json")
    assert (tmp_path / "pack.json").read_bytes() == PACK_FILE.read_bytes()


@pytest.mark.slow
def test_gold_plans_replay_to_success_and_a_random_agent_lies_between() -> None:
    """Every episode of the pack from its recorded start; the random agent plays two a level, to be quick."""
    task = open_task(context())
    plain = open_task(context(show_actions=False))
    wandered = []
    for sample in task.samples():
        grade, prompts, _ = play(plain.open(sample), gold(sample))
        assert grade.scores == {"progress": 1.0, "success": 1.0, "native": 1.0, "grounding": 1.0}, sample.id
        assert grade.channel == "correct"
        assert len(prompts) == len(sample.data["plan"])
        if sample.id[-2:] in ("00", "05"):
            wandered.append(play(task.open(sample), wanderer(sample))[0].scores["progress"])
    assert 0.02 < mean(wandered) < 0.9


def test_doing_nothing_comes_to_nothing() -> None:
    """The simulator alone gives points for a place where an episode happens to begin."""
    task = open_task(context(show_actions=False))
    native = []
    for sample in task.samples()[::5]:
        idle, prompts, _ = play(task.open(sample), nothing)
        native.append(idle.scores["native"])
        assert {**idle.scores, "native": 0.0} == dict.fromkeys(
            ("progress", "success", "grounding", "native"), 0.0
        )
        assert idle.channel == "unparsed"
        assert len(prompts) == sample.data["budget"]
    assert min(native) == 0.0
    assert max(native) < 0.5


def test_the_frozen_example_and_goals_are_what_the_worlds_show() -> None:
    example = pack()["example"]
    assert what_is_shown(example) == example["shown"]
    for episode in (example, *pack()["episodes"][::9]):
        data = {**embedded_data(episode), "goal": ""}
        env = environment_for(data, upstream=False, show_actions=False)
        assert env.goal_text() == episode["goal"]
        env.close()


def test_a_prompt_but_for_its_first_observation_needs_no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acbench.tasks.scienceworld.worlds.JavaProcess", None)
    task = open_task(context())
    for sample in task.samples():
        assert task.open(sample) is not None
        assert sample.estimated_prompt_tokens > 100
        assert sample.data["goal"]


def test_the_published_example_holds_word_for_word() -> None:
    """Specification, section 2.1: lifespan-longest-lived, variation 5."""
    data = {
        "task": "lifespan-longest-lived",
        "variation": 5,
        "subgoals": ["You move to the outside.", "You focus on the crocodile egg."],
    }
    actions = [
        "check valid actions",
        "go to hallway",
        "go to greenhouse",
        "go to outside",
        "focus on crocodile",
    ]
    steps = replay(data, actions)
    assert [step["progress"] for step in steps] == [0, 0, 0, 0.5, 1.0]
    assert all(step["valid"] for step in steps)
    assert set(steps[0]) == {"action", "observation", "valid", "progress", "done"}
    assert steps[-1]["done"]
    assert "reset" not in steps[0]["observation"]
    assert not replay(data, actions, mode="upstream")[1]["valid"]


def test_a_wrong_focus_ends_the_episode() -> None:
    data = {"task": "lifespan-longest-lived", "variation": 5, "subgoals": ["You move to the outside."]}
    steps = {mode: replay(data, ["focus on table", "wait1"], mode=mode) for mode in ("corrected", "upstream")}
    assert [step["done"] for step in steps["corrected"]] == [True]
    assert [step["done"] for step in steps["upstream"]] == [False, False]
    assert [told[0]["observation"] for told in steps.values()] == ["You focus on the table."] * 2


def test_a_world_that_does_not_begin_as_recorded_is_refused() -> None:
    data = {**embedded_data(pack()["example"]), "first": "Nothing."}
    with pytest.raises(DataError, match=r"scienceworld 1\.2\.3"):
        environment_for(data, upstream=False, show_actions=False)


def test_the_prompt_holds_example_goal_and_exits() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    prompt = open_task(context()).open(sample).ask()
    assert prompt is not None
    assert [message.role for message in prompt.messages[:3]] == ["system", "user", "assistant"]
    assert prompt.prefill == "Action:"
    last = prompt.messages[-1].content
    assert re.search(r"^You can go to: ", last, re.MULTILINE)
    assert "\nGoal: Your task is to" in last
    single = open_task(context(mode="upstream")).open(sample).ask()
    assert single is not None
    assert single.messages[1].content.endswith("\nAction: ")
    assert "You can go to" not in single.messages[1].content.split("Now it is your turn.")[1]


@pytest.mark.parametrize("shown", [False, True])
def test_the_example_ends_with_its_goal(shown: bool) -> None:
    lines = example_for(show_actions=shown)
    assert [label for label, _ in lines] == ["Goal", "Observation", *["Action", "Observation"] * 4]
    assert lines[-1][1] == "You move the table to the blue box."
    assert ("You can go to" in lines[1][1]) is shown


def test_episodes_end_by_their_budget_and_windows_that_are_too_small_give_no_score() -> None:
    task = open_task(context(max_steps=3, levels=[1], per_level=1))
    episode = task.open(task.samples()[0])
    grade, prompts, _ = play(episode, lambda _: "wait1")
    assert (len(prompts), grade.channel) == (3, "loop")
    with pytest.raises(DataError, match="after the episode's end"):
        episode.tell(Reply("wait"))
    small = open_task(context(window=60, levels=[1], per_level=1))
    grade, prompts, _ = play(small.open(small.samples()[0]), nothing)
    assert (grade.state, grade.scores, prompts) == ("too_long", {}, [])
