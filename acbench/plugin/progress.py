"""Progress that is always visible: workers note it in a file, the controller prints it.

Workers of pytest-xdist cannot write to the terminal, and without xdist pytest captures output during a
test; so the printing thread writes to a copy of the real standard output.
"""

from __future__ import annotations

import json
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
        self._file = run_dir / "progress" / f"{os.getpid()}.json"
        self._last = 0.0
        self._label = ""
        self._began = time.monotonic()

    def update(self, label: str, progress: Progress) -> None:
        now = time.monotonic()
        if label != self._label:
            self._label, self._began, self._last = label, now, 0.0
        if now - self._last < NOTE_EVERY_S and progress.done < progress.total:
            return
        self._last = now
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fields = {
            "label": label,
            "done": progress.done,
            "total": progress.total,
            "prompt_tokens": progress.prompt_tokens,
            "output_tokens": progress.output_tokens,
            "seconds": round(now - self._began, 1),
        }
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps(fields))
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
        for file in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else []:
            try:
                text = file.read_text()
                fields = json.loads(text)
            except (OSError, ValueError):
                continue  # replaced this very moment; the next round shows it
            if self._shown.get(file.name) == text:
                continue
            self._shown[file.name] = text
            tokens = f"{fields['prompt_tokens']:,} prompt + {fields['output_tokens']:,} new tokens"
            counts = f"{fields['done']}/{fields['total']} samples"
            self._stream.write(
                f"\n[acbench] {fields['label']}: {counts}, {tokens}, {fields['seconds']:.0f} s"
            )
            self._stream.flush()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2.0)
        self._stream.close()
