"""The converter of graph pickles: what networkx writes is read, what would run a program is refused unrun."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections import OrderedDict, defaultdict
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools_stubs import call, environment

from acbench.errors import DataError
from acbench.tasks.tools import inert_pickle
from acbench.tasks.tools.graphs_from_pickle import graphs_of, main
from acbench.tasks.tools.inert_pickle import Shell, read_pickle

if TYPE_CHECKING:
    from pathlib import Path

networkx = pytest.importorskip("networkx", reason="the pickles of these tests are made by networkx")

FACTS = {
    "year": 2020,
    "venue": "V",
    "authors": ["Ann"],
    "n_citation": 3,
    "keywords": [],
    "doc_type": "Journal",
}


def papers(kind: Any = None, names: Any = ("A", "B", "C")) -> Any:
    """Three papers whose edges came in an order that the list of edges does not have."""
    graph = (kind or networkx.Graph)()
    first, second, third = names
    for name, title in zip(names, "ABC", strict=True):
        graph.add_node(name, **FACTS, title=title)
    graph.add_edge(third, second, weight=1)
    graph.add_edge(third, first, weight=2.5)
    return graph


def authors() -> Any:
    graph = networkx.Graph()
    graph.add_node("Ann", name="Ann", org=None)
    graph.add_node("Bob_2", name="Bob", org="O")
    graph.add_edge("Ann", "Bob_2", collaborative_papers=["A"])
    return graph


def saved(path: Path, held: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(held, protocol=protocol))
    return path


def asked(path: Path, *lines: str) -> list[str]:
    """What the tools answer over the converted graphs."""
    env = environment("academia", {"graphs": json.loads(path.read_text(encoding="utf-8"))})
    return [env.step(line).observation for line in (call("loadPaperNet"), call("loadAuthorNet"), *lines)][2:]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_graphs_of_every_protocol_answer_as_networkx_does(tmp_path: Path, protocol: int) -> None:
    one, two = papers(), authors()
    _ = one.nodes, one.edges, one.adj, one.degree  # views that a graph keeps and pickles
    first = saved(tmp_path / "paper_net.pkl", one, protocol)
    second = saved(tmp_path / "author_net.pkl", two, protocol)
    assert main([str(first), str(second), str(tmp_path / "graphs.json")]) == 0
    near, node, edge, together = asked(
        tmp_path / "graphs.json",
        call("neighbourCheck", graph="PaperNet", node="C"),
        call("paperNodeCheck", node="A"),
        call("paperEdgeCheck", node1="A", node2="C"),
        call("authorEdgeCheck", node1="Bob_2", node2="Ann"),
    )
    assert near == str(list(one.neighbors("C"))) == "['B', 'A']"
    assert node == str(
        {name: FACTS[name] for name in ("authors", "year", "venue", "n_citation", "keywords", "doc_type")}
    )
    assert edge == str(one.edges["A", "C"]) == "{'weight': 2.5}"
    assert together == "{'collaborative_papers': ['A']}"


def test_a_directed_graph_stays_one(tmp_path: Path) -> None:
    both = {"PaperNet": papers(networkx.DiGraph), "AuthorNet": authors()}
    assert main([str(saved(tmp_path / "both.pkl", both)), str(tmp_path / "out.json")]) == 0
    from_c, from_a, back = asked(
        tmp_path / "out.json",
        call("neighbourCheck", graph="PaperNet", node="C"),
        call("neighbourCheck", graph="PaperNet", node="A"),
        call("paperEdgeCheck", node1="A", node2="C"),
    )
    assert (from_c, from_a) == ("['B', 'A']", "[]")
    assert back == "There is no edge between A and C."


def test_one_file_after_the_other_goes_into_one_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert main([str(saved(tmp_path / "PaperNet.pkl", papers())), str(out)]) == 0
    assert "AuthorNet: still missing" in capsys.readouterr().out
    assert main([str(saved(tmp_path / "AuthorNet.pkl", authors())), str(out)]) == 0
    assert capsys.readouterr().out == "PaperNet: 3 nodes, 2 edges\nAuthorNet: 2 nodes, 1 edges\n"


def test_numbers_are_replaced_by_names(tmp_path: Path) -> None:
    numbered = papers(names=(11, 12, 13))
    people = networkx.relabel_nodes(authors(), {"Ann": "a1", "Bob_2": "a2"})
    people.edges["a1", "a2"]["collaborative_papers"] = [11]
    files = [
        saved(tmp_path / "paper_net.pkl", numbered),
        saved(tmp_path / "author_net.pkl", people),
        saved(tmp_path / "id2title_dict.pkl", {11: "A", 12: "B", 13: "C"}),
        saved(tmp_path / "title2id_dict.pkl", {"A": 11}),
        saved(tmp_path / "id2author_dict.pkl", {"a1": "Ann", "a2": "Bob_2"}),
    ]
    graphs = graphs_of(files)
    assert graphs == graphs_of(
        [saved(tmp_path / "PaperNet.pkl", papers()), saved(tmp_path / "AuthorNet.pkl", authors())]
    )


def test_containers_are_read_as_plain_ones(tmp_path: Path) -> None:
    graph = networkx.Graph()
    made: Any = defaultdict(list, {"k": [1]})
    graph.add_node("A", more=made, ordered=OrderedDict(b=1, a=2), pair=(1, None), flag=True)
    facts = graphs_of([saved(tmp_path / "paper.pkl", graph)])["PaperNet"]["nodes"]["A"]
    assert facts == {"more": {"k": [1]}, "ordered": {"b": 1, "a": 2}, "pair": [1, None], "flag": True}
    assert list(facts["ordered"]) == ["b", "a"]


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return (os.system, (f"touch {self.target}",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("where", ["alone", "in a node", "in a list"])
def test_a_malicious_pickle_is_refused_and_not_run(
    tmp_path: Path, where: str, protocol: int, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = Evil(tmp_path / "pwned")
    graph = papers()
    graph.add_node("D", note=evil)
    held = {"alone": evil, "in a node": graph, "in a list": {"PaperNet": graph, "AuthorNet": [evil]}}[where]
    path = saved(tmp_path / "paper.pkl", held, protocol)
    assert main([str(path), str(tmp_path / "out.json")]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f"acbench: {path}: the pickle names ")
    assert ".system, which" in shown
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["paper.pkl"]


NAMES = ["os.system", "builtins.eval", "builtins.exec", "builtins.getattr", "builtins.open", "subprocess.Popen",
         "networkx.utils.misc.open", "networkx.classes.multigraph.MultiGraph", "networkx.classes.graph.nx.os.system",
         "networkx.classes.reportviews.evil.system", "numpy.core.multiarray.scalar", "pickle.loads", "operator.call",
         "functools.partial", "acbench.tasks.tools.inert_pickle.Shell", "builtins.__import__"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_no_graph_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    module, _, function = name.rpartition(".")
    path = tmp_path / "paper.pkl"
    path.write_bytes(f"c{module}\n{function}\n(S'x'\ntR.".encode())
    with pytest.raises(DataError, match=rf"paper\.pkl: the pickle names {module}\.{function}, which"):
        graphs_of([path])


def stack_global(module: str, name: str) -> bytes:
    def text(value: str) -> bytes:
        return b"\x8c" + bytes([len(value)]) + value.encode()

    return b"\x80\x04" + text(module) + text(name) + b"\x93"


@pytest.mark.parametrize(
    "body",
    [
        stack_global("networkx.classes.graph", "Graph.__init__.__globals__") + b".",
        stack_global("collections", "OrderedDict.fromkeys") + b"(tR.",
        stack_global("builtins", "dict") + b")R.",  # mentioned is fine, called is not
        stack_global("copyreg", "_reconstructor") + stack_global("builtins", "list")[2:] + b"\x85R.",
        stack_global("networkx.classes.graph", "Graph") + b"}\x8c\x01aK\x01sb.",  # state for the class itself
        stack_global("networkx.classes.graph", "Graph") + b"N}\x8c\x05stateK\x01s\x86b.",
        b"\x80\x04\x8c\x01xQ.",  # a persistent name
        b"\x80\x04\x82\x01.",  # the extension registry
        b"\x80\x04K\x01r\xff\xff\xff\x7f.",  # claims two thousand million objects
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.",  # a text longer than the file
        b"\x80\x04" + b"(" * 100_000 + b".",
        b"\x80\x04" + b"]" * 50_000 + b"a" * 49_999 + b".",
        b"not a pickle",
        b"",
    ],
)
def test_broken_and_crafted_pickles_are_data_errors(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "paper.pkl"
    path.write_bytes(body)
    with pytest.raises(DataError, match=r"paper\.pkl"):
        graphs_of([path])
    assert Shell.directed is None
    assert Shell.state is None


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 5))
def test_a_damaged_pickle_never_gets_past_the_reader(place: int, byte: int, protocol: int) -> None:
    body = bytearray(pickle.dumps(papers(), protocol=protocol))
    body[place % len(body)] = byte
    loaded = set(sys.modules)
    with suppress(Exception):  # whatever is wrong with it, nothing of another module was reached
        inert_pickle._Reader(BytesIO(bytes(body))).load()
    assert set(sys.modules) == loaded


@pytest.mark.parametrize(
    ("held", "name", "message"),
    [
        ({"a": 1}, "x.pkl", "neither graphs nor a table"),
        ([1], "paper.pkl", "expected a graph of networkx for each of PaperNet and AuthorNet"),
        ("graph", "net.pkl", "expected a graph"),
        ("graph", "paper_author.pkl", "expected a graph"),
        ({"PaperNet": "graph", "VenueNet": "graph"}, "x.pkl", "expected a graph"),
        ("set", "paper.pkl", r"set \{1\} has no place in JSON"),
        ("nan", "paper.pkl", "float nan has no place in JSON"),
        ("tuple", "paper.pkl", "a node must have a name"),
        ("same", "paper.pkl", "two nodes have one name"),
    ],
)
def test_files_that_are_something_else_are_named(tmp_path: Path, held: Any, name: str, message: str) -> None:
    def graph(node: Any = "A", **facts: Any) -> Any:
        made = networkx.Graph()
        made.add_node(node, **facts)
        return made

    kinds = {"graph": graph(), "set": graph(x={1}), "nan": graph(x=float("nan")), "tuple": graph((1, 2))}
    kinds["same"] = networkx.Graph()
    kinds["same"].add_nodes_from([1, "1"])
    if isinstance(held, dict):
        held = {key: kinds.get(value, value) for key, value in held.items()}
    path = saved(tmp_path / name, kinds[held] if isinstance(held, str) else held)
    with pytest.raises(DataError, match=message):
        graphs_of([path])


def test_a_result_that_holds_something_else_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path / "paper.pkl", papers())
    for text, message in (("[1]", "holds something else"), ("{", "is no JSON")):
        (tmp_path / "out.json").write_text(text)
        assert main([str(path), str(tmp_path / "out.json")]) == 1
        assert message in capsys.readouterr().err
        assert (tmp_path / "out.json").read_text() == text
    assert main([str(tmp_path / "none.pkl"), str(tmp_path / "new.json")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    names = saved(tmp_path / "id2title.pkl", {1: "A"})
    assert main([str(names), str(tmp_path / "new.json")]) == 1
    assert "no graph was found" in capsys.readouterr().err


def test_nothing_of_networkx_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "paper.pkl", papers())
    monkeypatch.setitem(sys.modules, "networkx", None)
    monkeypatch.setitem(sys.modules, "networkx.classes.graph", None)
    assert len(read_pickle(path).state["_node"]) == 3
