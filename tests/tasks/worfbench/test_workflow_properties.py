"""What must hold for every workflow, in corrected mode unless said otherwise."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workflow_stubs import chain, score, text_of

if TYPE_CHECKING:
    import random

WORDS = [
    f"{verb} the {thing}" for verb in ("wash", "cut", "sell", "paint") for thing in ("door", "plum", "book")
]
Pairs = list[tuple[object, object]]


@st.composite
def workflows(draw: st.DrawFn, most: int = 7, distinct: bool = True) -> tuple[list[str], Pairs]:
    """Node texts and edges without a cycle: all lead from a lower to a higher number, ends included."""
    nodes = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=most, unique=distinct))
    possible = list(combinations(range(1, len(nodes) + 1), 2))
    inner = draw(st.lists(st.sampled_from(possible), unique=True, max_size=10)) if possible else []
    first = [("START", i) for i in range(1, len(nodes) + 1) if all(b != i for _, b in inner)]
    last = [(i, "END") for i in range(1, len(nodes) + 1) if all(a != i for a, _ in inner)]
    return nodes, [*first, *inner, *last]


def scores(gold: str, prediction: str, mode: str = "corrected") -> dict[str, dict[str, float]]:
    return dict(score(gold, prediction, mode).scores)


def relabelled(nodes: list[str], edges: Pairs, order: list[int], numbers: list[int]) -> str:
    """The same graph with nodes listed in ``order`` (positions from 1) and printed as ``numbers``."""
    name = dict(zip(order, numbers, strict=True))
    lines = [f"{name[i]}: {nodes[i - 1]}" for i in order]
    written = " ".join(f"({name.get(a, a)},{name.get(b, b)})" for a, b in edges)  # type: ignore[call-overload]
    return "\n".join(["Node:", *lines, f"Edge: {written}"])


def a_topological_order(count: int, edges: Pairs, rng: random.Random) -> list[int]:
    left = set(range(1, count + 1))
    order = []
    while left:
        free = [i for i in sorted(left) if not any(a in left and b == i for a, b in edges)]
        order.append(rng.choice(free))
        left.remove(order[-1])
    return order


@given(workflows(distinct=False), workflows(distinct=False), st.sampled_from(["corrected", "upstream"]))
def test_scores_lie_between_zero_and_one(
    gold: tuple[list[str], Pairs], other: tuple[list[str], Pairs], mode: str
) -> None:
    for triple in scores(text_of(*gold), text_of(*other), mode).values():
        p, r, f1 = triple.values()
        assert 0 <= min(p, r) <= f1 <= max(p, r) <= 1 or f1 == pytest.approx(p) == pytest.approx(r)


@given(workflows(distinct=False))
def test_gold_against_itself_is_one(gold: tuple[list[str], Pairs]) -> None:
    text = text_of(*gold)
    assert score(text, text).outcome == "correct"


@given(workflows(), st.randoms(use_true_random=False))
def test_any_topological_order_of_gold_is_as_good(gold: tuple[list[str], Pairs], rng: random.Random) -> None:
    nodes, edges = gold
    order = a_topological_order(len(nodes), edges, rng)
    other = relabelled(nodes, edges, order, list(range(1, len(nodes) + 1)))
    assert score(text_of(nodes, edges), other).outcome == "correct"


@given(workflows(), workflows(), st.randoms(use_true_random=False))
def test_printed_numbers_do_not_matter(
    gold: tuple[list[str], Pairs], other: tuple[list[str], Pairs], rng: random.Random
) -> None:
    nodes, edges = other
    listing = list(range(1, len(nodes) + 1))
    renamed = relabelled(nodes, edges, listing, rng.sample(range(1, 100), len(nodes)))
    for one, two in ((text_of(*gold), renamed), (renamed, text_of(*gold))):
        plain = (text_of(*gold), text_of(*other)) if two is renamed else (text_of(*other), text_of(*gold))
        assert scores(one, two) == scores(*plain)


@given(workflows(), workflows(), st.randoms(use_true_random=False))
def test_listing_of_gold_does_not_matter(
    gold: tuple[list[str], Pairs], other: tuple[list[str], Pairs], rng: random.Random
) -> None:
    """With distinct texts; repeated ones are told apart by their place in the listing."""
    nodes, edges = gold
    order = rng.sample(range(1, len(nodes) + 1), len(nodes))
    shuffled = relabelled(nodes, edges, order, order)
    assert scores(shuffled, text_of(*other)) == scores(text_of(nodes, edges), text_of(*other))


@given(workflows(), workflows(), st.sampled_from(["\n", "  ", "\t", "\r\n"]))
def test_blanks_do_not_matter(
    gold: tuple[list[str], Pairs], other: tuple[list[str], Pairs], blank: str
) -> None:
    text = text_of(*other)
    inside = blank.replace("\r\n", " ").replace("\n", " ")
    spaced = text.replace(" (", f"{blank}(").replace(",", f"{blank},{blank}").replace(": ", f":{inside}")
    spaced = spaced.replace(" the ", f"{inside}the ").replace("\n", f"{inside}\n") + blank
    assert scores(text_of(*gold), spaced) == scores(text_of(*gold), text)


@given(workflows(distinct=False), workflows(most=6, distinct=False), st.data())
def test_a_wrong_node_never_raises_precision(
    gold: tuple[list[str], Pairs], other: tuple[list[str], Pairs], data: st.DataObject
) -> None:
    nodes, edges = other
    at = data.draw(st.integers(0, len(nodes)), label="place")
    order = [*range(1, at + 1), len(nodes) + 1, *range(at + 1, len(nodes) + 1)]
    more = data.draw(
        st.lists(st.sampled_from([("START", len(nodes) + 1), (len(nodes) + 1, "END"), (1, len(nodes) + 1)]))
    )
    larger = relabelled([*nodes, "something quite else"], [*edges, *more], order, order)
    before, after = scores(text_of(*gold), text_of(nodes, edges)), scores(text_of(*gold), larger)
    for metric in ("chain", "graph"):
        assert after[metric]["precision"] <= before[metric]["precision"]
        assert after[metric]["recall"] == before[metric]["recall"]


@given(st.lists(st.sampled_from(WORDS), min_size=3, max_size=8, unique=True), st.booleans())
def test_a_reversed_chain_is_never_right(nodes: list[str], numbers_too: bool) -> None:
    count = len(nodes)
    backwards = chain(nodes[::-1])
    if numbers_too:  # the same listing, the edges turned round
        backwards = text_of(
            nodes, [("START", count), *((b, a) for a, b in pairwise(range(1, count + 1))), (1, "END")]
        )
    found = score(chain(nodes), backwards)
    assert found.outcome != "correct"
    assert found.scores["graph"]["f1"] == 0
    if not numbers_too:
        assert found.scores["chain"]["f1"] == pytest.approx(1 / count)


@settings(max_examples=40)
@given(workflows(most=6), workflows(most=6))
def test_chain_recall_is_the_best_over_all_orders(
    gold: tuple[list[str], Pairs], other: tuple[list[str], Pairs]
) -> None:
    nodes, edges = gold
    graph = nx.DiGraph([(a, b) for a, b in edges if a != "START" and b != "END"])
    graph.add_nodes_from(range(1, len(nodes) + 1))
    best = 0
    for order in nx.all_topological_sorts(graph):
        place = {nodes[i - 1]: at for at, i in enumerate(order)}
        run = [place[text] for text in other[0] if text in place]
        for size in range(len(run), best, -1):
            if any(list(part) == sorted(part) for part in combinations(run, size)):
                best = size
                break
    found = scores(text_of(*gold), text_of(*other))["chain"]
    assert found["recall"] == pytest.approx(best / len(nodes))
    assert found["precision"] == pytest.approx(best / len(other[0]))
