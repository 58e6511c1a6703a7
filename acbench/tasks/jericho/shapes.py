"""What the stories of each level are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.jericho.stories import Maker

if TYPE_CHECKING:
    from random import Random

    from acbench.tasks.jericho.stories import Story


def easy_story(random: Random, number: int) -> Story:
    """Two or three steps in one or two rooms, told word by word in the goal."""
    make = Maker(random, 1)
    start = make.room()
    make.thing("item", start)  # nobody needs it
    kind = number % 6
    if kind == 1:  # the thing lies in the next room
        room = make.room(beside=start)
        way = next(iter(make.story.rooms[start].exits))
        thing = make.thing("item", room)
        make.do(way, f"You are in the {make.story.rooms[room].name}")
        make.take(thing)
        return make.finish(f"go {way} and take the {thing.name}")
    if kind == 2:  # in a closed box
        box = make.thing("box", start)
        thing = make.thing("item", box.name)
        make.do(f"open {box.name}", f"You open the {box.name}")
        make.take(thing)
        return make.finish(f"open the {box.name} and take the {thing.name}")
    if kind == 3:  # a locked box
        key = make.thing("item", start, name=make.name("key"))
        box = make.thing("box", start, key=key.name)
        make.take(key)
        make.do(f"unlock {box.name} with {key.name}", f"You unlock the {box.name}")
        make.do(f"open {box.name}", f"You open the {box.name}")
        return make.finish(f"take the {key.name}, unlock the {box.name} with it and open the {box.name}")
    if kind == 4:  # a door
        room = make.room(beside=start)
        door = make.lock(start, room)
        make.do(f"open {door.name}", f"You open the {door.name}")
        make.do(door.direction, f"You are in the {make.story.rooms[room].name}")
        return make.finish(f"open the {door.name} and go {door.direction}")
    thing = make.thing("item", start)
    make.take(thing)
    return make.finish(f"take the {thing.name} and {make.bring(thing, start)}")


def middle_story(random: Random, number: int) -> Story:
    """Three rooms and one obstacle: a box, a locked box, somebody who trades, or a door."""
    make = Maker(random, 2)
    start = make.room()
    far = make.room(beside=start)
    side = make.room(beside=start)
    make.thing("item", start)  # nobody needs it
    if number % 2:
        door = make.lock(start, far)
        make.do(f"open {door.name}", f"You open the {door.name}")
        thing = make.hidden(far, 0)
    else:
        thing = make.hidden(far, 1)
    wanted = make.bring(thing, side)
    rooms = make.story.rooms
    where = f"in the {rooms[far].name}"
    return make.finish(f"get the {thing.name} {where}, go to the {rooms[side].name} and {wanted}")


def hard_story(random: Random, number: int) -> Story:
    """Five rooms, one of them dark or behind a locked door, obstacles within obstacles, something deadly."""
    make = Maker(random, 3)
    start = make.room()
    hall = make.room(beside=start)
    side = make.room(beside=hall)
    yard = make.room(beside=start)
    make.thing("item", start)
    make.thing("item", yard)
    make.thing("deadly", random.choice([side, yard]))
    if number % 2:
        far = make.room(beside=hall, up=True, dark=True)
        lamp = make.thing("lamp", side)
        make.go(side)
        make.take(lamp, counts=False)
        make.do(f"turn on {lamp.name}", f"The {lamp.name} burns with a clear light")
        thing = make.hidden(far, 1)
    else:
        far = make.room(beside=hall)
        key = make.hidden(side, 1, words="key")
        door = make.lock(hall, far, key=key.name)
        make.go(hall)
        make.do(f"unlock {door.name} with {key.name}", f"You unlock the {door.name}")
        make.do(f"open {door.name}")
        thing = make.hidden(far, 0)
    wanted = make.bring(thing, random.choice([start, yard]))
    return make.finish(f"find the {thing.name} and {wanted}")
