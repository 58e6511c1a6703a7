"""A world of the embedded pack as a few lists, and the planning problem the engine plays from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.alfworld.kinds import DEEDS, HOLDS, LAMP, OBJECTS, OPENABLE, TYPES, takes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STATES = ("", "closed", "open")
"""Of a receptacle: it does not open, or what it is at the start."""
AGENT = "agent1"
_NEEDED_TYPES = ("MicrowaveType", "FridgeType", "SinkBasinType"), ("KnifeType", "ButterKnifeType")
"""Receptacle and object types that the domain itself names: every problem must declare them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """``receptacles``: (kind, state); ``objects``: (kind, number of its receptacle, from 0).

    The goal is of one of six types: objects of kind ``thing`` to a receptacle of kind ``target`` (which is
    the kind of the lamp where something is to be looked at).
    """

    type: str
    thing: str
    target: str
    receptacles: tuple[tuple[str, str], ...]
    objects: tuple[tuple[str, int], ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "thing": self.thing,
            "target": self.target,
            "receptacles": [list(item) for item in self.receptacles],
            "objects": [list(item) for item in self.objects],
        }


def read_problem(data: Mapping[str, Any], where: str) -> Problem:
    """Checked description. Raises DataError naming the field."""
    try:
        problem = Problem(
            str(data["type"]),
            str(data["thing"]),
            str(data["target"]),
            tuple((str(kind), str(state)) for kind, state in data["receptacles"]),
            tuple((str(kind), int(place)) for kind, place in data["objects"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{where}: a problem has type, thing, target, receptacles, objects ({error!r})"
        ) from error
    _check(problem, where)
    return problem


def _check(problem: Problem, where: str) -> None:
    if problem.type not in TYPES:
        raise DataError(f"{where}: unknown type {problem.type!r}, there are {', '.join(TYPES)}")
    for kind, state in problem.receptacles:
        if kind not in HOLDS or state not in STATES or (state and kind not in OPENABLE):
            raise DataError(f"{where}: receptacles: {[kind, state]!r} is not known")
    for kind, place in problem.objects:
        if kind not in OBJECTS and kind != LAMP:
            raise DataError(f"{where}: objects: unknown kind {kind!r}")
        if not 0 <= place < len(problem.receptacles):
            raise DataError(f"{where}: objects: there is no receptacle {place}")


def goal_sentence(problem: Problem) -> str:
    """What is to be done, without a full stop: the sentence of the engine's task line."""
    thing, target = problem.thing.lower(), problem.target.lower()
    if problem.type == "examine":
        return f"examine the {thing} with the {target}"
    if problem.type == "puttwo":
        return f"put two {thing} in {target}"
    if problem.type in DEEDS:
        return f"put a {DEEDS[problem.type].adjective} {thing} in {target}"
    return f"put a {thing} in {target}"


def receptacle_ids(problem: Problem) -> list[str]:
    """Identifiers in the engine: the kind stands before the first separator, a number behind it."""
    return [
        f"Sink_bar_{number:02d}_bar_SinkBasin" if kind == "SinkBasin" else f"{kind}_bar_{number:02d}"
        for number, (kind, _) in enumerate(problem.receptacles)
    ]


def object_ids(problem: Problem) -> list[str]:
    return [f"{kind}_bar_{number:02d}" for number, (kind, _) in enumerate(problem.objects)]


def shown_names(kinds: Sequence[str]) -> list[str]:
    """The names the engine shows for things numbered in this order: per kind, the last one is number 1."""
    left = {kind: kinds.count(kind) for kind in kinds}
    names = []
    for kind in kinds:
        names.append(f"{kind.lower()} {left[kind]}")
        left[kind] -= 1
    return names


def pddl(problem: Problem) -> str:
    """The problem in the engine's domain: every receptacle at a place of its own, the agent at none of them."""
    receptacles, objects = receptacle_ids(problem), object_ids(problem)
    kinds = sorted({kind for kind, _ in problem.receptacles})
    things = sorted({kind for kind, _ in problem.objects})
    rtypes = sorted({*(f"{kind}Type" for kind in kinds), *_NEEDED_TYPES[0], f"{_target(problem)}Type"})
    otypes = sorted({*(f"{kind}Type" for kind in things), *_NEEDED_TYPES[1], f"{LAMP}Type"})
    declared = [
        f"{AGENT} - agent",
        *(f"place_{number:02d} - location" for number in range(len(receptacles) + 1)),
        *(f"{name} - receptacle" for name in receptacles),
        *(f"{name} - object" for name in objects),
        *(f"{name} - rtype" for name in rtypes),
        *(f"{name} - otype" for name in otypes),
    ]
    facts = [f"(atLocation {AGENT} place_{len(receptacles):02d})"]
    for number, (kind, state) in enumerate(problem.receptacles):
        name = receptacles[number]
        facts += [f"(receptacleType {name} {kind}Type)", f"(receptacleAtLocation {name} place_{number:02d})"]
        facts += [f"(openable {name})"] if state else []
        facts += [f"(opened {name})"] if state == "open" else []
    for number, (kind, place) in enumerate(problem.objects):
        facts += _object_facts(objects[number], kind, receptacles[place], f"place_{place:02d}")
    facts += [
        f"(canContain {kind}Type {thing}Type)" for kind in kinds for thing in things if takes(kind, thing)
    ]
    lines = ["(define (problem world)", "(:domain alfred)", "(:objects", *declared, ")", "(:init", *facts]
    return "\n".join([*lines, ")", f"(:goal {_goal(problem)})", ")"])


def _target(problem: Problem) -> str:
    return "SideTable" if problem.type == "examine" else problem.target


def _object_facts(name: str, kind: str, receptacle: str, place: str) -> list[str]:
    facts = [f"(objectType {name} {kind}Type)", f"(inReceptacle {name} {receptacle})"]
    facts.append(f"(objectAtLocation {name} {place})")
    if kind == LAMP:
        return [*facts, f"(toggleable {name})"]
    able = [f"({deed.able} {name})" for deed in DEEDS.values() if OBJECTS[kind] in deed.groups]
    return [*facts, f"(pickupable {name})", *able]


def _goal(problem: Problem) -> str:
    thing, target = f"{problem.thing}Type", f"{problem.target}Type"
    if problem.type == "examine":
        return (
            "(exists (?lamp - object ?o - object ?l - location) (and "
            f"(objectType ?lamp {target}) (isToggled ?lamp) (objectAtLocation ?lamp ?l) "
            f"(atLocation {AGENT} ?l) (objectType ?o {thing}) (holds {AGENT} ?o)))"
        )
    there = f"(receptacleType ?r {target})"
    if problem.type == "puttwo":
        both = " ".join(f"(objectType {o} {thing}) (inReceptacle {o} ?r)" for o in ("?o1", "?o2"))
        return f"(exists (?r - receptacle ?o1 - object ?o2 - object) (and {there} {both} (not (= ?o1 ?o2))))"
    done = f" ({DEEDS[problem.type].fact} ?o)" if problem.type in DEEDS else ""
    return (
        f"(exists (?r - receptacle ?o - object) (and {there} (objectType ?o {thing}) "
        f"(inReceptacle ?o ?r){done}))"
    )
