"""Worlds drawn from room templates with a seed: which receptacles stand there, what lies where, what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.tasks.alfworld.kinds import DEEDS, LAMP, OBJECTS, OPENABLE, ROOMS, takes
from acbench.tasks.alfworld.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

LAMP_PLACES = ("Desk", "Dresser", "SideTable")


@dataclass(frozen=True, slots=True)
class Tier:
    """How large and how hard: numbers of receptacles and of other objects (least, most); ``shut``: all doors
    are closed at first; ``near``: what is wanted lies where it is used, and doors stand open."""

    receptacles: tuple[int, int]
    others: tuple[int, int]
    shut: bool = False
    near: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A world, and the number of the receptacle that holds what is wanted."""

    problem: Problem
    source: int


def draw(random: Random, kind: str, tier: Tier) -> Drawn:
    """A world with a goal of one of the six types."""
    room = ROOMS[random.choice([name for name, room in ROOMS.items() if kind in room.types])]
    fitting = DEEDS[kind].groups if kind in DEEDS else frozenset(room.groups)
    thing = random.choice([n for n, group in OBJECTS.items() if group in room.groups and group in fitting])
    needed, target, source = _needed(random, kind, thing, room.receptacles, near=tier.near)
    kinds, order = _furnished(random, kind, needed, room.receptacles, random.randint(*tier.receptacles))
    states = {name: _state(random, name, tier) for name in sorted(set(kinds))}
    receptacles = tuple((kinds[number], states[kinds[number]]) for number in order)
    at = order.index(source)
    objects = [(thing, at)]
    if kind == "puttwo":
        objects.append((thing, _second(random, thing, target, at, receptacles, near=tier.near)))
    if kind == "examine":
        objects.append((LAMP, order.index(0)))
    objects += _others(random, thing, receptacles, room.groups, random.randint(*tier.others))
    return Drawn(Problem(kind, thing, target, receptacles, tuple(sorted(objects))), at)


def _needed(
    random: Random, kind: str, thing: str, stock: Mapping[str, int], *, near: bool
) -> tuple[tuple[str, ...], str, int]:
    """(receptacles that must be there, kind of the target, number of the source among them)."""
    holding = [name for name in stock if takes(name, thing)]
    if kind == "examine":
        lamp_at = random.choice([name for name in LAMP_PLACES if name in holding])
        if near:
            return (lamp_at,), LAMP, 0
        return (lamp_at, random.choice([name for name in holding if name != lamp_at])), LAMP, 1
    if kind in DEEDS:
        appliance = DEEDS[kind].appliance
        others = [name for name in holding if name != appliance]
        if near:
            target = random.choice([appliance, *others])
            return tuple(dict.fromkeys((appliance, target))), target, 0
        target, source = random.sample(others, 2)
        return (appliance, target, source), target, 2
    target, source = random.sample(holding, 2)
    return (target, source), target, 1


def _furnished(
    random: Random, kind: str, needed: Sequence[str], stock: Mapping[str, int], wanted: int
) -> tuple[list[str], list[int]]:
    """Kinds of all receptacles, the needed ones first, and their order in the world (equal kinds together)."""
    spare = [name for name, most in stock.items() for _ in range(most)]
    for name in needed:
        spare.remove(name)
    if kind in DEEDS:  # one appliance: the plan does not have to choose
        spare = [name for name in spare if name != DEEDS[kind].appliance]
    random.shuffle(spare)
    kinds = [*needed, *spare[: max(0, wanted - len(needed))]]
    return kinds, sorted(range(len(kinds)), key=lambda number: (kinds[number], number))


def _state(random: Random, kind: str, tier: Tier) -> str:
    if kind not in OPENABLE:
        return ""
    if tier.near or tier.shut:
        return "open" if tier.near else "closed"
    return random.choice(("open", "closed"))


def _second(
    random: Random,
    thing: str,
    target: str,
    source: int,
    receptacles: Sequence[tuple[str, str]],
    *,
    near: bool,
) -> int:
    """Where the second of two things lies: at the target already, or with the first, or elsewhere."""
    targets = [number for number, (kind, _) in enumerate(receptacles) if kind == target]
    if near:
        return targets[0]
    holding = [number for number, (kind, _) in enumerate(receptacles) if takes(kind, thing)]
    return random.choice([source, *(number for number in holding if number not in targets)])


def _others(
    random: Random,
    thing: str,
    receptacles: Sequence[tuple[str, str]],
    groups: Sequence[str],
    count: int,
) -> list[tuple[str, int]]:
    """Objects of other kinds that lie about."""
    lying = []
    names = [name for name, group in OBJECTS.items() if group in groups and name != thing]
    for _ in range(count):
        name = random.choice(names)
        places = [number for number, (kind, _) in enumerate(receptacles) if takes(kind, name)]
        if places:
            lying.append((name, random.choice(places)))
    return lying
