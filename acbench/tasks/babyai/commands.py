"""Text commands and what they stand for: rebuilt from the view after every step (specification, section 5.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acbench.tasks.babyai.routes import FORWARD, LEFT, RIGHT, route
from acbench.tasks.babyai.view import VECTORS

if TYPE_CHECKING:
    from acbench.tasks.babyai.view import Cell, Thing, View

PICK_UP, DROP, TOGGLE = 3, 4, 5
LIST_COMMAND = "check available actions"

BARRIER_AHEAD = "There is a barrier in front of you, you can't move forward."
NOT_CARRYING = "You cannot drop the object, as you are not carrying anything."
NO_ROOM = "You cannot drop the object, as there is already an object in front of you."
NO_WAY = "as there is no path leading to it."
CLOSED = "as it is closed. You should toggle it first."
NO_KEY = "as you are not carrying a key."
WRONG_KEY = "as the color of the key you are carrying does not match the color of door."


@dataclass(slots=True)
class Commands:
    """``moves``: what can be done now, in the order of the list command; ``reasons``: what cannot, and why."""

    moves: dict[str, list[int]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def refuse(self, command: str, reason: str) -> None:
        self.reasons[command] = f"You cannot {command}, {reason}"


def commands_for(view: View) -> Commands:
    """All commands that make sense in a view.

    Objects are numbered among those of their name that can be reached, as published: with a walled-in
    first ball, the second one is "ball 1". Doors are numbered as the observation numbers them.
    """
    made = Commands({"turn left": [LEFT], "turn right": [RIGHT]})
    barrier = view.barrier()
    if barrier is None or barrier[1] > 1:
        made.moves["move forward"] = [FORWARD]
    else:
        made.reasons["move forward"] = BARRIER_AHEAD
    ways = {thing.cell: route(view, thing.cell, onto=False) for thing in view.things if thing.kind != "wall"}
    if view.carrying is None:
        movable = [thing for thing in view.things if thing.kind not in ("wall", "door", "goal")]
        _add_numbered(made, "pickup", movable, ways, [PICK_UP])
    _add_drop(made, view)
    _add_doors(made, view, ways)
    visible = [thing for thing in view.things if thing.kind not in ("wall", "goal")]
    _add_numbered(made, "go to", visible, ways, [])
    made.moves[LIST_COMMAND] = []
    return made


def _add_numbered(
    made: Commands, verb: str, things: list[Thing], ways: dict[Cell, list[int] | None], last: list[int]
) -> None:
    """Commands that end facing a thing, with the moves that then follow."""
    reached: dict[str, int] = {}
    for thing in things:
        command = f"{verb} {thing.name} {reached.get(thing.name, 0) + 1}"
        way = ways[thing.cell]
        if way is None:
            made.refuse(command, NO_WAY)
        else:
            reached[thing.name] = reached.get(thing.name, 0) + 1
            made.moves[command] = [*way, *last]


def _add_drop(made: Commands, view: View) -> None:
    ahead = VECTORS[view.direction]
    front = (view.position[0] + ahead[0], view.position[1] + ahead[1])
    if view.carrying is None:
        made.reasons["drop"] = NOT_CARRYING
    elif any(thing.cell == front and thing.kind not in ("door", "goal") for thing in view.things):
        made.reasons["drop"] = NO_ROOM
    else:
        made.moves["drop"] = [DROP]


def _add_doors(made: Commands, view: View, ways: dict[Cell, list[int] | None]) -> None:
    counts: dict[str, int] = {}
    for door in (thing for thing in view.things if thing.kind == "door"):
        counts[door.name] = counts.get(door.name, 0) + 1
        name = f"{door.name} {counts[door.name]}"
        colour, state, _ = door.name.split()
        through, opening = f"go through {name}", f"toggle and go through {name}"
        if state == "open":
            onto = route(view, door.cell, onto=True)
            if onto is None:
                made.refuse(through, NO_WAY)
            else:
                made.moves[through] = onto
            continue
        if state == "closed":
            made.refuse(through, CLOSED)
        elif view.carrying is None or view.carrying[1] != "key":
            made.refuse(opening, NO_KEY)
            continue
        elif view.carrying[0] != colour:
            made.refuse(opening, WRONG_KEY)
            continue
        way = ways[door.cell]
        if way is None:
            # The published reason shows the numbers of all doors so far in the place of this one's.
            made.reasons[opening] = f"You cannot toggle and go through {door.name} {counts}, {NO_WAY}"
        else:
            made.moves[opening] = [*way, TOGGLE, FORWARD]
            if not way:
                made.moves["toggle"] = [TOGGLE]
