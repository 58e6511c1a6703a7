"""One play of a ScienceWorld variation: reads a line, tests it, steps, measures progress."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from acbench.tasks.agents.world import EnvironmentBase, Step
from acbench.tasks.scienceworld.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIST_COMMAND = "check valid actions"
LIST_LEAD = "You can take the following actions (OBJ is a thing): "
REFUSED = "No known action matches that input."
AFTER_THE_END = "The task is over."
FAILED = "\nThe task has failed."
CLOSING = "\nThe task is completed."
MAX_CHARACTERS = 300
"""A longer line is no command; the simulator is not asked about it."""
MAX_THINGS = 40

VERBS = (
    *(
        "activate",
        "close",
        "connect",
        "deactivate",
        "dunk",
        "eat",
        "examine",
        "flush",
        "focus",
        "go",
        "inventory",
    ),
    *("look", "mix", "move", "open", "pick", "pour", "put", "read", "task", "use", "wait", "wait1", "drop"),
)
_QUESTION = "Ambiguous request"


class Simulated(Protocol):
    """What an environment needs of a world."""

    start_text: str

    def description(self) -> str: ...
    def valid(self) -> frozenset[str]: ...
    def templates(self) -> list[str]: ...
    def step(self, command: str) -> tuple[str, int]: ...
    def close(self) -> None: ...


class Environment(EnvironmentBase):
    """A world with sub-goals. Progress (0..1) counts observations of steps, not the first one.

    A line is valid if the simulator lists it before the step, or if it answers the simulator's question by
    one of its numbers. ``upstream`` keeps what was published: validity is tested after the step, a failure
    in the simulator (score -100) does not end the episode, and "reset task" is carried out.
    ``native`` is the simulator's own score, 0..1, the last one before a failure.
    """

    def __init__(
        self, world: Simulated, subgoals: Sequence[str], *, upstream: bool = False, show_actions: bool = False
    ) -> None:
        self.world = world
        self.done = False
        self.success = False
        self.failed = False
        self.native = 0.0
        self._upstream = upstream
        self._show_actions = show_actions
        self._progress = Progress(subgoals)
        self._numbers: frozenset[str] = frozenset()
        self._valid: frozenset[str] | None = None

    @property
    def progress(self) -> float:
        return self._progress.value

    def goal_text(self) -> str:
        return self.world.description()

    def first_observation(self) -> str:
        return self._with_actions(self.world.start_text)

    def choices(self) -> list[str]:
        """The concrete commands the simulator lists now, sorted; without resetting the task."""
        if self._valid is None:
            self._valid = self.world.valid()
        return sorted(command for command in self._valid if "reset" not in command)

    def templates(self) -> list[str]:
        return [template for template in self.world.templates() if "reset" not in template]

    def step(self, line: str) -> Step:
        """Carries out one line of text. Raises nothing but EnvironmentDied, whatever the text."""
        if self.done:
            return Step(AFTER_THE_END, False, False, self.progress, True)
        command = _normal(line)
        understood = command.split(" ")[0] in VERBS
        if command == LIST_COMMAND:
            return Step(LIST_LEAD + ", ".join(self.templates()), True, True, self.progress, False)
        if self._refuses(command):
            return Step(self._with_actions(REFUSED), False, understood, self.progress, False)
        valid = command in self._numbers or (not self._upstream and command in self.choices())
        understood = understood or command in self._numbers
        seen, score = self.world.step(command)
        self._valid = None
        self._numbers = _offered(seen)
        if self._upstream:
            valid = valid or command in self.choices()
        return self._told(seen, score, valid=valid, understood=understood or valid)

    def facts(self) -> Mapping[str, Any]:
        return {"failed": self.failed}

    def scores(self) -> Mapping[str, float]:
        return {"native": self.native}

    def ending(self) -> str:
        return "failed" if self.failed else ""

    def close(self) -> None:
        self.world.close()

    def _refuses(self, command: str) -> bool:
        """What is not handed to the simulator: nothing, no text, too much, and starting over."""
        if not command or len(command) > MAX_CHARACTERS or not command.isprintable():
            return True
        return not self._upstream and "reset" in command

    def _told(self, seen: str, score: int, *, valid: bool, understood: bool) -> Step:
        progress = self._progress.observe(seen)
        if score >= 0:
            self.native = score / 100
        self.failed = self.failed or score < 0
        self.success = progress >= 1.0
        self.done = self.success or (self.failed and not self._upstream)
        if self.done:
            seen += CLOSING if self.success else FAILED
            return Step(seen, valid, understood, progress, True)
        return Step(self._with_actions(seen), valid, understood, progress, False)

    def _with_actions(self, text: str) -> str:
        """The text, followed by what can be gone to and what can be named, if that is shown."""
        if not self._show_actions or _offered(text):
            return text
        exits = [command.removeprefix("go to ") for command in self.choices() if command.startswith("go to ")]
        things = [c.removeprefix("focus on ") for c in self.choices() if c.startswith("focus on ")]
        named = [thing for thing in things if thing not in (*exits, "agent", "air", "inventory")][:MAX_THINGS]
        return f"{text}\nYou can go to: {', '.join(exits)}\nThings here: {', '.join(named)}"


def _normal(line: str) -> str:
    return " ".join(line.lower().split())


def _offered(text: str) -> frozenset[str]:
    """The numbers of a question the simulator asks, empty if it asks none."""
    if not text.startswith(_QUESTION):
        return frozenset()
    return frozenset(re.findall(r"^(\d+):", text, re.MULTILINE))
