"""How long answers are, and whether they end: longer, cut and repeating ones are how low-bit models fail to stop.

Specification of the analysis metrics, section 5.9. Both sides answered the same prompts, so ratios are by item.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.metrics.sequences import length_inflation, repeated_share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.records import SampleRecord, Turn

CUT = "length"
"""Finish reason of an answer that ran into its limit."""


def facts(base: Sequence[SampleRecord], other: Sequence[SampleRecord]) -> Mapping[str, str]:
    """Tokens, cut answers and repeated 4-grams of words, base → compressed; empty where nothing was generated."""
    sides = [[_answers(record) for record in side] for side in (base, other)]
    counts = [[sum(turn.output_tokens for turn in turns) for turns in side] for side in sides]
    if not any(counts[0]) and not any(counts[1]):
        return {}
    ratio = length_inflation(counts[0], counts[1])
    words = "" if math.isnan(ratio) else f" ({ratio:.2f} times as many, mean of samples)"
    means = [sum(side) / max(len(side), 1) for side in counts]
    return {
        "Answer tokens a sample": f"{means[0]:.1f} → {means[1]:.1f}{words}",
        "Answers cut at their limit": _shares(sides, lambda turn: float(turn.finish_reason == CUT)),
        "Repeated word 4-grams": _shares(sides, lambda turn: repeated_share(turn.text.split())),
    }


def _answers(record: SampleRecord) -> list[Turn]:
    """The turns in which something was generated; scored and unasked ones have no tokens."""
    return [turn for turn in record.turns if turn.output_tokens]


def _shares(sides: Sequence[Sequence[Sequence[Turn]]], measure: Callable[[Turn], float]) -> str:
    values = [[measure(turn) for turns in side for turn in turns] for side in sides]
    shown = [f"{100 * sum(side) / len(side):.1f} %" if side else "no answer" for side in values]
    return " → ".join(shown)
