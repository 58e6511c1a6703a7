"""What the makers of embedded worlds know of things: rooms, what opens, what can be put where and done to it.

Kinds are written as the engine's domain writes them ("SinkBasin"); shown names are lower case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LAMP = "DeskLamp"
"""The only thing that is switched on, and the only one that stays where it is."""

OPENABLE = frozenset({"Cabinet", "Drawer", "Fridge", "Microwave", "Safe"})

DISH, FOOD, BATH, SMALL, SOFT = "dish", "food", "bath", "small", "soft"

OBJECTS: Mapping[str, str] = {
    **dict.fromkeys(("Bowl", "Cup", "Mug", "Plate", "Pan"), DISH),
    **dict.fromkeys(("Apple", "Bread", "Egg", "Lettuce", "Potato", "Tomato"), FOOD),
    **dict.fromkeys(("Cloth", "SoapBar", "SoapBottle", "SprayBottle", "HandTowel"), BATH),
    **dict.fromkeys(("CD", "CellPhone", "CreditCard", "KeyChain", "Pen", "Pencil", "Watch"), SMALL),
    **dict.fromkeys(("Book", "Box", "Laptop", "Newspaper", "Pillow", "Statue"), SOFT),
}
"""Object kind -> its group."""

HOLDS: Mapping[str, frozenset[str]] = {
    "ArmChair": frozenset({SMALL, SOFT}),
    "Bed": frozenset({SMALL, SOFT}),
    "Cabinet": frozenset({DISH, BATH, SMALL}),
    "CoffeeTable": frozenset({DISH, SMALL, SOFT}),
    "CounterTop": frozenset({DISH, FOOD, BATH, SMALL, SOFT}),
    "Desk": frozenset({DISH, SMALL, SOFT}),
    "DiningTable": frozenset({DISH, FOOD, SMALL, SOFT}),
    "Drawer": frozenset({SMALL, BATH}),
    "Dresser": frozenset({DISH, SMALL, SOFT}),
    "Fridge": frozenset({DISH, FOOD}),
    "GarbageCan": frozenset({FOOD, BATH, SMALL}),
    "Microwave": frozenset({DISH, FOOD}),
    "Safe": frozenset({SMALL}),
    "Shelf": frozenset({DISH, BATH, SMALL, SOFT}),
    "SideTable": frozenset({DISH, BATH, SMALL, SOFT}),
    "SinkBasin": frozenset({DISH, FOOD, BATH}),
    "Sofa": frozenset({SMALL, SOFT}),
    "StoveBurner": frozenset({DISH}),
    "Toilet": frozenset({BATH}),
}
"""Receptacle kind -> the groups it takes. A lamp stands where its world puts it."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done to what is held: the appliance it is done with, its verb, its word, the fact it makes."""

    appliance: str
    verb: str
    adjective: str
    fact: str
    able: str
    groups: frozenset[str]


DEEDS: Mapping[str, Deed] = {
    "clean": Deed("SinkBasin", "clean", "clean", "isClean", "cleanable", frozenset({DISH, BATH, FOOD})),
    "heat": Deed("Microwave", "heat", "hot", "isHot", "heatable", frozenset({DISH, FOOD})),
    "cool": Deed("Fridge", "cool", "cool", "isCool", "coolable", frozenset({DISH, FOOD})),
}

TYPES = ("put", "clean", "heat", "cool", "puttwo", "examine")
"""The six kinds of goal, named as the worked examples of the prompt are (specification, section 3.1)."""
HARD_TYPES = frozenset({"clean", "heat", "cool", "puttwo"})


@dataclass(frozen=True, slots=True)
class Room:
    """A template: receptacle kinds that may be there with the most of each, and groups of objects lying about."""

    receptacles: Mapping[str, int]
    groups: tuple[str, ...]
    types: tuple[str, ...]


ROOMS: Mapping[str, Room] = {
    "kitchen": Room(
        {
            "Cabinet": 4,
            "CounterTop": 2,
            "DiningTable": 1,
            "Drawer": 3,
            "Fridge": 1,
            "GarbageCan": 1,
            "Microwave": 1,
            "Shelf": 2,
            "SinkBasin": 1,
            "StoveBurner": 2,
        },
        (DISH, FOOD),
        ("put", "clean", "heat", "cool", "puttwo"),
    ),
    "bathroom": Room(
        {
            "Cabinet": 4,
            "CounterTop": 1,
            "Drawer": 2,
            "GarbageCan": 1,
            "Shelf": 2,
            "SideTable": 1,
            "SinkBasin": 2,
            "Toilet": 1,
        },
        (BATH,),
        ("put", "clean", "puttwo"),
    ),
    "bedroom": Room(
        {
            "Bed": 1,
            "Desk": 2,
            "Drawer": 4,
            "Dresser": 1,
            "GarbageCan": 1,
            "Safe": 1,
            "Shelf": 3,
            "SideTable": 2,
        },
        (SMALL, SOFT),
        ("put", "puttwo", "examine"),
    ),
    "living room": Room(
        {
            "ArmChair": 2,
            "Cabinet": 2,
            "CoffeeTable": 1,
            "Drawer": 3,
            "Dresser": 1,
            "GarbageCan": 1,
            "Safe": 1,
            "Shelf": 2,
            "SideTable": 3,
            "Sofa": 1,
        },
        (SMALL, SOFT),
        ("put", "puttwo", "examine"),
    ),
}


def takes(receptacle: str, thing: str) -> bool:
    """Whether a receptacle of one kind can hold an object of the other."""
    return OBJECTS.get(thing) in HOLDS[receptacle]
