"""An environment that is opened only when something is asked of it that is not recorded yet.

The journal of a generation holds what the model said; this holds what the world answered. Replaying a
recorded episode (a second process, a second run) then starts no engine, no Java, no game.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.agents.world import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.agents.world import Environment


class RememberedWorld:
    """Answers from ``known`` records as long as they fit the actions, then from the environment itself.

    Records, in order: ``{"start": {...}}``, ``{"action", "step", "success"}`` per step, ``{"end": {...}}``.
    ``news`` gives the records that are not known yet. Raises DataError when an environment, opened to go
    on behind recorded steps, does not repeat them.
    """

    def __init__(self, name: str, open_world: Callable[[], Environment]) -> None:
        self._name = name
        self._open = open_world
        self._world: Environment | None = None
        self._known: list[Mapping[str, Any]] = []
        self._place = 0
        self._told = 0
        self._start: Mapping[str, Any] = {}
        self._end: Mapping[str, Any] | None = None
        self._last: Step | None = None
        self.success = False

    def remember(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Takes what was recorded of this episode before. Only before the first question."""
        self._known = list(records)
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
                world = self._opened()
                found = self._keep({"start": _begin(world)})
            self._start = found["start"]
        return self._start

    def step(self, action: str) -> Step:
        self.start()
        found = self._next("action")
        if found is not None and found["action"] == action:
            step, success = Step(**found["step"]), bool(found["success"])
        else:
            if found is not None:
                raise DataError(f"{self._name}: the recorded steps belong to other answers")
            world = self._opened()
            step = world.step(action)
            success = world.success
            self._keep({"action": action, "step": _plain(step), "success": success})
        self._last, self.success = step, success
        return step

    def finish(self) -> Mapping[str, Any]:
        """``facts``, ``scores`` and ``ending`` of the play; closes the environment."""
        if self._end is None:
            found = self._next("end")
            if found is None:
                world = self._opened()
                end = {"facts": dict(world.facts()), "scores": dict(world.scores()), "ending": world.ending()}
                found = self._keep({"end": end})
            self._end = found["end"]
        self.close()
        return self._end

    def close(self) -> None:
        if self._world is not None:
            self._world.close()
            self._world = None

    # -- inside ----------------------------------------------------------------------------------

    def _next(self, kind: str) -> Mapping[str, Any] | None:
        """The record at this place, or None behind the last one."""
        if self._place >= len(self._known):
            return None
        record = self._known[self._place]
        if kind not in record:
            raise DataError(f"{self._name}: recorded step {self._place} is no {kind}")
        self._place += 1
        return record

    def _keep(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        self._known.append(record)
        self._place += 1
        return record

    def _opened(self) -> Environment:
        """The environment, brought to where the recorded steps end."""
        if self._world is None:
            world = self._open()
            if self._start:
                _begin(world)
            steps = [record for record in self._known[: self._place] if "action" in record]
            for record in steps:
                step = world.step(record["action"])
                if _plain(step) != record["step"]:
                    world.close()
                    raise DataError(
                        f"{self._name}: the environment does not repeat what was recorded for "
                        f"{record['action']!r}; was its package changed? Remove worlds.jsonl beside the answers"
                    )
            self._world = world
        return self._world


def _begin(world: Environment) -> dict[str, Any]:
    goal, first = world.goal_text(), world.first_observation()
    return {"goal": goal, "first": first, "opening": [list(pair) for pair in world.opening()]}


def _plain(step: Step) -> dict[str, Any]:
    return {
        "observation": step.observation,
        "valid": step.valid,
        "understood": step.understood,
        "progress": step.progress,
        "done": step.done,
        "trouble": step.trouble,
    }
