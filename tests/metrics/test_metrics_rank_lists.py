"""Top-k lists: the rule for ties, agreement of lists, and both distances between lists against their definitions."""

from __future__ import annotations

import math
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.errors import DataError
from acbench.metrics import ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

torch.set_num_threads(1)
FEW = settings(max_examples=60, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)


def with_ties(seed: int, rows: int, size: int, levels: int) -> torch.Tensor:
    """Small whole numbers, now and then a masked id."""
    rng = np.random.default_rng(seed)
    table = rng.integers(0, levels, (rows, size)).astype(np.float32)
    table[rng.random((rows, size)) < 0.05] = -np.inf
    return torch.tensor(table)


def by_sorting(logits: torch.Tensor, k: int) -> torch.Tensor:
    return torch.tensor(np.argsort(-logits.numpy(), axis=1, kind="stable")[:, :k].copy())


# -- the k highest -----------------------------------------------------------------------------------


@given(seed=SEEDS, rows=st.integers(1, 4), size=st.integers(1, 40), levels=st.integers(1, 8))
@FEW
def test_every_k_is_a_stable_sort(seed: int, rows: int, size: int, levels: int) -> None:
    logits = with_ties(seed, rows, size, levels)
    for k in range(1, size + 1):
        assert torch.equal(ranking.top_ids(logits, k), by_sorting(logits, k)), k


@pytest.mark.parametrize("k", [1, 50, 51, 999, 1000])
def test_a_large_vocabulary_in_coarse_arithmetic(k: int) -> None:
    """In bfloat16 most positions have a tie at the cut."""
    logits = torch.tensor(np.random.default_rng(k).standard_normal((40, 1000)) * 8).bfloat16().float()
    assert torch.equal(ranking.top_ids(logits, k), by_sorting(logits, k))


@given(seed=SEEDS, size=st.integers(1, 30))
@FEW
def test_candidates_are_ordered_by_value_then_id(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    ids = torch.tensor(rng.permutation(100)[:size])[None]
    values = torch.tensor(rng.integers(0, 4, size).astype(np.float32))[None]
    found = ranking.ordered(values, ids)
    pairs = sorted(zip((-values[0]).tolist(), ids[0].tolist(), strict=True))
    assert found[1][0].tolist() == [item for _, item in pairs]
    assert found[0][0].tolist() == [-value for value, _ in pairs]


@pytest.mark.parametrize("k", [0, -1, 6])
def test_k_outside_of_the_vocabulary(k: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and the vocabulary's 5, not {k}"):
        ranking.top_ids(torch.zeros(2, 5), k)


# -- agreement of sets -------------------------------------------------------------------------------


@given(seed=SEEDS, k=st.integers(1, 12), size=st.integers(12, 30))
@FEW
def test_agreement_against_python_sets(seed: int, k: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (torch.tensor(np.stack([rng.permutation(size)[:k] for _ in range(4)])) for _ in range(2))
    forward, backward = ranking.jaccard(a, b), ranking.jaccard(b, a)
    assert torch.equal(forward, backward)
    assert torch.equal(ranking.overlap(a, b), ranking.overlap(b, a))
    for row, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        both, either = set(x) & set(y), set(x) | set(y)
        assert ranking.shared(a, b)[row] == len(both)
        assert forward[row].item() == pytest.approx(len(both) / len(either))
        assert ranking.overlap(a, b)[row].item() == pytest.approx(len(both) / k)
        joined = torch.cat([a, b], 1)[row][ranking.union_mask(a, b)[row]].tolist()
        assert (len(joined), set(joined)) == (len(either), either)
        assert set(a[row][ranking.intersection_mask(a, b)[row]].tolist()) == both
    assert ((forward >= 0) & (forward <= ranking.overlap(a, b)) & (ranking.overlap(a, b) <= 1)).all()
    assert (ranking.jaccard(a, a.flip(1)) == 1).all()


@pytest.mark.parametrize(("common", "expected"), [(9, 0.818), (8, 0.667), (5, 0.333)])
def test_jaccard_is_not_linear_in_overlap(common: int, expected: float) -> None:
    a, b = torch.arange(10)[None], torch.arange(10 - common, 20 - common)[None]
    assert ranking.jaccard(a, b).item() == pytest.approx(expected, abs=5e-4)


# -- distances of lists ------------------------------------------------------------------------------


def penalties(a: Sequence[int], b: Sequence[int], p: float) -> float:
    """K^(p) as Fagin, Kumar and Sivakumar (2003) define it, case by case over all pairs of the union."""
    total = 0.0
    for i, j in combinations(sorted({*a, *b}), 2):
        in_a, in_b = (i in a) + (j in a), (i in b) + (j in b)
        if in_a == in_b == 2:  # case 1: both in both lists, in order or not
            total += (a.index(i) - a.index(j)) * (b.index(i) - b.index(j)) < 0
        elif {in_a, in_b} == {2, 1}:  # case 2: one list has both, the other has one, which is ahead there
            full, part = (a, b) if in_a == 2 else (b, a)
            ahead, behind = (i, j) if i in part else (j, i)
            total += full.index(ahead) > full.index(behind)
        elif in_a == in_b == 1:  # case 3: each list has another one of them
            total += 1
        else:  # case 4: both are in one list and neither in the other
            total += p
    return total


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
def test_fagins_distance_against_its_definition(p: float) -> None:
    """All lists of three out of six ids; the largest value is what distances are divided by."""
    first = (0, 1, 2)
    found = {other: penalties(first, other, p) for other in permutations(range(6), 3)}
    worst = max(found.values())
    assert worst == pytest.approx(9 + p * 6)
    for other, cost in found.items():
        assert ranking.lists_distance(first, other, p=p) == pytest.approx(cost / worst), other
        assert ranking.lists_distance(other, first, p=p) == ranking.lists_distance(first, other, p=p)


@given(st.permutations(range(9)), st.permutations(range(9)), st.integers(1, 6), st.sampled_from([0.0, 0.5]))
@FEW
def test_fagins_distance_of_longer_lists(x: list[int], y: list[int], k: int, p: float) -> None:
    a, b = x[:k], y[:k]
    found = ranking.lists_distance(a, b, p=p)
    assert found == pytest.approx(penalties(a, b, p) / (k * k + p * k * (k - 1)))
    assert 0 <= found <= 1
    assert (found == 0) == (a == b)


def extrapolated(a: Sequence[int], b: Sequence[int], p: float, depth: int) -> float:
    """(1 - p) sum of p^(d-1) times the overlap at depth d; behind the lists' end the overlap stays."""
    at = [len({*a[:d]} & {*b[:d]}) / d for d in range(1, len(a) + 1)]
    at += [at[-1]] * (depth - len(at))
    return (1 - p) * math.fsum(p ** (d - 1) * share for d, share in enumerate(at, 1))


@given(st.permutations(range(12)), st.permutations(range(12)), st.integers(1, 10), st.floats(0.1, 0.95))
@FEW
def test_rank_biased_overlap_against_its_sum(x: list[int], y: list[int], k: int, p: float) -> None:
    a, b = x[:k], y[:k]
    found = ranking.rank_biased_overlap(a, b, persistence=p)
    assert found == pytest.approx(extrapolated(a, b, p, depth=1000), abs=1e-12)
    assert 0 <= found <= 1 + 1e-12
    assert found == pytest.approx(ranking.rank_biased_overlap(b, a, persistence=p))
    assert ranking.rank_biased_overlap(a, a, persistence=p) == pytest.approx(1.0)


def test_lists_that_cannot_be_compared() -> None:
    for a, b in (((1, 2), (1, 2, 3)), ((1, 1), (1, 2)), ((1, 2), (2, 2))):
        with pytest.raises(DataError, match="same length, not empty and without repetitions"):
            ranking.lists_distance(a, b)
    with pytest.raises(DataError, match="not empty"):
        ranking.rank_biased_overlap((), ())
