"""The catalogue, the simulator and the verified scenarios."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.errors import DataError
from acbench.tasks.toolbox import (
    BY_NAME,
    DOMAINS,
    ERROR_KINDS,
    LEVELS,
    TOOLS,
    Ref,
    Scenario,
    Step,
    World,
    execute,
    reaches,
    resolve,
    scenarios,
    verify,
)
from acbench.tasks.toolbox.model import TYPES
from acbench.tasks.toolbox.plan import refs
from acbench.tasks.toolbox.words import DAYS

TRAIN = {"origin": "Turin", "destination": "Bern", "day": "Friday"}


def test_the_catalogue() -> None:
    assert len(TOOLS) >= 24
    assert len(DOMAINS) == 6
    assert len(BY_NAME) == len(TOOLS)
    for tool in TOOLS:
        assert re.fullmatch(r"[A-Z]\w+\.[a-z]\w+", tool.name)
        assert tool.domain in DOMAINS
        assert tool.description.endswith(".")
        assert tool.returns
        assert all(p.type in TYPES and p.description for p in tool.parameters)
    assert min(sum(tool.domain == domain for tool in TOOLS) for domain in DOMAINS) >= 4


@pytest.mark.parametrize(
    ("name", "args", "kind"),
    [
        ("Trains.search", TRAIN, ""),
        ("Trains.fly", {}, "unknown_tool"),
        ("Trains.search", {"origin": "Turin", "day": "Friday"}, "missing_argument"),
        ("Trains.search", {**TRAIN, "class": 1}, "unknown_argument"),
        ("Trains.search", {**TRAIN, "day": 5}, "ill_typed"),
        ("Trains.search", {**TRAIN, "day": "someday"}, "ill_typed"),
        ("Oven.preheat", {"degrees": True}, "ill_typed"),
        ("Bank.pay", {"account": "savings", "amount": float("inf")}, "ill_typed"),
        ("Trains.search", {**TRAIN, "origin": "Atlantis"}, "not_found"),
        ("Oven.preheat", {"degrees": 900}, "not_possible"),
    ],
)
def test_calls_and_their_errors(name: str, args: dict[str, Any], kind: str) -> None:
    outcome = World(0).call(name, args)
    assert outcome.error_kind == kind
    assert outcome.ok is (kind == "")
    assert isinstance(outcome.value, dict if outcome.ok else str)


def test_a_broken_tool_fails_on_a_good_call_only() -> None:
    world = World(0, broken={"Trains.search"})
    assert world.call("Trains.search", TRAIN).error_kind == "internal"
    assert world.call("Trains.search", {}).error_kind == "missing_argument"
    assert world.facts == []


def test_worlds_of_a_seed_are_equal_and_do_not_share_facts() -> None:
    first, second = World(3), World(3)
    assert first.call("Trains.search", TRAIN) == second.call("Trains.search", TRAIN)
    assert len(first.facts) == len(second.facts) == 1
    assert World(3).facts == []
    assert World(3).call("Trains.search", TRAIN) != World(4).call("Trains.search", TRAIN)


def test_a_changed_result_does_not_change_the_world() -> None:
    world = World(0)
    world.call("Trains.search", TRAIN).value["price"] = -1
    assert world.call("Trains.search", TRAIN).value["price"] > 0


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=3),
)


@given(st.sampled_from([tool.name for tool in TOOLS]), st.data())
def test_no_call_raises(name: str, data: st.DataObject) -> None:
    args = {p.name: data.draw(VALUES) for p in BY_NAME[name].parameters}
    outcome = World(0).call(name, args)
    assert outcome.ok or outcome.error_kind in ERROR_KINDS


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", [0, 7])
def test_scenarios_are_verified_and_shaped_as_their_level_says(level: str, seed: int) -> None:
    made = scenarios(level, 60, seed)
    assert len({scenario.goal for scenario in made}) == 60
    for scenario in made:
        verify(scenario)
        outcomes = execute(scenario.world(), scenario.steps)
        assert all(outcome.ok for outcome in outcomes.values())
        assert [step.id for step in scenario.steps] == list(range(len(scenario.steps)))
        assert all(before < step.id for step in scenario.steps for before in step.prev)
        assert {step.name for step in scenario.steps} < set(scenario.tools)
        assert len(set(scenario.tools)) == len(scenario.tools)
        json.dumps([step.written_args() for step in scenario.steps])
        assert _shape(scenario) == level


def _shape(scenario: Scenario) -> str:
    """The level, told from the plan's size and dependencies alone."""
    steps = scenario.steps
    chain = all(step.prev == ((step.id - 1,) if step.id else ()) for step in steps)
    join = any(len(step.prev) > 1 for step in steps)
    if len(steps) == 1:
        return "level1"
    if len(steps) == 2 and chain:
        return "level2"
    if 3 <= len(steps) <= 4 and not chain:
        return "level3"
    return "level4" if len(steps) >= 5 and join else "none"


def test_scenarios_are_stable_and_more_keep_the_first() -> None:
    assert scenarios("level3", 5) == scenarios("level3", 9)[:5]
    assert scenarios("level3", 5, 1) != scenarios("level3", 5, 0)
    with pytest.raises(DataError, match="level5"):
        scenarios("level5", 1)


def test_verify_refuses_superfluous_and_insufficient_plans() -> None:
    scenario = scenarios("level2", 1)[0]
    more = Step(2, "Weather.forecast", {"city": "Riga", "day": DAYS[0]}, "Look at the sky.")
    changed = Scenario("x", "level2", 0, "g", (*scenario.steps, more), scenario.wanted, scenario.tools)
    with pytest.raises(DataError, match="step 2 is not needed"):
        verify(changed)
    with pytest.raises(DataError, match="does not reach"):
        verify(Scenario("x", "level2", 0, "g", scenario.steps[:1], scenario.wanted, scenario.tools))


def test_references() -> None:
    step = Step(3, "Budget.sum", {"amounts": [Ref(1, "total"), 5, Ref(0, "price")]}, "Add.")
    assert step.prev == (0, 1)
    assert step.written_args() == {"amounts": ["<1.total>", 5, "<0.price>"]}
    assert list(refs(step.shifted(2).args.values())) == [Ref(3, "total"), Ref(2, "price")]
    world = World(0)
    results = {
        0: world.call("Shop.find", {"product": "kettle"}),
        1: world.call("Oven.preheat", {"degrees": 900}),
    }
    price = results[0].value["price"]
    assert resolve({"a": Ref(0, "price")}, results) == {"a": price}
    with pytest.raises(KeyError):
        resolve({"a": Ref(1, "ready_in")}, results)
    assert not reaches(scenarios("level2", 1)[0], [])


def test_identifiers_of_a_world_are_all_different() -> None:
    """Two trains with one identifier would make a booking pay another train's price."""
    for seed in range(80, 130):
        for domain in DOMAINS:
            found = [
                value
                for table in World(seed).tables(domain).values()
                for row in (table.values() if isinstance(table, dict) else ())
                if isinstance(row, dict)
                for name, value in row.items()
                if name.endswith("_id")
            ]
            assert len(found) == len(set(found))


@pytest.mark.parametrize("seed", [83, 86, 90, 92, 128])
def test_scenarios_of_seeds_that_once_had_two_trains_of_one_name(seed: int) -> None:
    assert len(scenarios("level4", 60, seed)) == 60
