"""What a comparison says beside its scores: how long the answers are, and whether their graphs come to an end."""

from __future__ import annotations

from collections import Counter
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import SampleRecord


def workflow_facts(base: Sequence[SampleRecord], compressed: Sequence[SampleRecord]) -> Mapping[str, str]:
    """Mean number of sub-tasks, share of parsed answers without an edge to END, and why answers were not parsed."""
    sides = {"base": base, "compressed": compressed}
    gold = [record.detail["gold_nodes"] for record in compressed if "gold_nodes" in record.detail]
    if not gold:
        return {}
    nodes = ", ".join(f"{_nodes(records)} {name}" for name, records in sides.items())
    ends = ", ".join(f"{_without_end(records)} {name}" for name, records in sides.items())
    return {
        "sub-tasks per parsed answer": f"{nodes}, {fmean(gold):.1f} gold",
        "parsed answers without an edge to END": ends,
        "not parsed": "; ".join(f"{name}: {_reasons(records)}" for name, records in sides.items()),
    }


def _parsed(records: Sequence[SampleRecord]) -> list[SampleRecord]:
    return [record for record in records if record.scores.get("parsed")]


def _nodes(records: Sequence[SampleRecord]) -> str:
    found = [record.detail["nodes"] for record in _parsed(records)]
    return f"{fmean(found):.1f}" if found else "none"


def _without_end(records: Sequence[SampleRecord]) -> str:
    found = _parsed(records)
    return f"{sum(not record.detail['ends'] for record in found)} of {len(found)}"


def _reasons(records: Sequence[SampleRecord]) -> str:
    counts = Counter(record.detail["reason"] for record in records if record.detail.get("reason"))
    return ", ".join(f"{count} {reason}" for reason, count in counts.most_common()) or "none"
