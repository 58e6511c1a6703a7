"""Gold plans and sub-goals of drawn worlds: the way of somebody who knows where everything is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from acbench.tasks.alfworld.kinds import DEEDS, LAMP
from acbench.tasks.alfworld.problems import shown_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.alfworld.drawing import Drawn
    from acbench.tasks.alfworld.problems import Problem


def gold_plan(drawn: Drawn) -> list[str]:
    """The commands that reach the goal, first at the place of the (first) thing."""
    problem, source = drawn.problem, drawn.source
    names = shown_names([kind for kind, _ in problem.objects])
    walk = _Walk(problem)
    things = [number for number, (kind, _) in enumerate(problem.objects) if kind == problem.thing]
    things.sort(key=lambda number: (problem.objects[number][1] != source, number))
    if problem.type == "puttwo":
        target = _target(problem, source)
        for number in things:
            if problem.objects[number][1] != target:
                walk.take(names[number], problem.objects[number][1])
                walk.put(names[number], target)
        return walk.commands
    thing = names[things[0]]
    walk.take(thing, source)
    if problem.type == "examine":
        lamp = next(number for number, (kind, _) in enumerate(problem.objects) if kind == LAMP)
        walk.go(problem.objects[lamp][1])
        walk.commands.append(f"use {names[lamp]}")
        return walk.commands
    if problem.type in DEEDS:
        walk.use(DEEDS[problem.type].verb, thing, DEEDS[problem.type].appliance)
    walk.put(thing, _target(problem, source))
    return walk.commands


def _target(problem: Problem, source: int) -> int:
    """Where to put it: where one lies already, else a place that needs no opening, else the first."""
    held = {place for kind, place in problem.objects if kind == problem.thing and place != source}
    targets = [n for n, (kind, _) in enumerate(problem.receptacles) if kind == problem.target]
    return min(targets, key=lambda n: (n not in held, problem.receptacles[n][1] == "closed", n))


class _Walk:
    """Commands so far, where they lead, and what they left shut."""

    def __init__(self, problem: Problem) -> None:
        self.commands: list[str] = []
        self._kinds = [kind for kind, _ in problem.receptacles]
        self._names = shown_names(self._kinds)
        self._at = -1
        self._shut = {number for number, (_, state) in enumerate(problem.receptacles) if state == "closed"}

    def go(self, place: int) -> None:
        if place != self._at:
            self.commands.append(f"go to {self._names[place]}")
            self._at = place

    def take(self, thing: str, place: int) -> None:
        self._reach_into(place)
        self.commands.append(f"take {thing} from {self._names[place]}")

    def put(self, thing: str, place: int) -> None:
        self._reach_into(place)
        self.commands.append(f"put {thing} in/on {self._names[place]}")

    def use(self, verb: str, thing: str, appliance: str) -> None:
        place = self._kinds.index(appliance)
        self.go(place)
        self.commands.append(f"{verb} {thing} with {self._names[place]}")

    def _reach_into(self, place: int) -> None:
        self.go(place)
        if place in self._shut:
            self.commands.append(f"open {self._names[place]}")
            self._shut.discard(place)


def subgoals(problem: Problem, plan: Sequence[str]) -> list[str]:
    """Regular expressions on observations: the thing in hand, what is done to it, where it is put, the lamp.

    Written for any thing of the wanted kind; of two things each has its own (specification, section 5.1).
    """
    thing, target = problem.thing.lower(), problem.target.lower()
    if problem.type == "examine":
        return [rf"You pick up the {thing} \d+ from", rf"You turn on the {target} \d+"]
    if problem.type == "puttwo":
        taken = [name for command in plan for name in re.findall(rf"^take ({thing} \d+) from", command)]
        return [
            pattern
            for name in taken
            for pattern in (rf"You pick up the {name} from", rf"You put the {name} in/on the {target} \d+")
        ]
    done = [rf"You {DEEDS[problem.type].verb} the {thing} \d+ using"] if problem.type in DEEDS else []
    return [rf"You pick up the {thing} \d+ from", *done, rf"You put the {thing} \d+ in/on the {target} \d+"]
