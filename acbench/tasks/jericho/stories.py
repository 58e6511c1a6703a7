"""Small different stories, made with a seed: rooms, doors, keys, boxes, a dark place, people who trade.

A story is data; ``inform`` writes its source, ``shapes`` tells what the levels are made of. It is thought
backwards from its goal: a thing has to come to a place, the thing is hidden behind one or more obstacles, and
each obstacle asks for another thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acbench.tasks.jericho.finder import DIRECTIONS
from acbench.tasks.jericho.vocabulary import ITEMS, KEYS, PEOPLE, PLACES, SUPPORTERS, VESSELS

if TYPE_CHECKING:
    from random import Random

OPPOSITE = {"north": "south", "east": "west", "up": "down"}
OPPOSITE |= {there: back for back, there in OPPOSITE.items()}


@dataclass(slots=True)
class Room:
    """``exits``: direction -> index of a room, or name of a door."""

    name: str
    text: str
    dark: bool = False
    exits: dict[str, int | str] = field(default_factory=dict)


@dataclass(slots=True)
class Thing:
    """Something in a room (by index) or in another thing (by name).

    ``kind``: item, lamp, box (closed), basket (open), table, person, door, deadly. ``key`` unlocks a box or
    a door; a person gives ``gift`` for ``wish``; a door leads from ``place`` in ``direction``.
    """

    name: str
    kind: str
    place: int | str
    text: str = ""
    key: str = ""
    wish: str = ""
    gift: str = ""
    direction: str = ""


@dataclass(slots=True)
class Story:
    """``plan``: gold commands; ``subgoals``: what its steps show; ``verbs``: templates to look for."""

    level: int
    goal: str
    rooms: list[Room] = field(default_factory=list)
    things: dict[str, Thing] = field(default_factory=dict)
    plan: list[str] = field(default_factory=list)
    subgoals: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    final: tuple[str, str] = ("", "")
    """(thing, target): the story is told as solved when the thing comes there."""


_ALWAYS = ("look", "inventory", "examine {}", "take {}", "drop {}")
LEVEL_VERBS = {
    1: _ALWAYS,
    2: (*_ALWAYS, *DIRECTIONS[:4], "open {}"),
    3: (*_ALWAYS, *DIRECTIONS[:4], "up", "down", "open {}"),
}
"""What is looked for in every story of a level, beside what its plan needs."""


class Maker:
    """Builds one story; every name is used once."""

    def __init__(self, random: Random, level: int) -> None:
        self.random = random
        self.story = Story(level, "")
        self._names = {kind: random.sample(words, len(words)) for kind, words in _POOLS.items()}
        self._places = random.sample(PLACES, len(PLACES))
        self._here = 0

    # -- building blocks -----------------------------------------------------------------------------

    def room(self, *, beside: int | None = None, up: bool = False, dark: bool = False) -> int:
        """A new room, joined to another by a free direction; its index."""
        name, text = self._places.pop()
        rooms = self.story.rooms
        rooms.append(Room(name, text, dark))
        index = len(rooms) - 1
        if beside is not None:
            free = [way for way in DIRECTIONS[:4] if way not in rooms[beside].exits]
            way = self.random.choice(["up", "down"] if up else free)
            rooms[beside].exits[way] = index
            rooms[index].exits[OPPOSITE[way]] = beside
        return index

    def name(self, words: str) -> str:
        """A name nothing else has."""
        return self._names[words].pop()

    def thing(self, kind: str, place: int | str, **more: str) -> Thing:
        """A new thing of a kind, named from the words for that kind."""
        name = more.pop("name", "") or self._names[_WORDS_FOR.get(kind, "item")].pop()
        made = Thing(name, kind, place, **more)
        self.story.things[name] = made
        return made

    def lock(self, room: int, behind: int, *, key: str = "") -> Thing:
        """Puts a door between two neighbouring rooms, locked if there is a key."""
        way = next(way for way, there in self.story.rooms[room].exits.items() if there == behind)
        door = self.thing("door", room, key=key, direction=way)
        self.story.rooms[room].exits[way] = door.name
        self.story.rooms[behind].exits[OPPOSITE[way]] = door.name
        return door

    def do(self, command: str, shows: str = "") -> None:
        """One more step of the plan, and the sub-goal it shows."""
        self.story.plan.append(command)
        if shows:
            self.story.subgoals.append(shows)

    def go(self, room: int) -> None:
        """The steps to another room, through doors that are open by now."""
        ways = {self._here: list[str]()}
        queue = [self._here]
        for at in queue:
            for way, there in self.story.rooms[at].exits.items():
                beyond = self._beyond(at, there)
                if beyond not in ways:
                    ways[beyond] = [*ways[at], way]
                    queue.append(beyond)
        self.story.plan += ways[room]
        self._here = room

    def _beyond(self, room: int, exit_: int | str) -> int:
        if isinstance(exit_, int):
            return exit_
        return next(
            index
            for index, other in enumerate(self.story.rooms)
            if index != room and exit_ in other.exits.values()
        )

    def take(self, thing: Thing, *, counts: bool = True) -> None:
        self.do(f"take {thing.name}", f"You take the {thing.name}" if counts else "")

    # -- obstacles: each ends with the thing in the player's hands ----------------------------------------

    def hidden(self, thing_room: int, depth: int, *, words: str = "item") -> Thing:
        """A thing in a room behind ``depth`` obstacles, fetched by the plan; ``words``: item or key."""
        name = self.name(words)
        kind = self.random.choice(["box", "chest", "person", "box"]) if depth else "open"
        if kind == "open" or not self._names["person"]:
            thing = self.thing("item", thing_room, name=name)
            self.go(thing_room)
            self.take(thing)
            return thing
        if kind == "person":
            wished = self.hidden(self._other(thing_room), depth - 1)
            thing = self.thing("item", "", name=name)
            person = self.thing("person", thing_room, wish=wished.name, gift=thing.name)
            self.go(thing_room)
            self.do(
                f"give {wished.name} to {person.name.lower()}", f"{person.name} gives you the {thing.name}"
            )
            return thing
        key = self.hidden(self._other(thing_room), depth - 1, words="key") if kind == "chest" else None
        box = self.thing("box", thing_room, key=key.name if key else "")
        thing = self.thing("item", box.name, name=name)
        self.go(thing_room)
        if key:
            self.do(f"unlock {box.name} with {key.name}", f"You unlock the {box.name}")
        self.do(f"open {box.name}", "" if key else f"You open the {box.name}")
        self.take(thing)
        return thing

    def _other(self, room: int) -> int:
        lit = [index for index, other in enumerate(self.story.rooms) if not other.dark and index != room]
        reachable = [index for index in lit if index in self._reachable()]
        return self.random.choice(reachable or [room])

    def _reachable(self) -> set[int]:
        """Rooms that can be entered without opening a door."""
        seen, queue = {self._here}, [self._here]
        for at in queue:
            for there in self.story.rooms[at].exits.values():
                if isinstance(there, int) and there not in seen:
                    seen.add(there)
                    queue.append(there)
        return seen

    def bring(self, thing: Thing, room: int) -> str:
        """The last step: the thing goes into, onto or to something in a room. Tells what the goal asks."""
        kind = self.random.choice(["basket", "table", "person"])
        target = self.thing(kind, room)
        self.go(room)
        if kind == "person":
            self.do(
                f"give {thing.name} to {target.name.lower()}",
                f"{target.name} thanks you for the {thing.name}",
            )
            wanted = f"give it to {target.name}"
        else:
            word, shown = ("in", "into") if kind == "basket" else ("on", "on")
            self.do(
                f"put {thing.name} {word} {target.name}",
                f"You put the {thing.name} {shown} the {target.name}",
            )
            wanted = f"put it {shown} the {target.name}"
        self.story.final = (thing.name, target.name)
        return wanted

    def finish(self, goal: str) -> Story:
        story = self.story
        story.goal = goal[0].upper() + goal[1:]
        used = [_template(command, story) for command in story.plan]
        story.verbs = list(dict.fromkeys([*LEVEL_VERBS[story.level], *used]))
        return story


_POOLS: dict[str, list[str]] = {
    "item": ITEMS,
    "key": KEYS,
    "box": VESSELS,
    "table": SUPPORTERS,
    "person": PEOPLE,
}
_POOLS |= {
    "basket": ["wicker basket", "glass bowl", "tin bucket", "clay pot", "straw hat", "copper pan"],
    "door": ["oak door", "iron gate", "green door", "low hatch", "glass door", "barred gate"],
    "deadly": ["bare wire", "grey adder", "rusty trap"],
    "lamp": ["brass lamp", "old lantern", "storm lantern"],
}
_WORDS_FOR = {kind: kind for kind in _POOLS}


def _template(command: str, story: Story) -> str:
    """A command with holes where it names things."""
    for name in sorted(story.things, key=len, reverse=True):
        command = command.replace(name.lower(), "{}").replace(name, "{}")
    return command
