"""The embedded domains: our own texts of four old public planning domains, and their instructions.

A further domain is one entry in ``DOMAINS`` here, one in ``wording`` and one in ``generators``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.tasks.pddl import bar_and_garage, wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.pddl.wording import Wording


@dataclass(frozen=True, slots=True)
class Example:
    """A tiny problem with its plan, shown worked out in the prompt."""

    problem: str
    plan: Sequence[str]


@dataclass(frozen=True, slots=True)
class DomainSpec:
    """A domain of the embedded pack. ``rules`` tells the agent what it can do."""

    name: str
    text: str
    rules: str
    wording: Wording
    example: Example


_BLOCKSWORLD = """
(define (domain blocksworld)
  (:requirements :strips :typing)
  (:types block)
  (:predicates (on ?upper - block ?lower - block) (on-table ?b - block)
               (clear ?b - block) (holding ?b - block) (hand-empty))
  (:action pickup
    :parameters (?b - block)
    :precondition (and (hand-empty) (on-table ?b) (clear ?b))
    :effect (and (holding ?b) (not (hand-empty)) (not (on-table ?b)) (not (clear ?b))))
  (:action putdown
    :parameters (?b - block)
    :precondition (and (holding ?b))
    :effect (and (hand-empty) (on-table ?b) (clear ?b) (not (holding ?b))))
  (:action stack
    :parameters (?upper - block ?lower - block)
    :precondition (and (holding ?upper) (clear ?lower))
    :effect (and (hand-empty) (on ?upper ?lower) (clear ?upper)
                 (not (holding ?upper)) (not (clear ?lower))))
  (:action unstack
    :parameters (?upper - block ?lower - block)
    :precondition (and (hand-empty) (on ?upper ?lower) (clear ?upper))
    :effect (and (holding ?upper) (clear ?lower)
                 (not (hand-empty)) (not (on ?upper ?lower)) (not (clear ?upper)))))
"""

_GRIPPER = """
(define (domain gripper)
  (:requirements :strips :typing)
  (:types room ball hand)
  (:predicates (robot-in ?r - room) (door ?a - room ?b - room)
               (at ?b - ball ?r - room) (carry ?b - ball ?h - hand) (empty ?h - hand))
  (:action move
    :parameters (?from - room ?to - room)
    :precondition (and (robot-in ?from) (door ?from ?to))
    :effect (and (robot-in ?to) (not (robot-in ?from))))
  (:action pick
    :parameters (?b - ball ?r - room ?h - hand)
    :precondition (and (robot-in ?r) (at ?b ?r) (empty ?h))
    :effect (and (carry ?b ?h) (not (at ?b ?r)) (not (empty ?h))))
  (:action drop
    :parameters (?b - ball ?r - room ?h - hand)
    :precondition (and (robot-in ?r) (carry ?b ?h))
    :effect (and (at ?b ?r) (empty ?h) (not (carry ?b ?h)))))
"""

DOMAINS: Mapping[str, DomainSpec] = {
    "blocksworld": DomainSpec(
        name="blocksworld",
        text=_BLOCKSWORLD,
        rules=(
            "You have one hand and move coloured blocks, one at a time. Only a block with nothing on it "
            "can be taken, and only with an empty hand.\n"
            "Commands: pickup X (from the table); putdown X (on the table); stack X on Y; unstack X from Y."
        ),
        wording=wording.BLOCKSWORLD,
        example=Example(
            problem="""(define (problem example) (:domain blocksworld) (:objects gold silver - block)
                (:init (hand-empty) (on-table gold) (on-table silver) (clear gold) (clear silver))
                (:goal (and (on silver gold))))""",
            plan=("pickup silver", "stack silver gold"),
        ),
    ),
    "gripper": DomainSpec(
        name="gripper",
        text=_GRIPPER,
        rules=(
            "You are a robot with two hands, left and right, and carry balls between rooms. A hand holds "
            "one ball. You reach only what is in your own room; doors join all rooms.\n"
            "Commands: move from ROOM to ROOM; pick BALL in ROOM with HAND; drop BALL in ROOM from HAND."
        ),
        wording=wording.GRIPPER,
        example=Example(
            problem="""(define (problem example) (:domain gripper)
                (:objects attic cellar - room ball9 - ball left right - hand)
                (:init (robot-in cellar) (door attic cellar) (door cellar attic)
                       (carry ball9 right) (empty left))
                (:goal (and (at ball9 attic))))""",
            plan=("move cellar attic", "drop ball9 attic right"),
        ),
    ),
    "barman": DomainSpec(
        name="barman",
        text=bar_and_garage.BARMAN,
        rules=bar_and_garage.BARMAN_RULES,
        wording=wording.BARMAN,
        example=Example(
            problem=bar_and_garage.BARMAN_EXAMPLE,
            plan=("grasp left glass", "fill-shot glass juice left right tap"),
        ),
    ),
    "tyreworld": DomainSpec(
        name="tyreworld",
        text=bar_and_garage.TYREWORLD,
        rules=bar_and_garage.TYREWORLD_RULES,
        wording=wording.TYREWORLD,
        example=Example(problem=bar_and_garage.TYREWORLD_EXAMPLE, plan=("open trunk", "fetch extra trunk")),
    ),
}

DEFAULT_LEVELS: Mapping[str, Sequence[int]] = {
    "blocksworld": (1, 2, 3, 4, 5),
    "gripper": (1, 2, 3, 4, 5),
    "barman": (1, 2),
    "tyreworld": (1, 2, 3),
}
"""Levels of each domain that are played when the setting ``domains`` is not given. What is left out is harder to
read: a first observation of twenty facts and a plan of commands with up to six names each."""
LIKELIHOOD_DOMAINS = ("blocksworld", "gripper")
"""What the likelihood task scores when ``domains`` is not given."""

UPSTREAM_RULES: Mapping[str, str] = {
    "gripper": DOMAINS["gripper"].rules,
    "blockworld": DOMAINS["blocksworld"].rules,
    "barman": (
        "You are a barman with two hands. You grasp shots and a shaker, fill shots at dispensers, shake "
        "cocktails of two ingredients and pour them into clean shots. Filling, cleaning and shaking need "
        "a free second hand."
    ),
    "tyreworld": (
        "You change wheels. Tools and the spare wheels are in a container that must be open. Loosen the nuts "
        "while the hub is on the ground, jack it up, undo the nuts, swap the wheel, do the nuts up, "
        "jack it down, tighten them."
    ),
}

UPSTREAM_EXAMPLES: Mapping[str, Example] = {
    "gripper": Example(
        problem="""(define (problem example) (:domain gripper-strips)
            (:objects attic cellar ball99 left right)
            (:init (room attic) (room cellar) (ball ball99) (gripper left) (gripper right)
                   (at-robby cellar) (carry ball99 right) (free left))
            (:goal (and (at ball99 attic))))""",
        plan=("move cellar attic", "drop ball99 attic right"),
    ),
    "blockworld": Example(
        problem="""(define (problem example) (:domain blocksworld-4ops) (:objects gold silver)
            (:init (arm-empty) (on-table gold) (on-table silver) (clear gold) (clear silver))
            (:goal (and (on silver gold))))""",
        plan=("pickup silver", "stack silver gold"),
    ),
    "barman": Example(
        problem="""(define (problem example) (:domain barman)
            (:objects left right - hand glass - shot juice - ingredient tap - dispenser)
            (:init (ontable glass) (clean glass) (empty glass) (dispenses tap juice)
                   (handempty left) (handempty right))
            (:goal (and (contains glass juice))))""",
        plan=("grasp left glass", "fill-shot glass juice left right tap"),
    ),
    "tyreworld": Example(
        problem="""(define (problem example) (:domain tyreworld) (:objects trunk - container spare - wheel)
            (:init (closed trunk) (unlocked trunk) (in spare trunk))
            (:goal (and (have spare))))""",
        plan=("open trunk", "fetch spare trunk"),
    ),
}
"""Our own examples in the vocabulary of the user's upstream domain files."""
