"""What the environments of a generation answered, beside its journal: a replay then starts none of them.

One JSON line per record in ``worlds.jsonl``. Unlike the journal this can be lost: an environment repeats
what it said. So nothing is forced to disk, and what cannot be read is asked again.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from acbench.store import storage_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from acbench.tasks.protocol import Episode, Prompt, Sample, Task


class WorldLog:
    """Append-only records of environments, by sample, in order."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "worlds.jsonl"
        self._records: dict[str, list[Mapping[str, Any]]] = {}
        self._load()

    def records(self, sample: str) -> list[Mapping[str, Any]]:
        return list(self._records.get(sample, ()))

    def append(self, sample: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Raises StoreError on a full disk."""
        if not records:
            return
        known = self._records.setdefault(sample, [])
        lines = [
            json.dumps({"sample": sample, "number": number, "record": record}, ensure_ascii=False) + "\n"
            for number, record in enumerate(records, start=len(known))
        ]
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write("".join(lines))
        except OSError as error:
            raise storage_error(error, self._path) from error
        known.extend(records)

    def _load(self) -> None:
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):  # the last write was cut by a kill
            with suppress(OSError), self._path.open("r+b") as stream:
                stream.truncate(len(whole))
        for line in whole.splitlines():
            with suppress(ValueError, KeyError, TypeError):
                fields = json.loads(line)
                known = self._records.setdefault(fields["sample"], [])
                if fields["number"] == len(known):  # behind a gap nothing counts
                    known.append(dict(fields["record"]))


def open_episode(task: Task, sample: Sample, worlds: WorldLog | None) -> Episode:
    """A fresh episode that remembers what its environment answered before."""
    episode = task.open(sample)
    remember = getattr(episode, "remember", None)
    if remember is not None and worlds is not None:
        remember(worlds.records(sample.id))
    return episode


def first_prompt(task: Task, sample: Sample, worlds: WorldLog | None = None) -> Prompt | None:
    """What an episode asks first; None if it asks nothing. Opens no environment that ``worlds`` remembers."""
    episode = open_episode(task, sample, worlds)
    try:
        return episode.ask()
    finally:
        close = getattr(episode, "close", None)
        if close is not None:
            close()
