"""One engine per worker at a time, reused while the key is equal, with device leases.

A start that failed is remembered per key: the other cases of that key fail at once with the same
reason instead of paying for the start again.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from acbench.engines.host import EngineHost, environment
from acbench.errors import EngineDied, EngineError, EngineStartError, EngineTimeout
from acbench.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from acbench.engines.protocol import Engine, EngineSettings

logger = logging.getLogger(__name__)

LEASE_POLL_S = 0.5


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_gpu_driver() -> bool:
    """Whether devices can be asked for at all. ``ACBENCH_DEVICE=cpu`` says to use none."""
    return os.environ.get("ACBENCH_DEVICE") != "cpu" and shutil.which("nvidia-smi") is not None


def visible_gpus() -> list[str]:
    """Device names from the caller's own mask; strings, so UUIDs and MIG ids work. [] without a GPU."""
    if not has_gpu_driver():
        return []  # a mask may be set (batch systems do that) where there is no device
    mask = os.environ.get("CUDA_VISIBLE_DEVICES")
    if mask is not None:
        return [name.strip() for name in mask.split(",") if name.strip() and name.strip() != "-1"]
    import subprocess

    listing = subprocess.run(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return listing.stdout.split() if listing.returncode == 0 else []


class EnginePool:
    """Hands out engines to one worker process; counts what it starts in ``events`` (JSON lines)."""

    def __init__(self, *, logs: Path, leases: Path, events: Path) -> None:
        self._logs = logs
        self._leases = leases
        self._events = events
        self._host: EngineHost | None = None
        self._host_env: dict[str, str] = {}
        self._engine: Engine | None = None
        self._key = ""
        self._failures: dict[str, EngineError] = {}
        self._lease = ExitStack()
        self.starts = 0

    def engine(
        self,
        checkpoint: Path,
        settings: EngineSettings,
        *,
        label: str,
        on_start: Callable[[], None] = lambda: None,
    ) -> Engine:
        """A running engine for this checkpoint and these settings; the previous one is closed if it differs."""
        key = fingerprint({"checkpoint": str(checkpoint), "settings": asdict(settings)})
        if key in self._failures:
            raise self._failures[key]
        if self._engine is not None and self._key == key and self._healthy():
            return self._engine
        self.release()
        on_start()
        began = time.monotonic()
        try:
            self._engine = self._start(checkpoint, settings, label)
        except (EngineDied, EngineTimeout) as first:  # one visible retry: the process may have been a victim
            logger.warning("engine %s: %s; starting once more", label, str(first).splitlines()[0])
            self._drop_host()
            self._engine = self._remember(key, checkpoint, settings, label)
        except EngineError as error:
            self._failed(key, error)
            raise
        self._key = key
        self.starts += 1
        self._note(label, key, time.monotonic() - began)
        return self._engine

    def _remember(self, key: str, checkpoint: Path, settings: EngineSettings, label: str) -> Engine:
        try:
            return self._start(checkpoint, settings, label)
        except EngineError as error:
            self._failed(key, error)
            raise

    def _failed(self, key: str, error: EngineError) -> None:
        self._failures[key] = error
        self.give_back_devices()

    def _healthy(self) -> bool:
        return self._host is None or self._host.serving

    def _start(self, checkpoint: Path, settings: EngineSettings, label: str) -> Engine:
        if settings.backend == "openai":
            from acbench.engines.openai import OpenAIEngine

            self._drop_host()
            return OpenAIEngine(settings)
        gpus = visible_gpus()
        devices = self._lease_devices(gpus, settings.tensor_parallel) if gpus else None
        # A process reads its environment once: other threads or devices need another process.
        env = environment(settings, devices=devices)
        if self._host is None or not self._host.alive or devices is not None or env != self._host_env:
            self._drop_host(keep_lease=True)
            log = self._logs / f"{label.replace(':', '_')}-{os.getpid()}-{self.starts}.log"
            self._host, self._host_env = EngineHost(log=log, env=env), env
        return self._host.start(checkpoint, settings)

    def _lease_devices(self, gpus: list[str], count: int) -> str:
        """Waits for ``count`` devices of the caller's mask; the kernel frees a dead holder's."""
        if count > len(gpus):
            raise EngineStartError(f"tensor_parallel = {count}, but only {len(gpus)} GPUs are visible")
        self._leases.mkdir(parents=True, exist_ok=True)
        while True:
            with ExitStack() as attempt:
                held: list[str] = []
                for gpu in gpus:
                    lock = FileLock(self._leases / f"gpu-{gpu.replace('/', '_')}.lock")
                    try:
                        attempt.enter_context(lock.acquire(timeout=0))
                    except Timeout:
                        continue
                    held.append(gpu)
                    if len(held) == count:
                        self._lease = attempt.pop_all()
                        return ",".join(held)
            time.sleep(LEASE_POLL_S)

    def _note(self, label: str, key: str, seconds: float) -> None:
        self._events.parent.mkdir(parents=True, exist_ok=True)
        line = {"event": "engine-start", "label": label, "key": key, "seconds": round(seconds, 2)}
        with self._events.open("a") as stream:
            stream.write(json.dumps(line) + "\n")

    def release(self) -> None:
        """Stops the current engine. On a GPU its process ends too: only that frees the memory surely."""
        if self._engine is not None:
            self._engine.close()
            self._engine, self._key = None, ""
        if visible_gpus():
            self._drop_host()

    def give_back_devices(self) -> None:
        """Ends an engine that holds leased devices; to be called before waiting for somebody who may need them."""
        if visible_gpus():
            self.release()

    def _drop_host(self, *, keep_lease: bool = False) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None
        self._engine, self._key = None, ""
        if not keep_lease:
            self._lease.close()

    def close(self) -> None:
        """Ends everything. Idempotent."""
        if self._engine is not None:
            self._engine.close()
        self._drop_host()
