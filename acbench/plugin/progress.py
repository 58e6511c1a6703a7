"""Progress that is always visible: workers note it in a file, the controller prints it.

Workers of pytest-xdist cannot write to the terminal, and without xdist pytest captures output during a
test; so the printing thread writes to a copy of the real standard output.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.rollout import Progress

NOTE_EVERY_S = 1.0
PRINT_EVERY_S = 10.0


class ProgressFile:
    """Written by a worker: one file per process, replaced as a whole."""

    def __init__(self, run_dir: Path) -> None:
        self._file = run_dir / "progress" / f"{os.getpid()}.txt"
        self._last = 0.0
        self._label = ""
        self._began = time.monotonic()

    def status(self, text: str) -> None:
        """What this process is doing before there is anything to count: building, starting an engine."""
        self._write(text)

    def update(self, label: str, progress: Progress) -> None:
        now = time.monotonic()
        if label != self._label:
            self._label, self._began, self._last = label, now, now
        if now - self._last < NOTE_EVERY_S or not progress.prompt_tokens:
            return  # nothing was generated: an evaluation read from the journal takes no time worth a line
        self._last = now
        self._write(
            f"{label}: {progress.done}/{progress.total} samples, {progress.prompt_tokens:,} prompt + "
            f"{progress.output_tokens:,} new tokens, {now - self._began:.0f} s"
        )

    def _write(self, text: str) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(text)
        temporary.replace(self._file)


class ProgressPrinter:
    """Runs in the controller: prints a line per busy worker now and then, when something changed."""

    def __init__(self, run_dir: Path, stream: TextIO) -> None:
        self._folder = run_dir / "progress"
        self._stream = stream
        self._stop = threading.Event()
        self._shown: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, daemon=True, name="acbench-progress")
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(PRINT_EVERY_S):
            self.print_once()

    def print_once(self) -> None:
        for file in sorted(self._folder.glob("*.txt")) if self._folder.is_dir() else []:
            try:
                text = file.read_text()
            except OSError:
                continue  # replaced this very moment; the next round shows it
            if self._shown.get(file.name) == text:
                continue
            self._shown[file.name] = text
            self._stream.write(f"\n[acbench] {text}")
            self._stream.flush()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2.0)
        self._stream.close()
