"""Means as the published tables make them."""

from __future__ import annotations

import pytest

from acbench.tasks.longbench.aggregate import (
    bucket_of,
    bucket_scores,
    group_means,
    mean_16,
    mean_21,
    overall,
    set_score,
)
from acbench.tasks.longbench.sets import GROUPS, SETS

# one number per set, in the order of the table: the sum of a group is easy to see
SCORES: dict[str, float | None] = {name: float(10 * (i + 1)) for i, name in enumerate(SETS)}


def test_the_table_has_what_the_specification_says() -> None:
    assert len(SETS) == 21
    assert [sum(s.group == group for s in SETS.values()) for group in GROUPS] == [4, 4, 4, 4, 3, 2]
    assert [n for n, s in SETS.items() if not s.chat] == [
        *("trec", "triviaqa", "samsum", "lsht"),
        *("lcc", "repobench_p"),
    ]
    assert [n for n, s in SETS.items() if s.first_line] == ["trec", "triviaqa", "samsum", "lsht"]
    assert sum(s.extended for s in SETS.values()) == 13
    assert sum(s.of_16 for s in SETS.values()) == 16
    assert [n for n, s in SETS.items() if s.language == "zh"] == [n for n, s in SETS.items() if not s.of_16]


def test_group_means() -> None:
    means = group_means(SCORES)
    # sets 1-4, 5-8, 9-12, 13-16, 17-19, 20-21
    assert [mean.value for mean in means.values()] == [25, 65, 105, 145, 180, 205]
    assert [mean.n for mean in means.values()] == [4, 4, 4, 4, 3, 2]


def test_languages_share_the_code_column() -> None:
    english, chinese = group_means(SCORES, "en"), group_means(SCORES, "zh")
    assert [mean.value for mean in english.values()] == [20, 60, 100, 140, 175, 205]
    assert [mean.value for mean in chinese.values()] == [40, 80, 120, 160, 190, 205]
    assert overall(SCORES, "en").value == pytest.approx(700 / 6)
    assert overall(SCORES, "zh").value == pytest.approx(795 / 6)
    # the mean over sets would be another number
    assert mean_16(SCORES).value == pytest.approx((60 + 180 + 300 + 420 + 350 + 410) / 16)
    assert mean_21(SCORES).value == pytest.approx(110)


def test_what_is_missing_makes_no_mean() -> None:
    less = {**SCORES, "musique": None}
    del less["lcc"]
    means = group_means(less)
    assert (means["multi-doc QA"].value, means["multi-doc QA"].n, means["multi-doc QA"].of) == (None, 3, 4)
    assert (means["code"].value, means["code"].n) == (None, 1)
    assert means["synthetic"].value == 180
    assert (overall(less, "en").value, overall(less, "en").n) == (None, 4)
    assert (overall(less, "zh").value, overall(less, "zh").n) == (None, 5)
    assert (mean_16(less).value, mean_16(less).n) == (None, 14)
    assert (mean_21({}).value, mean_21({}).n, mean_21({}).of) == (None, 0, 21)


def test_set_score_is_rounded() -> None:
    assert set_score([1, 0, 0]) == 33.33
    assert set_score([]) is None


def test_buckets() -> None:
    assert [bucket_of(n) for n in (0, 3999, 4000, 7999, 8000, 90_000)] == [
        *("0-4k", "0-4k"),
        *("4-8k", "4-8k"),
        *("8k+", "8k+"),
    ]
    found = bucket_scores([(100, 1.0), (3999, 0.0), (8000, 0.25)])
    assert {name: (mean.value, mean.n) for name, mean in found.items()} == {
        "0-4k": (50.0, 2),
        "4-8k": (None, 0),
        "8k+": (25.0, 1),
    }
