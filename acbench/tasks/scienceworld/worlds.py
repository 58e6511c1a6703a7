"""The worlds of all episodes in a few Java processes: bounded memory, exact replay of what had to go.

An episode belongs to no process. Each process keeps the worlds it stepped last; an older one, or one of a
process that died, is loaded again and its commands are repeated, which gives the same world. So any number
of episodes can be in flight, and no episode waits for another one's end.
"""

from __future__ import annotations

import atexit
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError, did_you_mean
from acbench.tasks.scienceworld.java import JavaProcess, require_package

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NOBODY", "SIMPLIFICATIONS", "Pool", "World", "require_package", "shared_pool"]

SIMPLIFICATIONS = "selfWateringFlowerPots,openContainers,openDoors,noElectricalAction"
ELECTRICAL = ("power-component", "conductivity")
"""Tasks whose names hold one of these need the actions that the simplifications take away."""
WORLDS_PER_PROCESS = 10
"""A world takes about 12 MB; the heap of a process is 384 MB."""


@dataclass(slots=True)
class Seat:
    """A process and the worlds it holds, the one stepped last at the end."""

    process: JavaProcess | None = None
    worlds: OrderedDict[int, Any] = field(default_factory=OrderedDict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class Pool:
    """At most ``size`` Java processes, each started when its first world is asked for."""

    def __init__(self, size: int, *, worlds: int = WORLDS_PER_PROCESS) -> None:
        self._seats = [Seat() for _ in range(size)]
        self._worlds = worlds
        self._next = 0
        self._lock = threading.Lock()

    def seat(self) -> Seat:
        """The seat of a new world: in turn, so that all processes have as many."""
        with self._lock:
            self._next += 1
            return self._seats[self._next % len(self._seats)]

    def use(self, world: World, seat: Seat, what: Callable[[JavaProcess, Any], Any]) -> Any:
        """Calls ``what`` with the process and the world's simulator, which is brought up to date before."""
        with seat.lock:
            if seat.process is None or not seat.process.alive:
                seat.process = self._renewed(seat)
            simulator = seat.worlds.pop(world.number, None)
            if simulator is None:
                while len(seat.worlds) >= self._worlds:
                    seat.worlds.popitem(last=False)
                simulator = seat.process.simulator()
                world.restore(seat.process, simulator)
            seat.worlds[world.number] = simulator
            return what(seat.process, simulator)

    def forget(self, world: World, seat: Seat) -> None:
        with seat.lock:
            seat.worlds.pop(world.number, None)

    @staticmethod
    def _renewed(seat: Seat) -> JavaProcess:
        if seat.process is not None:
            seat.process.close()
        seat.worlds.clear()
        return JavaProcess()

    @property
    def processes(self) -> list[JavaProcess]:
        """Those that run now."""
        return [seat.process for seat in self._seats if seat.process is not None and seat.process.alive]

    def close(self) -> None:
        """Ends all processes; the next step of a world starts one again."""
        for seat in self._seats:
            with seat.lock:
                if seat.process is not None:
                    seat.process.close()
                seat.process = None
                seat.worlds.clear()


@lru_cache(maxsize=8)
def shared_pool(size: int) -> Pool:
    """The pool of this size for the whole program; closed at exit."""
    pool = Pool(size)
    atexit.register(pool.close)
    return pool


_NUMBERS = iter(range(1, 1 << 62))


class World:
    """One play of one variation of a task. Raises DataError for what the package does not have.

    ``commands`` are those carried out so far. Random draws depend on task, variation and the number of the
    command alone.
    """

    def __init__(self, pool: Pool, task: str, variation: int) -> None:
        self._pool = pool
        self._seat = pool.seat()
        self.number = next(_NUMBERS)
        self.task, self.variation = task, variation
        self.commands: list[str] = []
        self._check()
        self.start_text: str = self._call("freeActionInventory", joined=True)

    def _check(self) -> None:
        if any(word in self.task for word in ELECTRICAL):
            raise DataError(
                f"scienceworld: the task {self.task} needs electrical actions, which are switched off"
            )
        names = list(_names(self._pool, self._seat))
        if self.task not in names:
            raise DataError(f"scienceworld: unknown task {self.task!r}; {did_you_mean(self.task, names)}")
        count = self._pool.use(
            NOBODY, self._seat, lambda p, s: p.call(s.getTaskMaxVariations, self.task, seed="")
        )
        if not 0 <= self.variation < count:
            raise DataError(
                f"scienceworld: {self.task} has variations 0 to {count - 1}, not {self.variation}"
            )

    def restore(self, process: JavaProcess, simulator: Any) -> None:
        """Loads the variation into a fresh simulator and repeats the commands."""
        process.call(
            simulator.load,
            self.task,
            self.variation,
            SIMPLIFICATIONS,
            False,
            seed=self._seed("load"),
        )
        process.call(simulator.reset, seed=self._seed("reset"))
        self._first = str(process.call(simulator.step, "look around", seed=self._seed("first")))
        for number, command in enumerate(self.commands):
            process.call(simulator.step, command, seed=self._seed(number))

    def _seed(self, what: str | int) -> str:
        return f"{self.task}/{self.variation}/{what}"

    def _call(self, name: str, *, joined: bool = False) -> Any:
        seed = self._seed(f"{name} {len(self.commands)}")
        found = self._pool.use(
            self, self._seat, lambda process, simulator: process.call(getattr(simulator, name), seed=seed)
        )
        return f"{self._first}\n{found}" if joined else found

    def description(self) -> str:
        """What is to be done, in the simulator's words."""
        return str(self._call("getTaskDescription"))

    def valid(self) -> frozenset[str]:
        """Every concrete command that the simulator lists as possible now."""
        return frozenset(self._call("getValidActionObjectCombinations"))

    def templates(self) -> list[str]:
        """The abstract commands, with OBJ for a thing."""
        return list(self._call("getPossibleActions"))

    def step(self, command: str) -> tuple[str, int]:
        """(observation, native score in -100..100) after one command."""
        seed = self._seed(len(self.commands))

        def play(process: JavaProcess, simulator: Any) -> tuple[str, int]:
            text = str(process.call(simulator.step, command, seed=seed))
            return text, round(100 * process.call(simulator.getScore, seed=seed))

        told: tuple[str, int] = self._pool.use(self, self._seat, play)
        self.commands.append(command)
        return told

    def close(self) -> None:
        """Gives the simulator's memory back; a later call would load it again."""
        self._pool.forget(self, self._seat)


class _Nobody(World):
    """Stands for no world, where a bare simulator is asked about the package."""

    def __init__(self) -> None:
        self.number, self.task, self.variation, self.commands = 0, "", 0, []

    def restore(self, process: JavaProcess, simulator: Any) -> None:
        pass


NOBODY = _Nobody()
"""Whose simulator holds no episode."""


def _names(pool: Pool, seat: Seat) -> list[str]:
    return list(
        pool.use(NOBODY, seat, lambda process, simulator: process.call(simulator.getTaskNames, seed=""))
    )
