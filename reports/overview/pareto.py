"""What a recipe costs, size and speed, and which recipes no other one beats at both cost and quality."""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from acbench.cases import BASE
from reports.analysis.numbers import finite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import CaseResult

REPLAY_SECONDS_PER_TURN = 0.005
"""An answer that took less came from the journal; leaving out a real one is better than a speed nobody measured."""
DECODE = "decode, tokens per second"
"""The engine's own measurement in ``CaseResult.facts``: ``12.3 → 14.5`` (reference, recipe)."""
LENGTHS = 1.5
"""Factor up to which two amounts of generated text count as the same."""
MIB = 2**20


class Point(NamedTuple):
    """One recipe: what it costs (MiB, or tokens per second) and what it keeps."""

    name: str
    cost: float
    quality: float


def front(points: Sequence[Point], *, less_is_better: bool) -> list[Point]:
    """The points that no other point equals or beats in both while beating it in one; by rising cost."""
    sign = 1.0 if less_is_better else -1.0

    def beats(other: Point, mine: Point) -> bool:
        cheaper, better = sign * (mine.cost - other.cost), other.quality - mine.quality
        return cheaper >= 0 and better >= 0 and (cheaper > 0 or better > 0)

    best = [point for point in points if not any(beats(other, point) for other in points)]
    return sorted(best, key=lambda point: (point.cost, point.quality, point.name))


def size_mib(results: Sequence[CaseResult]) -> float | None:
    """Size on disk of what one recipe serves, MiB; None where no case says it."""
    for result in results:
        size = finite(result.checkpoint.get("bytes"))
        if size:
            return size / MIB
    return None


def speed(results: Sequence[CaseResult]) -> tuple[float, str] | None:
    """Tokens per second of one recipe and where the figure comes from; None where nothing was measured.

    ``engine``: decoding as the engine measured it. ``evaluation``: the median over tasks of generated tokens over
    the time in which they were made in one go (``acbench.speed``); prompts and waiting are in it. Results without
    that figure count by the case's seconds, where nothing was replayed and no repetition is in them.
    """
    decoded = [value for r in results if (value := _decoded(r)) is not None]
    if decoded:
        return median(decoded), "engine"
    rates = [rate for r in results if (rate := _rate(r)) is not None]
    return (median(rates), "evaluation") if rates else None


def alike(outputs: Mapping[str, int]) -> list[str]:
    """Recipes that generated about as much as the middle one: tokens per second grow with long answers."""
    if not outputs:
        return []
    middle = median(outputs.values())
    return [name for name, count in outputs.items() if middle / LENGTHS <= count <= middle * LENGTHS]


def generated_tokens(results: Sequence[CaseResult]) -> int:
    """Tokens that one recipe generated over all of its cases."""
    return sum(result.tokens.get("output", 0) for result in results)


def _decoded(result: CaseResult) -> float | None:
    found = re.fullmatch(r".* → ([\d.]+(?:e[+-]?\d+)?)", str(result.facts.get(DECODE, "")))
    return float(found[1]) if found else None


def _rate(result: CaseResult) -> float | None:
    """Generated tokens per second of one case."""
    output, taken = result.tokens.get("output", 0), result.tokens.get("generation_ms", 0)
    if taken:
        return 1000 * output / taken if output else None
    return output / result.seconds if _generated(result) else None


def _generated(result: CaseResult) -> bool:
    """Whether all answers of this case were generated in this run, as far as can be told."""
    turns, output = result.tokens.get("turns", 0), result.tokens.get("output", 0)
    if result.compression == BASE or result.is_noise_floor or not output or not turns:
        return False
    if result.tokens.get("replayed"):
        return False
    return result.seconds > REPLAY_SECONDS_PER_TURN * turns
