"""Breadth-first search over the states of a grounded problem, on bit masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.pddl.strips import Action, Fact, State, World

MAX_STATES = 200_000


@dataclass(frozen=True, slots=True)
class Reachable:
    """All states within a depth, in breadth-first order: the first state that satisfies a goal is one
    that an optimal plan reaches. ``depths`` and ``parents`` (state number, action) go with ``states``."""

    facts: Mapping[Fact, int]
    states: list[int]
    depths: list[int]
    parents: list[tuple[int, Action | None]]

    def decode(self, number: int) -> State:
        """The facts of one state that some action can change, or that hold from the start."""
        return frozenset(fact for fact, bit in self.facts.items() if self.states[number] & bit)

    def nearest(self, goal: State) -> int | None:
        """Number of the nearest state where ``goal`` holds; None when there is none within the depth."""
        if any(fact not in self.facts for fact in goal):
            return None
        mask = _mask(goal, self.facts)
        return next((n for n, state in enumerate(self.states) if state & mask == mask), None)

    def plan(self, number: int) -> list[Action]:
        """A shortest plan from the start to a state."""
        actions: list[Action] = []
        parent, action = self.parents[number]
        while action is not None:
            actions.append(action)
            parent, action = self.parents[parent]
        return actions[::-1]


def explore(world: World, start: State, max_depth: int) -> Reachable:
    """Visits every state within ``max_depth`` actions of ``start``.

    Raises DataError beyond ``MAX_STATES`` states: such a problem is too large for this search.
    """
    facts = _number_facts(world, start)
    operators = [
        (_mask(a.preconditions, facts), ~_mask(a.deletes, facts), _mask(a.adds, facts), a)
        for a in world.actions
        if all(fact in facts for fact in a.preconditions)
    ]
    states = [_mask(start, facts)]
    depths = [0]
    parents: list[tuple[int, Action | None]] = [(0, None)]
    seen = set(states)
    current = 0
    while current < len(states) and depths[current] < max_depth:
        state = states[current]
        for needed, keep, added, action in operators:
            if state & needed != needed:
                continue
            following = (state & keep) | added
            if following not in seen:
                seen.add(following)
                states.append(following)
                depths.append(depths[current] + 1)
                parents.append((current, action))
        if len(states) > MAX_STATES:
            raise DataError(
                f"problem {world.name!r} has more than {MAX_STATES} states within {max_depth} steps"
            )
        current += 1
    return Reachable(facts, states, depths, parents)


def shortest_plan(world: World, max_depth: int) -> list[Action] | None:
    """An optimal plan from the problem's start to its goal, or None within ``max_depth``."""
    reachable = explore(world, world.init, max_depth)
    number = reachable.nearest(world.goal)
    return None if number is None else reachable.plan(number)


def _number_facts(world: World, start: State) -> dict[Fact, int]:
    known = set(start).union(*(a.adds for a in world.actions), *(a.deletes for a in world.actions))
    return {fact: 1 << position for position, fact in enumerate(sorted(known))}


def _mask(facts: State, numbers: Mapping[Fact, int]) -> int:
    mask = 0
    for fact in facts:
        mask |= numbers[fact]
    return mask
