"""Generated problems, checked by a model that shares no code with the engine."""

from __future__ import annotations

import pytest
from pddl_stubs import facts, optimal_length

from acbench.errors import ConfigError, DataError
from acbench.tasks.pddl.domains import DOMAINS
from acbench.tasks.pddl.generators import GENERATORS, LEVELS, bounds_for, generate
from acbench.tasks.pddl.search import shortest_plan
from acbench.tasks.pddl.strips import load_world

EVERY = [(domain, level) for domain in sorted(DOMAINS) for level in LEVELS]


def test_every_domain_has_a_generator() -> None:
    assert set(GENERATORS) == set(DOMAINS)


@pytest.mark.parametrize(("domain", "level"), EVERY)
def test_plans_are_optimal_and_within_the_level(domain: str, level: int) -> None:
    bounds = bounds_for(domain, level)
    for problem in generate(domain, level, 4, seed=0):
        assert bounds.shortest <= len(problem.plan) <= bounds.longest
        assert optimal_length(domain, problem.problem) == len(problem.plan)
        goal = facts(problem.problem, "goal")
        assert bounds.fewest_goals <= len(goal) <= bounds.most_goals
        assert not goal & facts(problem.problem, "init")


@pytest.mark.parametrize(("domain", "level"), EVERY)
def test_plans_replay_in_the_engine(domain: str, level: int) -> None:
    for problem in generate(domain, level, 4, seed=1):
        world = load_world(DOMAINS[domain].text, problem.problem)
        state = world.init
        for text in problem.plan:
            assert world.by_text[text] in world.applicable(state)
            state = world.apply(state, world.by_text[text])
        assert world.goal <= state


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_seeded_distinct_and_a_larger_count_only_appends(domain: str) -> None:
    six = generate(domain, 2, 6, seed=3)
    assert generate(domain, 2, 6, seed=3) == six
    assert generate(domain, 2, 3, seed=3) == six[:3]
    assert generate(domain, 2, 6, seed=4) != six
    assert len({problem.problem for problem in six}) == 6


def test_problems_never_change_silently() -> None:
    """A change here changes what was asked: raise the task's version."""
    assert generate("blocksworld", 1, 1, seed=0)[0].plan == ("stack green pink",)
    assert generate("gripper", 1, 1, seed=0)[0].plan == ("drop ball2 hall right",)
    assert generate("barman", 1, 1, seed=0)[0].plan == ("grasp right shot2",)
    assert generate("tyreworld", 1, 1, seed=0)[0].plan == ("tighten nuts1 hub1",)


def test_more_problems_than_exist_is_a_config_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acbench.tasks.pddl.generators._ATTEMPTS_PER_PROBLEM", 1)
    with pytest.raises(ConfigError, match="per_level = 500"):
        generate("gripper", 1, 500, seed=0)


def test_search_gives_up_on_large_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = generate("blocksworld", 5, 1, seed=0)[0]
    world = load_world(DOMAINS["blocksworld"].text, problem.problem)
    assert shortest_plan(world, len(problem.plan) - 1) is None
    monkeypatch.setattr("acbench.tasks.pddl.search.MAX_STATES", 100)
    with pytest.raises(DataError, match="more than 100 states"):
        shortest_plan(world, 30)
