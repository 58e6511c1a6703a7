"""What a comparison over a grid says beside its mean: effective lengths, the common window, the sign test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from acbench.tasks.needle.cells import Cell, counts_by_state, effective_length, mean_score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import SampleRecord


def sign_test(worse: int, better: int) -> float:
    """Two-sided p of the exact sign test; cells without a difference do not count. 1 without any."""
    n, most = worse + better, max(worse, better)
    tail: float = sum(math.comb(n, k) for k in range(most, n + 1)) / 2**n
    return min(1.0, 2 * tail)


def grid_facts(
    base: Sequence[SampleRecord], compressed: Sequence[SampleRecord], metric: str = "keyword_recall"
) -> Mapping[str, str]:
    """Facts of one comparison by name, as text for the report. Both sides answered the same samples."""
    ours, theirs = _cells(compressed, metric), _cells(base, metric)
    both = [(old, new) for old, new in zip(theirs, ours, strict=True) if None not in (old.score, new.score)]
    differences = [(new.score or 0.0) - (old.score or 0.0) for old, new in both]
    worse, better = sum(d < 0 for d in differences), sum(d > 0 for d in differences)
    facts = {
        "effective length": f"{effective_length(theirs)} tokens for base, {effective_length(ours)} compressed "
        "(every length up to it has a mean of 90 %)",
        "sign test": f"{worse} cells worse, {better} better of {len(both)}, p = {sign_test(worse, better):.3g}",
        "cells": ", ".join(f"{count} {state}" for state, count in counts_by_state(ours).items()),
    }
    means = mean_score(old for old, _ in both), mean_score(new for _, new in both)
    if None not in means:
        facts["mean over the common window"] = (
            f"{100 * (means[0] or 0):.1f} % base, {100 * (means[1] or 0):.1f} %"
        )
    return facts


def _cells(records: Sequence[SampleRecord], metric: str) -> list[Cell]:
    ordered = sorted(records, key=lambda record: record.sample)
    return [Cell(r.detail["length"], r.detail["depth"], r.scores.get(metric), r.state) for r in ordered]
