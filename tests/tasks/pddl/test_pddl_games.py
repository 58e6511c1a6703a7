"""The four published games in both modes: what is seen, listed, refused and said at the end (section 5.5)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pddl_stubs import context

from acbench.tasks.pddl import open_task
from acbench.tasks.pddl.domains import DOMAINS
from acbench.tasks.pddl.environment import CLOSING, NO_EFFECT, NOT_A_COMMAND, Environment
from acbench.tasks.pddl.samples import environment_for
from acbench.tasks.pddl.strips import load_world
from acbench.tasks.pddl.wording import CORRECTED, UPSTREAM

if TYPE_CHECKING:
    from acbench.tasks.protocol import Sample

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "agentboard" / "pddl"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no upstream data at {REAL}")
MODES = ("upstream", "corrected")
ONLY_NEW = ("barman", "tyreworld")

BAR = """(define (problem p) (:domain barman)
  (:objects left right - hand shot1 shot2 - shot gin - ingredient tap - dispenser)
  (:init (handempty left) (handempty right) (ontable shot1) (ontable shot2) (empty shot1) (empty shot2)
         (clean shot1) (clean shot2) (dispenses tap gin))
  (:goal (and (contains shot1 gin) (contains shot2 gin))))"""
GARAGE = """(define (problem p) (:domain tyreworld) (:objects boot - container r1 - wheel)
  (:init (closed boot) (unlocked boot) (in pump boot) (in r1 boot) (intact r1) (not-inflated r1))
  (:goal (and (inflated r1) (have r1))))"""


def world_of(game: str, mode: str) -> Environment:
    problem = {"barman": BAR, "tyreworld": GARAGE}[game]
    words = {"upstream": UPSTREAM, "corrected": CORRECTED}[mode][game]
    return Environment(load_world(DOMAINS[game].text, problem), words, upstream=mode == "upstream")


@pytest.mark.parametrize("mode", MODES)
def test_a_bar(mode: str) -> None:
    bar = world_of("barman", mode)
    everything = (
        "Clean shot1 Clean shot2 Dispenses tap gin Empty shot1 Empty shot2 Handempty left Handempty right "
        "Ontable shot1 Ontable shot2"
    )
    assert bar.first_observation() == bar.step("look around").observation == everything
    held = {"upstream": "You are holding left.", "corrected": "Hand left holds shot1."}[mode]
    assert bar.step("grasp left shot1").observation == held
    listed = bar.step("check valid actions")
    assert listed.valid
    assert listed.observation.endswith(
        "fill-shot shot1 gin left right tap, grasp right shot2, leave left shot1."
    )
    step = bar.step("Fill the shot: fill-shot shot1 gin left right tap.")
    assert (step.observation, step.progress) == ("Shot1 contains gin. Used shot1 gin", 0.5)
    assert "Handempty left" not in bar.step("Look around.").observation
    assert held in bar.step("look around").observation
    for text, message in (
        ("fill-shot", NOT_A_COMMAND),
        ("shake", NOT_A_COMMAND),  # no cocktail can be shaken now
        ("grasp right", NOT_A_COMMAND),
        ("grasp right shot1", NO_EFFECT),
    ):
        refused = bar.step(text)
        assert (refused.observation, refused.valid) == (message, False), text
    assert bar.step("leave left shot1").observation == "Handempty left Ontable shot1"
    for text in ("grasp right shot2", "fill-shot shot2 gin right left tap"):
        last = bar.step(text)
    assert last.observation == f"Shot2 contains gin. Used shot2 gin {CLOSING}"
    assert (last.progress, last.done, bar.success) == (1.0, True, True)


@pytest.mark.parametrize("mode", MODES)
def test_a_garage(mode: str) -> None:
    garage = world_of("tyreworld", mode)
    goal = {"upstream": "Wheel r1 is inflated.", "corrected": "r1 is inflated."}[mode]
    assert goal in garage.goal_text()
    assert garage.first_observation() == (
        "Closed boot Intact r1 Not-inflated r1 Pump is in boot. R1 is in boot. Unlocked boot"
    )
    assert garage.step("check").observation.endswith(": open boot.")
    assert garage.step("fetch r1 boot").observation == NOT_A_COMMAND
    assert garage.step("Open the boot!").observation == "Isopen boot"
    assert garage.step("fetch r1 boot").progress == 0.5
    assert garage.step("fetch pump boot").observation == "Have pump"
    assert "R1 is in boot." not in garage.step("look around").observation
    assert garage.step("fetch pump boot").observation == NOT_A_COMMAND  # nothing is left to fetch
    last = garage.step("inflate r1")
    shown = {"upstream": "Wheel r1 is inflated.", "corrected": "R1 is inflated."}[mode]
    assert (last.observation, last.progress, last.done) == (f"{shown} {CLOSING}", 1.0, True)


def problems() -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for sample in open_task(context(data_dir=REAL)).samples():
        found.setdefault(sample.data["domain"], []).append(sample)
    return found


def sentences(environment: Environment, facts: Any) -> str:
    """Facts as the specification words them: capitalised sentences, sorted, joined by blanks."""
    words = environment.wording
    shown = [words.fact(fact) for fact in facts if fact[0] not in words.hidden]
    if environment.wording.published:
        return " ".join(sorted(text[:1].upper() + text[1:].lower() for text in shown))
    return " ".join(sorted(text[:1].upper() + text[1:] for text in shown))


@pytest.mark.upstream
@needs_real
@pytest.mark.parametrize("mode", MODES)
def test_along_every_gold_plan_of_the_real_problems(mode: str) -> None:
    """Whole states in gripper and blockworld, news in barman and tyreworld; every step is on the list before it."""
    for game, samples in problems().items():
        for sample in samples[::3]:
            environment = environment_for(sample.data, mode=mode, show_actions=False)
            assert environment.first_observation() == sentences(environment, environment.world.init)
            for text in sample.data["plan"]:
                before = environment.state
                assert environment.step("look around").observation == sentences(environment, before)
                action = environment.world.by_text[text]
                assert environment.wording.action(action).strip() in environment.list_text()
                step = environment.step(environment.wording.action(action))
                assert step.valid, (sample.id, text)
                news = environment.state - before if game in ONLY_NEW else environment.state
                end = f" {CLOSING}" if step.done else ""
                assert step.observation == sentences(environment, news) + end
                reached = len(environment.world.goal & environment.state) / len(environment.world.goal)
                if mode == "upstream":
                    assert step.progress >= reached
            assert (environment.done, environment.progress) == (True, 1.0)


@pytest.mark.upstream
@needs_real
def test_the_share_of_the_goal_that_holds_at_the_start_is_known() -> None:
    """Only two problems begin with goal facts; in all others both modes measure alike."""
    given = {}
    for samples in problems().values():
        for sample in samples:
            own = environment_for(sample.data, mode="corrected", show_actions=False)
            published = environment_for(sample.data, mode="upstream", show_actions=False)
            values = [(own.step(t).progress, published.step(t).progress) for t in sample.data["plan"]]
            held = len(own.world.goal & own.world.init)
            if held:
                given[sample.id] = (held, len(own.world.goal))
            else:
                assert all(mine == theirs for mine, theirs in values), sample.id
    assert given == {"blockworld-problem10": (1, 6), "blockworld-problem5": (1, 2)}


@pytest.mark.upstream
@needs_real
def test_the_numbers_of_actions_and_rows_are_the_published_ones() -> None:
    found = problems()
    assert {game: len(samples) for game, samples in found.items()} == {
        "gripper": 20, "blockworld": 10, "barman": 20, "tyreworld": 10
    }  # fmt: skip
    schemas = {}
    largest = 0
    for game, samples in found.items():
        for sample in samples:
            world = environment_for(sample.data, mode="upstream", show_actions=False).world
            schemas[game] = len(world.domain.schemas)
            largest = max(largest, len(world.actions))
    assert schemas == {"gripper": 3, "blockworld": 4, "barman": 12, "tyreworld": 13}
    assert largest <= 1446
