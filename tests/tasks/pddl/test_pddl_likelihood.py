"""The likelihood task: gold steps scored behind the agent's own prompts."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pddl_stubs import context, gold, play, rendered

from acbench.errors import ConfigError, DataError, EngineError
from acbench.tasks.pddl import LIKELIHOOD_INFO, open_likelihood, open_task, replay
from acbench.tasks.pddl.domains import DOMAINS
from acbench.tasks.protocol import TOO_LONG, Reply

ALL = list(DOMAINS)


def test_info() -> None:
    assert LIKELIHOOD_INFO.slug == "pddl-likelihood"
    assert LIKELIHOOD_INFO.metrics[0].name == "gold_loglik"
    assert LIKELIHOOD_INFO.metrics[0].unit == "nats"
    assert (LIKELIHOOD_INFO.kind, LIKELIHOOD_INFO.capability) == ("likelihood", "diagnostic")
    assert open_likelihood(context()).info is LIKELIHOOD_INFO


def test_samples_spread_over_the_plan_and_share_their_problems_cluster() -> None:
    samples = open_likelihood(context(levels=[1, 5], per_level=1)).samples()
    short = [s for s in samples if s.id.startswith("gripper-l1-00")]
    long = [s for s in samples if s.id.startswith("gripper-l5-00")]
    assert [s.id for s in short] == ["gripper-l1-00-s01"]
    assert len(long) == 4
    assert {s.cluster for s in long} == {"gripper-l5-00"}
    steps = [s.data["step"] for s in long]
    assert steps[0] == 0
    assert steps == sorted(set(steps))
    assert steps[-1] >= len(long[0].data["plan"]) // 2
    assert len({s.id for s in samples}) == len(samples)
    assert all(s.estimated_turns == 1 and s.estimated_prompt_tokens > 50 for s in samples)


@pytest.mark.parametrize("layout", ["chat", "single"])
def test_prompts_are_those_of_an_agent_that_played_gold(layout: str) -> None:
    choice: dict[str, Any] = {"levels": [3], "per_level": 1, "format": layout, "domains": ALL}
    task, rollout = open_likelihood(context(steps=5, **choice)), open_task(context(**choice))
    for problem in rollout.samples():
        scored = [s for s in task.samples() if s.cluster == problem.id]
        commands = [s_prompt.continuation for s in scored if (s_prompt := task.open(s).ask())]
        assert replay(problem, commands)[-1]["done"]
        told = iter(commands)
        _, prompts, _ = play(rollout.open(problem), lambda _, told=told: next(told))  # type: ignore[misc]
        for sample, prompt in zip(scored, prompts, strict=True):
            asked = task.open(sample).ask()
            assert asked is not None
            assert asked.messages == prompt.messages
            assert asked.prefill == prompt.prefill
            assert asked.continuation == commands[sample.data["step"]]
        _, bare_prompts, _ = play(rollout.open(problem), gold(problem))
        assert bare_prompts[0] == prompts[0]


def test_prompt_and_continuation_give_the_text_of_a_played_turn_in_chat() -> None:
    choice: dict[str, Any] = {"levels": [2, 5], "per_level": 1, "domains": ALL}
    task, rollout = open_likelihood(context(steps=99, **choice)), open_task(context(**choice))
    samples = task.samples()
    for problem in rollout.samples():
        asked = [p for s in samples if s.cluster == problem.id and (p := task.open(s).ask())]
        texts = [rendered(prompt) + prompt.continuation for prompt in asked]
        assert len(texts) == len(problem.data["plan"])
        told = iter([prompt.continuation.strip() for prompt in asked])
        _, prompts, _ = play(rollout.open(problem), lambda _, told=told: next(told))  # type: ignore[misc]
        for text, later in zip(texts, prompts[1:], strict=False):
            assert rendered(later).startswith(f"{text}</assistant><user>Observation: ")
        for prompt in asked:
            assert prompt.continuation == " " + prompt.continuation.strip()
            assert rendered(prompt).endswith("</user><assistant>Action:")


def test_prompt_and_continuation_give_the_text_of_a_played_turn_in_single() -> None:
    choice: dict[str, Any] = {"levels": [2, 5], "per_level": 1, "format": "single", "domains": ALL}
    task, rollout = open_likelihood(context(steps=99, **choice)), open_task(context(**choice))
    samples = task.samples()
    for problem in rollout.samples():
        asked = [p for s in samples if s.cluster == problem.id and (p := task.open(s).ask())]
        assert len(asked) == len(problem.data["plan"])
        told = iter([prompt.continuation for prompt in asked])
        _, prompts, _ = play(rollout.open(problem), lambda _, told=told: next(told))  # type: ignore[misc]
        for prompt, later in zip(asked, prompts[1:], strict=False):
            text = prompt.messages[-1].content + prompt.continuation
            assert later.messages[-1].content.startswith(f"{text}\nObservation: ")
        assert all(prompt.prefill == "" for prompt in asked)
        assert all(prompt.continuation == prompt.continuation.strip() for prompt in asked)


def test_scores_are_natural_logs_per_token() -> None:
    task = open_likelihood(context(levels=[1], per_level=1))
    episode = task.open(task.samples()[0])
    assert episode.ask() is not None
    episode.tell(Reply(finish_reason="scored", logprobs=(math.log(0.5), math.log(0.125))))
    assert episode.ask() is None
    grade = episode.grade()
    assert grade.scores["gold_loglik"] == pytest.approx(-2 * math.log(2))
    assert grade.scores["gold_prob"] == pytest.approx(1 / 16)
    assert (grade.channel, grade.state, grade.detail["tokens"]) == ("scored", "ok", 2)


def test_what_does_not_fit_has_no_score() -> None:
    sample = open_likelihood(context()).samples()[0]
    small = open_likelihood(context(window=60)).open(sample)
    assert small.ask() is None
    assert (small.grade().state, small.grade().channel) == ("too_long", "too_long")
    late = open_likelihood(context()).open(sample)
    late.tell(Reply(finish_reason=TOO_LONG))
    assert late.grade().state == "too_long"
    assert not late.grade().scores


@pytest.mark.parametrize("logprobs", [(), (-1.0, float("-inf")), (float("nan"),)])
def test_missing_log_probabilities_are_the_engines_fault(logprobs: tuple[float, ...]) -> None:
    task = open_likelihood(context(levels=[1], per_level=1))
    episode = task.open(task.samples()[0])
    with pytest.raises(EngineError, match="log-probabilities"):
        episode.tell(Reply(finish_reason="scored", logprobs=logprobs))
    with pytest.raises(DataError, match="not over"):
        episode.grade()


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match="steps must be at least 1"):
        open_likelihood(context(steps=0))
