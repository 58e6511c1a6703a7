"""The shortest way to a visible cell, in turns and steps."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from acbench.tasks.babyai.view import BLOCKING, SIZE, VECTORS

if TYPE_CHECKING:
    from acbench.tasks.babyai.view import Cell, View

LEFT, RIGHT, FORWARD = 0, 1, 2
Pose = tuple[tuple[int, int], int]
"""(cell, direction)"""


def route(view: View, goal: Cell, *, onto: bool) -> list[int] | None:
    """Moves that lead onto ``goal`` or, unless ``onto``, to a cell next to it and facing it; None without a way.

    Breadth first over (cell, direction), trying forward, left, right. Of ways of equal length the one found
    last is taken, as published: turning around goes over the right. Poses found twice are looked at twice,
    which decides those ties.
    """
    blocked = {thing.cell for thing in view.things if thing.kind in BLOCKING}
    columns, rows = _area(view)
    start = (view.position, view.direction)
    came_from: dict[Pose, tuple[Pose, int]] = {}
    settled: set[Pose] = set()
    waiting = deque([start])
    while waiting:
        pose = waiting.popleft()
        settled.add(pose)
        if (pose[0] if onto else _ahead(pose)) == goal:
            return _trace(came_from, start, pose)
        for move in (FORWARD, LEFT, RIGHT):
            following = _after(pose, move)
            (x, y), _ = following
            if following in settled or (x, y) in blocked or x not in columns or y not in rows:
                continue
            came_from[following] = (pose, move)
            waiting.append(following)
    return None


def _area(view: View) -> tuple[range, range]:
    """The columns and rows a way may use: the view's rectangle.

    As published it reaches one cell too far towards smaller coordinates unless the agent looks up
    (directions 0 and 1: the line behind the agent; 1 and 2: the line left of the view).
    """
    ahead, right = VECTORS[view.direction], VECTORS[(view.direction + 1) % 4]
    ranges = []
    for axis in (0, 1):
        corner = view.position[axis] + (SIZE - 1) * ahead[axis] - (SIZE // 2) * right[axis]
        end = corner + SIZE * (right[axis] - ahead[axis])
        ranges.append(range(end, corner + 1) if end < corner else range(corner, end))
    return ranges[0], ranges[1]


def _ahead(pose: Pose) -> Cell:
    (x, y), direction = pose
    return x + VECTORS[direction][0], y + VECTORS[direction][1]


def _after(pose: Pose, move: int) -> Pose:
    cell, direction = pose
    if move == FORWARD:
        return _ahead(pose), direction
    return cell, (direction + (1 if move == RIGHT else -1)) % 4


def _trace(
    came_from: dict[Pose, tuple[Pose, int]],
    start: Pose,
    pose: Pose,
) -> list[int]:
    moves = []
    while pose != start:
        pose, move = came_from[pose]
        moves.append(move)
    return moves[::-1]
