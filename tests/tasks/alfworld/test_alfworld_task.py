"""The pack, the prompts, and whole episodes of agents that know everything, something and nothing."""

from __future__ import annotations

import json
from statistics import mean

import pytest
from alfworld_stubs import context, gold, nothing, pack_samples, play, wanderer

from acbench.errors import ConfigError, DataError
from acbench.tasks.alfworld import INFO, open_task, replay
from acbench.tasks.alfworld.drawing import Tier, draw
from acbench.tasks.alfworld.kinds import TYPES
from acbench.tasks.alfworld.plans import gold_plan, subgoals
from acbench.tasks.alfworld.pool import shared_pool
from acbench.tasks.alfworld.problems import read_problem, shown_names
from acbench.tasks.alfworld.samples import PACK_FILE, environment_for, example_for, pack
from acbench.tasks.protocol import Reply

pytest.importorskip("alfworld", reason="the alfworld extra is not installed")

PER_LEVEL = 18


def test_three_levels_of_six_types_in_turn() -> None:
    samples = pack_samples()
    assert [sample.level for sample in samples] == ["L1"] * PER_LEVEL + ["L2"] * PER_LEVEL + [
        "L3"
    ] * PER_LEVEL
    assert [sample.data["type"] for sample in samples] == list(TYPES) * 9
    assert len({sample.id for sample in samples}) == len(samples)
    assert [s.id for s in pack_samples(levels=[3], per_level=2)] == ["alfworld-l3-00", "alfworld-l3-01"]
    hard = {sample.data["type"] for sample in samples if sample.data["difficulty"] == "hard"}
    assert hard == {"clean", "heat", "cool", "puttwo"}
    assert PACK_FILE.stat().st_size < 300_000


def test_levels_grow() -> None:
    lengths = {level: [len(s.data["plan"]) for s in pack_samples(levels=[level])] for level in (1, 2, 3)}
    rooms = {level: [len(s.data["receptacles"]) for s in pack_samples(levels=[level])] for level in (1, 2, 3)}
    assert set(rooms[1]) == {3}
    assert max(rooms[1]) < min(rooms[2])
    assert max(rooms[2]) < min(rooms[3])
    assert max(lengths[1]) <= 5
    assert mean(lengths[1]) < mean(lengths[2]) < mean(lengths[3])
    assert all(2 * len(s.data["plan"]) + 3 == s.data["budget"] <= 30 for s in pack_samples())


def test_the_pack_tells_what_its_problems_hold() -> None:
    """The room line, the first commands and the sub-goals follow from the lists; a second description of them."""
    goals = set()
    for sample in pack_samples():
        data = sample.data
        problem = read_problem(data, sample.id)
        names = shown_names([kind for kind, _ in problem.receptacles])
        assert all(f"a {name}" in data["first"] for name in names)
        assert data["commands"] == sorted([*(f"go to {name}" for name in names), "help", "inventory", "look"])
        assert data["subgoals"] == subgoals(problem, data["plan"])
        goals.add((sample.level, data["goal"]))
    assert len(goals) == 3 * PER_LEVEL


@pytest.mark.parametrize("kind", TYPES)
def test_worlds_are_drawn_from_the_seed_alone(kind: str) -> None:
    from random import Random

    drawn = [draw(Random(seed), kind, Tier((5, 7), (2, 3))) for seed in (7, 7, 8)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert gold_plan(drawn[0]) == gold_plan(drawn[1])
    assert 5 <= len(drawn[0].problem.receptacles) <= 7
    assert drawn[0].problem.receptacles[drawn[0].source] is not None


def test_every_gold_plan_wins() -> None:
    """All 54 in the real engine, by replay: the last command wins, progress grows, every command is valid."""
    for sample in pack_samples():
        steps = replay(sample, sample.data["plan"])
        assert [step["valid"] for step in steps] == [True] * len(sample.data["plan"]), sample.id
        assert [step["done"] for step in steps[:-1]] == [False] * (len(steps) - 1), sample.id
        assert (steps[-1]["progress"], steps[-1]["done"]) == (1.0, True), sample.id
        parts = len(sample.data["subgoals"]) + 1
        assert [step["progress"] for step in steps if step["progress"] < 1][-1] > 0, sample.id
        assert {round(step["progress"] * parts, 9) % 1 for step in steps} == {0.0}, sample.id


def test_replay_takes_a_sample_or_its_data_in_both_modes() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    actions = [sample.data["plan"][0], "check valid actions", "toggle mug 1", "look"]
    steps = replay(sample, actions)
    assert steps == replay(dict(sample.data), actions) == replay(sample, actions, mode="upstream")
    assert [step["valid"] for step in steps] == [True, True, False, True]
    assert steps[3]["observation"] == steps[0]["observation"]
    assert steps == replay(pack()["episodes"][0], actions)
    with pytest.raises(DataError, match="subgoals"):
        replay({"source": "embedded"}, [])
    with pytest.raises(DataError, match="'thing'"):
        replay({"type": "put", "receptacles": []}, [])


def test_agents() -> None:
    task = open_task(context(levels=[1, 2], per_level=6))
    scores: dict[str, list[float]] = {"gold": [], "random": [], "nothing": []}
    for sample in task.samples():
        for name, agent in (("gold", gold(sample)), ("random", wanderer(sample)), ("nothing", nothing)):
            grade, prompts = play(task.open(sample), agent)
            scores[name].append(grade.scores["progress"])
            assert len(prompts) <= sample.data["budget"]
            if name == "gold":
                assert (grade.scores["success"], grade.scores["grounding"], grade.channel) == (
                    1,
                    1,
                    "correct",
                )
            if name == "nothing":
                assert (grade.scores["success"], grade.channel) == (0, "unparsed")
    assert set(scores["gold"]) == {1.0}
    assert set(scores["nothing"]) == {0.0}
    assert 0 < mean(scores["random"]) < 0.9


def test_a_record_says_what_was_played() -> None:
    sample = pack_samples(levels=[1], per_level=3)[2]
    grade, _ = play(open_task(context()).open(sample), gold(sample))
    detail = dict(grade.detail)
    assert (detail["type"], detail["gold_steps"], detail["won"]) == ("heat", len(sample.data["plan"]), True)
    assert detail["actions"] == list(sample.data["plan"])
    json.dumps(detail)


def test_prompts_need_no_engine() -> None:
    """Goal, first observation, possible commands and the worked example are in the pack."""
    pool = shared_pool(3)
    task = open_task(context(workers=3))
    sample = task.samples()[2]
    prompt = task.open(sample).ask()
    assert prompt is not None
    assert all(seat.worker is None for seat in pool.seats)
    last = prompt.messages[-1].content
    assert f"Goal: {sample.data['goal']}" in last
    assert sample.data["first"] in last
    assert last.endswith("\n".join(f"- {c}" for c in sample.data["commands"] if c.startswith("go to ")))
    assert sample.estimated_prompt_tokens > 100


@pytest.mark.parametrize("kind", TYPES)
def test_the_example_is_one_of_the_type_and_of_no_episode(kind: str) -> None:
    lines = example_for(kind, show_actions=True)
    verb = {"put": "put", "puttwo": "put", "examine": "use"}.get(kind, kind)
    actions = [text for label, text in lines if label == "Action"]
    assert [label for label, _ in lines] == ["Goal", "Observation", *["Action", "Observation"] * len(actions)]
    assert any(action.startswith(verb) for action in actions)
    seen = [text for label, text in lines if label == "Observation"]
    assert all(f"- {action}\n" in f"{text}\n" for action, text in zip(actions, seen, strict=False))
    assert "Possible commands" not in "".join(text for _, text in example_for(kind, show_actions=False))
    worlds = {(episode["goal"], episode["first"]) for episode in pack()["episodes"]}
    assert (lines[0][1], pack()["examples"][kind]["steps"][0]["observation"]) not in worlds


def test_the_example_follows_the_type() -> None:
    task = open_task(context())
    goals = []
    for sample in pack_samples(levels=[1], per_level=6):
        prompt = task.open(sample).ask()
        assert prompt is not None
        goals.append(pack()["examples"][sample.data["type"]]["goal"] in prompt.messages[1].content)
    assert goals == [True] * 6


def test_upstream_mode_keeps_what_was_published() -> None:
    task = open_task(context(mode="upstream"))
    sample = task.samples()[0]
    assert sample.data["budget"] == 30
    prompt = task.open(sample).ask()
    assert prompt is not None
    assert prompt.messages[-1].content.endswith("Action: ")
    assert "Possible commands" not in prompt.messages[-1].content
    assert prompt.sampling.max_tokens == 100


def test_a_world_that_does_not_begin_as_recorded_is_a_data_error() -> None:
    sample = pack_samples(levels=[1], per_level=1)[0]
    env = environment_for({**sample.data, "first": "A hall."}, upstream=False, show_actions=False)
    with pytest.raises(DataError, match=r"alfworld 0\.4\.2"):
        env.step("look")


def test_a_broken_engine_breaks_the_episode_and_is_no_score() -> None:
    task = open_task(context(workers=4))
    sample = pack_samples(levels=[1], per_level=1)[0]
    episode = task.open(sample)
    plan = gold(sample)
    prompt = episode.ask()
    assert prompt is not None
    episode.tell(Reply(plan(prompt)))
    for seat in shared_pool(4).seats:
        if seat.worker is not None:
            seat.worker._child.kill()
    assert episode.ask() is not None
    episode.tell(Reply(plan(prompt)))
    assert episode.ask() is None
    grade = episode.grade()
    assert (grade.state, dict(grade.scores)) == ("broken", {})
    assert "alfworld" in grade.detail["broken"]
    assert play(task.open(sample), gold(sample))[0].channel == "correct"
    shared_pool(4).close()


def test_settings() -> None:
    for bad, message in (
        ({"worker": 1}, "did you mean 'workers'"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"levels": [4]}, "levels: unknown 4"),
    ):
        with pytest.raises(ConfigError, match=message):
            open_task(context(**bad))
    assert INFO.slug == "alfworld"
    assert [metric.name for metric in INFO.metrics] == ["progress", "success", "grounding"]
