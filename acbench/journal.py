"""The generation journal: every answered turn is on disk before anything else happens to it.

One JSON line per turn in ``turns.jsonl`` of a generation's folder. A line cut short by a kill is
dropped when the journal is opened again; complete lines are never generated twice.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from acbench.errors import CorruptArtifact
from acbench.records import Turn
from acbench.store import storage_error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Journal:
    """Append-only record of turns, by sample, in order. A thought (``Turn.budget`` > 0) is a turn of its own here."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "turns.jsonl"
        self._turns: dict[str, list[Turn]] = {}
        self._load()
        self._stream = self._path.open("ab", buffering=0)
        self.replayed = sum(len(turns) for turns in self._turns.values())
        """Turns that were already there when the journal was opened."""
        self.appended = 0

    def turns(self, sample: str) -> list[Turn]:
        """The recorded turns of one sample."""
        return list(self._turns.get(sample, ()))

    def append(self, turns: Iterable[tuple[str, int, Turn]]) -> None:
        """Writes (sample, turn number, turn) triples and forces them to disk together.

        Raises StoreError on a full disk; nothing of the batch is kept then.
        """
        batch = list(turns)
        if not batch:
            return
        lines = [
            json.dumps({"sample": sample, "turn": number, **turn.to_line()}, ensure_ascii=False) + "\n"
            for sample, number, turn in batch
        ]
        self._write("".join(lines).encode())
        for sample, _, turn in batch:
            self._turns.setdefault(sample, []).append(turn)
        self.appended += len(batch)

    def _write(self, content: bytes) -> None:
        end = os.fstat(self._stream.fileno()).st_size
        left = memoryview(content)
        try:
            while left:
                left = left[self._stream.write(left) :]
            os.fsync(self._stream.fileno())
        except OSError as error:
            with suppress(OSError):  # half a line would swallow the next one
                self._stream.truncate(end)
            raise storage_error(error, self._path) from error

    def close(self) -> None:
        self._stream.close()

    def _load(self) -> None:
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):  # the last write was cut by a kill
            with self._path.open("r+b") as stream:
                stream.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                fields = json.loads(line)
                sample, turn = fields.pop("sample"), fields.pop("turn")
                fields["logprobs"] = tuple(fields["logprobs"])
                record = Turn(**fields)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise CorruptArtifact(
                    f"{self._path}, line {number} is not a recorded turn ({error}); "
                    "remove that line to generate its sample again"
                ) from error
            known = self._turns.setdefault(sample, [])
            if turn != len(known):
                raise CorruptArtifact(f"{self._path}, line {number}: turn {turn} of {sample} out of order")
            known.append(record)
