"""The text world: commands, observations, progress."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.errors import DataError
from acbench.tasks.pddl.domains import DOMAINS
from acbench.tasks.pddl.environment import CLOSING, MAX_SHOWN_ACTIONS, NO_EFFECT, NOT_A_COMMAND, Environment
from acbench.tasks.pddl.search import shortest_plan
from acbench.tasks.pddl.strips import World, load_world
from acbench.tasks.pddl.wording import CORRECTED, UPSTREAM, Wording

GRIPPER_DOMAIN = """(define (domain g)
  (:predicates (room ?r) (ball ?b) (gripper ?g) (at-robby ?r) (at ?b ?r) (free ?g) (carry ?b ?g))
  (:action move :parameters (?a ?b) :precondition (and (room ?a) (room ?b) (at-robby ?a))
    :effect (and (at-robby ?b) (not (at-robby ?a))))
  (:action pick :parameters (?b ?r ?g)
    :precondition (and (ball ?b) (room ?r) (gripper ?g) (at ?b ?r) (at-robby ?r) (free ?g))
    :effect (and (carry ?b ?g) (not (at ?b ?r)) (not (free ?g))))
  (:action drop :parameters (?b ?r ?g)
    :precondition (and (ball ?b) (room ?r) (gripper ?g) (carry ?b ?g) (at-robby ?r))
    :effect (and (at ?b ?r) (free ?g) (not (carry ?b ?g)))))"""


def gripper_world(balls: int = 4, *, at_goal: int = 0) -> World:
    """Balls in rooma (the last ``at_goal`` of them in roomb already); all are wanted in roomb."""
    names = [f"ball{n}" for n in range(1, balls + 1)]
    init = "".join(
        f"(ball {name}) (at {name} room{'b' if n >= balls - at_goal else 'a'})"
        for n, name in enumerate(names)
    )
    goal = " ".join(f"(at {name} roomb)" for name in names)
    problem = f"""(define (problem p) (:domain g) (:objects rooma roomb {" ".join(names)} left right)
      (:init (room rooma) (room roomb) (gripper left) (gripper right) (at-robby rooma)
             (free left) (free right) {init}) (:goal (and {goal})))"""
    return load_world(GRIPPER_DOMAIN, problem)


def blocks_world() -> World:
    problem = """(define (problem p) (:domain blocksworld) (:objects red blue green - block)
      (:init (hand-empty) (on-table red) (on-table blue) (on green blue) (clear red) (clear green))
      (:goal (and (on red blue))))"""
    return load_world(DOMAINS["blocksworld"].text, problem)


def upstream_gripper() -> Environment:
    return Environment(gripper_world(), UPSTREAM["gripper"], upstream=True)


@pytest.mark.parametrize(
    "command",
    [
        "PICK BALL1 ROOMA LEFT",
        "Pick up ball1 at rooma with arm left.",
        "please pick the ball1 (in rooma), left!",
        "pick ball1 rooma left and then roomb",
    ],
)
def test_prose_and_bare_forms_are_the_same_action(command: str) -> None:
    """Worked example 9."""
    environment = upstream_gripper()
    assert environment.step(command).valid
    assert ("carry", "ball1", "left") in environment.state


@pytest.mark.parametrize(
    ("command", "message", "understood"),
    [
        ("pick", NOT_A_COMMAND, True),
        ("dance", NOT_A_COMMAND, False),
        ("", NOT_A_COMMAND, False),
        ("drop ball1 rooma left", NOT_A_COMMAND, True),  # a verb that never applies now is not found
        ("move rooma rooma", NO_EFFECT, True),
        ("pick ball1 roomb left", NO_EFFECT, True),
    ],
)
@pytest.mark.parametrize("upstream", [True, False])
def test_refused_commands(command: str, message: str, understood: bool, upstream: bool) -> None:
    """Worked example 9: message A or B, and all of them invalid."""
    environment = Environment(gripper_world(), UPSTREAM["gripper"], upstream=upstream)
    step = environment.step(command)
    assert (step.observation, step.valid, step.understood) == (message, False, understood)
    assert environment.state == environment.world.init


def test_progress_is_the_running_maximum() -> None:
    """Worked example 8: 1, 2, 1, 2 of 4 facts hold."""
    environment = upstream_gripper()
    for command in ("pick ball1 rooma left", "pick ball2 rooma right", "move rooma roomb"):
        assert environment.step(command).progress == 0.0
    drops = (
        "drop ball1 roomb left",
        "drop ball2 roomb right",
        "pick ball1 roomb left",
        "drop ball1 roomb left",
    )
    assert [environment.step(command).progress for command in drops] == [0.25, 0.5, 0.5, 0.5]


def test_goal_facts_that_hold_from_the_start() -> None:
    world = gripper_world(4, at_goal=1)
    upstream = Environment(world, UPSTREAM["gripper"], upstream=True)
    assert upstream.step("check valid actions").progress == 0.0
    assert upstream.step("pick ball1 rooma left").progress == 0.25
    own = Environment(world, CORRECTED["gripper"])
    assert own.step("pick ball1 rooma left").progress == 0.0
    own.step("move rooma roomb")
    assert own.step("drop ball1 roomb left").progress == pytest.approx(1 / 3)
    with pytest.raises(DataError, match="holds at the start"):
        Environment(gripper_world(1, at_goal=1), CORRECTED["gripper"])


def test_losing_a_goal_fact_is_not_below_zero() -> None:
    own = Environment(gripper_world(2, at_goal=1), CORRECTED["gripper"])
    own.step("move rooma roomb")
    assert own.step("pick ball2 roomb left").progress == 0.0


def test_four_balls_take_eleven_steps_and_four_refusals_ground_three_quarters() -> None:
    """Worked example 10."""
    world = gripper_world(4)
    plan = shortest_plan(world, 30)
    assert plan is not None
    assert len(plan) == 11
    environment = upstream_gripper()
    commands = ["look around", "dance", "pick", "move rooma rooma", "sing", *(action.text for action in plan)]
    steps = [environment.step(command) for command in commands]
    assert len(steps) == 16
    assert sum(step.valid for step in steps) / len(steps) == 0.75
    assert steps[-1].done
    assert steps[-1].observation.endswith(CLOSING)
    assert not environment.step("move roomb rooma").valid


def test_special_commands_are_valid_and_change_nothing() -> None:
    environment = upstream_gripper()
    look = environment.step("Look around.")
    assert look.observation == environment.first_observation()
    listed = environment.step("check valid actions")
    assert look.valid
    assert listed.valid
    assert environment.state == environment.world.init
    texts = listed.observation.removeprefix("Valid commands: ").removesuffix(".").split(", ")
    assert texts == sorted(texts)
    assert "Move from rooma to rooma." in texts  # applicable, so upstream lists it
    own = Environment(gripper_world(), CORRECTED["gripper"]).step("check valid actions").observation
    assert "move from rooma to roomb" in own
    assert "move from rooma to rooma" not in own


def test_upstream_wording() -> None:
    """The published sentences of section 5.5."""
    world = gripper_world()
    words = UPSTREAM["gripper"]
    assert words.action(world.by_text["pick ball1 rooma left"]) == "Pick up ball1 at rooma with arm left. "
    assert words.action(world.by_text["move rooma roomb"]) == "Move from rooma to roomb. "
    assert words.action(world.by_text["drop ball1 roomb right"]) == "drop ball1 roomb right"
    assert words.fact(("room", "rooma")) == "room rooma"
    assert words.describe([("carry", "ball4", "left")]) == "Ball4 is carrying left."
    assert UPSTREAM["barman"].fact(("handempty", "left")) == "handempty left"
    assert UPSTREAM["barman"].describe([("holding", "left", "shot1")]) == "You are holding left."
    blocks = UPSTREAM["blockworld"]
    assert blocks.fact(("on-table", "b1")) == "b1 is on the table."
    assert blocks.describe([("clear", "b2"), ("on", "b2", "B3")]) == "B2 is on b3. The b2 is clear."
    stacked = blocks_world().by_text["unstack red blue"]
    assert blocks.action(stacked) == "Unstack red from blue."


def test_corrected_wording_says_what_upstream_confuses() -> None:
    assert CORRECTED["gripper"].describe([("carry", "ball4", "left")]) == "Gripper left holds ball4."
    assert CORRECTED["barman"].describe([("holding", "left", "shot1")]) == "Hand left holds shot1."


def test_unknown_names_and_other_arities_fall_back() -> None:
    words = Wording(facts={"p": "{0} and {1}"})
    assert words.fact(("p", "a")) == "p a"
    assert words.fact(("q", "a", "b")) == "q a b"


def test_observations_are_sorted_sentences() -> None:
    environment = Environment(blocks_world(), DOMAINS["blocksworld"].wording, show_actions=True)
    assert environment.first_observation() == (
        "Blue is on the table. Green is on blue. Nothing is on green. Nothing is on red. "
        "Red is on the table. Your hand is empty.\nValid commands:\n- pickup red\n- unstack green from blue"
    )
    assert environment.goal_text() == "Make all of this true: red is on blue."


def test_two_word_verbs_are_joined_outside_upstream_mode() -> None:
    own = Environment(blocks_world(), DOMAINS["blocksworld"].wording)
    assert own.step("pick up red").valid
    assert own.step("Put down the red block.").valid
    strict = Environment(blocks_world(), DOMAINS["blocksworld"].wording, upstream=True)
    assert not strict.step("pick up red").valid


def test_some_domains_show_only_what_is_new() -> None:
    words = Wording(only_new=True)
    environment = Environment(gripper_world(), words)
    assert environment.step("move rooma roomb").observation == "At-robby roomb"
    assert environment.step("look around").observation.count("Ball ball") == 4


def test_the_shown_list_is_capped() -> None:
    environment = Environment(gripper_world(9), CORRECTED["gripper"], show_actions=True)
    shown = environment.first_observation().rpartition("\nValid commands:\n")[2].split("\n")
    assert len(shown) == MAX_SHOWN_ACTIONS + 1
    assert shown[-1] == "(and 7 more)"  # 18 picks and a move
    for line in shown[:-1]:  # copied with its dash
        assert line.startswith(("- move ", "- pick "))
        assert Environment(gripper_world(9), CORRECTED["gripper"]).step(line).valid
    everything = environment.step("check valid actions").observation
    assert everything.count(", ") == 18
    assert everything.count("Valid commands") == 1


COMMAND_WORDS = st.sampled_from(
    ["pick", "pickup", "stack", "red", "blue", "green", "on", "check", "look", "around", "-"]
)


@given(st.lists(st.text(max_size=30) | st.lists(COMMAND_WORDS, max_size=6).map(" ".join), max_size=12))
def test_no_text_makes_it_raise_and_progress_never_falls(commands: list[str]) -> None:
    environment = Environment(blocks_world(), DOMAINS["blocksworld"].wording, show_actions=True)
    progress = 0.0
    for command in commands:
        step = environment.step(command)
        assert progress <= step.progress <= 1.0
        progress = step.progress
        assert step.done == environment.done
        assert step.done == (progress == 1.0)
