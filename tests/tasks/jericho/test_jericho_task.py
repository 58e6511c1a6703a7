"""The task: prompts, settings, turns, records."""

from __future__ import annotations

import math
from typing import Any

import pytest
from jericho_stubs import context, gold, nothing, pack_samples, play, wanderer

from acbench.errors import ConfigError, DataError
from acbench.tasks.jericho import INFO, open_task, replay
from acbench.tasks.jericho.samples import example_for
from acbench.tasks.protocol import Reply

pytest.importorskip("jericho", reason="the jericho extra is not installed")


def test_the_description_of_the_task() -> None:
    assert (INFO.slug, INFO.kind, INFO.capability) == ("jericho", "rollout", "real_world")
    assert [metric.name for metric in INFO.metrics] == ["progress", "success", "grounding"]
    assert "game_over" in INFO.channels


def test_the_prompt_holds_example_goal_and_commands() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    prompt = open_task(context()).open(sample).ask()
    assert prompt is not None
    assert [message.role for message in prompt.messages[:3]] == ["system", "user", "assistant"]
    assert prompt.prefill == "Action:"
    last = prompt.messages[-1].content
    assert f"\nGoal: {sample.data['goal']}" in last
    assert f"Observation: {sample.data['first']}\nPossible commands:\n- " in last
    assert f"- {sample.data['plan'][0]}" in last
    single = open_task(context(mode="upstream")).open(sample).ask()
    assert single is not None
    assert len(single.messages) == 2
    assert single.messages[1].content.endswith("\nAction: ")
    assert "Possible commands" not in single.messages[1].content


def test_the_example_ends_with_its_goal() -> None:
    lines = example_for(upstream=False, show_actions=False)
    assert [label for label, _ in lines] == ["Goal", "Observation", *["Action", "Observation"] * 2]


def test_an_episode_ends_by_its_budget() -> None:
    task = open_task(context(max_steps=4, slack=None))
    episode = task.open(task.samples()[0])
    grade, prompts = play(episode, lambda _: "look")
    assert (len(prompts), grade.channel) == (4, "loop")
    with pytest.raises(DataError, match="after the episode's end"):
        episode.tell(Reply("look"))


def test_a_story_that_ends_badly_has_its_own_channel() -> None:
    task = open_task(context(levels=[3]))
    sample = task.samples()[-1]
    lines = iter(["north", "push red button"])
    grade, prompts = play(task.open(sample), lambda _: next(lines))
    assert (grade.channel, len(prompts)) == ("game_over", 2)
    assert grade.scores["success"] == 0
    assert grade.scores["grounding"] == 1
    assert grade.detail["game_over"] is True
    assert grade.detail["troubles"] == {"game_over": 1}


def test_outcomes_of_turns() -> None:
    task = open_task(context(levels=[1], max_steps=4))
    episode = task.open(task.samples()[0])
    for reply in (Reply("Action: look."), Reply("go to pink unicorn"), Reply("hmm"), Reply("fly", "length")):
        assert episode.ask() is not None
        episode.tell(reply)
    grade = episode.grade()
    assert grade.detail["outcomes"] == ["valid", "invalid", "unparsed", "cut"]
    assert grade.scores["grounding"] == 0.25
    assert grade.detail["story"] == "level1.z5"


def test_the_thinking_agent_plays_too() -> None:
    task = open_task(context(agent="react", per_level=1))
    for sample in task.samples():
        planned = gold(sample)

        def thinker(prompt: Any, planned: Any = planned) -> str:
            return f"Think: go on.\nAction: {planned(prompt)}"

        grade, _ = play(task.open(sample), thinker)
        assert grade.scores["success"] == 1


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


def test_replay_takes_names_samples_and_data() -> None:
    sample = pack_samples(levels=[2], per_level=1)[0]
    plan = sample.data["plan"]
    steps = replay(sample, ["fly", *plan, "look"])
    assert [step["action"] for step in steps] == ["fly", *plan]
    assert set(steps[0]) == {"action", "observation", "valid", "progress", "done"}
    assert (steps[0]["valid"], steps[-1]["done"], steps[-1]["progress"]) == (False, True, 1.0)
    assert replay(sample.id, ["fly", *plan]) == steps == replay(dict(sample.data), ["fly", *plan])
    assert sample.id == "jericho-l2-00"
    with pytest.raises(DataError, match=r"no episode .*did you mean .jericho-l2-"):
        replay("jericho-l2-0", [])
    with pytest.raises(DataError, match="data folder"):
        replay({"id": 1}, [])


def test_estimates_are_positive_and_within_the_window() -> None:
    samples = open_task(context(window=900)).samples()
    assert all(0 < sample.estimated_prompt_tokens <= 900 for sample in samples)


def test_a_window_that_is_too_small_gives_no_score() -> None:
    task = open_task(context(window=60))
    grade, prompts = play(task.open(task.samples()[0]), nothing)
    assert (grade.state, grade.scores, prompts) == ("too_long", {}, [])


def test_levels_and_counts() -> None:
    samples = pack_samples(levels=[3, 1], per_level=2)
    assert [s.id for s in samples] == ["jericho-l1-00", "jericho-l1-01", "jericho-l3-00", "jericho-l3-01"]
    assert [s.data["budget"] for s in pack_samples(levels=[1], per_level=1, slack=0)] == [4]
    task = open_task(context(levels=[1], per_level=1, slack=0))
    assert play(task.open(task.samples()[0]), gold(task.samples()[0]))[0].scores["success"] == 1


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"level": [1]}, "unknown setting 'level'"),
        ({"levels": [4]}, "levels: unknown 4"),
        ({"max_steps": 0}, "at least 1"),
        ({"per_level": True}, "whole number"),
        ({"slack": math.inf}, "whole number"),
        ({"games": "infrom"}, "inform"),
        ({"games": "textworld"}, "needs cache_dir"),
        ({"cache_dir": 3}, "path of a folder"),
        ({"game_dir": ""}, "path of a folder"),
        ({"seed": 0}, "at least 1"),
    ],
)
def test_wrong_settings_are_named(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_task(context(**setting))


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(ConfigError, match="upstream"):
        open_task(context(mode="upsteam"))
