"""The embedded questions: counts, levels, gold, nothing, chance, and answers found another way."""

from __future__ import annotations

import json
import re
from statistics import mean

import pytest
from tools_stubs import TOOLS, VARIANT, call, context, gold, nothing, pack, play, wanderer

from acbench.tasks.tools import open_task, replay
from acbench.tasks.tools.data import LEVELS
from acbench.tasks.tools.play import build_environment
from acbench.tasks.tools.prompts import example_for


@pytest.mark.parametrize("tool", TOOLS)
def test_thirty_different_episodes_at_three_levels(tool: str) -> None:
    samples = pack(tool)
    assert len(samples) == 30
    assert samples == pack(tool)
    assert len({json.dumps([s.data["goal"], s.data["world"]]) for s in samples}) == 30
    assert [s.level for s in samples] == [f"L{level}" for level in LEVELS for _ in range(10)]
    assert [s.id for s in samples[:2]] == [f"{tool}-l1-00", f"{tool}-l1-01"]
    assert pack(tool, seed=1)[0].data != samples[0].data
    for sample in samples:
        assert json.loads(json.dumps(dict(sample.data))) == sample.data
        assert len(sample.data["plan"]) < sample.data["budget"] <= 30


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_gold_and_nothing(tool: str, mode: str) -> None:
    task = open_task(context(tools=[tool], mode=mode, max_steps=12, per_level=10), VARIANT[tool])
    for sample in task.samples():
        if len(sample.data["plan"]) <= 12:
            grade, prompts, _ = play(task.open(sample), gold(sample))
            assert grade.scores == {"progress": 1.0, "success": 1.0, "grounding": 1.0}, sample.id
            assert grade.channel == "correct"
            assert len(prompts) == len(sample.data["plan"])
        grade, _, _ = play(task.open(sample), nothing)
        assert grade.scores == {"progress": 0.0, "success": 0.0, "grounding": 0.0}, sample.id
        assert grade.channel == "unparsed"


@pytest.mark.parametrize("tool", TOOLS)
def test_every_gold_plan_replays_to_one(tool: str) -> None:
    for seed in (0, 1):
        for sample in pack(tool, seed=seed):
            for mode in ("corrected", "upstream"):
                steps = replay(sample, sample.data["plan"], mode=mode)
                assert all(step["valid"] for step in steps)
                assert (steps[-1]["progress"], steps[-1]["done"]) == (1.0, True), sample.id
                progress = [step["progress"] for step in steps]
                assert progress == sorted(progress)


@pytest.mark.parametrize("tool", TOOLS)
def test_finishing_at_once_is_worth_little(tool: str) -> None:
    for sample in pack(tool):
        steps = replay(sample, sample.data["plan"][-1:])
        assert steps[-1]["progress"] <= 0.5, sample.id
        if tool == "sheet":
            assert steps[-1]["progress"] == 0.0


@pytest.mark.parametrize("tool", TOOLS)
def test_a_random_agent_lies_in_between(tool: str) -> None:
    task = open_task(context(tools=[tool]), VARIANT[tool])
    grades = [play(task.open(s), wanderer(s, salt))[0] for s in task.samples() for salt in "abc"]
    for metric in ("progress", "success", "grounding"):
        assert 0.0 < mean(grade.scores[metric] for grade in grades) < 1.0
    assert len({grade.channel for grade in grades}) >= 3


@pytest.mark.parametrize("tool", TOOLS)
def test_easy_episodes_are_short_and_take_one_call(tool: str) -> None:
    # Without the choices, which make easy prompts longer and easier still.
    task = open_task(context(tools=[tool], show_choices=False), VARIANT[tool])
    words = {level: [] for level in ("L1", "L2", "L3")}  # type: ignore[var-annotated]
    for sample in task.samples():
        prompt = task.open(sample).ask()
        assert prompt is not None
        words[sample.level].append(sum(len(m.content.split()) for m in prompt.messages))
        calls = len(sample.data["plan"]) - 1
        assert calls == 1 if sample.level == "L1" else calls >= (2 if tool in ("weather", "movie") else 1)
        offered = sample.data["offered"]
        assert (len(offered) <= 4) if sample.level == "L1" else (offered is None) == (sample.level == "L3")
        assert {line.split(" with ")[0] for line in sample.data["plan"]} <= set(
            build_environment(sample.data).simulator.toolbox.tools
        )
    assert max(words["L1"]) < 260
    assert mean(words["L1"]) < mean(words["L2"]) < mean(words["L3"])


@pytest.mark.parametrize("tool", TOOLS)
def test_the_example_uses_only_tools_of_every_offer_and_another_world(tool: str) -> None:
    used = {text.split(" with ")[0] for label, text in example_for(tool) if label == "Action"} - {
        "open_sheet"
    }
    for sample in pack(tool):
        assert used <= set(build_environment(sample.data).simulator.toolbox.tools)
        assert sample.data["goal"] != example_for(tool)[0][1]
    assert not any(text.startswith("ERROR") for _, text in example_for(tool))


@pytest.mark.parametrize("tool", ["weather", "movie", "academia", "todo"])
def test_prompts_do_not_tell_the_answer(tool: str) -> None:
    task = open_task(context(tools=[tool]), VARIANT[tool])
    for sample in task.samples():
        prompt = task.open(sample).ask()
        assert prompt is not None
        answer = json.dumps(sample.data["answer"])
        if answer in ('"done"', '"Yes"', '"No"'):
            continue  # the answer's form stands in the goal
        shown = prompt.messages[-1].content.rpartition("A new task.")[2]
        if re.search(r" or .*\? Answer with the (name|title)", sample.data["goal"]):
            continue  # a choice between two that are named
        assert f'"answer": {answer}' not in shown
        assert not re.search(rf"(?<![\w.-]){re.escape(answer.strip(chr(34)))}(?![\w.-])", shown), sample.id


def test_tools_that_are_not_offered_do_not_exist() -> None:
    sample = pack("weather")[0]
    step = build_environment(sample.data).step(
        call("get_distance", latitude1=0, longitude1=0, latitude2=0, longitude2=1)
    )
    assert (step.observation, step.trouble) == ("ERROR | Invalid action: get_distance.", "unknown_tool")
