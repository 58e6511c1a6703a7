"""How the nine AgentBoard tasks are summed up: groups, the paper's average, ability scores (section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAMILY = "agentboard"
TASKS = (
    *("alfworld", "scienceworld", "babyai"),
    *("jericho", "pddl"),
    *("webshop", "webarena"),
    *("tool-query", "tool-operation"),
)
"""The nine tasks, in the order of the ability weights."""

ALL = "all nine"
PAPER = "paper average of five"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "embodied": TASKS[:3],
    "game": TASKS[3:5],
    "web": TASKS[5:7],
    "tool": TASKS[7:],
    ALL: TASKS,
    PAPER: ("scienceworld", "jericho", "pddl", "tool-query", "tool-operation"),
}

ABILITIES: Mapping[str, tuple[int, ...]] = {
    "memory": (1, 2, 1, 1, 2, 1, 3, 2, 3),
    "planning": (1, 2, 2, 3, 3, 2, 3, 2, 2),
    "world modeling": (3, 3, 2, 3, 1, 1, 3, 1, 1),
    "self-reflection": (3, 2, 2, 1, 3, 2, 2, 1, 1),
    "grounding": (2, 3, 2, 1, 3, 3, 3, 3, 3),
    "spatial navigation": (2, 2, 2, 2, 1, 1, 2, 1, 1),
}
"""How much each task tells about an ability, in the order of ``TASKS``."""


def mean_of(members: Sequence[str], means: Mapping[str, float]) -> float | None:
    """The unweighted mean of the members' values (0..1); None unless all of them are there."""
    if any(slug not in means for slug in members):
        return None
    return sum(means[slug] for slug in members) / len(members)


def ability_score(ability: str, means: Mapping[str, float]) -> float | None:
    """Success rates (0..1) weighted by what each task tells about the ability; None unless all nine are there.

    A share, 0 to 1: the published score is a hundred times as much.
    """
    if any(slug not in means for slug in TASKS):
        return None
    weights = ABILITIES[ability]
    return sum(w * means[slug] for w, slug in zip(weights, TASKS, strict=True)) / sum(weights)
