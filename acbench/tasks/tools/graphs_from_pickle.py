"""Converts the published graph pickles into the JSON that the academia tools read.

    python -m acbench.tasks.tools.graphs_from_pickle IN.pkl [IN.pkl ...] OUT.json

Nothing in a pickle is run (``inert_pickle``), and networkx is not needed. Each IN.pkl holds one graph, of papers or
of authors as its file name says; an object with both under ``PaperNet`` and ``AuthorNet``; or a table from a node's
number to its title or author, which the graphs are then named by (``id2title``, ``id2author``). What OUT.json holds
already is kept beside what is new.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import AcbenchError, DataError
from acbench.tasks.tools.academia import GRAPHS
from acbench.tasks.tools.inert_pickle import Shell, read_pickle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOGETHER = "collaborative_papers"


def graphs_of(files: Sequence[Path]) -> dict[str, Any]:
    """The graphs in some files by name, as the academia simulator reads them. Raises DataError."""
    found: dict[str, tuple[Path, Shell]] = {}
    names: dict[str, Mapping[Any, Any]] = {}
    for path in files:
        held = read_pickle(path)
        parts = held if isinstance(held, dict) else {_graph_in(path.stem): held}
        if isinstance(held, dict) and not any(isinstance(part, Shell) for part in held.values()):
            _add_names(names, path, held)
            continue
        for name, graph in parts.items():
            if name not in GRAPHS or getattr(graph, "directed", None) is None:
                raise DataError(f"{path}: expected a graph of networkx for each of {' and '.join(GRAPHS)}")
            found[name] = (path, graph)
    graphs = {name: _plain(path, graph, names.get(name)) for name, (path, graph) in found.items()}
    if "PaperNet" in names and "AuthorNet" in graphs:
        _name_papers(graphs["AuthorNet"], names["PaperNet"])
    return graphs


def _name_papers(authors: dict[str, Any], titles: Mapping[Any, Any]) -> None:
    """Papers written together are told by their titles, as the tool answers (section 6.4)."""
    for _, _, facts in authors["edges"]:
        papers = facts.get(TOGETHER)
        if isinstance(papers, list):
            facts[TOGETHER] = [titles.get(p, p) if isinstance(p, str | int) else p for p in papers]


def _graph_in(stem: str) -> str:
    """Which graph a file holds, by its name; "" if that says neither or both."""
    lowered = stem.lower()
    fits = [name for name in GRAPHS if name.lower().removesuffix("net") in lowered]
    return fits[0] if len(fits) == 1 else ""


def _add_names(names: dict[str, Mapping[Any, Any]], path: Path, table: Mapping[Any, Any]) -> None:
    """Keeps a table from node to name; the opposite direction, from name to node, is not needed."""
    lowered = path.stem.lower()
    if lowered.startswith(("title2", "author2")):
        return
    for graph, word in zip(GRAPHS, ("title", "author"), strict=True):
        if f"2{word}" in lowered:
            names[graph] = table
            return
    raise DataError(f"{path}: neither graphs nor a table from nodes to names (id2title, id2author)")


def _plain(path: Path, graph: Shell, names: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Nodes and edges with their facts, and each node's neighbours in the order the graph has them."""
    state = graph.state if isinstance(graph.state, dict) else {}
    nodes = state.get("_node", state.get("node"))
    near = state.get("_adj", state.get("adj"))
    if not isinstance(nodes, dict) or not isinstance(near, dict) or not near.keys() <= nodes.keys():
        raise DataError(f"{path}: a graph without nodes and neighbours")

    def name(node: Any) -> str:
        shown = node if names is None else names.get(node, node)
        if isinstance(shown, bool) or not isinstance(shown, str | int):
            raise DataError(f"{path}: a node must have a name, not {shown!r:.60}")
        return str(shown)

    called = {node: name(node) for node in nodes}
    if len(set(called.values())) < len(called):
        raise DataError(f"{path}: two nodes have one name")
    facts = {called[node]: _facts(path, facts) for node, facts in nodes.items()}
    neighbours: dict[str, list[str]] = {}
    edges: list[list[Any]] = []
    seen: set[tuple[Any, Any]] = set()
    for node, others in near.items():
        if not isinstance(others, dict) or not others.keys() <= nodes.keys():
            raise DataError(f"{path}: {called[node]!r:.60} has neighbours that are no nodes")
        neighbours[called[node]] = [called[other] for other in others]
        for other, about in others.items():
            if graph.directed or (other, node) not in seen:
                seen.add((node, other))
                edges.append([called[node], called[other], _facts(path, about)])
    directed = {"directed": True} if graph.directed else {}
    return {"nodes": facts, "edges": edges, "neighbours": neighbours, **directed}


def _facts(path: Path, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise DataError(f"{path}: the facts of a node or an edge must be a table")
    return {str(name): _value(path, value) for name, value in given.items()}


def _value(path: Path, value: Any, depth: int = 0) -> Any:
    """A value as plain JSON. Raises DataError for what JSON cannot say."""
    if depth > 20:
        raise DataError(f"{path}: facts are nested too deeply")
    if (
        value is None
        or isinstance(value, bool | int | str)
        or (isinstance(value, float) and math.isfinite(value))
    ):
        return value
    if isinstance(value, list | tuple):
        return [_value(path, part, depth + 1) for part in value]
    if isinstance(value, dict):
        return {str(name): _value(path, part, depth + 1) for name, part in value.items()}
    raise DataError(f"{path}: {type(value).__name__} {value!r:.60} has no place in JSON")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns 0 when OUT.json was written, 1 for a refused or unreadable file."""
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(
        prog="python -m acbench.tasks.tools.graphs_from_pickle", description=about
    )
    parser.add_argument("pickles", nargs="+", type=Path, metavar="IN.pkl")
    parser.add_argument("target", type=Path, metavar="OUT.json")
    options = parser.parse_args(arguments)
    try:
        graphs = {**_held(options.target), **graphs_of(options.pickles)}
        if not graphs:
            raise DataError("no graph was found; give the files of the graphs, not of names alone")
    except AcbenchError as error:
        sys.stderr.write(f"acbench: {error}\n")
        return 1
    text = json.dumps({name: graphs[name] for name in GRAPHS if name in graphs}, ensure_ascii=False)
    options.target.write_bytes(text.encode("utf-8", "backslashreplace"))
    for name in GRAPHS:
        told = (
            f"{len(graphs[name]['nodes'])} nodes, {len(graphs[name]['edges'])} edges"
            if name in graphs
            else ""
        )
        sys.stdout.write(f"{name}: {told or 'still missing; convert its file into the same OUT.json'}\n")
    return 0


def _held(path: Path) -> dict[str, Any]:
    """The graphs of an earlier conversion."""
    if not path.is_file():
        return {}
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: exists and is no JSON ({error}); name a new file") from error
    if not isinstance(held, dict) or not held.keys() <= set(GRAPHS):
        raise DataError(f"{path}: exists and holds something else; name a new file")
    return held


if __name__ == "__main__":
    sys.exit(main())
