"""One play of a ScienceWorld variation: reads a line, tests it, steps, measures progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from acbench.tasks.agents.world import EnvironmentBase, Step
from acbench.tasks.scienceworld.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIST_COMMAND = "check valid actions"
LIST_LEAD = "Choose an action from these valid actions: "
UNKNOWN = "No known action matches that input."
"""What the simulator says to a text that is no command; nothing in its world changes then."""
ASIDE = ("help", "objects", "task")
"""Answered beside the world: nothing changes, and a question stays open."""
AFTER_THE_END = "The task is over."
MAX_CHARACTERS = 300
"""A longer line is no command; the simulator is not asked about it."""
MAX_THINGS = 40

VERBS = (
    *(
        "activate",
        "close",
        "consume",
        "deactivate",
        "drop",
        "dunk",
        "eat",
        "examine",
        "flush",
        "focus",
        "get",
        "go",
    ),
    *(
        "inventory",
        "look",
        "mix",
        "move",
        "open",
        "pick",
        "pour",
        "put",
        "read",
        "reset",
        "stir",
        "take",
        "task",
    ),
    *("turn", "use", "wait", "wait1", "walk"),
)
"""The first words of everything the simulator understands."""
_QUESTION = "Ambiguous request"


class Simulated(Protocol):
    """What an environment needs of a world."""

    start_text: str

    def description(self) -> str: ...
    def valid(self) -> frozenset[str]: ...
    def executable(self, command: str) -> bool | None: ...
    def templates(self) -> list[str]: ...
    def step(self, command: str) -> tuple[str, int]: ...
    def close(self) -> None: ...


class Environment(EnvironmentBase):
    """A world with sub-goals. Progress (0..1) counts observations of steps, not the first one.

    A line is valid if the simulator, asked before the step, lists it or would carry it out: its list names each
    thing in one of several ways only, chosen by chance. While it asks which of several things is meant, it lists
    the numbers of its question. ``upstream`` keeps what was published: validity is
    tested after the step and letter by letter, and a failure in the simulator (score -100) does not end the
    episode. ``goal``: what is to be done, if the data say it in words of their own.
    ``native`` is the simulator's own score, 0..1, the last one before a failure.
    """

    def __init__(
        self,
        world: Simulated,
        subgoals: Sequence[str],
        *,
        goal: str = "",
        upstream: bool = False,
        show_actions: bool = False,
    ) -> None:
        self.world = world
        self.done = False
        self.success = False
        self.failed = False
        self.native = 0.0
        self._goal = goal
        self._upstream = upstream
        self._show_actions = show_actions
        self._progress = Progress(subgoals)
        self._asked = False
        self._listed: frozenset[str] | None = None

    @property
    def progress(self) -> float:
        return self._progress.value

    def goal_text(self) -> str:
        return self._goal or self.world.description()

    def first_observation(self) -> str:
        return self._with_hint(self.world.start_text)

    def choices(self) -> list[str]:
        """The concrete commands the simulator lists now, sorted; without starting over."""
        return sorted(command for command in self._valid() if "reset" not in command)

    def templates(self) -> list[str]:
        return [template for template in self.world.templates() if "reset" not in template]

    def hint(self) -> str:
        """Lines that name what can be gone to and what is here; empty while the simulator asks a question."""
        if self._asked:
            return ""
        choices = self.choices()
        exits = [command.removeprefix("go to ") for command in choices if command.startswith("go to ")]
        things = [command.removeprefix("focus on ") for command in choices if command.startswith("focus on ")]
        named = [thing for thing in things if thing not in (*exits, "agent", "air", "inventory")][:MAX_THINGS]
        return f"\nYou can go to: {', '.join(exits)}\nThings here: {', '.join(named)}"

    def step(self, line: str) -> Step:
        """Carries out one line of text. Raises nothing but EnvironmentDied, whatever the text."""
        if self.done:
            return Step(AFTER_THE_END, False, False, self.progress, True)
        command = line.strip() if self._upstream else " ".join(line.lower().split())
        if command == LIST_COMMAND:
            shown = ", ".join((*self.templates(), LIST_COMMAND))
            return Step(LIST_LEAD + shown, True, True, self.progress, False)
        understood = command.lower().split(" ")[0] in VERBS
        if not _sayable(command):
            if not self._asked:
                return Step(self._with_hint(UNKNOWN), False, understood, self.progress, False)
            command = ""  # takes the question back, as anything but a number does
        return self._carry_out(command, understood=understood)

    def _carry_out(self, command: str, *, understood: bool) -> Step:
        likely = self._asked or command.lower().startswith(VERBS)  # of other lines it need not be asked
        valid = likely and not self._upstream and self._possible(command)
        seen, score = self.world.step(command)
        if seen != UNKNOWN and command.lower() not in ASIDE:
            self._asked = seen.startswith(_QUESTION)
            self._listed = None
        if self._upstream:
            valid = likely and command in self._valid()
        progress = self._progress.observe(seen)
        if score >= 0:
            self.native = score / 100
        self.failed = self.failed or score < 0
        self.success = progress >= 1.0
        self.done = self.success or (self.failed and not self._upstream)
        shown = seen if self.done else self._with_hint(seen)
        return Step(shown, valid, understood or valid, progress, self.done)

    def facts(self) -> Mapping[str, Any]:
        return {"failed": self.failed}

    def scores(self) -> Mapping[str, float]:
        return {"native": self.native}

    def ending(self) -> str:
        return "failed" if self.failed else ""

    def close(self) -> None:
        self.world.close()

    def _possible(self, command: str) -> bool:
        """Asks for the list, the slowest answer of all, only if it decides."""
        if self._listed is not None and command in self._listed:
            return True
        return (not self._asked and bool(self.world.executable(command))) or command in self._valid()

    def _valid(self) -> frozenset[str]:
        """What the simulator lists now; it is asked once for each state."""
        if self._listed is None:
            self._listed = self.world.valid()
        return self._listed

    def _with_hint(self, text: str) -> str:
        return text + self.hint() if self._show_actions else text


def _sayable(command: str) -> bool:
    """Whether a line is handed to the simulator: some printable text of bearable length."""
    return 0 < len(command) <= MAX_CHARACTERS and command.isprintable()
