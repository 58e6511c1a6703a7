"""The task: pack, agents, prompts, turns and settings."""

from __future__ import annotations

import json
import math
import re
from statistics import mean
from typing import Any

import pytest
from webshop_stubs import context, gold, nothing, pack_samples, play, shown_actions, wanderer

from acbench.errors import ConfigError, DataError
from acbench.tasks.protocol import Reply
from acbench.tasks.registry import task_info
from acbench.tasks.webshop import INFO, making, open_task, replay
from acbench.tasks.webshop.catalogue import embedded_shop
from acbench.tasks.webshop.making import fitting, make_pack, write_pack
from acbench.tasks.webshop.reward import best_reward
from acbench.tasks.webshop.samples import PACK_FILE, embedded_data, environment_for, example_for, pack

pytest.importorskip("rapidfuzz", reason="the longbench extra is not installed")

EPISODES = pack()["episodes"]


def test_the_registry_knows_the_task() -> None:
    assert task_info("webshop") is INFO


def test_the_pack_has_sixteen_episodes_a_level() -> None:
    samples = pack_samples()
    assert [sum(s.level == level for s in samples) for level in ("L1", "L2", "L3")] == [16, 16, 16]
    bought = [s.data["product_id"] for s in samples]
    assert len({*bought, pack()["example"]["additional_info"]["product_id"]}) == 49
    assert {s.data["difficulty"] for s in samples if s.level != "L3"} == {"easy"}
    assert {s.data["difficulty"] for s in samples if s.level == "L3"} == {"hard"}
    json.dumps([dict(s.data) for s in samples])


@pytest.mark.parametrize("episode", EPISODES, ids=lambda e: f"{e['level']}-{e['id']:02d}")
def test_every_gold_plan_replays_to_success(episode: dict[str, Any]) -> None:
    env = environment_for(embedded_data(episode), show_actions=False)
    steps = [env.step(action) for action in episode["plan"]]
    assert all(step.valid for step in steps)
    assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]
    assert (env.progress, env.success, env.reward) == (1.0, True, 1.0)


@pytest.mark.parametrize("episode", EPISODES, ids=lambda e: f"{e['level']}-{e['id']:02d}")
def test_goals_are_bounded_by_their_level(episode: dict[str, Any]) -> None:
    info = episode["additional_info"]
    product = embedded_shop().product(info["product_id"])
    assert product is not None
    assert info["price_upper"] % 10 == 0
    assert product.price + 10 <= info["price_upper"] <= product.price + 40
    assert f"{info['price_upper']} dollars" in episode["goal"]
    wishes = [*info["attributes"], *info["product_options"].values()]
    if episode["level"] == 1:
        assert (len(episode["plan"]), wishes) == (3, [product.attributes[0]])
        return
    assert all(wish in episode["goal"] for wish in wishes)
    assert len(fitting(episode)) <= {2: 4, 3: 1}[episode["level"]]
    wanted = environment_for(embedded_data(episode), show_actions=False).wanted
    near = [best_reward(wanted, p) for p in embedded_shop().products if p.query == product.query]
    assert any(0.5 <= value < 1 for value in near)


def test_level_three_is_never_the_first_hit() -> None:
    for sample in pack_samples(levels=[3]):
        env = environment_for(sample.data, show_actions=False)
        env.step(sample.data["plan"][0])
        found = [choice for choice in env.choices() if choice.startswith("click[P")]
        assert found[0] != f"click[{sample.data['product_id']}]"


def test_the_frozen_pack_is_what_the_maker_makes(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Of the whole pack only the example and the first level: they are drawn first."""
    write_pack(pack(), tmp_path / "pack.json")
    assert (tmp_path / "pack.json").read_bytes() == PACK_FILE.read_bytes()
    shown = pack()
    monkeypatch.setattr(making, "LEVELS", (1,))
    made = make_pack()
    assert made["example"] == shown["example"]
    assert made["episodes"] == [e for e in shown["episodes"] if e["level"] == 1]


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
                assert grade.channel == "correct"
            if name == "nothing":
                assert grade.scores == {"progress": 0.0, "success": 0.0, "grounding": 0.0}
                assert grade.channel == "unparsed"
    assert mean(progress["gold"]) == 1
    assert 0.05 < mean(progress["random"]) < 0.9


def test_a_policy_that_takes_the_goal_literally_solves_the_easiest_level() -> None:
    """What a small model needs at level 1: the search shown, the product shown, then "Buy Now"."""

    def literal(prompt: Any) -> str:
        actions = shown_actions(prompt)
        buys = [action for action in actions if action == "click[Buy Now]"]
        products = [action for action in actions if re.fullmatch(r"click\[P\d+\]", action)]
        return (buys or products or actions)[0]

    task = open_task(context(levels=[1]))
    assert all(play(task.open(s), literal)[0].scores["success"] == 1 for s in task.samples())
    harder = open_task(context(levels=[2, 3]))
    assert not any(play(harder.open(s), literal)[0].scores["success"] == 1 for s in harder.samples())


def test_a_wrong_purchase_has_its_own_channel() -> None:
    sample = pack_samples(levels=[3], per_level=1)[0]
    plan = [action for action in sample.data["plan"] if "[" in action]
    without_options = [*plan[: plan.index(f"click[{sample.data['product_id']}]") + 1], plan[-1]]
    replies = iter(without_options)
    grade, _, _ = play(open_task(context()).open(sample), lambda _: next(replies))
    assert grade.channel == "wrong_purchase"
    assert 2 / 3 < grade.scores["progress"] < 1
    assert (grade.scores["success"], grade.detail["bought"]) == (0.0, True)


def test_the_prompt_holds_example_goal_and_actions() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    prompt = open_task(context()).open(sample).ask()
    assert prompt is not None
    assert [message.role for message in prompt.messages[:3]] == ["system", "user", "assistant"]
    assert prompt.prefill == "Action:"
    assert f"- {sample.data['plan'][0]}" in prompt.messages[-1].content
    assert f"\nGoal: {sample.data['goal']}" in prompt.messages[-1].content


def test_the_prompt_of_upstream_mode() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    prompt = open_task(context(mode="upstream")).open(sample).ask()
    assert prompt is not None
    assert len(prompt.messages) == 2
    text = prompt.messages[1].content
    assert text.endswith("\nAction: ")
    assert "\nAction: reset[]\nObservation: The shop's start page." in text
    assert "You can do one of these" not in text
    assert prompt.sampling.max_tokens == 100


def test_the_example_ends_with_its_goal() -> None:
    lines = example_for(show_actions=False)
    assert [label for label, _ in lines] == ["Goal", "Observation", *["Action", "Observation"] * 4]
    assert lines[-1][1].endswith("success.")


def test_episodes_end_by_their_budget_and_take_no_reply_after() -> None:
    task = open_task(context(max_steps=4, slack=None))
    episode = task.open(task.samples()[0])
    grade, prompts, _ = play(episode, lambda _: "search[zebra]")
    assert len(prompts) == 4
    assert grade.channel == "invalid_action"
    with pytest.raises(DataError, match="after the episode's end"):
        episode.tell(Reply("search[lamp]"))


def test_a_window_that_is_too_small_gives_no_score() -> None:
    task = open_task(context(window=60))
    grade, prompts, _ = play(task.open(task.samples()[0]), nothing)
    assert (grade.state, grade.scores, prompts) == ("too_long", {}, [])


def test_outcomes_of_turns() -> None:
    task = open_task(context(levels=[3], max_steps=4))
    episode = task.open(task.samples()[0])
    for reply in (
        Reply("Action: search[lamp]."),
        Reply("click[unicorn]"),
        Reply("hmm"),
        Reply("click[", "length"),
    ):
        assert episode.ask() is not None
        episode.tell(reply)
    detail = episode.grade().detail
    assert detail["outcomes"] == ["valid", "invalid", "unparsed", "cut"]
    assert detail["actions"][0] == "search[lamp]"
    assert detail["gold_steps"] == len(task.samples()[0].data["plan"])


def test_batch_order_does_not_matter() -> None:
    task = open_task(context(per_level=3))
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
    steps = replay(sample, ["fly", *plan, "click[Buy Now]"])
    assert [step["action"] for step in steps] == ["fly", *plan]
    assert set(steps[0]) == {"action", "observation", "valid", "progress", "done"}
    assert (steps[0]["valid"], steps[-1]["done"], steps[-1]["progress"]) == (False, True, 1.0)


def test_a_catalogue_of_other_words_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from acbench.tasks.webshop import samples

    monkeypatch.setattr(samples, "fingerprint", lambda _: "0" * 16)
    samples.check_catalogue.cache_clear()
    with pytest.raises(DataError, match=r"episodes\.json: the episodes belong to catalogue"):
        open_task(context()).samples()


def test_estimates_are_positive_and_within_the_window() -> None:
    samples = open_task(context(window=900)).samples()
    assert all(0 < sample.estimated_prompt_tokens <= 900 for sample in samples)


def test_data_without_a_field_is_named() -> None:
    with pytest.raises(DataError, match="wanted"):
        replay({"shop": None}, ["search[x]"])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"level": [1]}, "webshop: unknown setting 'level'"),
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
