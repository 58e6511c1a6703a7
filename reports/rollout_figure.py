"""The figure of a multi-turn case: mean progress after each turn, base against compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import formats
from reports.drawing import GRID, MUTED, WIDTH, card, line, marks, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.records import CaseResult

LEFT, RIGHT, TOP, PLOT, BOTTOM = 64, 24, 92, 240, 52
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def rollout_svg(result: CaseResult) -> str:
    """Two curves over the turns of an episode; empty for a case without rollouts."""
    curves = result.rollout.get("curves", {})
    if not curves.get("base") or not curves.get("compressed"):
        return ""
    turns = len(curves["base"])
    body = [text(16, 28, f"{result.task}: progress by turn", size=17, weight=600)]
    body.append(text(16, 50, _what(result), size=13, colour=MUTED))
    for number, name in enumerate((formats.against(result), _other(result))):
        body.append(marks([(24 + 220 * number, 69)], number))
        body.append(text(36 + 220 * number, 74, name, size=13))
    body += [part for share in TICKS for part in _rule(share)]
    body += [
        text(_x(turn, turns), TOP + PLOT + 20, str(turn), size=12, colour=MUTED, anchor="middle")
        for turn in _turn_ticks(turns)
    ]
    body.append(text(WIDTH / 2, TOP + PLOT + 42, "after turn", size=13, colour=MUTED, anchor="middle"))
    for number, side in enumerate(("base", "compressed")):
        places = [(_x(turn, turns), _y(value)) for turn, value in enumerate(curves[side], start=1)]
        body += [line(places, number), marks(_every(places), number)]
    return card(f"{result.id}: mean progress after each turn", TOP + PLOT + BOTTOM, body)


def _what(result: CaseResult) -> str:
    return f"mean progress of {result.primary.n} episodes; an ended episode keeps its value"


def _other(result: CaseResult) -> str:
    return f"{result.compression}, repeated" if result.is_noise_floor else result.compression


def _rule(share: float) -> tuple[str, str]:
    y = _y(share)
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>',
        text(LEFT - 8, y + 4, formats.percent(share), size=12, colour=MUTED, anchor="end"),
    )


def _x(turn: int, turns: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (turn - 1) / max(turns - 1, 1)


def _y(share: float) -> float:
    return TOP + PLOT * (1 - share)


def _turn_ticks(turns: int) -> list[int]:
    step = 1 if turns <= 12 else 5
    return [1, *range(step if step > 1 else 2, turns + 1, step)]


def _every(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most some thirty marks a curve."""
    return list(places[:: max(1, len(places) // 30)])
