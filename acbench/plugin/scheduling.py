"""An xdist scheduler that keeps an engine's cases together.

Stock grouping (``--dist loadgroup``) silently does not group with pytest 9.2 and xdist 3.8, and the stock
scope scheduler repeats the case that crashed its worker. This one hands out whole engine groups, base models
first and the longest groups next, reports a crashed case once, and gives the rest of its group to the
next free worker.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xdist.workermanage import parse_tx_spec_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

MINIMUM_QUEUE = 2
"""A worker runs an item only when it knows the next one or that there is none."""


@dataclass(slots=True)
class Worker:
    """What one worker has been given and has not finished, in order."""

    pending: deque[int] = field(default_factory=deque)
    stopping: bool = False


class EngineGroupScheduling:
    """Implements xdist's Scheduling protocol. ``group_of`` maps a node id to its engine group."""

    def __init__(self, config: pytest.Config, log: Any, group_of: Callable[[str], str]) -> None:
        self.config = config
        self.log = log
        self._group_of = group_of
        self._expected = len(parse_tx_spec_config(config))
        self._workers: dict[Any, Worker] = {}
        self._collections: dict[Any, list[str]] = {}
        self._collection: list[str] | None = None
        self._groups: deque[deque[int]] = deque()

    # -- what xdist asks -------------------------------------------------------------------------

    @property
    def nodes(self) -> list[Any]:
        return list(self._workers)

    @property
    def collection_is_completed(self) -> bool:
        # Once scheduling has begun it stays complete: a replacement worker must not wait for finished ones.
        return self._collection is not None or len(self._collections) >= self._expected

    @property
    def tests_finished(self) -> bool:
        if self._collection is None or self._groups:
            return False
        return all(len(worker.pending) < MINIMUM_QUEUE for worker in self._workers.values())

    @property
    def has_pending(self) -> bool:
        return bool(self._groups) or any(worker.pending for worker in self._workers.values())

    def add_node(self, node: Any) -> None:
        self._workers[node] = Worker()

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        if self._collection is not None and list(collection) != self._collection:
            raise RuntimeError(f"worker {node.gateway.id} collected other cases than the first one")
        self._collections[node] = list(collection)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        self._workers[node].pending.remove(item_index)
        self._refill(node)

    def mark_test_pending(self, item: str) -> None:
        """A case to run again (asked for by other plug-ins): it becomes a group of its own."""
        assert self._collection is not None  # noqa: S101 - xdist calls this after scheduling
        self._groups.appendleft(deque([self._collection.index(item)]))
        for node in self.nodes:
            self._refill(node)

    def remove_pending_tests_from_node(self, node: Any, indices: Sequence[int]) -> None:
        for index in indices:
            self._workers[node].pending.remove(index)

    def remove_node(self, node: Any) -> str | None:
        """Takes a dead worker out; returns the case it was running, which is not run again."""
        worker = self._workers.pop(node)
        self._collections.pop(node, None)
        if not worker.pending:
            return None
        assert self._collection is not None  # noqa: S101
        crashed = worker.pending.popleft()
        if worker.pending:
            self._groups.appendleft(worker.pending)
        for other in self.nodes:
            self._refill(other)
        return self._collection[crashed]

    def schedule(self) -> None:
        """Called when all workers have collected, and again for each replacement worker."""
        if self._collection is None:
            self._collection = next(iter(self._collections.values()))
            self._check_collections()
            self._groups = self._initial_groups(self._collection)
        for node in self.nodes:
            self._refill(node)

    # -- our own ---------------------------------------------------------------------------------

    def _check_collections(self) -> None:
        if any(collection != self._collection for collection in self._collections.values()):
            raise RuntimeError("the workers collected different cases; is something random at import?")

    def _initial_groups(self, collection: list[str]) -> deque[deque[int]]:
        groups: dict[str, deque[int]] = {}
        for index, node_id in enumerate(collection):
            groups.setdefault(self._group_of(node_id), deque()).append(index)
        order = {name: position for position, name in enumerate(groups)}
        # The collection is already sorted, base first; longer groups of equal rank go first.
        ranked = sorted(
            groups, key=lambda name: (not name.endswith(":base"), -len(groups[name]), order[name])
        )
        return deque(groups[name] for name in ranked)

    def _refill(self, node: Any) -> None:
        worker = self._workers[node]
        if worker.stopping or node.shutting_down or self._collection is None:
            return
        while len(worker.pending) < MINIMUM_QUEUE and self._groups:
            group = self._groups.popleft()
            worker.pending.extend(group)
            node.send_runtest_some(list(group))
        if not self._groups and len(worker.pending) < MINIMUM_QUEUE:
            worker.stopping = True
            node.shutdown()
