"""The graph simulator: loading, refusals, edges, and an invented world whose parts agree."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from tools_stubs import call, environment, seen

from acbench.tasks.tools.data.academia_world import AUTHORS, PAPERS, academia_world

WORLD = {"seed": 0}
GRAPHS = academia_world(0)
PAPER = next(iter(GRAPHS["PaperNet"].nodes))
AUTHOR = GRAPHS["PaperNet"].nodes[PAPER]["authors"][0]


def ask(*lines: str, world: dict[str, Any] = WORLD) -> Any:
    return seen(environment("academia", world), *lines)


def test_graphs_must_be_loaded() -> None:
    refused = ask(call("paperNodeCheck", node=PAPER))
    assert (refused.observation, refused.valid, refused.trouble) == (
        "Please load the PaperNet first.",
        True,
        "refused",
    )
    assert ask(call("loadPaperNet")).observation == "PaperNet is loaded."
    wrong = ask(call("loadPaperNet"), call("authorNodeCheck", node=AUTHOR))
    assert wrong.observation == "Please load the AuthorNet first."
    ready = ask(call("authorNodeCheck", node=AUTHOR), world={**WORLD, "loaded": ["AuthorNet"]})
    assert ready.trouble == ""


def test_refusals_name_node_and_graph() -> None:
    load = call("loadAuthorNet")
    assert (
        ask(load, call("authorNodeCheck", node="N")).observation
        == "There is no node named N in the AuthorNet."
    )
    assert (
        ask(load, call("neighbourCheck", graph="AuthorNet", node="N")).observation
        == "There is no node named N in the AuthorNet."
    )
    stranger = next(
        name
        for name in GRAPHS["AuthorNet"].nodes
        if name != AUTHOR and name not in GRAPHS["AuthorNet"].edges[AUTHOR]
    )
    apart = ask(load, call("authorEdgeCheck", node1=AUTHOR, node2=stranger))
    assert (apart.observation, apart.valid) == (f"There is no edge between {AUTHOR} and {stranger}.", True)


def test_an_unknown_graph_is_an_error_not_a_crash() -> None:
    step = ask(call("neighbourCheck", graph="VenueNet", node="N"))
    assert (step.valid, step.trouble) == (False, "failed")
    assert step.observation.startswith("ERROR | KeyError('VenueNet'")


@pytest.mark.parametrize("spelling", ["neighbourCheck", "neighborCheck"])
def test_neighbours_in_both_spellings(spelling: str) -> None:
    shown = ask(call("loadAuthorNet"), call(spelling, graph="AuthorNet", node=AUTHOR))
    assert shown.observation == str(list(GRAPHS["AuthorNet"].edges[AUTHOR]))


def test_paper_facts_are_the_six_published_fields() -> None:
    shown = ask(call("loadPaperNet"), call("paperNodeCheck", node=PAPER)).observation
    fields = ["authors", "year", "venue", "n_citation", "keywords", "doc_type"]
    assert shown == str({field: GRAPHS["PaperNet"].nodes[PAPER][field] for field in fields})


def test_collaborations_follow_from_the_papers() -> None:
    papers, authors = GRAPHS["PaperNet"], GRAPHS["AuthorNet"]
    assert (len(papers.nodes), len(authors.nodes)) == (PAPERS, AUTHORS)
    assert sum(name.endswith("_2") for name in authors.nodes) == 12
    together: dict[frozenset[str], set[str]] = {}
    for title, facts in papers.nodes.items():
        for pair in combinations(facts["authors"], 2):
            together.setdefault(frozenset(pair), set()).add(title)
    edges = {
        frozenset((first, second)): set(facts["collaborative_papers"])
        for first, near in authors.edges.items()
        for second, facts in near.items()
    }
    assert edges == together
    for first, near in papers.edges.items():
        assert all(first in papers.edges[second] for second in near)
    assert academia_world(1)["PaperNet"].nodes != papers.nodes
