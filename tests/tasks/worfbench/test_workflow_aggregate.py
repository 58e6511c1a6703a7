"""Means over records and tasks, worked out by hand."""

from __future__ import annotations

import pytest

from acbench.tasks.worfbench.aggregate import Outcome, overall, task_means
from acbench.tasks.worfbench.corrected import Triple

GOOD = Outcome(Triple(1, 1, 1), Triple(0.5, 0.5, 0.5), nodes=4)
HALF = Outcome(Triple(0.5, 1, 2 / 3), Triple(0, 0, 0), nodes=2, ends=False)
BAD = Outcome(Triple(0, 0, 0), Triple(0, 0, 0), parsed=False)


def test_means_of_a_task() -> None:
    means = task_means([GOOD, HALF, BAD], missing=1)
    assert means.records == 4
    assert means.chain == pytest.approx((1.5 / 4, 2 / 4, (5 / 3) / 4))  # F1 is the mean of F1
    assert means.graph == pytest.approx((0.125, 0.125, 0.125))
    assert (means.parse_rate, means.nodes, means.without_end, means.missing) == (0.5, 3, 0.5, 1)


def test_nothing_parsed_and_nothing_at_all() -> None:
    means = task_means([BAD])
    assert (means.parse_rate, means.nodes, means.without_end) == (0, 0, 0)
    with pytest.raises(ValueError, match="no record"):
        task_means([])


def test_main_and_held_out_are_never_mixed() -> None:
    means = {
        "os": task_means([GOOD]),
        "lumos": task_means([GOOD, BAD, BAD]),
        "seal_tools": task_means([BAD]),
    }
    found = overall(means)
    assert found["main"].tasks == ("lumos", "os")
    assert found["main"].macro == pytest.approx(((1 + 1 / 3) / 2, (0.5 + 0.5 / 3) / 2))
    assert found["main"].weighted == pytest.approx((2 / 4, 1 / 4))
    assert (found["held_out"].tasks, found["held_out"].macro) == (("seal_tools",), (0, 0))
    assert overall({"os": task_means([GOOD])}).keys() == {"main"}
