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

from acbench.errors import DataError, EnvironmentDied, did_you_mean
from acbench.tasks.scienceworld.java import JavaProcess, require_package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SIMPLIFICATIONS", "Pool", "World", "require_package", "shared_pool"]

SIMPLIFICATIONS = "selfWateringFlowerPots,openContainers,openDoors,noElectricalAction"
ELECTRICAL = ("power-component", "conductivity")
"""Tasks whose names hold one of these need the actions that the simplifications take away."""
WORLDS_PER_PROCESS = 128
"""A world takes 0.3 MB and 0.02 MB more with each command; the heap of a process is 384 MB."""


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
        self._tasks: Mapping[str, int] = {}
        self._next = 0
        self._lock = threading.Lock()

    def seat(self) -> Seat:
        """The seat of a new world: in turn, so that all processes have as many."""
        with self._lock:
            number, self._next = self._next, self._next + 1
        return self._seats[number % len(self._seats)]

    def tasks(self) -> Mapping[str, int]:
        """The tasks of the package, with the number of variations each has."""
        if not self._tasks:
            with self._seats[0].lock:
                process = self._process(self._seats[0])
                simulator = process.simulator()
                names = [str(name) for name in process.call(simulator.getTaskNames, seed="")]
                self._tasks = {
                    n: int(process.call(simulator.getTaskMaxVariations, n, seed="")) for n in names
                }
        return self._tasks

    def use(self, world: World, seat: Seat, what: Callable[[JavaProcess, Any], Any]) -> Any:
        """Calls ``what`` with the process and the world's simulator, which is brought up to date before."""
        with seat.lock:
            process = self._process(seat)
            simulator = seat.worlds.pop(world.number, None)
            if simulator is None:
                while len(seat.worlds) >= self._worlds:
                    seat.worlds.popitem(last=False)
                simulator = world.restore(process)
            seat.worlds[world.number] = simulator
            return what(process, simulator)

    def forget(self, world: World, seat: Seat) -> None:
        with seat.lock:
            seat.worlds.pop(world.number, None)

    @staticmethod
    def _process(seat: Seat) -> JavaProcess:
        """The process of a seat that is held; a new one if it does not run."""
        if seat.process is None or not seat.process.alive:
            if seat.process is not None:
                seat.process.close()
            seat.worlds.clear()
            seat.process = JavaProcess()
        return seat.process

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
        self._objects = 0
        self._seen_first = ""
        self._check(pool.tasks())
        inventory = self._ask("freeActionInventory")
        self.start_text = f"{self._seen_first}\n{inventory}"

    def _check(self, tasks: Mapping[str, int]) -> None:
        if any(word in self.task for word in ELECTRICAL):
            raise DataError(
                f"scienceworld: the task {self.task} needs electrical actions, which are switched off"
            )
        if self.task not in tasks:
            raise DataError(f"scienceworld: unknown task {self.task!r}; {did_you_mean(self.task, tasks)}")
        if not 0 <= self.variation < tasks[self.task]:
            raise DataError(
                f"scienceworld: {self.task} has variations 0 to {tasks[self.task] - 1}, not {self.variation}"
            )

    # -- what the pool asks ----------------------------------------------------------------------

    def restore(self, process: JavaProcess) -> Any:
        """A simulator in which the variation was loaded and the commands so far were carried out."""
        simulator = process.load(self.task, self.variation, SIMPLIFICATIONS)
        self._objects = process.objects
        self._seen_first = self._carry_out(process, simulator, "look around", "first")
        for number, command in enumerate(self.commands):
            self._carry_out(process, simulator, command, number)
        return simulator

    # -- what an environment asks ----------------------------------------------------------------

    def description(self) -> str:
        """What is to be done, in the simulator's words."""
        return str(self._ask("getTaskDescription"))

    def valid(self) -> frozenset[str]:
        """Every concrete command that the simulator lists as possible now. The slowest of all questions."""
        return frozenset(self._listed("getValidActionObjectCombinations"))

    def executable(self, command: str) -> bool | None:
        """Whether the simulator would carry a command out now; None if it would ask what is meant.

        Only while no question of its own is open, else None.
        """

        seed = self._seed(f"executable {len(self.commands)}")
        found: bool | None = self._pool.use(
            self,
            self._seat,
            lambda p, s: p.call(lambda: _judged(p, s, command), seed=seed, objects=self._objects),
        )
        return found

    def templates(self) -> list[str]:
        """The abstract commands, with OBJ for a thing."""
        return self._listed("getPossibleActions")

    def step(self, command: str) -> tuple[str, int]:
        """(observation, native score in -100..100) after one command. Raises EnvironmentDied if it fails."""
        number = len(self.commands)

        def play(process: JavaProcess, simulator: Any) -> tuple[str, int]:
            text = self._carry_out(process, simulator, command, number)
            score = round(100 * process.call(simulator.getScore, seed=""))
            if score < 0 and process.call(lambda: simulator.agentInterface().get().isInErrorState(), seed=""):
                raise EnvironmentDied(f"scienceworld: a simulator failed ({text[:300]})")
            return text, score

        told: tuple[str, int] = self._pool.use(self, self._seat, play)
        self.commands.append(command)
        return told

    def close(self) -> None:
        """Gives the simulator's memory back; a later call would load it again."""
        self._pool.forget(self, self._seat)

    # -- inside ----------------------------------------------------------------------------------

    def _seed(self, what: str | int) -> str:
        return f"{self.task}/{self.variation}/{what}"

    def _carry_out(self, process: JavaProcess, simulator: Any, command: str, number: str | int) -> str:
        text = process.call(simulator.step, command, seed=self._seed(number), objects=self._objects)
        self._objects = process.objects
        return str(text)

    def _ask(self, name: str) -> Any:
        """A question that changes nothing, so whether it was asked makes no difference later."""
        seed = self._seed(f"{name} {len(self.commands)}")
        return self._pool.use(
            self, self._seat, lambda p, s: p.call(getattr(s, name), seed=seed, objects=self._objects)
        )

    def _listed(self, name: str) -> list[str]:
        seed = self._seed(f"{name} {len(self.commands)}")
        found: list[str] = self._pool.use(
            self, self._seat, lambda p, s: p.texts(getattr(s, name), seed=seed, objects=self._objects)
        )
        return found


def _judged(process: JavaProcess, simulator: Any, command: str) -> bool | None:
    """The simulator's own reading of a command and its own test of the action, without carrying it out."""
    face = simulator.agentInterface().get()
    parser, agent = face.inputParser(), face.agent()
    if parser.isInAmbiguousState():
        return None
    place = agent.getContainer().get()
    sequence = face.task().goalSequence()
    read = parser.parse(command, place, face.universe(), agent, face.objMonitor(), sequence, place)
    if parser.isInAmbiguousState():
        parser.clearAmbiguousState()
        return None
    if not read._1():
        return False
    action = read._4().get()
    kind = process.kind(action.getClass().getSimpleName())
    return bool(kind.isValidAction(action.assignments())._2())
