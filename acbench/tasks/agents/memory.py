"""An environment that is opened only when something is asked of it that is not recorded yet.

The journal of a generation holds what the model said; this holds what the world answered. Replaying a
recorded episode (a second process, a second run) then starts no engine, no Java, no game.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from acbench.errors import DataError, EnvironmentDied
from acbench.tasks.agents.patience import TookTooLong, within
from acbench.tasks.agents.world import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.agents.world import Environment

T = TypeVar("T")

CLOSING_S = 5.0
"""So long an environment is waited for that is being closed; it goes on closing by itself."""
LEAST_S = 0.001
"""Left of the time of an episode whose environment has always answered in time."""
REMEDY = "remove worlds.jsonl beside the answers, then the environment is asked again"


class RememberedWorld:
    """Answers from ``known`` records as long as they fit the actions, then from the environment itself.

    Records, in order: ``{"start": {...}}``, ``{"action", "step", "success"}`` per step, ``{"end": {...}}``;
    in the place of an answer that never came ``{"broken": reason, "limit_s": ...}``. ``news`` gives those
    that are not known yet. What was recorded and what is remembered are equal to the last byte.

    The environment may take ``limit_s`` seconds in all. Raises EnvironmentDied beyond that, also for an
    environment that never comes back, and DataError when an environment, opened to go on behind recorded
    steps, does not repeat them.
    """

    def __init__(self, name: str, open_world: Callable[[], Environment], limit_s: float) -> None:
        self._name = name
        self._open = open_world
        self._play = _Play()
        self._limit_s = limit_s
        self._left_s = limit_s
        self._known: list[Mapping[str, Any]] = []
        self._place = 0
        self._told = 0
        self._start: Mapping[str, Any] = {}
        self._end: Mapping[str, Any] | None = None
        self._last: Step | None = None
        self.success = False

    def remember(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Takes what was recorded of this episode before. Only before the first question.

        That the time was over counts only until more is allowed.
        """
        last = len(records) - 1
        self._known = [
            record
            for number, record in enumerate(records)
            if "broken" not in record or (number == last and record.get("limit_s", inf) >= self._limit_s)
        ]
        self._told = len(self._known)

    def news(self) -> list[Mapping[str, Any]]:
        """Records made since the last call."""
        fresh, self._told = self._known[self._told :], len(self._known)
        return fresh

    # -- what an episode asks --------------------------------------------------------------------

    @property
    def done(self) -> bool:
        return self._last is not None and self._last.done

    @property
    def progress(self) -> float:
        return self._last.progress if self._last else 0.0

    def known_start(self) -> Mapping[str, Any]:
        """What ``start`` told, or nothing before it was asked."""
        return self._start

    def start(self) -> Mapping[str, Any]:
        """``goal``, ``first`` observation and the ``opening`` moves, as a mapping."""
        if not self._start:
            found = self._next("start")
            if found is None:
                found = self._keep({"start": self._ask(_begin)})
            self._start = found["start"]
        return self._start

    def step(self, action: str) -> Step:
        self.start()
        action = action.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be written down
        found = self._next("action")
        if found is None:
            found = self._keep(self._ask(lambda world: _stepped(world, action)))
        elif found["action"] != action:
            raise DataError(f"{self._name}: the recorded steps belong to other answers; {REMEDY}")
        self._last, self.success = Step(**found["step"]), bool(found["success"])
        return self._last

    def finish(self) -> Mapping[str, Any]:
        """``facts``, ``scores`` and ``ending`` of the play; closes the environment."""
        if self._end is None:
            found = self._next("end")
            if found is None:
                found = self._keep({"end": self._ask(_ending)})
            self._end = found["end"]
        self.close()
        return self._end

    def break_off(self, reason: str) -> None:
        """Writes down that the environment gave no further answer, so that this is not tried again."""
        if not any("broken" in record for record in self._known):
            self._keep({"broken": reason} | ({} if self._left_s else {"limit_s": self._limit_s}))

    def close(self) -> None:
        """Gives the environment back. A later question would open it again."""
        play, self._play = self._play, _Play()
        if play.world is not None:
            with suppress(TookTooLong, EnvironmentDied):  # its answers are all there
                within(CLOSING_S, play.close, late=_nothing)

    # -- inside ----------------------------------------------------------------------------------

    def _next(self, kind: str) -> Mapping[str, Any] | None:
        """The record at this place, or None behind the last one."""
        if self._place >= len(self._known):
            return None
        record = self._known[self._place]
        if "broken" in record:
            raise EnvironmentDied(record["broken"])
        if kind not in record:
            raise DataError(f"{self._name}: recorded step {self._place} is no {kind}; {REMEDY}")
        self._place += 1
        return record

    def _keep(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        text = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace")
        written: Mapping[str, Any] = json.loads(text)
        self._known.append(written)
        self._place = len(self._known)
        return written

    def _ask(self, what: Callable[[Environment], T]) -> T:
        """Asks the environment, opened and brought to where the recorded steps end.

        Its thread touches the play and nothing else of this object: it may outlive the episode.
        """
        play, known = self._play, tuple(self._known)

        def call() -> T:
            if play.world is None:
                play.world = self._open()
                self._repeat(play.world, known)
            return what(play.world)

        began = time.monotonic()
        try:
            found = within(self._left_s, call, late=play.close)
        except TookTooLong:
            self._play, self._left_s = _Play(), 0.0
            raise EnvironmentDied(
                f"the environment took more than {self._limit_s:g} s (setting episode_seconds)"
            ) from None
        self._left_s = max(self._left_s - (time.monotonic() - began), LEAST_S)
        return found

    def _repeat(self, world: Environment, known: Sequence[Mapping[str, Any]]) -> None:
        if known:
            _begin(world)
        for record in known:
            if "action" in record and _plain(world.step(record["action"])) != record["step"]:
                raise DataError(
                    f"{self._name}: the environment does not repeat what was recorded for "
                    f"{record['action']!r}; was its package changed? If so, {REMEDY}"
                )


class _Play:
    """An environment as far as it is open."""

    def __init__(self) -> None:
        self.world: Environment | None = None

    def close(self) -> None:
        world, self.world = self.world, None
        if world is not None:
            world.close()


def _nothing() -> None:
    """Nothing is left to do."""


def _begin(world: Environment) -> dict[str, Any]:
    goal, first = world.goal_text(), world.first_observation()
    return {"goal": goal, "first": first, "opening": [list(pair) for pair in world.opening()]}


def _stepped(world: Environment, action: str) -> dict[str, Any]:
    step = world.step(action)
    return {"action": action, "step": _plain(step), "success": world.success}


def _ending(world: Environment) -> dict[str, Any]:
    return {"facts": dict(world.facts()), "scores": dict(world.scores()), "ending": world.ending()}


def _plain(step: Step) -> dict[str, Any]:
    return {
        "observation": step.observation.encode("utf-8", "replace").decode(),
        "valid": step.valid,
        "understood": step.understood,
        "progress": step.progress,
        "done": step.done,
        "trouble": step.trouble,
    }
