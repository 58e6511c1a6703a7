"""Pruning masks: worked values, exact counts, ties, and what magnitude pruning makes of them."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.compress.magnitude import create
from acbench.compress.masks import n_of_m, smallest, smallest_of_rows
from acbench.compress.statistics import InputStatistics

torch.set_num_threads(1)

W = torch.tensor([[0.5, -2, 0.1, 1, 3, 0.2, -0.4, 0.3], [-1, 0.9, 0.8, -0.7, 0, 0.6, 0.5, -0.1]])
scores = st.integers(1, 5).flatmap(
    lambda rows: st.lists(
        st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0]), min_size=16 * rows, max_size=16 * rows
    ).map(lambda values: torch.tensor(values).reshape(rows, 16))
)
"""Few different values, so that ties are the rule."""


def kept(pruned: torch.Tensor) -> list[set[int]]:
    return [{i for i, gone in enumerate(row) if not gone} for row in pruned.tolist()]


def test_two_of_four_by_hand() -> None:
    assert kept(n_of_m(W.abs(), keep=2, block=4)) == [{1, 3, 4, 6}, {0, 1, 5, 6}]


def test_half_of_the_matrix_by_hand() -> None:
    assert kept(smallest(W.abs(), 0.5)) == [{1, 3, 4}, {0, 1, 2, 3, 5}]


def test_half_of_each_row_by_hand() -> None:
    assert kept(smallest_of_rows(W.abs(), 0.5)) == [{0, 1, 3, 4}, {0, 1, 2, 3}]


def test_wanda_by_hand() -> None:
    """Specification, section 10: a small weight with a large input stays, a large one with a small input goes."""
    weight = torch.tensor([[1, -0.5, 0.25, 2], [0.3, 0.4, -0.6, 0.1]])
    inputs = torch.tensor([[0.5, 2, 0, -0.5], [0, -2, 3, 0.1], [1, 1, -4, 0.2]])
    statistics = InputStatistics(frozenset({"squares"}))
    statistics.add(inputs)
    norms = statistics.finish()["squares"].sqrt()
    assert norms.tolist() == pytest.approx([1.118034, 3, 5, 0.547723], rel=1e-6)
    score = weight.abs() * norms
    assert score[0].tolist() == pytest.approx([1.118034, 1.5, 1.25, 1.095445], rel=1e-6)
    assert score[1].tolist() == pytest.approx([0.33541, 1.2, 3, 0.054772], rel=1e-4)
    for pruned in (smallest_of_rows(score, 0.5), n_of_m(score, keep=2, block=4)):
        assert kept(pruned) == [{1, 2}, {1, 2}]
    assert kept(smallest_of_rows(weight.abs(), 0.5)) == [{0, 3}, {1, 2}]  # magnitude


def test_four_of_eight_may_keep_all_of_one_half() -> None:
    row = torch.tensor([[5.0, 6, 7, 8, 1, 2, 3, 4]])
    assert kept(n_of_m(row, keep=4, block=8)) == [{0, 1, 2, 3}]
    assert kept(n_of_m(row, keep=2, block=4)) == [{2, 3, 6, 7}]


def test_ties_are_broken_by_position() -> None:
    assert kept(smallest(torch.ones(2, 4), 0.25)) == [{2, 3}, {0, 1, 2, 3}]
    assert kept(n_of_m(torch.ones(1, 8), keep=2, block=4)) == [{2, 3, 6, 7}]


def test_a_pattern_must_fit_the_width() -> None:
    with pytest.raises(ValueError, match="a 2:4 pattern does not fit 6 columns"):
        n_of_m(torch.ones(1, 6), keep=2, block=4)


@settings(max_examples=60, deadline=None)
@given(scores, st.sampled_from([(2, 4), (4, 8), (1, 4)]))
def test_every_block_keeps_exactly_its_largest(score: torch.Tensor, pattern: tuple[int, int]) -> None:
    keep, block = pattern
    blocks = n_of_m(score, keep=keep, block=block).reshape(-1, block)
    assert bool((blocks.sum(-1) == block - keep).all())
    for values, gone in zip(score.reshape(-1, block), blocks, strict=True):
        assert values[~gone].min() >= values[gone].max()


@settings(max_examples=60, deadline=None)
@given(scores, st.integers(1, 99))
def test_exactly_the_floor_of_the_share_is_pruned(score: torch.Tensor, percent: int) -> None:
    pruned = smallest(score, percent / 100)
    count = math.floor(Fraction(percent, 100) * score.numel())
    assert int(pruned.sum()) == count
    if 0 < count < score.numel():
        assert score[~pruned].min() >= score[pruned].max()


@settings(max_examples=40, deadline=None)
@given(scores, st.integers(1, 99))
def test_every_row_loses_exactly_the_floor_of_its_share(score: torch.Tensor, percent: int) -> None:
    pruned = smallest_of_rows(score, percent / 100)
    count = math.floor(Fraction(percent, 100) * score.shape[1])
    assert pruned.sum(-1).tolist() == [count] * score.shape[0]
    for values, gone in zip(score, pruned, strict=True):
        if 0 < count < score.shape[1]:
            assert values[~gone].min() >= values[gone].max()


def test_a_share_that_floating_point_falls_short_of() -> None:
    assert int(0.29 * 100) == 28
    assert int(smallest(torch.arange(100.0).reshape(10, 10), 0.29).sum()) == 29


def test_magnitude_keeps_values_and_says_what_it_lost() -> None:
    layer = create({"sparsity": 0.5}, "dense").compress("x", W)
    found = layer.tensors["weight"]
    assert found.tolist()[0] == [0, -2, 0, 1, 3, 0, 0, 0]
    assert (layer.zeros, layer.bits) == (8, 16.0)
    # lost: .5 .1 .2 .4 .3 of row 0 and 0 .5 .1 of row 1; all: 14.55 + 3.56
    assert layer.error == pytest.approx(
        (0.25 + 0.01 + 0.04 + 0.16 + 0.09 + 0.25 + 0.01) / (14.55 + 3.56), rel=1e-5
    )
    pattern = create({"pattern": "2:4"}, "dense").compress("x", W.to(torch.bfloat16))
    assert pattern.tensors["weight"].dtype == torch.bfloat16
    assert kept(pattern.tensors["weight"] == 0) == [{1, 3, 4, 6}, {0, 1, 5, 6}]


def test_zeros_that_were_there_are_counted_once() -> None:
    layer = create({"pattern": "2:4"}, "dense").compress("x", torch.tensor([[0.0, 0.0, 0.0, 1.0]]))
    assert (layer.zeros, layer.error) == (3, 0.0)
    assert create({}, "dense").quantization_config() is None
    assert create({}, "dense").prepare([3, 5]) == ()
