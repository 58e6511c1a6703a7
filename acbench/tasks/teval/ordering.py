"""Matching the calls of two plans, and the longest run of them in an admissible order.

A *matching* is a list that gives for every predicted position the gold position, or -1.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DECIMALS = 5
TIE_WEIGHT = 1e-8
LARGE = 50_000
"""Pairs above the threshold; gold plans have some 20 calls at most."""


def graph_matching(matrix: NDArray[np.floating], threshold: float) -> list[int]:
    """The published matching: maximum weight in the general graph of all pairs above the threshold.

    Nodes and edges are put in as there, so that ties fall alike. A plan of thousands of calls is matched by the
    rectangular algorithm: the same weight in a moment, with ties its own.
    """
    import networkx as nx

    if np.count_nonzero(matrix > threshold) > LARGE:
        return _matched(np.where(matrix > threshold, matrix, 0.0))
    graph = nx.Graph()
    rows, columns = matrix.shape
    for i in range(rows):
        for j in range(columns):
            if matrix[i][j] > threshold:
                graph.add_edge(i, str(j), weight=matrix[i][j])
    partners = [-1] * rows
    for pair in nx.max_weight_matching(graph):
        i, j = pair if isinstance(pair[0], int) else (pair[1], pair[0])
        partners[i] = int(j)
    return partners


def assignment(matrix: NDArray[np.floating], threshold: float) -> list[int]:
    """Maximum weight with rounded similarities; ties go to pairs at a similar relative position (A3)."""
    rows, columns = matrix.shape
    rounded = np.round(matrix.astype(np.float64), DECIMALS)
    distance = np.abs(_relative(rows)[:, None] - _relative(columns)[None, :])
    weights = np.where(rounded > threshold, rounded - TIE_WEIGHT * distance, 0.0)
    return _straightened(_matched(weights), _classes(rounded), _classes(rounded.T))


def _matched(weights: NDArray[np.floating]) -> list[int]:
    """The assignment of maximum weight; pairs of weight 0 are no pairs."""
    from scipy.optimize import linear_sum_assignment

    partners = [-1] * len(weights)
    for i, j in zip(*linear_sum_assignment(weights, maximize=True), strict=True):
        if weights[i, j] > 0:
            partners[int(i)] = int(j)
    return partners


def _classes(rows: NDArray[np.floating]) -> list[int]:
    """For every row the first row that equals it: calls that nothing tells apart."""
    first: dict[bytes, int] = {}
    return [first.setdefault(np.ascontiguousarray(row).tobytes(), number) for number, row in enumerate(rows)]


def _straightened(partners: list[int], left: list[int], right: list[int]) -> list[int]:
    """The same matching with equal calls exchanged so that the longest run of them stands in order.

    Without it the run would depend on which of two equal calls a tie falls to, and a wrong call more could
    raise the score.
    """
    budget = Counter((left[i], right[j]) for i, j in enumerate(partners) if j >= 0)
    pairs = _longest_common(left, right, set(budget))
    chosen = [-1] * len(partners)
    for i, j in pairs:
        if budget[left[i], right[j]] > 0:
            budget[left[i], right[j]] -= 1
            chosen[i] = j
    free = [j for j in range(len(right)) if j not in set(chosen)]
    for i, own in enumerate(left):
        if chosen[i] < 0:
            chosen[i] = next((j for j in free if budget[own, right[j]] > 0), -1)
            if chosen[i] >= 0:
                free.remove(chosen[i])
                budget[own, right[chosen[i]]] -= 1
    return chosen


def _longest_common(
    left: list[int], right: list[int], allowed: set[tuple[int, int]]
) -> list[tuple[int, int]]:
    """A longest common subsequence of two rows of classes, as pairs of positions."""
    rows, columns = len(left), len(right)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            taken = best[i + 1][j + 1] + 1 if (left[i], right[j]) in allowed else 0
            best[i][j] = max(taken, best[i + 1][j], best[i][j + 1])
    pairs = []
    i = j = 0
    while i < rows and j < columns and best[i][j]:
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


def published_run(partners: Sequence[int]) -> int:
    """The published length of the longest increasing run: at least 1 (A1)."""
    return max(1, increasing_run(partners))


def increasing_run(partners: Sequence[int]) -> int:
    """Length of the longest strictly increasing run of matched positions; 0 when nothing is matched."""
    tails: list[int] = []
    for partner in partners:
        if partner < 0:
            continue
        at = bisect_left(tails, partner)
        tails[at : at + 1] = [partner]
    return len(tails)


def admissible_run(partners: Sequence[int], ancestors: Sequence[set[int]]) -> int:
    """Length of the longest run of matched positions that stands so in some order the dependencies allow.

    An earlier call blocks a later one when it depends on it; the answer is the largest set without a blocked
    pair, by Dilworth's theorem all matched calls less a maximum matching of the blocking pairs.
    """
    from scipy.optimize import linear_sum_assignment

    matched = [partner for partner in partners if partner >= 0]
    if not matched:
        return 0
    blocks = np.array(
        [
            [a < b and later in ancestors[earlier] for b, later in enumerate(matched)]
            for a, earlier in enumerate(matched)
        ],
        dtype=np.int64,
    )
    rows, columns = linear_sum_assignment(blocks, maximize=True)
    return len(matched) - int(blocks[rows, columns].sum())


def closure(direct: Sequence[set[int]]) -> list[set[int]]:
    """All direct and indirect ancestors of every position; cycles do no harm."""
    found: list[set[int]] = []
    for first in direct:
        reached: set[int] = set()
        waiting = list(first)
        while waiting:
            place = waiting.pop()
            if place not in reached:
                reached.add(place)
                waiting.extend(direct[place])
        found.append(reached)
    return found


def _relative(count: int) -> NDArray[np.float64]:
    return np.linspace(0.0, 1.0, count) if count > 1 else np.zeros(count)
