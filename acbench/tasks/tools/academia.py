"""Two graphs, papers by citation and authors by collaboration, behind tools (specification, section 6.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.tools.matching import equal
from acbench.tasks.tools.toolbox import TEXT, Failed, Refused, Tool, Toolbox, answer_tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRAPHS = ("PaperNet", "AuthorNet")
PAPER_FIELDS = ("authors", "year", "venue", "n_citation", "keywords", "doc_type")


class Graph:
    """A graph with facts on nodes and edges.

    ``neighbours`` gives the order in which a node's neighbours are listed, where it is not that of ``edges``.
    In a directed graph they are those that its edges lead to.
    """

    def __init__(
        self,
        nodes: Mapping[str, Mapping[str, Any]],
        edges: Sequence[Sequence[Any]],
        neighbours: Mapping[str, Sequence[str]] | None = None,
        *,
        directed: bool = False,
    ) -> None:
        self.nodes = nodes
        self.edges: dict[str, dict[str, Mapping[str, Any]]] = {name: {} for name in nodes}
        for first, second, facts in edges:
            self.edges[first][second] = facts
            if not directed:
                self.edges[second][first] = facts
        for name, order in (neighbours or {}).items():
            found = self.edges[name]
            self.edges[name] = {**{other: found[other] for other in order if other in found}, **found}


class AcademiaSimulator:
    """``graphs`` holds PaperNet and AuthorNet; they answer only after they were loaded by a call.

    ``loaded`` names those that are loaded from the start.
    """

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        offered: Sequence[str] | None = None,
        *,
        loaded: Sequence[str] = (),
    ) -> None:
        self._graphs = graphs
        self._loaded = set(loaded)
        self.toolbox = Toolbox(self._tools(), offered)

    def hint(self) -> str:
        if self._loaded:
            return f"The {' and the '.join(sorted(self._loaded))} is loaded."
        return "Load a graph before you ask it."

    def cleaned(self, _tool: str, result: Any) -> Any:
        return result

    def same(self, goal: Any, candidate: Any) -> bool:
        return equal(goal, candidate)

    def _tools(self) -> list[Tool]:
        node, pair = {"node": TEXT}, {"node1": TEXT, "node2": TEXT}
        graph = {"graph": TEXT, **node}
        near = "neighbours of a node: citing and cited papers in PaperNet, co-authors in AuthorNet"
        return [
            Tool("loadPaperNet", "loads the graph of papers", lambda: self._load("PaperNet"), {}),
            Tool("loadAuthorNet", "loads the graph of authors", lambda: self._load("AuthorNet"), {}),
            Tool("neighbourCheck", near, self._neighbours, graph),
            Tool("neighborCheck", "the same as neighbourCheck", self._neighbours, graph),
            Tool("paperNodeCheck", "facts on a paper, by title", self._paper, node),
            Tool("authorNodeCheck", "facts on an author, by name", self._author, node),
            Tool("paperEdgeCheck", "facts on the citation between two papers", self._paper_edge, pair),
            Tool("authorEdgeCheck", "papers two authors wrote together", self._author_edge, pair),
            answer_tool(),
        ]

    def _load(self, name: str) -> str:
        self._loaded.add(name)
        return f"{name} is loaded."

    def _neighbours(self, graph: str, node: str) -> list[str]:
        if graph not in GRAPHS:
            raise Failed("KeyError", f"{graph[:40]!r}: the graphs are {' and '.join(GRAPHS)}")
        self._node(graph, node)
        return list(self._graphs[graph].edges[node])

    def _paper(self, node: str) -> dict[str, Any]:
        facts = self._node("PaperNet", node)
        return {name: facts[name] for name in PAPER_FIELDS if name in facts}

    def _author(self, node: str) -> dict[str, Any]:
        return dict(self._node("AuthorNet", node))

    def _paper_edge(self, node1: str, node2: str) -> dict[str, Any]:
        return self._edge("PaperNet", node1, node2)

    def _author_edge(self, node1: str, node2: str) -> dict[str, Any]:
        return self._edge("AuthorNet", node1, node2)

    def _edge(self, graph: str, node1: str, node2: str) -> dict[str, Any]:
        for node in (node1, node2):
            self._node(graph, node)
        facts = self._graphs[graph].edges[node1].get(node2)
        if facts is None:
            raise Refused(f"There is no edge between {node1} and {node2}.")
        return dict(facts)

    def _node(self, graph: str, node: str) -> Mapping[str, Any]:
        if graph not in self._loaded:
            raise Refused(f"Please load the {graph} first.")
        if node not in self._graphs[graph].nodes:
            raise Refused(f"There is no node named {node} in the {graph}.")
        return self._graphs[graph].nodes[node]
