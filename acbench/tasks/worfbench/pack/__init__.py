"""Our own records for the nine kinds of scenarios, generated with a seed, in the published layout.

Every gold graph follows from a model of its domain and is checked when it is made (``model.check_plan``).
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError
from acbench.tasks.worfbench.pack import database, household, howto, questions, shell, shopping, tools
from acbench.tasks.worfbench.pack.model import check_plan, dependencies, workflow_text
from acbench.tasks.worfbench.records import Record, Turns, read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.tasks.worfbench.pack.model import Plan

BUILDERS: dict[str, Callable[[int, Random], Plan]] = {
    "wikihow": howto.build,
    "toolbench": partial(tools.build, "toolbench"),
    "toolalpaca": partial(tools.build, "toolalpaca"),
    "lumos": questions.build,
    "alfworld": household.build,
    "webshop": shopping.build,
    "os": shell.build,
    "seal_tools": partial(tools.build, "seal_tools"),
    "intercodesql": database.build,
}
WITH_TOOLS = ("toolbench", "toolalpaca", "lumos", "seal_tools", "intercodesql")
"""The published instruction speaks of tools there and of actions elsewhere; so does ours."""
ATTEMPTS = 200
"""Draws until a workflow is new."""
DEMONSTRATION_LEVELS = (1, 3)
DEMONSTRATION_NOTICE = "Two solved examples come first. Keep exactly to the form of their answers."


def instruction(variant: str) -> str:
    """The system message."""
    means = "tools" if variant in WITH_TOOLS else "actions"
    return (
        f"You plan a task as a graph of steps, using the {means} on offer. Number the steps. Then write the edges: "
        "(1,2) means that step 2 needs step 1. START leads to every step that needs no other, and steps that no "
        "other step needs lead to END. Steps that do not need each other get no edge between them.\n"
        "Answer only in this form:\nNode:\n1: first step\n2: second step\nEdge: (START,1) (1,2) (2,END)"
    )


def pack_plan(variant: str, level: int, *parts: object) -> Plan:
    """A checked plan that depends on the arguments only. Raises DataError when it is unsound (a fault of ours)."""
    rng = Random("/".join(str(part) for part in ("worfbench", variant, level, *parts)))
    made = BUILDERS[variant](level, rng)
    check_plan(made)
    return made


def pack_records(variant: str, levels: Sequence[int], per_level: int, seed: int) -> list[Record]:
    """``per_level`` records of each level, with different answers; asking for more keeps the first ones.

    Raises ConfigError when a level has not so many.
    """
    records: list[Record] = []
    shown = {gold_text(made) for made in _demonstrated(variant)}
    for level in levels:
        taken = set(shown)
        for index in range(per_level):
            name = f"{variant}-l{level}-{index:02d}"
            made = _new_plan(variant, level, seed, index, taken)
            taken.add(gold_text(made))
            checked = read_record(as_record(variant, name, made), "embedded record")
            records.append(Record(checked.id, checked.system, checked.user, checked.gold, level=str(level)))
    return records


def _new_plan(variant: str, level: int, seed: int, index: int, taken: set[str]) -> Plan:
    for attempt in range(ATTEMPTS):
        made = pack_plan(variant, level, seed, index, attempt)
        if gold_text(made) not in taken:
            return made
    raise ConfigError(
        f"worfbench {variant}: level {level} has no {index + 1} different workflows; lower per_level"
    )


def as_record(variant: str, name: str, made: Plan) -> dict[str, Any]:
    """A plan in the published layout."""
    gold = gold_text(made)
    turns = (("system", instruction(variant)), ("user", made.question), ("assistant", gold))
    return {
        "id": name,
        "source": variant,
        "target": "graph",
        "conversations": [{"role": role, "content": content} for role, content in turns],
    }


def gold_text(made: Plan) -> str:
    return workflow_text([entry.text for entry in made.steps], dependencies(made.steps))


def pack_demonstrations(variant: str) -> Turns:
    """Two solved examples, a chain and a graph with branches; no record asks the same."""
    turns: list[tuple[str, str]] = []
    for made in _demonstrated(variant):
        opening = "" if turns else f"{DEMONSTRATION_NOTICE}\n"
        turns += [("user", f"{opening}{made.question}"), ("assistant", gold_text(made))]
    return tuple(turns)


def _demonstrated(variant: str) -> tuple[Plan, ...]:
    return tuple(pack_plan(variant, level, "demonstration") for level in DEMONSTRATION_LEVELS)
