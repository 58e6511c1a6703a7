"""Chain and graph score, corrected (spec 5): exact, and polynomial for any graph."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from acbench.tasks.worfbench.parsing import Workflow

THRESHOLD = 0.6
"""Pairs of sub-tasks with a cosine up to this are different things."""
DECIMALS = 5
TIE = 1e-8
GOLD_KEPT = 4_096


class Triple(NamedTuple):
    """Precision, recall and F1, each 0..1."""

    precision: float
    recall: float
    f1: float


ZERO = Triple(0.0, 0.0, 0.0)


def triple(precision: float, recall: float) -> Triple:
    both = precision + recall
    return Triple(precision, recall, 2 * precision * recall / both if both else 0.0)


def match_nodes(cosines: NDArray[np.float64]) -> dict[int, int]:
    """Rows (prediction) to columns (gold), indices from 0: the assignment of greatest total cosine.

    Cosines are rounded to 1e-5; among equal totals the one wins that keeps relative places. Places are counted
    among sub-tasks that are like any on the other side, so a wrong sub-task never moves the others.
    """
    from scipy.optimize import linear_sum_assignment

    rounded = np.round(cosines, DECIMALS)
    near = rounded > THRESHOLD
    if not near.any():
        return {}
    if near.sum(axis=0).max() <= 1 and near.sum(axis=1).max() <= 1:
        rows, columns = np.nonzero(near)  # nothing competes
        return dict(zip(rows.tolist(), columns.tolist(), strict=True))
    rows_used, columns_used = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    offsets = np.abs(_places(len(rows_used))[:, None] - _places(len(columns_used))[None, :])
    kept = near[np.ix_(rows_used, columns_used)]
    weights = np.where(kept, rounded[np.ix_(rows_used, columns_used)] - TIE * offsets, 0.0)
    chosen = zip(*linear_sum_assignment(weights, maximize=True), strict=True)
    return {int(rows_used[i]): int(columns_used[j]) for i, j in chosen if kept[i, j]}


def _places(count: int) -> NDArray[np.float64]:
    return np.arange(count) / max(count - 1, 1)


@lru_cache(maxsize=GOLD_KEPT)
def is_cyclic(gold: Workflow) -> bool:
    return _order(gold) is None


def reachable(gold: Workflow) -> NDArray[np.bool_]:
    """``[a, b]``: a path leads from sub-task a to sub-task b (indices from 0). The graph must have no cycle."""
    order = _order(gold)
    if order is None:
        raise ValueError("the graph has a cycle")
    count = len(gold.nodes)
    reach = np.zeros((count, count), dtype=np.bool_)
    following = _following(gold)
    for node in reversed(order):
        for after in following[node]:
            reach[node, after] = True
            reach[node] |= reach[after]
    return reach


def _following(gold: Workflow) -> list[list[int]]:
    """Successors of each sub-task, indices from 0; START and END lie on no path between two of them."""
    count = len(gold.nodes)
    following: list[list[int]] = [[] for _ in range(count)]
    for a, b in gold.edges:
        if 1 <= a <= count and 1 <= b <= count:
            following[a - 1].append(b - 1)
    return following


def _order(gold: Workflow) -> list[int] | None:
    """A topological order of the sub-tasks, None when there is a cycle."""
    following = _following(gold)
    waiting = [0] * len(gold.nodes)
    for followers in following:
        for node in followers:
            waiting[node] += 1
    order = [node for node, count in enumerate(waiting) if not count]
    for node in order:  # grows while we walk it
        for after in following[node]:
            waiting[after] -= 1
            if not waiting[after]:
                order.append(after)
    return order if len(order) == len(gold.nodes) else None


def longest_admissible(partners: Sequence[int], reach: NDArray[np.bool_]) -> int:
    """Most of the ``partners`` (gold nodes in the prediction's order) that some topological order has in this order.

    An earlier one blocks a later one that must come before it. Blocking is a partial order, so the answer is its
    largest antichain, by Dilworth's theorem the number of items less a maximum matching of blocking pairs.
    """
    if len(partners) < 2:
        return len(partners)
    at = np.asarray(partners)
    blocks = np.triu(reach[np.ix_(at, at)].T, 1)
    if not blocks.any():
        return len(partners)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    matched = maximum_bipartite_matching(csr_array(blocks), perm_type="column")
    return len(partners) - int(np.count_nonzero(matched >= 0))


def chain_score(prediction: Workflow, gold: Workflow, matching: dict[int, int]) -> Triple:
    """``matching``: sub-tasks of the prediction to those of gold, indices from 0."""
    partners = [matching[i] for i in sorted(matching)]
    length = longest_admissible(partners, reachable(gold)) if partners else 0
    return triple(length / len(prediction.nodes), length / len(gold.nodes))


def graph_score(prediction: Workflow, gold: Workflow, matching: dict[int, int]) -> Triple:
    """Largest connected piece of gold edges that the prediction has too, once its nodes are translated."""
    translate = {i + 1: j + 1 for i, j in matching.items()}
    translate[0] = 0
    translate[len(prediction.nodes) + 1] = len(gold.nodes) + 1
    wanted = set(gold.edges)
    common = {(translate[a], translate[b]) for a, b in prediction.edges if a in translate and b in translate}
    size = largest_component(common & wanted)
    return triple(size / (len(prediction.nodes) + 2), size / (len(gold.nodes) + 2))


def largest_component(edges: Iterable[tuple[int, int]]) -> int:
    """Vertices of the largest connected piece, directions ignored; 0 without an edge."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in edges:
        parent[root(a)] = root(b)
    sizes: dict[int, int] = {}
    for node in list(parent):
        sizes[root(node)] = sizes.get(root(node), 0) + 1
    return max(sizes.values(), default=0)
