"""What a generator makes (a draft), and what it becomes once its plan was replayed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.toolbox import FINISH, ordered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEVELS: Mapping[int, str] = {
    1: "one call, everything it needs stands in the goal, few tools",
    2: "something must be looked up first, half of the tools",
    3: "several look-ups, comparisons or changes, all tools",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its plan, as drawn.

    ``plan``: (tool, arguments) in order, without the finish. ``key``: the steps no solution can do without;
    their results are sub-goals. ``offered``: tools of the episode besides those of the plan, None for all.
    ``final`` / ``target``: the state or the table at the end, computed without the simulator.
    """

    goal: str
    world: Mapping[str, Any]
    plan: Sequence[tuple[str, Mapping[str, Any]]]
    answer: Any = None
    key: Sequence[int] = ()
    offered: Sequence[str] | None = None
    final: Mapping[str, Any] | None = None
    target: list[list[str]] | None = None

    def lines(self) -> list[str]:
        """The plan as an agent writes it, with the finish."""
        last: dict[str, Any] = {} if self.target is not None else {"answer": ordered(self.answer)}
        return [line(tool, arguments) for tool, arguments in (*self.plan, (FINISH, last))]


@dataclass(frozen=True, slots=True)
class Generated:
    """A question whose plan was replayed to progress 1 and success. All fields are plain data."""

    goal: str
    world: Mapping[str, Any]
    offered: Sequence[str] | None
    plan: Sequence[str]
    subgoals: Sequence[Any]
    answer: Any
    final: Mapping[str, Any] | None
    target: list[list[str]] | None


def line(tool: str, arguments: Mapping[str, Any]) -> str:
    return f"{tool} with Action Input: {json.dumps(arguments, ensure_ascii=False)}"
