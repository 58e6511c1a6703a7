"""Child processes that we own: started in a session of their own, gone when their parent is gone.

The parent holds one end of a socket pair. A child that sees the other end close (the parent ended,
even by SIGKILL) kills its own process group, so no orphan can stay behind.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

_LENGTH = struct.Struct("<Q")
TAIL_LINES = 40
TERMINATE_GRACE_S = 5.0
PARENT_POLL_S = 0.5


class Channel:
    """Length-prefixed JSON messages over a socket. One reader, any number of senders."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sending = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps(message, separators=(",", ":")).encode()
        with self._sending:
            self._socket.sendall(_LENGTH.pack(len(body)) + body)

    def receive(self) -> dict[str, Any] | None:
        """The next message, or None when the other side has closed."""
        head = self._exactly(_LENGTH.size)
        body = self._exactly(_LENGTH.unpack(head)[0]) if head is not None else None
        return None if body is None else dict(json.loads(body))

    def _exactly(self, size: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self._socket.recv(min(size - len(parts), 1 << 20))
            except OSError:
                return None
            if not part:
                return None
            parts += part
        return bytes(parts)

    def close(self) -> None:
        self._socket.close()


class Inbox:
    """Messages read from a channel by a thread; ``None`` marks the end."""

    def __init__(self, channel: Channel, *, on_close: Any = None) -> None:
        self._queue: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._channel = channel
        self._on_close = on_close
        threading.Thread(target=self._read, daemon=True, name="acbench-inbox").start()

    def _read(self) -> None:
        while (message := self._channel.receive()) is not None:
            self._queue.put(message)
        self._queue.put(None)
        if self._on_close is not None:
            self._on_close()

    def get(self, timeout_s: float | None = None) -> dict[str, Any] | None:
        """The next message; None at the end of the channel; raises queue.Empty on timeout."""
        if timeout_s is not None and timeout_s <= 0:
            return self._queue.get_nowait()
        return self._queue.get(timeout=timeout_s)


class Child:
    """A running child process with its channel and its log file."""

    def __init__(
        self, module: str, *, log: Path, env: Mapping[str, str], python: str = sys.executable
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        ours, theirs = socket.socketpair()
        try:
            with theirs, log.open("ab") as stream:
                self._process = subprocess.Popen(
                    [python, "-m", module, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    env={**os.environ, **env},
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        except OSError:
            ours.close()
            raise
        self.channel = Channel(ours)
        self.inbox = Inbox(self.channel)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        return self._process.poll()

    def wait(self, timeout_s: float) -> int | None:
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def log_tail(self) -> str:
        """The last lines the child wrote."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-TAIL_LINES:])

    def kill(self) -> None:
        """Ends the child's whole process group: SIGTERM, five seconds, SIGKILL. Idempotent."""
        for sign in (signal.SIGTERM, signal.SIGKILL):  # the second also for what outlives the child itself
            try:
                os.killpg(self._process.pid, sign)
            except ProcessLookupError:
                break
            self.wait(TERMINATE_GRACE_S)
        self.wait(TERMINATE_GRACE_S)
        self.channel.close()


def parent_channel(arguments: Sequence[str]) -> tuple[Channel, Inbox]:
    """In a child: the channel to the parent. When it closes, this process group is killed."""
    channel = Channel(socket.socket(fileno=int(arguments[1])))
    return channel, Inbox(channel, on_close=_end_group)


def _end_group() -> None:
    time.sleep(0.2)  # a parent that closed in an orderly way has let us finish by now
    os.killpg(os.getpgid(0), signal.SIGKILL)


def exit_with_parent() -> None:
    """Ends this process within a second of its parent's end, for workers whose parent may be killed.

    Ending it closes the channels to its own children, which end in turn.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="acbench-parent").start()
