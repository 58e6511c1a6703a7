"""Tool chains from the toolbox: the graph is which call needs the result of which, and the simulator runs it.

Three layouts of the same catalogue: JSON schemas (toolbench), a list in words (toolalpaca), and JSON with results
and field names (seal_tools).
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from acbench.tasks import toolbox
from acbench.tasks.worfbench.pack.model import Plan, Step, facts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from acbench.tasks.toolbox import Scenario, Tool
    from acbench.tasks.toolbox import Step as Call

POOL = 60
"""Scenarios of a toolbox level to draw from; their worlds share one seed, so two can be put together."""
WORLDS = {"toolbench": 101, "toolalpaca": 102, "seal_tools": 104}
SPARE = {1: 1, 2: 2, 3: 3, 4: 3}
"""Tools on offer that the plan does not need."""
ATTEMPTS = 100
ORDERED, UNORDERED = ", then ", "; besides, "
"""The toolbox strings clauses together as if one came after the other; only results make an order here."""


def build(variant: str, level: int, rng: Random) -> Plan:
    found = draw(variant, level, rng)
    calls = merged(found)
    used = list(dict.fromkeys(call.name for call in calls))
    spare = rng.sample([tool.name for tool in toolbox.TOOLS if tool.name not in used], SPARE[level])
    offered = [toolbox.BY_NAME[name] for name in rng.sample([*used, *spare], len(used) + len(spare))]
    goal = " Also: ".join(scenario.goal for scenario in found).replace(ORDERED, UNORDERED)
    steps = tuple(
        Step(
            call.thought,
            frozenset(_result(number) for number in call.prev),
            facts(_result(call.id)),
            frozenset(),
        )
        for call in calls
    )
    question = f"Task: {goal}\n{_LAYOUTS[variant](offered)}"
    return Plan(question, steps, frozenset(_result(call.id) for call in calls))


def draw(variant: str, level: int, rng: Random) -> tuple[Scenario, ...]:
    """One scenario, at level 4 two that share no tool: 2; 3 to 4; 5 to 6; 7 to 8 calls."""
    for _ in range(ATTEMPTS):
        found = tuple(rng.choice(_pool(variant, name)) for name in _TOOLBOX_LEVELS[level])
        texts = [call.thought for call in merged(found)]
        names = [{call.name for call in scenario.steps} for scenario in found]
        if len(set(texts)) == len(texts) and len(set().union(*names)) == sum(len(group) for group in names):
            return found
    raise AssertionError("the toolbox has no two scenarios without a common tool")


def merged(found: Iterable[Scenario]) -> tuple[Call, ...]:
    """The calls of all scenarios, numbered through."""
    calls: list[Call] = []
    for scenario in found:
        by = len(calls)
        calls += [call.shifted(by) for call in scenario.steps]
    return tuple(calls)


_TOOLBOX_LEVELS = {1: ("level2",), 2: ("level3",), 3: ("level4",), 4: ("level4", "level2")}


@lru_cache(maxsize=16)
def _pool(variant: str, level: str) -> tuple[Scenario, ...]:
    return toolbox.scenarios(level, POOL, WORLDS[variant])


def _result(number: int) -> str:
    return f"result {number}"


def _schemas(tools: Iterable[Tool]) -> str:
    shown = [
        {
            "name": tool.name,
            "description": tool.description,
            "parameters": {parameter.name: parameter.type for parameter in tool.parameters},
        }
        for tool in tools
    ]
    return f"Tools: {json.dumps(shown)}"


def _words(tools: Iterable[Tool]) -> str:
    lines = [
        f"- {tool.name}({', '.join(parameter.name for parameter in tool.parameters)}): {tool.description}"
        for tool in tools
    ]
    return "\n".join(["Tools:", *lines])


def _with_results(tools: Iterable[Tool]) -> str:
    shown: list[dict[str, Any]] = [
        {
            "api": tool.name,
            "field": tool.domain,
            "does": tool.description,
            "takes": [parameter.name for parameter in tool.parameters],
            "returns": tool.returns,
        }
        for tool in tools
    ]
    return f"Tool list: {json.dumps(shown)}"


_LAYOUTS = {"toolbench": _schemas, "toolalpaca": _words, "seal_tools": _with_results}
