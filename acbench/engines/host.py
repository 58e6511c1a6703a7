"""An engine in a child process that we own, seen from the worker.

The worker never imports the engine. Death, silence and start failures of the child become
exceptions with the tail of its log; closing escalates from a message to SIGKILL of the group.
"""

from __future__ import annotations

import os
import queue
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import acbench
from acbench.children import Child
from acbench.engines.failures import revive
from acbench.engines.protocol import Completion, EngineIdentity
from acbench.engines.protocol_json import completion_from_json, request_to_json
from acbench.errors import EngineDied, EngineError, EngineStartError, EngineTimeout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.engines.protocol import EngineSettings, Request

START_DEADLINE_S = 1800.0
SILENCE_DEADLINE_S = 900.0
"""One step may prefill 4096 tokens of a large model on a CPU; death is noticed at once by other means."""
STOP_DEADLINE_S = 20.0


def environment(settings: EngineSettings, *, devices: str | None) -> dict[str, str]:
    """Variables of an engine's process; each is read at import or at engine construction.

    Reasons, all measured on the CPU build: unbounded or spinning OpenMP threads on shared cores lose
    most of their time at barriers; compiling kernels on first use needs a compiler and seconds; int4 weights must
    not silently get int8 activations (``VLLM_CPU_INT4_W4A8``).
    """
    variables = {
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_LOGGING_LEVEL": os.environ.get("VLLM_LOGGING_LEVEL", "WARNING"),
        "VLLM_CPU_INT4_W4A8": "0",
        "PYTHONUNBUFFERED": "1",
    }
    if settings.tensor_parallel == 1:
        variables["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    if devices is None:
        variables |= {
            "OMP_NUM_THREADS": str(settings.threads),
            "OMP_WAIT_POLICY": "PASSIVE",
            "TORCH_COMPILE_DISABLE": "1",
            "CUDA_VISIBLE_DEVICES": "",
        }
    else:
        variables |= {"CUDA_VISIBLE_DEVICES": devices, "VLLM_WORKER_MULTIPROC_METHOD": "spawn"}
    return variables


def _import_path() -> dict[str, str]:
    """Lets the child find this very package: pytest's ``pythonpath`` is not inherited, and the call may come
    from any folder."""
    inherited = os.environ.get("PYTHONPATH", "")
    root = str(Path(acbench.__file__).parent.parent)
    return {"PYTHONPATH": os.pathsep.join(part for part in (root, inherited) if part)}


class EngineHost:
    """A child process that can hold one engine at a time, several in turn."""

    def __init__(self, *, log: Path, env: Mapping[str, str]) -> None:
        self._child = Child("acbench.engines.child", log=log, env={**_import_path(), **env})
        self._running = False
        self._closed = False

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child.exit_status is None

    @property
    def serving(self) -> bool:
        """Whether the process lives and its engine has not failed."""
        return self._running and self.alive

    def log_tail(self) -> str:
        return self._child.log_tail()

    def start(self, checkpoint: Path, settings: EngineSettings) -> HostedEngine:
        """Starts an engine; raises an EngineError of the fitting kind."""
        self.stop_engine()
        self.send({"type": "start", "checkpoint": str(checkpoint), "settings": asdict(settings)})
        try:
            message = self.receive(START_DEADLINE_S)
        except queue.Empty:
            tail = self._child.log_tail()
            self.close()
            raise EngineTimeout(
                f"the engine for {checkpoint.name} did not start within {START_DEADLINE_S:.0f} s",
                log_tail=tail,
            ) from None
        if message["type"] != "ready":
            raise EngineStartError(f"unexpected answer {message['type']!r} from the engine's process")
        self._running = True
        identity = dict(message["identity"])
        return HostedEngine(self, EngineIdentity(**identity), start_seconds=float(message["seconds"]))

    def send(self, message: Mapping[str, Any]) -> None:
        try:
            self._child.channel.send(message)
        except OSError as error:
            raise self._death() from error

    def receive(self, timeout_s: float | None) -> dict[str, Any]:
        """The next message; raises what a failure means, or queue.Empty on timeout."""
        if self._closed:
            raise self._death()
        message = self._child.inbox.get(timeout_s)
        if message is None:
            raise self._death()
        if message["type"] == "failed":
            self._running = False
            raise revive(str(message["kind"]), str(message["message"]), self._child.log_tail())
        return message

    def _death(self) -> EngineError:
        status = self._child.wait(5.0)
        tail = self._child.log_tail()
        self.close()
        how = f"by signal {-status}" if status is not None and status < 0 else f"with status {status}"
        return EngineDied(f"the engine's process {self._child.pid} ended {how} while in use", log_tail=tail)

    def stop_engine(self) -> None:
        """Stops the current engine, keeps the process. A process that does not answer is killed."""
        if not self._running:
            return
        self._running = False
        deadline = time.monotonic() + STOP_DEADLINE_S
        try:
            self.send({"type": "stop"})
            while self.receive(max(deadline - time.monotonic(), 0.01))["type"] != "stopped":
                pass
        except (queue.Empty, EngineError):
            self.close()

    def close(self) -> None:
        """Ends the process and everything it started. Idempotent."""
        self._running = False
        if self._closed:
            return  # the process id may belong to somebody else by now
        self._closed = True
        self._child.kill()


class HostedEngine:
    """The Engine seam over an EngineHost."""

    def __init__(self, host: EngineHost, identity: EngineIdentity, *, start_seconds: float) -> None:
        self._host = host
        self.identity = identity
        self.start_seconds = start_seconds
        self._pending = 0

    def submit(self, requests: Sequence[Request]) -> None:
        if requests:
            self._pending += len(requests)
            self._host.send({"type": "submit", "requests": [request_to_json(r) for r in requests]})

    def poll(self, timeout_s: float | None = None) -> list[Completion]:
        finished: list[Completion] = []
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while self._pending and not finished:
            finished = self._wait(deadline)
            if not finished and deadline is not None and time.monotonic() >= deadline:
                break
        # Take what else has arrived, without waiting: one journal write for all of it.
        while self._pending and finished:
            try:
                finished += self._take(self._host.receive(0.0))
            except queue.Empty:
                break
        return finished

    def _wait(self, deadline: float | None) -> list[Completion]:
        left = SILENCE_DEADLINE_S if deadline is None else max(deadline - time.monotonic(), 0.001)
        try:
            return self._take(self._host.receive(left))
        except queue.Empty:
            if deadline is not None:
                return []
            tail = self._host.log_tail()
            self._host.close()
            raise EngineTimeout(
                f"the engine gave no sign of life for {SILENCE_DEADLINE_S:.0f} s with {self._pending} requests open",
                log_tail=tail,
            ) from None

    def _take(self, message: dict[str, Any]) -> list[Completion]:
        if message["type"] != "finished":
            return []
        batch = message["completions"]
        self._pending -= len(batch)
        return [completion_from_json(data) for data in batch]

    def close(self) -> None:
        self._host.stop_engine()
