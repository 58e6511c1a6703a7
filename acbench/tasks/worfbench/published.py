"""Chain and graph score as the published scorer computes them (spec 4), faults included, except that it never fails.

``None`` in place of a score says that the published scorer ends in an error here.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from acbench.tasks.worfbench.corrected import THRESHOLD, Triple, largest_component, triple
from acbench.tasks.worfbench.parsing import END, START

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from acbench.tasks.worfbench.parsing import Workflow
    from acbench.tasks.worfbench.vectors import Vectors

LISTED_FROM = 10
"""From this many entries on (START and END count) the gold list itself is the only order."""
ORDERS = 20
BLOSSOM_PAIRS = 2_000
"""Up to so many similar pairs the published library matches, so that equal totals fall as they do there; it needs
cubic time. Beyond, the assignment algorithm finds the same total."""
ORDERS_KEPT = 4_096


def with_ends(workflow: Workflow) -> list[str]:
    return [START, *workflow.nodes, END]


def sub_tasks(workflow: Workflow) -> list[str]:
    """The listing without START and END, whoever wrote them."""
    return [node for node in workflow.nodes if node not in (START, END)]


@lru_cache(maxsize=ORDERS_KEPT)
def gold_orders(gold: Workflow) -> tuple[tuple[int, ...], ...] | None:
    """The orders of positions a prediction is compared with; None for a cycle or an edge that leads out."""
    entries = with_ends(gold)
    if len(entries) >= LISTED_FROM:
        return (tuple(range(len(entries))),)
    if any(max(edge) >= len(entries) for edge in gold.edges):
        return None
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(entries)))
    graph.add_edges_from(gold.edges)
    try:
        orders = list(islice(nx.all_topological_sorts(graph), ORDERS))
    except nx.NetworkXUnfeasible:
        return None
    return tuple(tuple(i for i in order if entries[i] not in (START, END)) for order in orders)


def match_nodes(cosines: NDArray[np.float64]) -> dict[int, int]:
    """Rows to columns: a maximum-weight matching of the pairs above the threshold."""
    near = cosines > THRESHOLD
    rows, columns = (found.tolist() for found in np.nonzero(near))
    if not rows:
        return {}
    if len(set(rows)) == len(rows) and len(set(columns)) == len(columns):
        return dict(zip(rows, columns, strict=True))  # nothing competes
    if len(rows) > BLOSSOM_PAIRS:
        from scipy.optimize import linear_sum_assignment

        best = zip(*linear_sum_assignment(np.where(near, cosines, 0.0), maximize=True), strict=True)
        return {int(i): int(j) for i, j in best if near[i, j]}
    import networkx as nx

    graph = nx.Graph()
    for i, j in zip(rows, columns, strict=True):
        graph.add_edge(i, -1 - j, weight=float(cosines[i, j]))
    pairs = nx.max_weight_matching(graph)
    return {max(pair): -1 - min(pair) for pair in pairs}


def longest_run(values: Sequence[int]) -> int:
    """Length of the longest strictly increasing subsequence."""
    tails: list[int] = []
    for value in values:
        at = bisect_left(tails, value)
        tails[at : at + 1] = [value]
    return len(tails)


def chain_score(prediction: Workflow, gold: Workflow, vectors: Vectors) -> Triple | None:
    """The best of the gold orders, the first one among equals."""
    ours, entries = sub_tasks(prediction), with_ends(gold)
    orders = gold_orders(gold)
    if not ours or orders is None or not orders[0]:
        return None
    cosines = vectors.rough_cosines(ours, entries)
    best = Triple(0.0, 0.0, 0.0)
    for order in orders:
        matching = match_nodes(cosines[:, order])
        length = max(longest_run([matching[i] for i in sorted(matching)]), 1)
        found = triple(length / len(ours), length / len(order))
        best = found if found.f1 > best.f1 else best
    return best


def graph_score(prediction: Workflow, gold: Workflow, vectors: Vectors) -> Triple | None:
    """START and END are matched like any node; positions are compared as they stand, not translated."""
    ours, theirs = with_ends(prediction), with_ends(gold)
    matching = match_nodes(vectors.rough_cosines(ours, theirs))
    if not matching:
        return None
    there = set(matching.values())
    mine = {(a, b) for a, b in prediction.edges if a in matching and b in matching}
    common = mine & {(a, b) for a, b in gold.edges if a in there and b in there}
    size = max(largest_component(common), 1)
    return triple(size / len(ours), size / len(theirs))
