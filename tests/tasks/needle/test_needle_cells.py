"""Aggregates over cells, worked out by hand."""

from __future__ import annotations

import pytest

from acbench.tasks.needle.cells import (
    Cell,
    counts_by_state,
    depth_third,
    difference_by_place,
    effective_length,
    mean_by_length,
    mean_by_place,
    mean_by_third,
    mean_score,
)

CELLS = [
    Cell(2000, 0, 1.0),
    Cell(2000, 100, 0.5),
    Cell(1000, 0, 1.0),
    Cell(1000, 50, 1.0),
    Cell(1000, 100, 0.75),
    Cell(4000, 0, None, "too_long"),
    Cell(4000, 100, None, "not_run"),
]


def test_means_leave_out_cells_without_score() -> None:
    assert mean_score(CELLS) == pytest.approx(4.25 / 5)
    assert mean_by_length(CELLS) == {1000: pytest.approx(2.75 / 3), 2000: 0.75, 4000: None}
    assert list(mean_by_length(CELLS)) == [1000, 2000, 4000]
    assert mean_by_third(CELLS) == {"first": 1.0, "middle": 1.0, "last": 0.625}
    assert mean_score([Cell(1, 0, None, "too_long")]) is None
    assert mean_by_third([])["first"] is None


def test_counts() -> None:
    assert counts_by_state(CELLS) == {"ok": 5, "too_long": 1, "not_run": 1}


@pytest.mark.parametrize(
    ("depth", "third"),
    [
        (0, "first"),
        (33, "first"),
        (34, "middle"),
        (50, "middle"),
        (66, "middle"),
        (67, "last"),
        (100, "last"),
    ],
)
def test_thirds(depth: float, third: str) -> None:
    assert depth_third(depth) == third


def test_effective_length() -> None:
    # 1,000 has 0.917, 2,000 only 0.75
    assert effective_length(CELLS) == 1000
    assert effective_length(CELLS, 0.7) == 2000
    assert effective_length(CELLS, 0.95) == 0
    assert effective_length([]) == 0


def test_effective_length_needs_every_shorter_length() -> None:
    assert effective_length([Cell(1, 0, 1.0), Cell(2, 0, 0.0), Cell(3, 0, 1.0)]) == 1
    assert effective_length([Cell(1, 0, 1.0), Cell(2, 0, None, "too_long"), Cell(3, 0, 1.0)]) == 1
    assert effective_length([Cell(1, 0, 0.9)]) == 1


def test_places_average_the_repeats() -> None:
    cells = [Cell(1, 0, 1.0), Cell(1, 0, 0.5), Cell(1, 0, None, "too_long"), Cell(2, 0, None, "too_long")]
    assert mean_by_place(cells) == {(1, 0): 0.75, (2, 0): None}


def test_difference_needs_both_sides() -> None:
    base = [Cell(1, 0, 1.0), Cell(2, 0, 1.0), Cell(3, 0, 1.0)]
    compressed = [Cell(1, 0, 0.25), Cell(2, 0, None, "too_long"), Cell(4, 0, 1.0)]
    assert difference_by_place(base, compressed) == {(1, 0): -0.75, (2, 0): None, (3, 0): None, (4, 0): None}
