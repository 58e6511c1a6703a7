"""The embedded bar and garage: reading their commands, what is observed, agents that play them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pddl_stubs import context, gold, nothing, play, shown_commands, wanderer

from acbench.tasks.pddl import open_likelihood, open_task
from acbench.tasks.pddl.domains import DOMAINS
from acbench.tasks.pddl.environment import NO_EFFECT, NOT_A_COMMAND, Environment
from acbench.tasks.pddl.strips import load_world
from acbench.tasks.pddl.wording import CORRECTED, UPSTREAM

NEW = ["barman", "tyreworld"]

BAR = """(define (problem p) (:domain barman)
  (:objects left right - hand shot1 shot2 - shot shaker1 - shaker gin lime - ingredient fizz - cocktail
            dispenser1 dispenser2 - dispenser level0 level1 level2 - level)
  (:init (handempty left) (handempty right) (shaker-level shaker1 level0) (shaker-empty-level shaker1 level0)
         (next level0 level1) (next level1 level2) (ontable shot1) (ontable shot2) (ontable shaker1)
         (empty shot1) (empty shot2) (empty shaker1) (clean shot1) (clean shot2) (clean shaker1)
         (dispenses dispenser1 gin) (dispenses dispenser2 lime) (first-part fizz gin) (second-part fizz lime))
  (:goal (and (contains shot2 fizz))))"""
GARAGE = """(define (problem p) (:domain tyreworld)
  (:objects boot - container hub1 - hub nuts1 - nut old new - wheel)
  (:init (closed boot) (unlocked boot) (in wrench boot) (in jack boot) (in pump boot) (in new boot) (intact new)
         (not-inflated new) (on old hub1) (on-ground hub1) (fastened hub1) (tight nuts1 hub1))
  (:goal (and (on new hub1) (inflated new) (tight nuts1 hub1) (in old boot))))"""


def world_of(domain: str, *, upstream: bool = False) -> Environment:
    problem = {"barman": BAR, "tyreworld": GARAGE}[domain]
    spec = DOMAINS[domain]
    return Environment(load_world(spec.text, problem), spec.wording, upstream=upstream)


def test_they_are_played_by_default_where_they_are_readable() -> None:
    played: dict[str, set[str]] = {}
    for sample in open_task(context(per_level=1)).samples():
        played.setdefault(sample.data["domain"], set()).add(sample.level)
    every = {"L1", "L2", "L3", "L4", "L5"}
    assert played == {
        "blocksworld": every,
        "gripper": every,
        "barman": {"L1", "L2"},
        "tyreworld": {"L1", "L2", "L3"},
    }
    scored = open_likelihood(context(per_level=1, levels=[1])).samples()
    assert {sample.data["domain"] for sample in scored} == {"blocksworld", "gripper"}
    asked = open_task(context(per_level=1, levels=[4], domains=["tyreworld", "barman", "gripper"])).samples()
    assert [sample.id for sample in asked] == ["gripper-l4-00", "barman-l4-00", "tyreworld-l4-00"]


def test_the_other_domains_are_what_they_were_without_them() -> None:
    """Samples and prompts of the small domains do not depend on what else is played: saved answers stay good."""
    alone = open_task(context(domains=["blocksworld", "gripper"]))
    together = open_task(context())
    both = list(zip(alone.samples(), together.samples(), strict=False))
    assert len(both) == len(alone.samples()) == 40
    for one, other in both:
        assert (one.id, one.level, one.cluster) == (other.id, other.level, other.cluster)
        assert {**one.data, "settings": 0} == {**other.data, "settings": 0}  # data tell what was set
        assert alone.open(one).ask() == together.open(other).ask()


@pytest.mark.parametrize(("domain", "count"), [("barman", 12), ("tyreworld", 13)])
def test_the_numbers_of_actions_are_the_published_ones(domain: str, count: int) -> None:
    schemas = world_of(domain).world.domain.schemas
    assert len(schemas) == count
    for schema in schemas:
        assert schema.name in DOMAINS[domain].rules


@pytest.mark.parametrize("domain", NEW)
def test_every_shown_command_is_read_back_as_itself(domain: str) -> None:
    """Along a random walk every listed command, and its bare form, leads to the same state."""
    task = open_task(context(domains=[domain], levels=[4], per_level=1))
    problem = task.samples()[0].data["problem"]
    spec = DOMAINS[domain]
    world = load_world(spec.text, problem)
    environment = Environment(world, spec.wording)
    seen = set()
    rng = Random(5)
    for _ in range(120):
        actions = environment.valid_actions()
        for action in actions:
            for text in (spec.wording.action(action), action.text, action.text.replace("-", " ")):
                trial = Environment(world, spec.wording)
                trial.state = environment.state
                assert trial.step(text).valid, text
                assert trial.state == world.apply(environment.state, action), text
            seen.add(action.name)
        environment.state = world.apply(environment.state, rng.choice(actions))
    assert len(seen) >= 8


@pytest.mark.parametrize(
    ("domain", "commands"),
    [
        (
            "barman",
            (
                "grasp left shot1",
                "Fill shot shot1 with gin: left hand, right free, dispenser1",
                "pour shot to clean shaker shot1 gin shaker1 left level0 level1",
            ),
        ),
        ("tyreworld", ("open the boot", "Fetch jack from boot.", "Jack up hub1", "jack-down hub1")),
    ],
)
def test_verbs_of_several_words_are_joined_outside_upstream_mode(
    domain: str, commands: tuple[str, ...]
) -> None:
    own, strict = world_of(domain), world_of(domain, upstream=True)
    valid = [own.step(command).valid for command in commands]
    refused = [strict.step(command).valid for command in commands]
    assert all(valid)
    assert not all(refused)


def test_only_new_facts_are_told_and_look_around_tells_all() -> None:
    bar = world_of("barman")
    assert bar.step("grasp left shot1").observation == "Your left hand holds shot1."
    filled = bar.step("fill-shot shot1 gin left right dispenser1").observation
    assert filled == "Shot1 contains gin. Shot1 was used for gin."
    assert bar.step("clean-shaker left right shaker1").observation == NOT_A_COMMAND
    everything = bar.step("look around").observation
    assert everything.count(". ") == len(bar.state) - 1
    assert "Your left hand holds shot1. Your right hand is empty." in everything
    garage = world_of("tyreworld")
    assert garage.step("open boot").observation == "Boot is open."
    assert garage.step("put-away jack boot").observation == NOT_A_COMMAND  # nothing can be put away yet
    assert garage.step("fetch old boot").observation == NO_EFFECT
    assert "Boot is closed." not in garage.step("look around").observation


def test_a_hand_is_shown_with_what_it_holds() -> None:
    """Row 18 of the list of mistakes: upstream shows the hand alone."""
    held = ("holding", "left", "shot1")
    assert UPSTREAM["barman"].fact(held) == "You are holding left."
    assert CORRECTED["barman"].fact(held) == "hand left holds shot1."
    assert DOMAINS["barman"].wording.fact(held) == "your left hand holds shot1."


@pytest.mark.parametrize("domain", NEW)
def test_every_fact_has_a_sentence_of_its_own(domain: str) -> None:
    """No two facts read the same, within a domain, so that nothing is overwritten."""
    world, words = world_of(domain).world, DOMAINS[domain].wording
    assert set(words.facts) | words.hidden == set(world.domain.predicates)
    facts = {fact for action in world.actions for fact in action.preconditions | action.adds} | world.init
    shown = [words.fact(fact) for fact in facts if fact[0] not in words.hidden]
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_gold_idle_and_random_agents(mode: str) -> None:
    task = open_task(context(domains=NEW, per_level=2, mode=mode, show_actions=True))
    drawn = []
    for sample in task.samples():
        best = play(task.open(sample), gold(sample))[0]
        assert best.scores == {"progress": 1.0, "success": 1.0, "grounding": 1.0}, sample.id
        assert play(task.open(sample), nothing)[0].scores == {
            "progress": 0.0,
            "success": 0.0,
            "grounding": 0.0,
        }
        if mode == "corrected":
            drawn.append(play(task.open(sample), wanderer(sample.id))[0].scores["progress"])
    if drawn:
        assert 0.0 < sum(drawn) / len(drawn) < 1.0


WORDS = {
    domain: st.sampled_from(
        [
            *world_of(domain).world.objects,
            *(schema.name for schema in world_of(domain).world.domain.schemas),
            *("look around", "check", "and", "-"),
        ]
    )
    for domain in NEW
}


@pytest.mark.parametrize("domain", NEW)
@given(data=st.data())
def test_no_text_makes_them_raise(domain: str, data: st.DataObject) -> None:
    command = st.lists(WORDS[domain], max_size=8).map(" ".join) | st.text(max_size=30)
    environment, progress = world_of(domain), 0.0
    for text in data.draw(st.lists(command, max_size=12)):
        step = environment.step(text)
        assert step.observation
        assert progress <= step.progress <= 1.0
        assert step.understood or not step.valid
        progress = step.progress


def test_the_list_of_commands_is_sorted() -> None:
    for domain in NEW:
        environment = world_of(domain)
        environment._show_actions = True
        commands = shown_commands(environment.first_observation())
        assert commands == sorted(commands)
        assert commands
