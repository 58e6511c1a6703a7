"""Review records: a call and the simulator's response, in five outcome classes of equal size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from acbench.tasks.teval.pack import examples
from acbench.tasks.teval.pack.wording import chat, in_words, response
from acbench.tasks.toolbox import BY_NAME, Outcome, World, execute, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acbench.tasks.toolbox import Scenario

LETTERS = "ABCDE"
LAYOUT = (
    "You judge the response of a tool. Choose one letter:\n"
    "A: success, the goal is reached\n"
    "B: the tool itself failed or could not be reached\n"
    "C: the arguments do not fit the goal or the tool\n"
    "D: the response has nothing to do with the goal\n"
    "E: tool and arguments are right, but what the goal asks for does not exist or is not possible\n\n"
    "Write one line: Answer: LETTER"
)
BLOCKED = ("not_found", "not_possible")
BAD_INPUT = ("missing_argument", "ill_typed", "unknown_argument")
STOCK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Weather.forecast", {"city": "Riga", "day": "Monday"}),
    ("Members.lookup", {"name": "Ann Weber"}),
    ("Recipes.find", {"dish": "fish pie"}),
    ("Bank.balance", {"account": "savings"}),
    ("Hotels.search", {"city": "Porto"}),
    ("Calendar.free_slot", {"day": "Friday"}),
)
"""Calls that succeed in every world; the first three fail for a name that nobody knows."""
NOWHERE, TOO_MANY = "Nowhereville", 9999


class Case(NamedTuple):
    """``intended`` is what the goal asks for; ``args`` is what the tool was given."""

    name: str
    intended: dict[str, Any]
    args: dict[str, Any]
    outcome: Outcome


def record(scenario: Scenario, number: int) -> dict[str, Any]:
    """The letters take turns, so that every five records hold each once."""
    letter = LETTERS[number % len(LETTERS)]
    case = _case(scenario, letter, number)
    user = (
        f"Goal: {BY_NAME[case.name].description} ({in_words(case.intended)})\nTool: {case.name}\n"
        f"Arguments: {case.args!r}\nResponse: {response(case.outcome)}"
    )
    return {
        "template": "",
        "meta_data": {"response_format": "str"},
        "ground_truth": {"answer": letter, "thought": ""},
        "origin_prompt": chat(LAYOUT, *examples.reviews(), ("user", user)),
    }


def _case(scenario: Scenario, letter: str, number: int) -> Case:
    """A call of the scenario, the last one first, that can have this outcome; the simulator confirms it."""
    results = execute(scenario.world(), scenario.steps)
    for step in reversed(scenario.steps):
        args = resolve(step.args, results)
        world = World(scenario.seed, broken={step.name} if letter == "B" else ())
        if letter in "AB":
            return Case(step.name, args, args, world.call(step.name, args))
        if letter == "C":
            given = _spoilt(step.name, args, number)
            return Case(step.name, args, given, world.call(step.name, given))
        if letter == "D":
            return Case(step.name, args, args, _foreign(scenario.seed, step.name, number))
        for wanted in _beyond(args):
            outcome = world.call(step.name, wanted)
            if outcome.error_kind in BLOCKED:
                return Case(step.name, wanted, wanted, outcome)
    # Some tools always succeed on well-formed arguments: another tool's call takes the place.
    name, args = STOCK[number % 3]
    wanted = next(_beyond(args))
    return Case(name, wanted, wanted, World(scenario.seed).call(name, wanted))


def _spoilt(name: str, args: dict[str, Any], number: int) -> dict[str, Any]:
    """Arguments that the tool refuses: one is missing, misnamed or of the wrong type."""
    first = BY_NAME[name].parameters[0].name
    kind = number // len(LETTERS) % 3
    if kind == 0:
        return {key: value for key, value in args.items() if key != first}
    if kind == 1:
        return {(f"{key}_x" if key == first else key): value for key, value in args.items()}
    return {**args, first: [] if isinstance(args[first], str | int | float) else 0}


def _foreign(seed: int, name: str, number: int) -> Outcome:
    """A good response of a tool from another domain."""
    others = [call for call in STOCK if BY_NAME[call[0]].domain != BY_NAME[name].domain]
    other, args = others[number // len(LETTERS) % len(others)]
    return World(seed).call(other, args)


def _beyond(args: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Well-formed wishes that may be out of reach, one argument changed in each."""
    for key, value in args.items():
        if isinstance(value, str):
            yield {**args, key: NOWHERE}
        elif isinstance(value, int | float):
            yield {**args, key: TOO_MANY}
        elif isinstance(value, list):
            yield {**args, key: []}
