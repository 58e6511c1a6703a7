"""The embedded pack: upstream-shaped records of our own for every kind, made from the toolbox.

Prompts are short on purpose: a small model must have a chance at the first level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.teval.pack import calls, plans, reviews, steps
from acbench.tasks.toolbox import scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from acbench.tasks.toolbox import Scenario

    Maker = Callable[[Scenario, int], Mapping[str, Any]]

MAKERS: dict[tuple[str, str], Maker] = {
    ("instruct", "json"): calls.json_record,
    ("instruct", "string"): calls.string_record,
    ("plan", "json"): plans.json_record,
    ("plan", "string"): plans.string_record,
    ("reason", "string"): steps.reason_record,
    ("retrieve", "string"): steps.retrieve_record,
    ("understand", "string"): steps.understand_record,
    ("joint", "json"): steps.joint_record,
    ("review", "string"): reviews.record,
}


def pack_records(kind: str, form: str, level: str, count: int, seed: int) -> dict[str, Mapping[str, Any]]:
    """``count`` records of a level by id; asking for more keeps the first ones."""
    make = MAKERS[kind, form]
    found = scenarios(level, count, seed)
    return {scenario.id: make(scenario, number) for number, scenario in enumerate(found)}
