"""The scheduler with stub workers: whole groups, base first, crashes, no hang."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from acbench.plugin import scheduling
from acbench.plugin.main import group_of_node
from acbench.plugin.scheduling import EngineGroupScheduling

if TYPE_CHECKING:
    from collections.abc import Callable


class Gateway:
    def __init__(self, name: str) -> None:
        self.id = name


class Node:
    """A worker that remembers what it was sent."""

    def __init__(self, name: str) -> None:
        self.gateway = Gateway(name)
        self.sent: list[list[int]] = []
        self.shutting_down = False
        self.shutdowns = 0

    def send_runtest_some(self, indices: list[int]) -> None:
        assert not self.shutting_down, "nothing may be sent after a shutdown"
        self.sent.append(indices)

    def shutdown(self) -> None:
        self.shutting_down = True
        self.shutdowns += 1


def node_id(name: str) -> str:
    return f"suites/test_x.py::test_case[{name}]"


CASES = [
    node_id(f"{group}:{task}")
    for group, tasks in (
        ("m:base", ("t1", "t2")),
        ("n:base", ("t1",)),
        ("m:rtn", ("t1", "t2", "t3")),
        ("m:awq+auto", ("t1",)),
        ("n:rtn", ("t1", "t2")),
    )
    for task in tasks
]
GROUPS = [[0, 1], [2], [3, 4, 5], [7, 8], [6]]
"""In the order they are to be handed out: base models, then the longest."""


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], tuple[EngineGroupScheduling, list[Node]]]:
    def make(count: int) -> tuple[EngineGroupScheduling, list[Node]]:
        monkeypatch.setattr(scheduling, "parse_tx_spec_config", lambda _: ["popen"] * count)
        made = EngineGroupScheduling(Any, None, group_of_node)  # type: ignore[arg-type]
        return made, [Node(f"gw{i}") for i in range(count)]

    return make


def begin(made: EngineGroupScheduling, nodes: list[Node], cases: list[str] = CASES) -> None:
    for node in nodes:
        made.add_node(node)
    for number, node in enumerate(nodes, start=1):
        assert not made.collection_is_completed
        made.add_node_collection(node, cases)
        assert made.collection_is_completed is (number == len(nodes))
    assert not made.tests_finished or not cases
    made.schedule()


def run_next(made: EngineGroupScheduling, node: Node) -> int:
    index = made._workers[node].pending[0]
    made.mark_test_complete(node, index)
    return index


def run_all(made: EngineGroupScheduling, nodes: list[Node]) -> list[int]:
    """Lets the workers take turns as xdist does: the last item runs only after a shutdown."""
    done = []
    for _ in range(1000):
        ready = [
            n
            for n in nodes
            if n in made.nodes and len(made._workers[n].pending) > (0 if n.shutting_down else 1)
        ]
        if not ready:
            break
        done.append(run_next(made, ready[0]))
        nodes.append(nodes.pop(0))
    return done


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_every_case_runs_once_and_groups_stay_together(scheduler: Any, count: int) -> None:
    made, nodes = scheduler(count)
    begin(made, nodes)
    everyone = list(nodes)
    assert sorted(run_all(made, nodes)) == list(range(len(CASES)))
    handed = [group for node in everyone for group in node.sent]
    assert sorted(handed) == sorted(GROUPS)
    assert made.tests_finished
    assert not made.has_pending
    assert [node.shutdowns for node in everyone] == [1] * count


def test_base_models_first_and_longest_next(scheduler: Any) -> None:
    made, (node,) = scheduler(1)
    begin(made, [node])
    run_all(made, [node])
    assert node.sent == GROUPS


def test_a_worker_is_refilled_before_its_last_item(scheduler: Any) -> None:
    made, (one, two) = scheduler(2)
    begin(made, [one, two])
    assert one.sent == [[0, 1]]
    assert two.sent == [[2], [3, 4, 5]]  # one item alone would never start
    run_next(made, one)
    assert one.sent == [[0, 1], [7, 8]]


def test_a_crash_is_returned_once_and_the_rest_goes_elsewhere(scheduler: Any) -> None:
    made, (one, two) = scheduler(2)
    begin(made, [one, two])
    assert run_next(made, two) == 2
    crashed = made.remove_node(two)
    assert crashed == CASES[3]
    assert two not in made.nodes
    assert made._groups[0] == made._groups.__class__([4, 5])
    assert not made.tests_finished
    done = run_all(made, [one])
    assert 3 not in done
    assert sorted([2, 3, *done]) == list(range(len(CASES)))


def test_a_crash_of_the_only_worker_waits_for_its_replacement(scheduler: Any) -> None:
    made, (one,) = scheduler(1)
    begin(made, [one])
    run_next(made, one)
    assert made.remove_node(one) == CASES[1]
    assert not made.tests_finished
    assert made.has_pending
    assert made.collection_is_completed
    new = Node("gw1")
    made.add_node(new)
    assert new.sent == []  # nothing before it has collected
    made.add_node_collection(new, CASES)
    made.schedule()
    assert sorted(run_all(made, [new])) == list(range(2, len(CASES)))
    assert made.tests_finished


def test_a_replacement_after_the_others_have_finished_does_not_hang(scheduler: Any) -> None:
    """The second worker has gone home; the first crashes in the middle of its last group."""
    made, (one, two) = scheduler(2)
    begin(made, [one, two], [*CASES[3:6], CASES[0]])
    assert (one.sent, two.sent) == ([[3], [0, 1, 2]], [])
    assert two.shutdowns == 1
    assert made.remove_node(two) is None
    run_next(made, one)
    assert made.remove_node(one) == CASES[3]
    new = Node("gw2")
    made.add_node(new)
    assert made.collection_is_completed  # one worker of the expected two: it must not wait for another
    made.add_node_collection(new, [*CASES[3:6], CASES[0]])
    made.schedule()
    assert new.sent == [[1, 2]]
    assert sorted(run_all(made, [new])) == [1, 2]
    assert made.tests_finished
    assert new.shutdowns == 1


def test_a_replacement_with_nothing_left_is_sent_home(scheduler: Any) -> None:
    made, (one,) = scheduler(1)
    begin(made, [one], CASES[:1])
    assert made.remove_node(one) == CASES[0]
    assert made.tests_finished
    new = Node("gw1")
    made.add_node(new)
    made.add_node_collection(new, CASES[:1])
    made.schedule()
    assert (new.sent, new.shutdowns) == ([], 1)


def test_different_collections_are_an_error(scheduler: Any) -> None:
    made, (one, two) = scheduler(2)
    for node in (one, two):
        made.add_node(node)
    made.add_node_collection(one, CASES)
    made.add_node_collection(two, CASES[::-1])
    with pytest.raises(RuntimeError, match="collected different cases"):
        made.schedule()
    made, (one,) = scheduler(1)
    begin(made, [one])
    late = Node("gw9")
    made.add_node(late)
    with pytest.raises(RuntimeError, match="gw9 collected other cases"):
        made.add_node_collection(late, CASES[1:])


def test_a_case_asked_for_again_is_a_group_of_its_own(scheduler: Any) -> None:
    made, (one,) = scheduler(1)
    begin(made, [one])
    made.mark_test_pending(CASES[0])
    run_all(made, [one])
    assert one.sent[1] == [0]


def test_nothing_to_run_sends_everybody_home(scheduler: Any) -> None:
    made, nodes = scheduler(2)
    begin(made, nodes, [])
    assert [(n.sent, n.shutdowns) for n in nodes] == [([], 1), ([], 1)]
    assert made.tests_finished


@pytest.mark.parametrize(
    ("node", "group"),
    [
        ("suites/test_a.py::test_case[m-1.5:awq-w4+auto:needle]", "m-1.5:awq-w4+auto"),
        ("suites/test_a.py::test_case[m:base:pddl]", "m:base"),
        ("tests/test_b.py::test_plain", "tests/test_b.py"),
        ("tests/test_b.py::test_other[a:b]", "tests/test_b.py"),
    ],
)
def test_groups_come_from_node_ids(node: str, group: str) -> None:
    assert group_of_node(node) == group
