"""Names beside marks that lie neither on each other nor on other marks, with a thin line where one had to move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from reports.analysis import canvas
from reports.drawing import INK, MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHARACTER, LINE, GAP = 7.1, 14.0, 9.0
"""Width of a letter and height of a line of small text, and the distance from a mark, px."""
STEPS = 14


class _Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )


def put(axes: Any, places: Sequence[tuple[str, float, float]]) -> None:
    """Writes each (name, x, y) beside its mark; both scales of the axes must be set before."""
    frame = axes.get_window_extent()
    field = _Box(frame.x0, frame.y0 - 2, frame.x1 + 10, frame.y1 + 2)
    marks = [tuple(map(float, axes.transData.transform((x, y)))) for _, x, y in places]
    taken = [_Box(x - 4, y - 4, x + 4, y + 4) for x, y in marks]
    for index in sorted(range(len(places)), key=lambda i: (-marks[i][1], marks[i][0])):
        name, *at = places[index]
        others = [box for i, box in enumerate(taken) if i != index]
        box, moved = _free(marks[index], CHARACTER * len(name), others, field)
        taken.append(box)
        line = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 4}
        axes.annotate(
            canvas.plain(name), xy=at, xytext=(box.left, (box.bottom + box.top) / 2), textcoords="figure pixels",
            va="center", fontsize=canvas.SMALL, color=INK, arrowprops=line if moved else None, zorder=6,
            bbox={"facecolor": "#ffffff", "alpha": 0.8, "linewidth": 0, "pad": 0.4},
        )  # fmt: skip


def _free(mark: tuple[float, ...], width: float, others: Sequence[_Box], field: _Box) -> tuple[_Box, bool]:
    """The nearest place for a label that is free and inside; if there is none, right of the mark."""
    for left, bottom, moved in _tries(mark, width):
        box = _Box(left, bottom, left + width, bottom + LINE)
        inside = field.left <= box.left and box.right <= field.right
        inside = inside and field.bottom <= box.bottom and box.top <= field.top
        if inside and not any(box.meets(other) for other in others):
            return box, moved
    x, y = mark
    return _Box(x + GAP, y - LINE / 2, x + GAP + width, y + LINE / 2), False


def _tries(mark: tuple[float, ...], width: float) -> Iterator[tuple[float, float, bool]]:
    x, y = mark
    for step in range(STEPS):
        for direction in (-1, 1) if step else (0,):
            middle = y + direction * step * LINE / 2 - LINE / 2
            far = GAP + (10 if step > 1 else 0)
            yield x + far, middle, step > 1
            yield x - far - width, middle, step > 1
