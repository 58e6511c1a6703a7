"""Means over records, sets, groups and length buckets, as the published tables make them (section 8).

A mean that lacks one of its sets is None: a mean over other sets is another number. ``n`` says how many of
``of`` sets (or how many records) were there.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from acbench.tasks.longbench.sets import CODE, GROUPS, SETS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

BUCKETS = ("0-4k", "4-8k", "8k+")
LANGUAGES = ("en", "zh")


class Mean(NamedTuple):
    """A mean, or None when something of it is missing."""

    value: float | None
    n: int
    of: int


def set_score(scores: Sequence[float]) -> float | None:
    """100 × the mean of a set's record scores, rounded to two decimals; None without records."""
    return round(100 * fmean(scores), 2) if scores else None


def bucket_of(length: int) -> str:
    """The LongBench-E bucket of a record's length field."""
    return BUCKETS[(length >= 4000) + (length >= 8000)]


def bucket_scores(records: Iterable[tuple[int, float]]) -> dict[str, Mean]:
    """Set score in each bucket, from (length, score) of every record; an empty bucket is None with n = 0."""
    by_bucket: dict[str, list[float]] = {bucket: [] for bucket in BUCKETS}
    for length, score in records:
        by_bucket[bucket_of(length)].append(score)
    return {bucket: Mean(set_score(found), len(found), len(found)) for bucket, found in by_bucket.items()}


def group_means(scores: Mapping[str, float | None], language: str | None = None) -> dict[str, Mean]:
    """The six group means from set scores by variant: plain means over the sets of a group.

    With a language (`en`, `zh`) over the sets of that language; both use the same code column.
    """
    return {group: _mean_over(_members(group, language), scores) for group in GROUPS}


def overall(scores: Mapping[str, float | None], language: str) -> Mean:
    """The published overall score of a language: the mean of its six group means, not of its sets."""
    groups = group_means(scores, language)
    return _mean_over(GROUPS, {group: mean.value for group, mean in groups.items()})


def mean_16(scores: Mapping[str, float | None]) -> Mean:
    """Plain mean over the 16 English and code sets."""
    return _mean_over([name for name, found in SETS.items() if found.of_16], scores)


def mean_21(scores: Mapping[str, float | None]) -> Mean:
    """Plain mean over all sets."""
    return _mean_over(list(SETS), scores)


def _members(group: str, language: str | None) -> list[str]:
    return [
        name
        for name, found in SETS.items()
        if found.group == group and (language is None or group == CODE or found.language == language)
    ]


def _mean_over(names: Collection[str], scores: Mapping[str, float | None]) -> Mean:
    values = [value for name in names if (value := scores.get(name)) is not None]
    complete = len(values) == len(names)
    return Mean(fmean(values) if complete and values else None, len(values), len(names))
