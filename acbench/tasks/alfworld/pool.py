"""The engines of all episodes: a few worker processes, and worlds that outlive them.

The engine can neither share a process with other threads nor be trusted with ours: its translator replaces
standard output while it works, and its planner is C++ with global state. A worker holds any number of
worlds. If it dies, the call it died in raises; the worlds of others are opened again in its successor and
their commands repeated, which gives the same state.
"""

from __future__ import annotations

import atexit
import queue
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.children import Child
from acbench.errors import DataError, EnvironmentDied
from acbench.tasks.alfworld.games import require_package

if TYPE_CHECKING:
    from acbench.tasks.alfworld.games import Game

CALL_LIMIT_S = 120.0
"""A worker that takes longer for one call is ended."""
START_LIMIT_S = 60.0
_MODULE = "acbench.tasks.alfworld.worker"
_SETTINGS = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a world says after a command, and the commands possible then, sorted."""

    text: str
    commands: tuple[str, ...]
    won: bool


class Worker:
    """One worker process. Calls are made one after another; ``close`` ends it.

    Raises EnvironmentDied when the process ends or answers too late.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="acbench-alfworld-")
        self._child = Child(_MODULE, log=Path(self._folder.name) / "worker.log", env=_SETTINGS)
        self._last_words = ""
        self.pid = self._child.pid
        self.alive = True
        self._receive(START_LIMIT_S)

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request. Raises DataError for a game that cannot be read."""
        with suppress(OSError):  # a process that is gone gives no answer either
            self._child.channel.send(request)
        answer = self._receive(CALL_LIMIT_S)
        if answer.get("kind") == "data":
            raise DataError(f"alfworld: {answer['error']}")
        if "error" in answer:
            self.close()
            raise EnvironmentDied(f"alfworld: the engine failed ({answer['error']})")
        return answer

    def _receive(self, limit_s: float) -> dict[str, Any]:
        try:
            answer = self._child.inbox.get(limit_s)
        except queue.Empty as error:
            self.close()
            raise EnvironmentDied(f"alfworld: the engine gave no answer within {limit_s:g} s") from error
        if answer is None:
            self.close()
            raise EnvironmentDied(f"alfworld: the engine's process ended {self._last_words}".rstrip())
        return answer

    def close(self) -> None:
        """Ends the process. A second call does nothing."""
        if not self.alive:
            return
        self.alive = False
        self._child.kill()
        lines = self._child.log_tail().splitlines()[-3:]
        self._last_words = f"({' / '.join(lines)})" if lines else ""
        self._folder.cleanup()


@dataclass(slots=True)
class Seat:
    """A worker and the numbers of the worlds it holds."""

    worker: Worker | None = None
    worlds: set[int] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def ready(self) -> Worker:
        """The worker, a new one if there is none or it died. The caller holds the lock."""
        if self.worker is None or not self.worker.alive:
            self.worlds.clear()
            self.worker = Worker()
        return self.worker


class Pool:
    """At most ``size`` worker processes, each started when its first world is opened."""

    def __init__(self, size: int) -> None:
        self.seats = [Seat() for _ in range(size)]
        self._lock = threading.Lock()
        self._next = 0

    def place(self) -> tuple[int, Seat]:
        """A number for a new world, and its seat: in turn, so that all workers have as many."""
        with self._lock:
            self._next += 1
            return self._next, self.seats[self._next % len(self.seats)]

    def close(self) -> None:
        """Ends all workers; the next step of a world starts one again."""
        for seat in self.seats:
            with seat.lock:
                if seat.worker is not None:
                    seat.worker.close()
                seat.worker = None


@lru_cache(maxsize=8)
def shared_pool(size: int) -> Pool:
    """The pool of this size for the whole program; closed at exit."""
    require_package()
    pool = Pool(size)
    atexit.register(pool.close)
    return pool


class World:
    """One play of a game in a worker. The worker is asked nothing before ``start``."""

    def __init__(self, pool: Pool, game: Game) -> None:
        self._number, self._seat = pool.place()
        self._game = game
        self._commands: list[str] = []

    def start(self) -> Told:
        """The state at the game's start. Raises DataError if the game cannot be read."""
        with self._seat.lock:
            return self._open()

    def step(self, command: str) -> Told:
        """Carries out one of the commands last told."""
        with self._seat.lock:
            worker = self._seat.ready()
            if self._number not in self._seat.worlds:
                self._open()
            told = worker.call({"do": "step", "world": self._number, "command": command})
        self._commands.append(command)
        return _told(told)

    def _open(self) -> Told:
        request = {
            "do": "open",
            "world": self._number,
            "game": asdict(self._game),
            "commands": self._commands,
        }
        told = self._seat.ready().call(request)
        self._seat.worlds.add(self._number)
        return _told(told)

    def close(self) -> None:
        """Gives the worker's memory back; a later step would open the world again."""
        with self._seat.lock:
            worker, held = self._seat.worker, self._number in self._seat.worlds
            self._seat.worlds.discard(self._number)
            if worker is not None and worker.alive and held:
                with suppress(EnvironmentDied):  # then its memory is back too
                    worker.call({"do": "close", "world": self._number})


def _told(answer: dict[str, Any]) -> Told:
    return Told(str(answer["text"]), tuple(answer["commands"]), bool(answer["won"]))
