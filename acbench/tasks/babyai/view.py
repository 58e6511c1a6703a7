"""What the agent sees: the things in its view of 7 × 7 cells, and the sentences about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = tuple[int, int]

SIZE = 7
VECTORS: tuple[Cell, ...] = ((1, 0), (0, 1), (-1, 0), (0, -1))
"""Directions 0-3: right, down, left, up, as steps in cells. The next one is a turn to the right."""

KINDS = {2: "wall", 4: "door", 5: "key", 6: "ball", 7: "box", 8: "goal", 9: "lava"}
COLOURS = ("red", "green", "blue", "purple", "yellow", "grey")
DOOR_STATES = ("open", "closed", "locked")

BARRIERS = ("wall", "box")
"""What the agent is said to be facing."""
BLOCKING = ("wall", "box", "ball", "key", "lava")
"""What a planned way goes around. Doors are not: a way may lead through a closed one and then stops there."""

LEAD = "In front of you in this room, you can see several objects: "
NOTHING_SEEN = "You cannot see any objects within sight."


@dataclass(frozen=True, slots=True)
class Thing:
    """A visible thing at ``cell``, named as the agent reads it ("red ball", "grey closed door")."""

    name: str
    kind: str
    cell: Cell
    distance: int


@dataclass(frozen=True, slots=True)
class View:
    """Pose and visible things, walls included, nearest first. ``carrying`` is (colour, kind).

    ``picture`` is the engine's image: the same at two places that look alike.
    """

    position: Cell
    direction: int
    things: tuple[Thing, ...]
    carrying: tuple[str, str] | None
    picture: tuple[tuple[tuple[int, ...], ...], ...] = ()

    def offset(self, cell: Cell) -> tuple[int, int]:
        """(steps ahead, steps to the right) of a cell."""
        dx, dy = cell[0] - self.position[0], cell[1] - self.position[1]
        ahead, right = VECTORS[self.direction], VECTORS[(self.direction + 1) % 4]
        return ahead[0] * dx + ahead[1] * dy, right[0] * dx + right[1] * dy

    def barrier(self) -> tuple[str, int] | None:
        """(kind, steps) of the nearest wall or box straight ahead."""
        for thing in self.things:
            if thing.kind in BARRIERS and self.offset(thing.cell)[1] == 0:
                return thing.kind, thing.distance
        return None

    def describe(self) -> str:
        """The observation text, character by character as published (its blanks included)."""
        sentences = [self._objects(), "The room has walls around you. "]
        barrier = self.barrier()
        if barrier is not None:
            sentences.append(f"You are facing a {barrier[0]} {barrier[1]} steps away. ")
        held = "not carrying anything" if self.carrying is None else f"carrying a {' '.join(self.carrying)}"
        return "".join((*sentences, f"You are {held}."))

    def _objects(self) -> str:
        if not self.things:
            return NOTHING_SEEN
        counts: dict[str, int] = {}
        sentences = []
        for thing in self.things:
            if thing.kind != "wall":
                counts[thing.name] = counts.get(thing.name, 0) + 1
                sentences.append(f"There is a {thing.name} {counts[thing.name]} {self._place(thing)}. ")
        return "".join((LEAD, *(f"{sentence} " for sentence in sentences)))

    def _place(self, thing: Thing) -> str:
        ahead, right = self.offset(thing.cell)
        if right == 0:
            return f"right in front of you {ahead} steps away"
        side = "right" if right > 0 else "left"
        return f"{ahead} steps in front of you and {abs(right)} steps to your {side}"


def read_view(
    image: Sequence[Sequence[Sequence[int]]], position: Cell, direction: int, carrying: tuple[str, str] | None
) -> View:
    """Reads the engine's image: ``image[column][row]`` = (kind, colour, state), row 0 the farthest.

    The agent stands in the middle of the last row and looks towards row 0. Its own cell, which shows what
    it carries, is left out, and so are cells left of or above the grid.
    """
    ahead, right = VECTORS[direction], VECTORS[(direction + 1) % 4]
    things = []
    for row in range(SIZE):
        for column in range(SIZE):
            forward, sideways = SIZE - 1 - row, column - SIZE // 2
            cell = (
                position[0] + ahead[0] * forward + right[0] * sideways,
                position[1] + ahead[1] * forward + right[1] * sideways,
            )
            kind, colour, state = image[column][row]
            if kind in KINDS and cell != position and min(cell) >= 0:
                name = _name(KINDS[kind], COLOURS[colour], state)
                things.append(Thing(name, KINDS[kind], cell, forward + abs(sideways)))
    things.sort(key=lambda thing: thing.distance)  # stable: ties stay in the order of the image
    picture = tuple(tuple(map(tuple, cells)) for cells in image)
    return View(position, direction, tuple(things), carrying, picture)


def _name(kind: str, colour: str, state: int) -> str:
    return f"{colour} {DOOR_STATES[state]} door" if kind == "door" else f"{colour} {kind}"
