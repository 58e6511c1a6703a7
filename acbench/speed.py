"""How long an evaluation's answers took to generate, kept beside the journal that holds them.

A replayed evaluation takes no time and would look infinitely fast: what is kept is the time of the run in which all
answers were made in one go, without the engine's start. Parts of several runs make no speed.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from acbench.store import write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from acbench.engines.protocol import Engine
    from acbench.journal import Journal

FILE = "generation.json"


class Stopwatch:
    """Measures one evaluation from its creation on."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._began = time.monotonic()
        self._starting = 0.0

    def without_start(self, engine: Callable[[], Engine]) -> Callable[[], Engine]:
        """The same way to an engine; the time it takes to get one is left out."""

        def timed() -> Engine:
            asked = time.monotonic()
            try:
                return engine()
            finally:
                self._starting += time.monotonic() - asked

        return timed

    def tokens(self, journal: Journal) -> dict[str, int]:
        """For ``CaseResult.tokens``: ``replayed`` turns, and ``generation_ms`` where all were made in one go."""
        if journal.appended and not journal.replayed:
            taken = round(1000 * (time.monotonic() - self._began - self._starting))
            write_json(self._file, {"generation_ms": taken})
        found = {"replayed": journal.replayed}
        if self._file.is_file():
            found["generation_ms"] = int(json.loads(self._file.read_text())["generation_ms"])
        return found
