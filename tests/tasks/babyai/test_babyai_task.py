"""The task: pack, agents, prompts, turns and settings."""

from __future__ import annotations

import json
import math
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest
from babyai_stubs import context, gold, nothing, pack_samples, play, wanderer

from acbench.errors import ConfigError, DataError
from acbench.tasks.babyai import INFO, open_task, replay
from acbench.tasks.babyai.making import TIERS, Tier, episodes_of, write_pack
from acbench.tasks.babyai.samples import PACK_FILE, environment_for, example_for, pack
from acbench.tasks.babyai.worlds import PUBLISHED_SEEDS
from acbench.tasks.protocol import Reply
from acbench.tasks.registry import task_info

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("minigrid", reason="the babyai extra is not installed")


def samples_by_level() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {"L1": [], "L2": [], "L3": []}
    for sample in pack_samples():
        found[sample.level].append(sample)
    return found


def test_the_registry_knows_the_task() -> None:
    assert task_info("babyai") is INFO


def test_the_pack_has_sixteen_episodes_a_level() -> None:
    samples = pack_samples()
    assert {level: len(found) for level, found in samples_by_level().items()} == {
        "L1": 16,
        "L2": 16,
        "L3": 16,
    }
    assert len({(s.data["world"], s.data["seed"]) for s in samples}) == len(samples)
    assert not {s.data["seed"] for s in samples} & set(PUBLISHED_SEEDS)
    assert {s.data["difficulty"] for s in samples if s.level != "L3"} == {"easy"}
    json.dumps([dict(s.data) for s in samples])


@pytest.mark.parametrize(
    "episode", pack()["episodes"], ids=lambda e: f"{e['level']}-{e['world']}-{e['seed']}"
)
def test_every_gold_plan_replays_to_success(episode: dict[str, Any]) -> None:
    """From the recorded first observation to progress 1, where the engine agrees that the mission is done."""
    data = {**episode, "paths": [episode["subgoals"]]}
    env = environment_for(data, upstream=False, show_actions=False)
    assert env.goal_text() == episode["mission"]
    steps = [env.step(command) for command in episode["plan"]]
    assert all(step.valid for step in steps)
    assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]
    assert (env.progress, env.success, env.mission_over) == (1.0, True, True)
    tier = TIERS[episode["level"]]
    assert tier.shortest <= len(steps) <= tier.longest


def test_the_frozen_pack_is_what_the_maker_makes() -> None:
    """Of the whole pack only one quick world; its first two episodes come from the lowest seeds that fit."""
    first, second = (e for e in pack()["episodes"] if e["level"] == 1 and e["world"] == "BabyAI-GoToObjS4-v0")
    made = episodes_of("BabyAI-GoToObjS4-v0", TIERS[1], 80_000)
    assert [{"level": 1, **next(made)} for _ in range(2)] == [first, second]
    assert next(episodes_of("BabyAI-GoToLocal-v0", Tier((), 1, 1), 70_000)) == pack()["example"]


def test_the_pack_file_is_written_as_it_is_read(tmp_path: Path) -> None:
    write_pack(pack(), tmp_path / "pack.json")
    assert (tmp_path / "pack.json").read_bytes() == PACK_FILE.read_bytes()


def test_gold_do_nothing_and_random_agents() -> None:
    task = open_task(context())
    progress: dict[str, list[float]] = {"gold": [], "nothing": [], "random": []}
    for sample in task.samples():
        for name, agent in (("gold", gold(sample)), ("nothing", nothing), ("random", wanderer(sample))):
            grade, prompts, _ = play(task.open(sample), agent)
            progress[name].append(grade.scores["progress"])
            assert len(prompts) <= sample.data["budget"] <= 30
            assert grade.channel in INFO.channels
            if name == "gold":
                assert grade.scores == {"progress": 1.0, "success": 1.0, "grounding": 1.0}
            if name == "nothing":
                assert grade.scores == {"progress": 0.0, "success": 0.0, "grounding": 0.0}
                assert grade.channel == "unparsed"
    assert mean(progress["gold"]) == 1
    assert 0.05 < mean(progress["random"]) < 0.9


def test_a_policy_that_takes_the_goal_literally_solves_the_easiest_level() -> None:
    """What a small model needs at level 1: the shown command that shares most words with the goal."""

    def literal(prompt: Any) -> str:
        text = prompt.messages[-1].content
        goal = set(text.partition("Goal: ")[2].partition("\n")[0].replace("pick up", "pickup").split())
        shown: list[str] = [line[2:] for line in text.splitlines() if line.startswith("- ")]
        return max(shown, key=lambda line: len(goal & set(line.split())))

    task = open_task(context(levels=[1]))
    grades = [play(task.open(sample), literal)[0] for sample in task.samples()]
    assert mean(grade.scores["success"] for grade in grades) > 0.8


def test_the_prompt_holds_example_goal_and_commands() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    prompt = open_task(context()).open(sample).ask()
    assert prompt is not None
    assert [message.role for message in prompt.messages[:3]] == ["system", "user", "assistant"]
    assert prompt.prefill == "Action:"
    assert f"- {sample.data['plan'][0]}" in prompt.messages[-1].content
    assert "\nGoal: " in prompt.messages[-1].content
    single = open_task(context(mode="upstream")).open(sample).ask()
    assert single is not None
    assert len(single.messages) == 2
    assert single.messages[1].content.endswith("\nAction: ")
    assert "Possible commands" not in single.messages[1].content
    assert single.sampling.max_tokens == 100


def test_the_example_ends_with_its_goal() -> None:
    lines = example_for(upstream=False, show_actions=False)
    assert [label for label, _ in lines] == ["Goal", "Observation", "Action", "Observation"]
    assert lines[-1][1].endswith("The task is completed.")


def test_episodes_end_by_their_budget_and_take_no_reply_after() -> None:
    task = open_task(context(max_steps=4, slack=None))
    episode = task.open(task.samples()[0])
    grade, prompts, _ = play(episode, lambda _: "turn left")
    assert len(prompts) == 4
    assert grade.channel == "loop"
    with pytest.raises(DataError, match="after the episode's end"):
        episode.tell(Reply("turn left"))


def test_a_window_that_is_too_small_gives_no_score() -> None:
    task = open_task(context(window=60))
    grade, prompts, _ = play(task.open(task.samples()[0]), nothing)
    assert (grade.state, grade.scores, prompts) == ("too_long", {}, [])


def test_outcomes_of_turns() -> None:
    task = open_task(context(levels=[3], max_steps=4))
    episode = task.open(task.samples()[0])
    replies = [
        Reply("Action: turn left."),
        Reply("go to pink unicorn 7"),
        Reply("hmm"),
        Reply("turn", "length"),
    ]
    for reply in replies:
        assert episode.ask() is not None
        episode.tell(reply)
    detail = episode.grade().detail
    assert detail["outcomes"] == ["valid", "invalid", "unparsed", "cut"]
    assert detail["actions"][0] == "turn left"
    assert detail["gold_steps"] == len(task.samples()[0].data["plan"])


def test_batch_order_does_not_matter() -> None:
    """Episodes in flight together do not share anything."""
    task = open_task(context(per_level=2))
    samples = task.samples()
    alone = [play(task.open(s), wanderer(s))[0] for s in samples]
    together = [(task.open(s), wanderer(s)) for s in samples]
    while any(episode.ask() is not None for episode, _ in together):
        for episode, agent in together:
            prompt = episode.ask()
            if prompt is not None:
                episode.tell(Reply(agent(prompt)))
    assert [episode.grade() for episode, _ in together] == alone


def test_replay_tells_every_step_and_stops_at_the_end() -> None:
    sample = pack_samples(levels=[2], per_level=1)[0]
    plan = sample.data["plan"]
    steps = replay(sample, ["fly", *plan, "turn left"])
    assert [step["action"] for step in steps] == ["fly", *plan]
    assert set(steps[0]) == {"action", "observation", "valid", "progress", "done"}
    assert (steps[0]["valid"], steps[-1]["done"], steps[-1]["progress"]) == (False, True, 1.0)


def test_estimates_are_positive_and_within_the_window() -> None:
    assert all(0 < sample.estimated_prompt_tokens <= 900 for sample in pack_samples_in(900))


def pack_samples_in(window: int) -> Any:
    return open_task(context(window=window)).samples()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"level": [1]}, "unknown setting 'level'"),
        ({"levels": [4]}, "levels: unknown 4"),
        ({"levels": 1}, "non-empty list"),
        ({"levels": []}, "non-empty list"),
        ({"max_steps": 0}, "at least 1"),
        ({"per_level": True}, "whole number"),
        ({"slack": -1}, "at least 0"),
        ({"slack": math.inf}, "whole number"),
        ({"show_actions": 1}, "true or false"),
        ({"format": "caht"}, "chat"),
    ],
)
def test_wrong_settings_are_named(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_task(context(**setting))


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(ConfigError, match="upstream"):
        open_task(context(mode="upsteam"))
