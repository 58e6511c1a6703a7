"""The engine's own process: ``python -m acbench.engines.child <fd>``.

Serves several checkpoints in turn. Messages in: start, submit, stop. Messages out: ready, failed,
finished, alive, stopped. Standard output and error are the engine's log, never a protocol.
"""

from __future__ import annotations

import queue
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.children import Channel, Inbox, parent_channel
from acbench.engines.core import Core, create_core
from acbench.engines.failures import classify
from acbench.engines.protocol import Completion
from acbench.engines.protocol_json import request_from_json, settings_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.engines.protocol import Request

ALIVE_EVERY_S = 2.0


class Server:
    """Reads messages, drives the core, reports what finished."""

    def __init__(self, channel: Channel, inbox: Inbox) -> None:
        self._channel = channel
        self._inbox = inbox
        self._core: Core | None = None
        self._last_sign = time.monotonic()

    def run(self) -> None:
        while True:
            busy = self._core is not None and self._core.unfinished() > 0
            try:
                message = self._inbox.get(0.0 if busy else None)
            except queue.Empty:
                self._step()
                continue
            if message is None:
                return
            self._handle(message)

    def _handle(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "start":
            self._start(message)
        elif kind == "submit" and self._core is not None:
            self._submit(self._core, [request_from_json(data) for data in message["requests"]])
        elif kind == "stop":
            if self._core is not None:
                self._core.stop()
                self._core = None
            self._channel.send({"type": "stopped"})

    def _submit(self, core: Core, requests: Sequence[Request]) -> None:
        """One by one: a request that the engine refuses is answered with an error, the others go on."""
        for request in requests:
            try:
                core.add([request])
            except Exception as error:  # noqa: BLE001 - reported to the parent with the request's id
                traceback.print_exc()
                refused = Completion(request.id, finish_reason="error", error=_one_line(error))
                self._channel.send({"type": "finished", "completions": [asdict(refused)]})

    def _start(self, message: Mapping[str, Any]) -> None:
        began = time.monotonic()
        try:
            self._core = create_core(Path(message["checkpoint"]), settings_from_json(message["settings"]))
        except Exception as error:  # noqa: BLE001 - every cause is reported to the parent by kind
            traceback.print_exc()
            self._channel.send({"type": "failed", "kind": classify(error), "message": _one_line(error)})
            return
        identity = asdict(self._core.identity)
        self._channel.send({"type": "ready", "identity": identity, "seconds": time.monotonic() - began})

    def _step(self) -> None:
        assert self._core is not None  # noqa: S101 - run() steps only a busy core
        try:
            finished = self._core.step()
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            self._channel.send({"type": "failed", "kind": classify(error), "message": _one_line(error)})
            self._core = None
            return
        now = time.monotonic()
        if finished:
            self._channel.send({"type": "finished", "completions": [asdict(c) for c in finished]})
            self._last_sign = now
        elif now - self._last_sign > ALIVE_EVERY_S:
            self._channel.send({"type": "alive"})
            self._last_sign = now


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:600]}"


def main() -> None:
    channel, inbox = parent_channel(sys.argv)
    Server(channel, inbox).run()


if __name__ == "__main__":
    main()
