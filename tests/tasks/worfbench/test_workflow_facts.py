"""Facts beside the scores, counted by hand."""

from __future__ import annotations

from typing import Any

from acbench.records import SampleRecord
from acbench.tasks.worfbench.facts import workflow_facts


def record(name: str, nodes: int, *, ends: bool = True, reason: str = "") -> SampleRecord:
    detail: dict[str, Any] = {"nodes": nodes, "gold_nodes": 4, "ends": ends, "reason": reason}
    return SampleRecord(name, "", "", (), {"parsed": float(not reason)}, "partial", "ok", detail)


def test_lengths_ends_and_reasons() -> None:
    base = [record("a", 3), record("b", 5), record("c", 9, reason="no_edges")]
    other = [record("a", 2, ends=False), record("b", 0, reason="no_nodes"), record("c", 0, reason="no_nodes")]
    assert workflow_facts(base, other) == {
        "sub-tasks per parsed answer": "4.0 base, 2.0 compressed, 4.0 gold",
        "parsed answers without an edge to END": "0 of 2 base, 1 of 1 compressed",
        "not parsed": "base: 1 no_edges; compressed: 2 no_nodes",
    }


def test_nothing_parsed_and_nothing_asked() -> None:
    none = [record("a", 0, reason="no_nodes")]
    assert workflow_facts(none, none)["sub-tasks per parsed answer"] == "none base, none compressed, 4.0 gold"
    unasked = [SampleRecord("a", "", "", (), {}, "too_long", "too_long")]
    assert workflow_facts(unasked, unasked) == {}
