"""Draws questions and keeps those whose plan, replayed, reaches progress 1 and success."""

from __future__ import annotations

import json
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.tools.data import academia, movie, sheet, todo, weather
from acbench.tasks.tools.data.drafts import Generated
from acbench.tasks.tools.play import build_environment
from acbench.tasks.tools.toolbox import FINISH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from acbench.tasks.tools.data.drafts import Draft

DRAWERS: Mapping[str, Callable[[Random, int, int], Draft]] = {
    "weather": weather.draw,
    "movie": movie.draw,
    "academia": academia.draw,
    "todo": todo.draw,
    "sheet": sheet.draw,
}
MOST_DRAWS = 50
"""For one question: ties and repetitions are drawn again."""


@lru_cache(maxsize=64)
def generate(tool: str, level: int, count: int, seed: int) -> tuple[Generated, ...]:
    """``count`` different questions, each a function of tool, level, seed and its number alone.

    Raises DataError if a plan does not reach its goal: a mistake of ours, not of the user.
    """
    found: list[Generated] = []
    known: set[tuple[str, str]] = set()
    for index in range(count):
        rng = Random(f"acbench tools {tool} {level} {seed} {index}")
        for _ in range(MOST_DRAWS):
            draft = DRAWERS[tool](rng, level, seed)
            mark = (draft.goal, json.dumps(draft.world, sort_keys=True))
            if mark not in known:
                break
        else:
            raise DataError(f"{tool}, level {level}: no {count} different questions with seed {seed}")
        known.add(mark)
        found.append(proven(tool, draft))
    return tuple(found)


def proven(tool: str, draft: Draft) -> Generated:
    """The draft with its sub-goals, after a replay that reached them."""
    plan = draft.lines()
    offered = None
    if draft.offered is not None:
        offered = sorted({*draft.offered, *(name for name, _ in draft.plan), FINISH})
    data: dict[str, Any] = {
        "tool": tool,
        "goal": draft.goal,
        "world": draft.world,
        "offered": offered,
        "answer": draft.answer,
        "final": draft.final,
        "target": draft.target,
        "subgoals": [None] if draft.target is None else [],
    }
    if draft.target is None:
        first = build_environment(data)
        for text in plan:
            first.step(text)
        if len(first.candidates) < len(plan):
            raise DataError(f"{tool}: a step of the plan of {draft.goal!r} gives no result")
        data["subgoals"] = [*(first.candidates[number] for number in draft.key), first.candidates[-1]]
    environment = build_environment(data)
    steps = [environment.step(text) for text in plan]
    wrong = next((step for step in steps if step.trouble), None)
    if wrong is not None or not environment.success or environment.progress < 1.0:
        seen = wrong.observation if wrong is not None else f"progress {environment.progress}"
        raise DataError(f"{tool}: the plan of {draft.goal!r} fails: {seen}")
    return Generated(
        draft.goal, draft.world, offered, plan, data["subgoals"], draft.answer, draft.final, draft.target
    )
