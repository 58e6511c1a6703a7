"""The STRIPS reader and engine."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.errors import DataError
from acbench.tasks.pddl.strips import load_world

DOMAIN = """
; a comment with a ) in it
(define (domain taps)
  (:requirements :strips :typing)
  (:types jug glass - vessel
          vessel level - object)
  (:constants BUCKET - jug)
  (:predicates (full ?v - vessel) (wet) (next ?a ?b - level))
  (:action fill :parameters (?v - vessel) :precondition () :effect (and (full ?v) (wet)))
  (:action pour
    :parameters (?from - jug ?to - glass ?l - level?l1 - level)
    :precondition (and (full ?from) (next ?l ?l1))
    :effect (and (full ?to) (not (full ?from))))
  (:action keep :parameters (?v - vessel) :precondition (full ?v) :effect (and (full ?v) (not (full ?v)))))
"""
PROBLEM = """
(define (problem p) (:domain taps)
  (:objects can bucket - jug cup - glass l0 l1 l2 - level)
  (:init (next l0 l1) (next l1 l2) (full can))
  (:goal (full cup)))
"""


def test_reads_types_constants_and_a_variable_without_a_blank_before_it() -> None:
    world = load_world(DOMAIN, PROBLEM)
    assert world.objects["bucket"] == "jug"  # the constant, repeated as an object
    assert world.domain.is_a("glass", "vessel")
    assert not world.domain.is_a("vessel", "glass")
    pours = [action.text for action in world.actions if action.name == "pour"]
    assert pours == [
        f"pour {jug} cup {pair}" for jug in ("bucket", "can") for pair in ("l0 l1", "l1 l2")
    ]  # only levels that are next to each other: unchanging facts prune
    assert [action.text for action in world.actions if action.name == "fill"] == [
        "fill bucket",
        "fill can",
        "fill cup",
    ]


def test_applies_actions() -> None:
    world = load_world(DOMAIN, PROBLEM)
    pour = world.by_text["pour can cup l0 l1"]
    after = world.apply(world.init, pour)
    assert world.goal <= after
    assert ("full", "can") not in after
    assert world.apply(after, pour) == after  # not applicable any more
    assert world.apply(after, world.by_text["keep cup"]) == after  # added facts win
    names = [action.text for action in world.applicable(world.init)]
    assert names == sorted(names)
    assert "pour bucket cup l0 l1" not in names


def test_untyped_domains_need_no_requirements() -> None:
    domain = "(define (domain d) (:predicates (p ?x)) (:action a :parameters (?x) :effect (p ?x)))"
    problem = "(define (problem q) (:domain d) (:objects u v) (:init) (:goal (and (p u) (p v))))"
    assert [action.text for action in load_world(domain, problem).actions] == ["a u", "a v"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("(define", "((define", "d.pddl:3: this parenthesis is never closed"),
        ("(full ?v) (wet)))", "(full ?v) (wet))))))))", "closing parenthesis without"),
        ("(domain taps)", "taps", r"d.pddl:3: expected \(define"),
        ("(full ?from) (next", "(fill ?from) (next", "d.pddl:12: unknown predicate 'fill'"),
        ("(full ?from) (next", "(full ?who) (next", "unknown object or variable '\\?who'"),
        ("(full ?from) (next", "(full) (next", "'full' takes 1 arguments, not 0"),
        ("(full ?from) (next", "(not (full ?from)) (next", "'not' is not supported"),
        ("(not (full ?from))", "(not)", "exactly one fact"),
        ("(?v - vessel) :precondition ()", "(?v - kettle) :precondition ()", "undeclared type 'kettle'"),
        ("(?v - vessel) :precondition ()", "(?v -) :precondition ()", "a type list needs"),
        ("(:constants", "(:functions", "section ':functions' is not supported"),
        (":effect (and (full ?to)", ":affect (and (full ?to)", "action 'pour' is incomplete"),
    ],
)
def test_malformed_domains_name_file_and_line(old: str, new: str, message: str) -> None:
    assert old in DOMAIN
    with pytest.raises(DataError, match=message):
        load_world(DOMAIN.replace(old, new, 1), PROBLEM, "d.pddl", "p.pddl")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("(:goal (full cup))", "(:goal (and))", "p.pddl:5: the goal is empty"),
        ("(:goal (full cup))", "(:goal)", "one expression"),
        ("(:goal (full cup))", "(:goal (or (full cup)))", "'or' is not supported"),
        ("(:goal (full cup))", "", "no :goal section"),
        ("(full can)", "(full can bucket)", "'full' takes 1"),
        ("(full can)", "full", "found a bare word"),
        ("(full can)", "(full mug)", "unknown object or variable 'mug'"),
        ("cup - glass", "cup - mug", "undeclared type 'mug'"),
        ("cup - glass", "can - glass", "declared as 'jug' and as 'glass'"),
    ],
)
def test_malformed_problems_name_file_and_line(old: str, new: str, message: str) -> None:
    assert old in PROBLEM
    with pytest.raises(DataError, match=message):
        load_world(DOMAIN, PROBLEM.replace(old, new, 1), "d.pddl", "p.pddl")


WORDS = st.sampled_from(
    ["(", ")", "define", "domain", "d", ":types", ":action", "-", "?x", "and", "not", ":goal"]
)


@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=60))
def test_any_text_is_read_or_is_a_data_error(text: str) -> None:
    for domain, problem in ((text, PROBLEM), (DOMAIN, text)):
        with suppress(DataError):
            load_world(domain, problem)


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    with pytest.raises(DataError):
        load_world("(" * 50_000 + ")" * 50_000, PROBLEM)
