"""Stories in child processes: bounded memory, a time limit for every line, exact repetition of what was lost.

An episode belongs to no process. A child keeps the stories it stepped last; an older one, or one of a child
that died, is opened again and its commands are repeated, which gives the same state. So a story that brings
the C program down costs nobody else anything.
"""

from __future__ import annotations

import atexit
import importlib.util
import itertools
import os
import queue
import tempfile
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.children import Child
from acbench.errors import ConfigError, DataError, EnvironmentDied

if TYPE_CHECKING:
    from collections.abc import Sequence

CALL_LIMIT_S = 20.0
"""A child that takes longer for one call is ended; a line takes a millisecond, a list a tenth of a second."""
PROCESSES = 2

MISSING = (
    "the task jericho plays stories with the package jericho, which is not installed: "
    "pip install 'acbench[jericho]'"
)


def require_package() -> None:
    """Raises ConfigError without the package ``jericho``."""
    if importlib.util.find_spec("jericho") is None:
        raise ConfigError(MISSING)


class StoryProcess:
    """One child. Calls are made one after another. Raises EnvironmentDied when it ends or answers too late."""

    def __init__(self) -> None:
        require_package()
        self._folder = tempfile.TemporaryDirectory(prefix="acbench-jericho-")
        stories = Path(self._folder.name) / "stories"
        stories.mkdir()
        self.folder = stories
        self._child = Child(
            "acbench.tasks.jericho.worker",
            log=Path(self._folder.name) / "log",
            env={
                "ACBENCH_STORIES": str(stories),
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "PYTHONPATH": _paths(),
            },
        )
        self._closed = False

    @property
    def alive(self) -> bool:
        return not self._closed and self._child.exit_status is None

    @property
    def pid(self) -> int:
        return self._child.pid

    def call(self, message: dict[str, Any]) -> dict[str, Any]:
        reason = "its process ended"
        try:
            self._child.channel.send(message)
            answer = self._child.inbox.get(CALL_LIMIT_S)
        except queue.Empty:
            answer, reason = None, f"no answer within {CALL_LIMIT_S:g} s"
        except OSError:
            answer = None
        if answer is None:
            tail = self._child.log_tail()
            self.close()
            raise EnvironmentDied(f"jericho: the story machine failed ({reason}) {tail}".rstrip())
        return answer

    def close(self) -> None:
        """Ends the process and removes its folder. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._child.kill()
        self._folder.cleanup()


def _paths() -> str:
    """Where a child finds this package, also when the folder of a checkout is not where the program stands."""
    here = str(Path(__file__).resolve().parents[3])
    return os.pathsep.join(path for path in (here, os.environ.get("PYTHONPATH", "")) if path)


class Seat:
    """A place for a process: one call at a time, a new process after one that died."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: StoryProcess | None = None

    def running(self) -> StoryProcess:
        if self.process is None or not self.process.alive:
            if self.process is not None:
                self.process.close()
            self.process = StoryProcess()
        return self.process


class Pool:
    """At most ``size`` children, each started when its first story is opened."""

    def __init__(self, size: int = PROCESSES) -> None:
        self._seats = [Seat() for _ in range(size)]
        self._numbers = itertools.count(1)

    def place(self) -> tuple[int, Seat]:
        """The number and the seat of a new play: in turn, so that all have as many."""
        number = next(self._numbers)
        return number, self._seats[number % len(self._seats)]

    @property
    def processes(self) -> list[StoryProcess]:
        """Those that run now."""
        return [seat.process for seat in self._seats if seat.process is not None and seat.process.alive]

    def close(self) -> None:
        """Ends all children; the next line typed starts one again."""
        for seat in self._seats:
            with seat.lock:
                if seat.process is not None:
                    seat.process.close()
                seat.process = None


@lru_cache(maxsize=1)
def shared_pool() -> Pool:
    """The pool of the whole program; closed at exit."""
    pool = Pool()
    atexit.register(pool.close)
    return pool


class Play:
    """One story from its beginning. ``commands`` are all lines typed so far, ``opening`` first.

    ``seed`` None is the published one of a story that jericho knows, 1 for others. Raises DataError for a
    file that is no story.
    """

    def __init__(
        self, pool: Pool, story: Path, *, opening: Sequence[str] = (), seed: int | None = None
    ) -> None:
        _check_story(story)
        self._number, self._seat = pool.place()
        self.story = story.resolve()
        self._seed = seed
        self.commands = list(opening)
        self._choices: dict[tuple[str, ...] | None, list[str]] = {}
        self.start_text = str(
            self._ask("open", story=str(self.story), seed=seed, commands=self.commands)["text"]
        )

    def type(self, command: str) -> dict[str, Any]:
        """Types one line: ``text``, ``over`` (the story ended), ``halted`` (the machine stopped).

        Raises EnvironmentDied when the machine fails at this line in a fresh process too.
        """
        answer = self._ask("step", command=command)
        self.commands.append(command)
        self._choices.clear()
        return answer

    def choices(self, templates: Sequence[str] | None) -> list[str]:
        """What works now; ``templates`` None: jericho's own list where it knows the story, else the general ones."""
        key = None if templates is None else tuple(templates)
        if key not in self._choices:
            asked = None if key is None else list(key)
            told = self._ask("choices", story=str(self.story), templates=asked)
            self._choices[key] = list(told["choices"])
        return self._choices[key]

    def points(self) -> tuple[int, int]:
        """(score, highest score) as the story tells them; (0, 0) when it keeps none."""
        told = self._ask("points")
        return int(told["score"]), int(told["maximum"])

    def close(self) -> None:
        """Gives the story's memory back; a later call would open it again."""
        with self._seat.lock:
            process = self._seat.process
            if process is not None and process.alive:
                with suppress(EnvironmentDied):  # gone with its process
                    process.call({"what": "close", "number": self._number})

    def _ask(self, what: str, **more: Any) -> dict[str, Any]:
        message = {"what": what, "number": self._number, **more}
        with self._seat.lock:
            try:
                return self._told(message)
            except EnvironmentDied:  # perhaps by itself; if it was this line, it happens again
                return self._told(message)

    def _told(self, message: dict[str, Any]) -> dict[str, Any]:
        process = self._seat.running()
        answer = process.call(message)
        if answer.get("missing"):
            opening = {"story": str(self.story), "seed": self._seed, "commands": self.commands}
            process.call({"what": "open", "number": self._number, **opening})
            answer = process.call(message)
        if "error" in answer or answer.get("missing"):
            raise DataError(f"jericho: {self.story}: {answer.get('error', 'the story cannot be opened')}")
        return answer


def _check_story(story: Path) -> None:
    """A Z-machine file has a version (1 to 8) in its first byte, 64 bytes of header and its own length in them.

    The engine itself ends its process over other files.
    """
    try:
        head = story.read_bytes()[:64] if story.is_file() else None
        size = story.stat().st_size if head is not None else 0
    except OSError as error:
        raise DataError(f"{story}: cannot be read ({error})") from error
    if head is None:
        raise DataError(f"{story}: there is no such story file")
    if len(head) < 64 or head[0] not in (1, 2, 3, 4, 5, 6, 7, 8):
        raise DataError(f"{story}: is no Z-machine story (.z3, .z5, .z8)")
    static, dynamic_end = int.from_bytes(head[4:6], "big"), int.from_bytes(head[14:16], "big")
    if max(static, dynamic_end) > size:
        raise DataError(f"{story}: is cut short ({size} bytes)")
