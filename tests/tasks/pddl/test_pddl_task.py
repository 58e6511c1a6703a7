"""The pddl task: settings, samples, episodes, grades."""

from __future__ import annotations

import json
from itertools import pairwise
from statistics import mean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pddl_stubs import context, gold, nothing, play, rendered, shown_commands, wanderer

from acbench.errors import ConfigError, DataError
from acbench.tasks.agents.conversation import LEFT_OUT
from acbench.tasks.agents.prompting import CUE
from acbench.tasks.pddl import INFO, open_task, replay
from acbench.tasks.pddl.domains import DOMAINS
from acbench.tasks.pddl.environment import CLOSING, LIST_COMMAND, LOOK_COMMAND
from acbench.tasks.pddl.prompts import SYSTEM
from acbench.tasks.protocol import TOO_LONG, Prompt, Reply, Sample


def embedded(**given_settings: Any) -> list[Sample]:
    return list(open_task(context(**given_settings)).samples())


def named(name: str, samples: list[Sample]) -> Sample:
    return next(sample for sample in samples if sample.id == name)


def flat(prompt: Prompt) -> str:
    """The messages' texts in their order, without the prefill."""
    return "".join(f"<{m.role}>{m.content}" for m in prompt.messages)


def test_info() -> None:
    assert [metric.name for metric in INFO.metrics] == ["progress", "success", "grounding"]
    assert [metric.binary for metric in INFO.metrics] == [False, True, False]
    assert INFO.channels[0] == "correct"
    assert (INFO.slug, INFO.kind, INFO.capability) == ("pddl", "rollout", "real_world")
    assert open_task(context()).info is INFO


def test_samples_are_stable_and_hold_all_an_episode_needs() -> None:
    samples = embedded()
    assert samples == embedded()
    assert len(samples) == 60
    assert [sample.id for sample in samples[:2]] == ["blocksworld-l1-00", "blocksworld-l1-01"]
    for sample in samples:
        assert json.loads(json.dumps(dict(sample.data))) == sample.data
        assert sample.cluster == sample.id
        assert sample.level == f"L{sample.id.split('-')[1][1:]}"
        assert sample.estimated_turns == sample.data["budget"]
        assert 50 < sample.estimated_prompt_tokens < 5000
    assert named("gripper-l2-03", samples).level == "L2"


def test_steps_are_capped_at_the_easy_levels() -> None:
    budgets = {sample.id: sample.data["budget"] for sample in embedded()}
    assert budgets["gripper-l1-00"] == 5
    assert budgets["gripper-l2-00"] == 7
    assert budgets["gripper-l4-00"] == 30
    assert {sample.data["budget"] for sample in embedded(slack=None)} == {30}
    assert {sample.data["budget"] for sample in embedded(slack=0, levels=[1], per_level=1)} == {2}
    assert max(sample.data["budget"] for sample in embedded(max_steps=6)) == 6


def test_settings_choose_the_samples() -> None:
    chosen = embedded(domains=["gripper"], levels=[3, 1], per_level=2)
    assert [sample.id for sample in chosen] == [
        "gripper-l1-00",
        "gripper-l1-01",
        "gripper-l3-00",
        "gripper-l3-01",
    ]
    assert embedded(seed=1)[0].data != embedded(seed=0)[0].data


@pytest.mark.parametrize(
    ("given_settings", "message"),
    [
        ({"domain": ["gripper"]}, "unknown setting 'domain'; did you mean 'domains'"),
        ({"steps": 2}, "unknown setting 'steps'"),  # belongs to the likelihood task
        ({"domains": ["griper"]}, "did you mean 'gripper'"),
        ({"domains": "gripper"}, "domains must be a non-empty list"),
        ({"domains": []}, "domains must be a non-empty list"),
        ({"levels": [6]}, "levels: unknown 6"),
        ({"levels": [True]}, "levels: unknown True"),
        ({"per_level": 0}, "per_level must be at least 1"),
        ({"max_steps": "30"}, "max_steps must be a whole number"),
        ({"max_tokens": True}, "max_tokens must be a whole number"),
        ({"slack": -1}, "slack must be at least 0"),
        ({"show_actions": 1}, "show_actions must be true or false"),
        ({"format": "chats"}, "did you mean 'chat'"),
        ({"mode": "clean"}, "unknown mode 'clean'"),
    ],
)
def test_wrong_settings_are_named(given_settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_task(context(**given_settings))


@pytest.mark.parametrize("layout", ["chat", "single"])
@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_the_gold_agent_reaches_every_goal(layout: str, mode: str) -> None:
    task = open_task(context(format=layout, mode=mode))
    for sample in task.samples():
        grade, prompts, _ = play(task.open(sample), gold(sample))
        assert grade.scores == {"progress": 1.0, "success": 1.0, "grounding": 1.0}
        assert (grade.channel, grade.state) == ("correct", "ok")
        assert grade.detail["turns"] == grade.detail["optimal"] == len(prompts)
        assert grade.detail["solvable"]


@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_doing_nothing_is_worth_nothing(mode: str) -> None:
    task = open_task(context(mode=mode))
    for sample in task.samples():
        grade, prompts, _ = play(task.open(sample), nothing)
        assert grade.scores == {"progress": 0.0, "success": 0.0, "grounding": 0.0}
        assert grade.channel == "unparsed"
        assert len(prompts) == sample.data["budget"]


def test_a_random_agent_lies_in_between_and_finds_easier_levels_easier() -> None:
    task = open_task(context(per_level=8))
    success: dict[str, list[float]] = {}
    progress: list[float] = []
    for sample in task.samples():
        grade, _, _ = play(task.open(sample), wanderer(sample.id))
        success.setdefault(sample.level, []).append(grade.scores["success"])
        progress.append(grade.scores["progress"])
        assert grade.scores["grounding"] == 1.0
        assert grade.channel in ("correct", "budget", "loop")
    assert 0.0 < mean(progress) < 1.0
    assert 0.0 < mean(success["L1"]) < 1.0
    assert mean(success["L1"]) > mean(success["L4"]) >= mean(success["L5"])


def test_upstream_mode_changes_the_defaults_only() -> None:
    prompt = open_task(context(mode="upstream")).open(embedded()[0]).ask()
    assert prompt is not None
    assert [m.role for m in prompt.messages] == ["system", "user"]
    assert prompt.messages[1].content.endswith("\nAction: ")
    assert "Valid commands:" not in prompt.messages[1].content
    assert prompt.prefill == ""
    assert prompt.sampling.max_tokens == 100
    explicit = open_task(context(mode="upstream", max_tokens=7, format="chat")).open(embedded()[0]).ask()
    assert explicit is not None
    assert explicit.sampling.max_tokens == 7
    assert not explicit.messages[-1].content.endswith("Action: ")
    assert explicit.prefill == CUE


def test_prompts_are_append_only_and_share_all_before_the_goal() -> None:
    task = open_task(context(domains=["gripper"]))
    starts = set()
    for sample in task.samples():
        agent = gold(sample)
        # A model that continues the cue puts a blank in front of its command.
        _, prompts, replies = play(task.open(sample), lambda prompt, agent=agent: " " + agent(prompt))  # type: ignore[misc]
        texts = [rendered(prompt) for prompt in prompts]
        assert len(texts) == len(sample.data["plan"])
        for (earlier, later), reply in zip(pairwise(texts), replies, strict=False):
            assert later.startswith(f"{earlier}{reply}</assistant>")
        start, found, _ = texts[0].partition("A new task.\nGoal: ")
        assert found
        starts.add(start)
        assert all(prompt.prefill == CUE and prompt.continuation == "" for prompt in prompts)
    assert len(starts) == 1


def test_single_prompts_are_append_only_and_share_all_before_the_goal() -> None:
    task = open_task(context(domains=["gripper"], format="single"))
    starts = set()
    for sample in task.samples():
        _, prompts, replies = play(task.open(sample), gold(sample))
        texts = [flat(prompt) for prompt in prompts]
        for (earlier, later), reply in zip(pairwise(texts), replies, strict=False):
            assert earlier.endswith("\nAction: ")
            assert later.startswith(f"{earlier}{reply}\n")
        start, found, _ = texts[0].partition("Now it is your turn.\nGoal: ")
        assert found
        starts.add(start)
        assert all(prompt.prefill == "" and prompt.continuation == "" for prompt in prompts)
    assert len(starts) == 1


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_chat_shows_the_example_as_turns_like_those_to_come(domain: str) -> None:
    sample = embedded(domains=[domain], levels=[2], per_level=1)[0]
    prompt = open_task(context()).open(sample).ask()
    assert prompt is not None
    assert [m.role for m in prompt.messages] == ["system", *["user", "assistant"] * 2, "user"]
    system, first, *_, last = (m.content for m in prompt.messages)
    assert system.startswith(SYSTEM)
    assert DOMAINS[domain].rules in system
    assert f"'{LIST_COMMAND}'" in system
    assert f"'{LOOK_COMMAND}'" in system
    assert first.startswith("An example.\nGoal: ")
    ending, found, own = last.partition(f" {CLOSING}\n\nA new task.\nGoal: ")
    assert found
    assert ending.startswith("Observation: ")
    assert "\n\nObservation: " in own
    # Each answer of the example is one line: the cue and a command of the list it answers.
    answers = [
        (m.content, before.content) for before, m in pairwise(prompt.messages) if m.role == "assistant"
    ]
    assert len(answers) == len(DOMAINS[domain].example.plan)
    for answer, observation in answers:
        assert answer.removeprefix(f"{CUE} ") in shown_commands(observation)
        assert answer.startswith(f"{CUE} ")
    assert prompt.prefill == CUE


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_single_keeps_rules_and_example_in_its_one_message(domain: str) -> None:
    sample = embedded(domains=[domain], levels=[2], per_level=1)[0]
    prompt = open_task(context(format="single")).open(sample).ask()
    assert prompt is not None
    assert [m.role for m in prompt.messages] == ["system", "user"]
    assert prompt.messages[0].content == SYSTEM
    user = prompt.messages[1].content
    parts = (
        DOMAINS[domain].rules,
        LOOK_COMMAND,
        "An example:\nGoal: ",
        CLOSING,
        "Now it is your turn.\nGoal: ",
    )
    assert user.startswith(parts[0])
    places = [user.index(part) for part in parts]
    assert places == sorted(places)
    assert user.count("\nAction: ") == len(DOMAINS[domain].example.plan) + 1
    assert prompt.prefill == ""


@pytest.mark.parametrize("layout", ["chat", "single"])
def test_an_answer_ends_with_its_line(layout: str) -> None:
    prompt = open_task(context(format=layout)).open(embedded(levels=[1], per_level=1)[0]).ask()
    assert prompt is not None
    assert prompt.sampling.stop == ("\n",)
    assert prompt.sampling.max_tokens == 48


def test_history_holds_the_action_that_was_read_not_the_whole_reply() -> None:
    sample = embedded()[0]
    episode = open_task(context()).open(sample)
    episode.ask()
    episode.tell(Reply("Thought: I look first.\nAction: 'look around'.\nObservation: nonsense"))
    prompt = episode.ask()
    assert prompt is not None
    assert prompt.messages[-2].role == "assistant"
    assert prompt.messages[-2].content == f"{CUE} look around"
    assert "nonsense" not in flat(prompt)
    assert "I look first" not in flat(prompt)


@pytest.mark.parametrize("reply", [" look around", "look around", "Action: look around", "\nlook around."])
def test_a_repeated_or_glued_cue_reads_the_same_command(reply: str) -> None:
    episode = open_task(context()).open(embedded(levels=[1], per_level=1)[0])
    episode.ask()
    episode.tell(Reply(reply))
    prompt = episode.ask()
    assert prompt is not None
    assert prompt.messages[-2].content == f"{CUE} look around"


def test_asking_twice_changes_nothing() -> None:
    episode = open_task(context()).open(embedded()[0])
    assert episode.ask() is episode.ask()


def test_a_killed_run_resumes_from_its_replies() -> None:
    task = open_task(context())
    for sample in task.samples()[::7]:
        grade, prompts, replies = play(task.open(sample), wanderer(sample.id))
        stored = iter(replies)
        again, prompts_again, _ = play(task.open(sample), lambda _, told=stored: next(told))  # type: ignore[misc]
        assert (again, prompts_again) == (grade, prompts)


def test_a_transcript_that_is_too_long_or_too_short_is_a_data_error() -> None:
    sample = embedded()[0]
    episode = open_task(context()).open(sample)
    with pytest.raises(DataError, match="not over"):
        episode.grade()
    play(episode, gold(sample))
    with pytest.raises(DataError, match="after the episode's end"):
        episode.tell(Reply("look around"))


@pytest.mark.parametrize("layout", ["chat", "single"])
def test_a_window_that_is_too_small_ends_the_episode_without_a_score(layout: str) -> None:
    episode = open_task(context(window=120, format=layout)).open(embedded()[0])
    assert episode.ask() is None
    grade = episode.grade()
    assert (grade.state, grade.channel, dict(grade.scores)) == ("too_long", "too_long", {})


def test_an_engine_that_reports_too_long_ends_the_episode() -> None:
    episode = open_task(context()).open(embedded()[0])
    episode.ask()
    episode.tell(Reply("", TOO_LONG))
    assert episode.ask() is None
    assert episode.grade().state == "too_long"


@pytest.mark.parametrize("layout", ["chat", "single"])
def test_the_context_budget_drops_old_turns_but_not_the_goal(layout: str) -> None:
    sample = named("gripper-l5-00", embedded())
    task = open_task(context(window=560, format=layout))
    grade, prompts, _ = play(task.open(sample), lambda _: "look around")
    assert len(prompts) == 30
    assert grade.channel == "loop"
    fixed = flat(prompts[0]).removesuffix("\nAction: ")  # rules, example, goal and the first observation
    assert "\nGoal: Make all of this true: ball1 is in the library" in fixed
    for prompt in prompts:
        assert len(context().renderer.render(prompt)) + prompt.sampling.max_tokens <= 560
        assert flat(prompt).startswith(fixed)
        assert prompt.prefill == prompts[0].prefill
    dropped = [LEFT_OUT in flat(prompt) for prompt in prompts]
    assert dropped == sorted(dropped)
    assert dropped[-1]
    assert len(flat(prompts[-1])) <= max(len(flat(prompt)) for prompt in prompts[:6])
    assert len(prompts[-1].messages) < len(prompts[3].messages) + 4


@pytest.mark.parametrize(
    ("text", "finish", "channel"),
    [
        ("look around", "stop", "loop"),
        ("stack sky on sea", "stop", "invalid_action"),
        ("I cannot do that", "stop", "unparsed"),
        ("Well, let me think about", "length", "cut"),
    ],
)
def test_channels_of_failed_episodes(text: str, finish: str, channel: str) -> None:
    episode = open_task(context()).open(named("blocksworld-l1-02", embedded()))
    while episode.ask() is not None:
        episode.tell(Reply(text, finish))
    grade = episode.grade()
    assert grade.channel == channel
    assert grade.scores["success"] == 0.0
    assert json.dumps(dict(grade.detail))


def test_detail_tells_the_story() -> None:
    sample = named("gripper-l3-01", embedded())
    episode = open_task(context()).open(sample)
    for reply in ("dance", *sample.data["plan"]):
        episode.ask()
        episode.tell(Reply(reply))
    detail = episode.grade().detail
    assert (detail["domain"], detail["level"], detail["difficulty"]) == ("gripper", "L3", "easy")
    assert (detail["turns"], detail["invalid_turns"], detail["optimal"]) == (4, 1, 3)
    assert detail["progress_by_turn"] == [0.0, 0.0, 0.0, 1.0]
    assert detail["score_changes"] == [[3, 1.0]]
    assert detail["outcomes"] == ["unparsed", "valid", "valid", "valid"]
    assert detail["show_actions"] is True


REPLIES = st.text(max_size=60) | st.sampled_from(
    ["check", "look around", "Action:", "<think>", "stack red on", "pickup red", "```", "putdown {0}", "%s"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(REPLIES, st.sampled_from(["stop", "length"])), min_size=1, max_size=8))
def test_hostile_replies_never_raise_and_turns_are_bounded(replies: list[tuple[str, str]]) -> None:
    task = open_task(context(levels=[1, 2], per_level=1, domains=["blocksworld"]))
    for sample in task.samples():
        episode = task.open(sample)
        turns = 0
        while episode.ask() is not None:
            episode.tell(Reply(*replies[turns % len(replies)]))
            turns += 1
            assert turns <= sample.data["budget"]
        grade = episode.grade()
        assert grade.channel in INFO.channels
        assert all(0.0 <= value <= 1.0 for value in grade.scores.values())


def test_replay_tells_every_step() -> None:
    sample = named("gripper-l3-01", embedded())
    steps = replay(sample, ["dance", *sample.data["plan"], "look around"])
    assert replay(sample.data, ["dance", *sample.data["plan"]]) == steps
    assert [step["valid"] for step in steps] == [False, True, True, True]
    assert [step["progress"] for step in steps] == [0.0, 0.0, 0.0, 1.0]
    assert steps[-1]["done"]
    assert steps[-1]["observation"].endswith(CLOSING)
    with pytest.raises(DataError, match="field 'problem'"):
        replay({"source": "embedded", "domain": "gripper"}, [])
