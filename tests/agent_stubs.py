"""A toy world, a multi-turn task around it and a renderer, for tests of what all multi-turn tasks share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acbench.errors import EnvironmentDied
from acbench.tasks.agents.prompting import Script
from acbench.tasks.agents.settings import AgentSettings, read_settings
from acbench.tasks.agents.task import AgentTask, Stage, agent_info
from acbench.tasks.agents.world import EnvironmentBase, Step
from acbench.tasks.protocol import Prompt, Sample, TaskContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCRIPT = Script(system="You walk.", thinking_system="You walk and think.", rules="Commands: go, wait, dig.")
EXAMPLE = (("Goal", "reach 1"), ("Observation", "at 0"), ("Action", "go"), ("Observation", "at 1"))
VERBS = ("go", "wait", "dig", "jump")


class Letters:
    """One token per byte of all messages, so that an engine can read what it is asked."""

    def count(self, text: str) -> int:
        return len(text.encode())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(place, place + 1) for place in range(len(text))]

    def text(self, prompt: Prompt) -> str:
        parts = [f"<{message.role}>{message.content}" for message in prompt.messages]
        return "".join([*parts, "<assistant>", prompt.prefill])

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(self.text(prompt).encode())

    def continuation(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(prompt.continuation.encode())


@dataclass
class Worlds:
    """What all worlds of one test have seen. ``hold``: what a hanging step waits for."""

    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Event = field(default_factory=threading.Event)
    one_closed: threading.Event = field(default_factory=threading.Event)

    @property
    def left_open(self) -> list[str]:
        still = list(self.opened)
        for name in self.closed:
            still.remove(name)
        return still


class Walk(EnvironmentBase):
    """A way of ``data["length"]`` steps; "go" takes one. Success at its end.

    "die" ends the engine, "crash" raises what no environment may, "hang" never comes back before ``hold`` is
    set; ``data["trouble"]`` maps actions to names for what is wrong with them.
    """

    def __init__(self, data: Mapping[str, Any], worlds: Worlds) -> None:
        self.name = data["name"]
        self.worlds = worlds
        self.data = data
        self.length: int = data["length"]
        self.place = 0
        worlds.opened.append(self.name)
        if data.get("opens") == "die":
            raise EnvironmentDied("walk: no engine")

    @property
    def done(self) -> bool:
        return self.success or self.place < 0

    @property
    def success(self) -> bool:
        return self.place == self.length

    @property
    def progress(self) -> float:
        return max(self.place, 0) / self.length

    def goal_text(self) -> str:
        return f"reach {self.length}"

    def first_observation(self) -> str:
        return f"{self.data.get('says', '')}at {self.place}"

    def opening(self) -> Sequence[tuple[str, str]]:
        return [tuple(pair) for pair in self.data.get("opening", ())]

    def step(self, action: str) -> Step:
        self.worlds.steps.append((self.name, action))
        if action == "die":
            raise EnvironmentDied("walk: its engine ended")
        if action == "crash":
            raise ZeroDivisionError("walk: a fault of ours")
        if action == "hang":
            self.worlds.hanging.set()
            assert self.worlds.hold.wait(60)
        valid = action in ("go", "wait", "jump", "hang")
        if action == "go":
            self.place += 1
        if action == "jump":  # the end of a play that is lost
            self.place = -1
        trouble = self.data.get("trouble", {}).get(action, "")
        return Step(f"at {self.place}", valid, action in (*VERBS, "hang"), self.progress, self.done, trouble)

    def facts(self) -> Mapping[str, Any]:
        return {"place": self.place, "pair": (1, 2)}

    def scores(self) -> Mapping[str, float]:
        return {"length": float(self.length)}

    def ending(self) -> str:
        return "fell" if self.place < 0 else ""

    def close(self) -> None:
        self.worlds.closed.append(self.name)
        self.worlds.one_closed.set()


def sample(name: str = "w", length: int = 3, *, budget: int = 6, **data: Any) -> Sample:
    made = {"name": name, "length": length, "budget": budget, "difficulty": "easy", **data}
    return Sample(name, made, level="L1", cluster=name, estimated_turns=budget)


def settings(*, mode: str = "corrected", **given: Any) -> AgentSettings:
    return read_settings(AgentSettings, "walk", given, mode=mode)


def walk_task(
    samples: Sequence[Sample] = (),
    worlds: Worlds | None = None,
    *,
    window_tokens: int = 100_000,
    mode: str = "corrected",
    stage: Mapping[str, Any] | None = None,
    **given: Any,
) -> AgentTask[AgentSettings]:
    """The toy task with these samples; ``stage`` replaces members of its Stage."""
    seen = worlds or Worlds()
    members: dict[str, Any] = {
        "world": lambda data, _: Walk(data, seen),
        "script": lambda _data, _settings: SCRIPT,
        "example": lambda _data, _settings: EXAMPLE,
        "facts": lambda data, _: {"way": data["length"]},
        "tokens_per_turn": 10,
        **(stage or {}),
    }
    info = agent_info("walk", "Walking", channels=("fell", "dug"))
    context = TaskContext(Letters(), window_tokens, given, None, mode)
    return AgentTask(
        info, context, settings(mode=mode, **given), Stage(**members), lambda _context, _settings: samples
    )
