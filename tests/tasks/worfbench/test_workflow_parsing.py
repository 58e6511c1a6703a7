"""Both readings of a text, rule by rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflow_stubs import score

from acbench.tasks.worfbench.parsing import (
    MAX_NODES,
    REASONS,
    Workflow,
    answer_part,
    read_published,
    read_workflow,
)

WORDS = "Node|node:|Nodes|Edge:|\n| |1|2|12|:|.|)|(|,|START|end|(START,1)|(1,2)|(2,END)|(0, 1)|(9,1)|1: a|2. b|3) c"
STRANGE = "- 4: d|**5.** e|٣|</think>|<think>|\ud800|\u2028|\x00|Finish"
PIECES = st.lists(st.sampled_from(f"{WORDS}|{STRANGE}".split("|")), max_size=30).map("".join)
NODE_LINES = (
    "1: boil water|1. boil water|1) boil water|1.boil water|  1: boil water|- 1: boil water|* 1. boil water|"
    "+ 1) boil water|**1. boil water**|- **1:** boil water|1:  boil   water \r"
)


def nodes_of(lines: str, edges: str = "(START,1) (1,END)") -> tuple[str, ...]:
    return read_workflow(f"Node:\n{lines}\nEdge: {edges}").nodes


@pytest.mark.parametrize("line", NODE_LINES.split("|"))
def test_ways_to_write_a_node(line: str) -> None:
    assert nodes_of(line) == ("boil water",)


@pytest.mark.parametrize(
    "line", ["10:30 boil water", "2.5 litres", "step 1: boil", "x1: a", "1 boil water", "1:", "1: **"]
)
def test_lines_that_are_no_nodes(line: str) -> None:
    assert nodes_of(line) == ()


def test_printed_numbers_are_identities() -> None:
    found = read_workflow("NODES:\n7: g\n3: c\n7: again\nEDGES:\n(start,3) (3,7) (7,End)")
    assert found == Workflow(("g", "c"), ((0, 2), (2, 1), (1, 3)))


def test_zero_is_start_unless_it_is_declared() -> None:
    assert read_workflow("Node:\n1: a\n(0,1) (1,END)").edges == ((0, 1), (1, 2))
    assert read_workflow("Node:\n0: z\n1: a\n(0,1) (1,END)").edges == ((1, 2), (2, 3))


def test_loops_duplicates_and_undeclared_numbers_are_dropped_and_counted() -> None:
    found = read_workflow("Node:\n1: a\n2: b\n(START,1) (1,1) (1,2) (1,2) (2,9) (9,2) (1,0) (2,END)")
    assert found.edges == ((0, 1), (1, 2), (2, 3))
    assert found.dropped == 5
    assert found.ends
    assert not read_workflow("Node:\n1: a\n(START,1)").ends


def test_text_behind_the_first_edge_defines_no_node() -> None:
    found = read_workflow("Node:\n1: a\nEdge: (START,1)\n2: b\n(1,2) (1,END)")
    assert found == Workflow(("a",), ((0, 1), (1, 2)), dropped=1)


def test_what_stands_before_the_header_does_not_count() -> None:
    assert read_workflow("1: x (START,1)\nNode:\n1: a\n(1,END)") == Workflow(("a",), ((1, 2),))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_header"),
        ("1: a\n(START,1)", "no_header"),
        ("anode:\n1: a\n(START,1)", "no_header"),
        ("Node:\n(START,1)", "no_nodes"),
        ("Node:\n1: a", "no_edges"),
        ("Node:\n1: a\n(1,1) (4,1)", "no_edges"),
        ("Node:\n" + "".join(f"{i}: a{i}\n" for i in range(MAX_NODES + 1)) + "(START,1)", "too_many_nodes"),
    ],
)
def test_reasons(text: str, reason: str) -> None:
    assert read_workflow(text).reason == reason


def test_reasoning_is_left_out() -> None:
    assert answer_part("<think>Node: (1,2)</think>x</think> y") == " y"
    assert answer_part("plain") == "plain"
    assert answer_part("no opening tag</think>z") == "z"
    assert answer_part("<think>never ends") is None
    assert answer_part("a</think><think>again") is None


def test_published_reading() -> None:
    text = "12: a\nand 3. b 4: c\nNode x (START , 7)( 1,END)(1,1)(1,1) (end,2)"
    assert read_published(text) == Workflow(("a", "b 4: c"), ((0, 7), (1, 3), (1, 1), (1, 1)))
    assert read_published("node\n1: a (START,1)").reason == "no_header"
    assert read_published("Node\n1:a\n2:  b\n3:\tc (START,1)").nodes == ("b",)
    assert read_published("Node\n1: Finish (START,1)").nodes == ("Finish (START,1)",)
    assert read_published("Node\n1: a").reason == "no_edges"


def test_numbers_that_python_does_not_convert() -> None:
    big = "9" * 5000
    text = f"Node:\n1: a\n{big}: b\n(START,1) (1,{big}) (1,END)"
    assert read_workflow(text) == Workflow(("a",), ((0, 1), (1, 2)), dropped=1)
    assert read_published(text).reason == "no_edges"


@given(st.one_of(st.text(), PIECES))
def test_no_text_raises(text: str) -> None:
    for read in (read_workflow, read_published):
        found = read(text)
        assert found.reason in ("", *REASONS)
        assert found.parsed == bool(found.edges and not found.reason)
    own = read_workflow(text)
    assert all(0 <= a <= len(own.nodes) and 1 <= b <= len(own.nodes) + 1 and a != b for a, b in own.edges)


@given(PIECES, PIECES)
def test_no_text_makes_a_scorer_raise(gold: str, prediction: str) -> None:
    for mode in ("corrected", "upstream"):
        for triple in score(gold, prediction, mode).scores.values():
            assert all(0 <= value <= 1 for value in triple.values())
