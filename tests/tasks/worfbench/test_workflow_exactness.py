"""The fast algorithms against plain ones: brute force, and the published scorer as the specification states it."""

from __future__ import annotations

import random
from itertools import combinations, islice, permutations

import networkx as nx
import numpy as np
import pytest
from workflow_stubs import EqualTexts, text_of

from acbench.tasks.worfbench import corrected, published
from acbench.tasks.worfbench.corrected import longest_admissible, reachable
from acbench.tasks.worfbench.parsing import Workflow, read_published
from acbench.tasks.worfbench.vectors import Vectors

RANDOM_GRAPHS = 600


def random_gold(rng: random.Random, most: int) -> Workflow:
    count = rng.randint(1, most)
    shown = rng.sample(range(1, count + 1), count)
    density = rng.random()
    pairs = [pair for pair in combinations(shown, 2) if rng.random() < density]
    return Workflow(tuple(f"n{i}" for i in range(count)), tuple(pairs))


def brute_force_run(partners: list[int], gold: Workflow) -> int:
    """The longest sub-list that keeps its order in some topological order, all orders tried."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(gold.nodes)))
    graph.add_edges_from((a - 1, b - 1) for a, b in gold.edges)
    best = 0
    for order in nx.all_topological_sorts(graph):
        place = {node: at for at, node in enumerate(order)}
        for size in range(len(partners), best, -1):
            chosen = combinations((place[partner] for partner in partners), size)
            if any(list(part) == sorted(part) for part in chosen):
                best = size
                break
    return best


def test_antichain_equals_brute_force() -> None:
    rng = random.Random("antichain")
    for _ in range(RANDOM_GRAPHS):
        gold = random_gold(rng, 6)
        partners = rng.sample(range(len(gold.nodes)), rng.randint(1, len(gold.nodes)))
        assert longest_admissible(partners, reachable(gold)) == brute_force_run(partners, gold)


def test_assignment_equals_brute_force() -> None:
    rng = np.random.default_rng(0)
    for _ in range(150):
        height, width = rng.integers(1, 6, size=2)
        cosines = rng.uniform(0.3, 1, size=(height, width))
        kept = np.where(np.round(cosines, 5) > 0.6, np.round(cosines, 5), 0)
        wide = kept if height <= width else kept.T
        best = max(
            sum(wide[i, j] for i, j in enumerate(p))
            for p in permutations(range(wide.shape[1]), wide.shape[0])
        )
        for match in (corrected.match_nodes, published.match_nodes):
            found = match(cosines)
            assert len(set(found.values())) == len(found)
            assert all(cosines[pair] > 0.6 for pair in found.items())
            assert sum(kept[pair] for pair in found.items()) == pytest.approx(best, abs=1e-4)


def test_repeated_texts_are_matched_in_order() -> None:
    ones = np.ones((3, 3))
    assert corrected.match_nodes(ones) == {0: 0, 1: 1, 2: 2}
    # "a b a" against "a b": the first a is nearer to the start
    assert corrected.match_nodes(np.array([[1.0, 0], [0, 1], [1, 0]])) == {0: 0, 1: 1}
    # "x x x a b" against "a b a": lines that are like nothing do not push the a to the end
    wrong = [[0.0] * 3] * 3
    assert corrected.match_nodes(np.array([*wrong, [1.0, 0, 1], [0, 1, 0]])) == {3: 0, 4: 1}


def test_threshold_is_strict_after_rounding() -> None:
    assert corrected.match_nodes(np.array([[0.600004]])) == {}
    assert corrected.match_nodes(np.array([[0.600006]])) == {0: 0}
    assert published.match_nodes(np.array([[0.6]])) == {}
    assert published.match_nodes(np.array([[0.600004]])) == {0: 0}


def test_large_matching_takes_the_other_algorithm() -> None:
    cosines = np.random.default_rng(1).uniform(0.61, 1, size=(60, 50))
    assert cosines.size > published.BLOSSOM_PAIRS
    graph = nx.Graph()
    graph.add_weighted_edges_from((i, -1 - j, cosines[i, j]) for i in range(60) for j in range(50))
    best = sum(graph.edges[pair]["weight"] for pair in nx.max_weight_matching(graph))
    found = published.match_nodes(cosines)
    assert sum(cosines[pair] for pair in found.items()) == pytest.approx(best)


def plain_match(ours: list[str], theirs: list[str], cosine: object) -> dict[int, int]:
    graph = nx.Graph()
    for i, first in enumerate(ours):
        for j, second in enumerate(theirs):
            if cosine(first, second) > 0.6:  # type: ignore[operator]
                graph.add_edge(("p", i), ("g", j), weight=cosine(first, second))  # type: ignore[operator]
    return {dict(pair)["p"]: dict(pair)["g"] for pair in nx.max_weight_matching(graph)}


def plain_chain(pred: Workflow, gold: Workflow, cosine: object) -> tuple[float, float]:
    """(precision, recall) as section 4.3 says, with all orders listed and the run found by comparing all pairs."""
    entries = ["START", *gold.nodes, "END"]
    if len(entries) >= 10:
        orders = [entries]
    else:
        graph = nx.DiGraph()
        graph.add_nodes_from(range(len(entries)))
        graph.add_edges_from(gold.edges)
        orders = [
            [entries[i] for i in order if entries[i] not in ("START", "END")]
            for order in islice(nx.all_topological_sorts(graph), 20)
        ]
    best, found = -1.0, (0.0, 0.0)
    for order in orders:
        mapping = plain_match(list(pred.nodes), order, cosine)
        run = [1] * len(pred.nodes)
        for i in range(len(run)):
            for j in range(i):
                if i in mapping and j in mapping and mapping[j] < mapping[i]:
                    run[i] = max(run[i], run[j] + 1)
        p, r = max(run) / len(run), max(run) / len(order)
        if 2 * p * r / (p + r) > best:
            best, found = 2 * p * r / (p + r), (p, r)
    return found


def plain_graph(pred: Workflow, gold: Workflow, cosine: object) -> tuple[float, float]:
    ours, theirs = ["START", *pred.nodes, "END"], ["START", *gold.nodes, "END"]
    mapping = plain_match(ours, theirs, cosine)
    first = {edge for edge in pred.edges if set(edge) <= set(mapping)}
    second = {edge for edge in gold.edges if set(edge) <= set(mapping.values())}
    sizes = []
    for vertices in (set(mapping), set(mapping.values())):
        graph = nx.Graph()
        graph.add_nodes_from(vertices)
        graph.add_edges_from(first & second)
        sizes.append(max(len(part) for part in nx.connected_components(graph)))
    return sizes[0] / len(ours), sizes[1] / len(theirs)


class Blurred(EqualTexts):
    """Random vectors that lie close together, so that sub-tasks compete; no two cosines are equal."""

    def encode(self, texts: object) -> np.ndarray:
        rows = []
        for text in texts:  # type: ignore[attr-defined]
            noise = np.random.default_rng([ord(letter) for letter in text]).normal(size=8)
            base = np.zeros(8)
            base[len(text) % 3] = 3.0
            row = base + noise
            rows.append(row / np.linalg.norm(row))
        return np.array(rows, dtype=np.float32)


def test_published_scores_equal_the_plain_reading() -> None:
    rng = random.Random("published")
    vectors = Vectors(Blurred)

    def cosine(a: str, b: str) -> float:
        return float(vectors.rough_cosines([a], [b])[0, 0])

    words = ["tea", "milk", "bread", "sugar", "salt", "rice", "corn", "plum", "figs", "leek", "kale", "mint"]
    for _ in range(150):
        gold_nodes = rng.sample(words, rng.randint(1, 9))
        shape = random_gold(rng, 9)
        edges: list[tuple[object, object]] = [
            (a, b) if a < b else (b, a) for a, b in shape.edges if max(a, b) <= len(gold_nodes)
        ]
        gold = read_published(text_of(gold_nodes, [("START", 1), *edges, (len(gold_nodes), "END")]))
        pred_nodes = rng.sample(words, rng.randint(1, 8))
        pred_edges = [(rng.randint(0, 9), rng.randint(0, 9)) for _ in range(rng.randint(1, 9))]
        pred = read_published(text_of(pred_nodes, [*pred_edges, *edges]))
        assert vectors.rough_cosines(pred_nodes, gold_nodes).shape == (len(pred_nodes), len(gold_nodes))
        chain = published.chain_score(pred, gold, vectors)
        graph = published.graph_score(pred, gold, vectors)
        assert chain is not None
        assert graph is not None
        assert chain[:2] == pytest.approx(plain_chain(pred, gold, cosine))
        assert graph[:2] == pytest.approx(plain_graph(pred, gold, cosine))


def test_gold_that_the_published_scorer_cannot_take() -> None:
    cycle = read_published(text_of(["a", "b"], [(1, 2), (2, 1)]))
    outside = read_published(text_of(["a", "b"], [("START", 1), (1, 9)]))
    assert published.gold_orders(cycle) is None
    assert published.gold_orders(outside) is None
    long = read_published(text_of([str(i) for i in range(8)], [(1, 2), (2, 1), (1, 99)]))
    assert published.gold_orders(long) == (tuple(range(10)),)  # it never looks at the edges then
