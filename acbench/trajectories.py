"""Pairs of played episodes for the report: what base and the compressed model did where an outcome changed.

Plain mappings that go to JSON as they are:
``{"sample", "level", "goal", "first", "base": side, "compressed": side}`` with the first observation and side =
``{"score", "channel", "turns": [{"action", "outcome", "progress", "observation"}]}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.records import SampleRecord

MOST = 3
TEXT_LIMIT = 400
"""Characters kept of an action or an observation."""


def changed_episodes(
    pairs: Sequence[tuple[SampleRecord, SampleRecord]], metric: str, most: int = MOST
) -> tuple[dict[str, Any], ...]:
    """At most ``most`` episodes that ended in another channel, the largest losses of ``metric`` first.

    ``pairs``: base and compressed record of the same sample. Samples without turns in an environment
    (no ``actions`` in their detail) and without a score on either side are passed over.
    """
    candidates = [
        (other.scores[metric] - base.scores[metric], base.sample, base, other)
        for base, other in pairs
        if base.channel != other.channel
        and all(metric in side.scores and side.detail.get("actions") for side in (base, other))
    ]
    candidates.sort(key=lambda found: found[:2])
    return tuple(
        {
            "sample": base.sample,
            "level": base.level,
            "goal": str(base.detail.get("goal", "")),
            "first": _cut(str(base.detail.get("first_observation", ""))),
            "base": _side(base, metric),
            "compressed": _side(other, metric),
        }
        for _, _, base, other in candidates[:most]
    )


def first_difference(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> int:
    """Number of the first turn, from 0, with another action or outcome, or with none on one side."""
    for number, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if any(mine.get(name) != theirs.get(name) for name in ("action", "outcome")):
            return number
    return min(len(one), len(other))


def _side(record: SampleRecord, metric: str) -> dict[str, Any]:
    detail = record.detail
    actions = detail["actions"]
    outcomes = detail.get("outcomes") or [""] * len(actions)
    progress = detail.get("progress_by_turn") or [None] * len(actions)
    seen = detail.get("observations") or [""] * len(actions)
    return {
        "score": record.scores[metric],
        "channel": record.channel,
        "turns": [
            {"action": _cut(action), "outcome": outcome, "progress": value, "observation": _cut(text)}
            for action, outcome, value, text in zip(actions, outcomes, progress, seen, strict=True)
        ],
    }


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]} ..."
