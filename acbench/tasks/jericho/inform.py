"""Inform 6 source of stories: one story file holds several of them, the first line typed chooses one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.jericho.stories import Room, Story, Thing

DIRECTION = {"north": "n_to", "south": "s_to", "east": "e_to", "west": "w_to", "up": "u_to", "down": "d_to"}
VOWELS = "aeiou"

HEAD = """! Stories of ACBench, licence Apache-2.0. {made}
! Compile with: inform6 -v5 +include_path=<folder of the Inform 6 library, release 6.12.6> {name}.inf
Constant Story "{name}";
Constant Headline "^Small stories.^";
Constant MANUAL_PRONOUNS;
Constant NO_SCORE;
Release 1;
Serial "260101";
Include "Parser";
Include "VerbLib";

Class Place
  with before [; Listen, Smell: "There is nothing of interest here."; ],
  has light;
Class Item
  with after [; Take: "You take ", (the) self, "."; ];
Class Lamp
  with after [;
    Take: "You take ", (the) self, ".";
    SwitchOn: give self light; "The ", (name) self, " burns with a clear light.";
    SwitchOff: give self ~light; "You put out ", (the) self, ".";
  ],
  has switchable;
Class Deadly
  with before [;
    Take, Touch, Push, Pull: deadflag = 1; "That was a bad idea. Everything goes dark for good.";
  ],
  has static;
"""
TAIL = """
[ Chosen n i;
  for (i = 2 : i < 2 + buffer->1 : i++)
    if (buffer->i >= '0' && buffer->i <= '9') n = 10 * n + buffer->i - '0';
  return n;
];

[ Initialise;
  no_implicit_actions = true;
  lookmode = 2;
  print "Which story? ";
  KeyboardPrimitive(buffer, parse);
  switch (Chosen()) {{
{starts}
    default: print "There is no such story.^"; @quit;
  }}
  return 2;
];

Include "Grammar";
"""


def source(name: str, stories: Sequence[Story]) -> str:
    """The whole file. Story number k (from 1) begins after the line "k"."""
    body = [_story(f"S{number}", story) for number, story in enumerate(stories, start=1)]
    return framed(
        name, "Made by acbench.tasks.jericho.making.", body, [f"S{n}_r0" for n in range(1, len(stories) + 1)]
    )


def framed(name: str, made: str, body: Sequence[str], starts: Sequence[str]) -> str:
    """Objects between what all story files have in common; ``starts``: the first room of each story."""
    cases = "\n".join(f"    {number}: location = {room};" for number, room in enumerate(starts, start=1))
    return HEAD.format(name=name, made=made) + "\n".join(body) + TAIL.format(starts=cases)


def _story(prefix: str, story: Story) -> str:
    names = {name: f"{prefix}_{_word(name)}" for name in story.things}
    parts = [f"\n! {story.goal}."]
    parts += [_room(prefix, index, room, names) for index, room in enumerate(story.rooms)]
    placed: set[str] = set()
    pending = list(story.things.values())
    while pending:  # what holds something has to be written before it
        thing = pending.pop(0)
        if isinstance(thing.place, str) and thing.place and thing.place not in placed:
            pending.append(thing)
            continue
        placed.add(thing.name)
        parts.append(_thing(prefix, thing, story, names))
    return "\n".join(parts)


def _room(prefix: str, index: int, room: Room, names: dict[str, str]) -> str:
    exits = [
        f"    {DIRECTION[way]} {f'{prefix}_r{there}' if isinstance(there, int) else names[there]},"
        for way, there in room.exits.items()
    ]
    ways = _ways(room)
    lines = [
        f'Place {prefix}_r{index} "{room.name.capitalize()}"',
        f'  with description "You are in the {room.name}. {room.text}{ways}",',
        *exits,
        f"  has {'~light' if room.dark else 'light'};",
    ]
    lines[-2] = lines[-2].rstrip(",")
    return "\n".join(lines)


def _ways(room: Room) -> str:
    texts = [
        f"You can go {way}." if isinstance(there, int) else f"{_a(there).capitalize()} leads {way}."
        for way, there in room.exits.items()
    ]
    return "".join(f" {text}" for text in texts)


def _thing(prefix: str, thing: Thing, story: Story, names: dict[str, str]) -> str:
    words = " ".join(f"'{word.lower()}{'//' if len(word) == 1 else ''}'" for word in thing.name.split())
    kind = {"item": "Item", "lamp": "Lamp", "deadly": "Deadly"}.get(thing.kind, "Object")
    where = f" {prefix}_r{thing.place}" if isinstance(thing.place, int) else f" {names.get(thing.place, '')}"
    if thing.kind == "door" or not where.strip():
        where = ""
    article = f' article "{_a(thing.name).split()[0]}",' if thing.kind != "person" else ""
    lines = [f'{kind} {names[thing.name]} "{thing.name}"{where}', f"  with name {words},{article}"]
    lines += [f"    {line}" for line in _ways_of(prefix, thing, story, names)]
    lines[-1] = lines[-1].rstrip(",")
    return "\n".join(lines) + f"\n  {_attributes(thing)};".replace("  ;", ";")


def _attributes(thing: Thing) -> str:
    locked = " locked lockable" if thing.key else ""
    found = {
        "box": f"has container openable static{locked}",
        "basket": "has container open static",
        "table": "has supporter static",
        "person": "has animate proper",
        "door": f"has door openable static scenery{locked}",
    }
    return found.get(thing.kind, "")


def _ways_of(prefix: str, thing: Thing, story: Story, names: dict[str, str]) -> list[str]:
    """Properties of a kind of thing."""
    key = [f"with_key {names[thing.key]},"] if thing.key else []
    if thing.kind == "door":
        return [*key, *_door(prefix, thing, story)]
    if thing.kind == "person":
        return _person(thing, story, names)
    if thing.kind == "deadly":
        return [f'initial "{_a(thing.name).capitalize()} is here. Better not to touch it.",']
    if thing.kind == "box":
        hint = " It is shut." if not thing.key else " It has a keyhole."
        return [*key, f'description "A {thing.name.split()[-1]}.{hint}",']
    return [f'description "{_a(thing.name).capitalize()}.",']


def _door(prefix: str, door: Thing, story: Story) -> list[str]:
    sides = [index for index, room in enumerate(story.rooms) if door.name in room.exits.values()]
    near, far = sides
    there = next(way for way, exit_ in story.rooms[near].exits.items() if exit_ == door.name)
    back = next(way for way, exit_ in story.rooms[far].exits.items() if exit_ == door.name)
    first, second = f"{prefix}_r{near}", f"{prefix}_r{far}"
    return [
        f"found_in {first} {second},",
        f"door_to [; if (location == {first}) return {second}; return {first}; ],",
        f"door_dir [; if (location == {first}) return {DIRECTION[there]}; return {DIRECTION[back]}; ],",
    ]


def _person(person: Thing, story: Story, names: dict[str, str]) -> list[str]:
    if person.wish:
        given = (
            f"Give: if (noun == {names[person.wish]}) {{ remove noun; move {names[person.gift]} to player; "
            f'"{person.name} gives you the {person.gift} for it."; }}'
        )
        text = f"{person.name} would like to have the {person.wish}."
    else:
        thing = story.final[0]
        given = (
            f"Give: if (noun == {names[thing]}) {{ move noun to self; "
            f'"{person.name} thanks you for the {thing}."; }}'
        )
        text = f"{person.name} waits for the {thing}."
    return [
        f'description "{text}",',
        f'initial "{text}",',
        f'life [; {given} "{person.name} does not want that."; default: "{person.name} does not respond."; ],',
    ]


def _word(name: str) -> str:
    return name.lower().replace(" ", "_").replace("-", "_")


def _a(name: str) -> str:
    return f"{'an' if name[0].lower() in VOWELS else 'a'} {name}"
