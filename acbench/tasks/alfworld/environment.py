"""One play of AlfWorld: reads a line, tests it, steps the game, measures progress (specification, section 5.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from acbench.errors import DataError
from acbench.tasks.agents.world import EnvironmentBase, Step
from acbench.tasks.alfworld.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.alfworld.pool import Told

LIST_COMMAND = "check valid actions"
LIST_LEAD = "Choose an action from these valid actions: "
NOTHING = "Nothing happens."
MAX_CHARACTERS = 300
"""A longer line is no command."""
AFTER_THE_END = "The task is over."
SHOWN_LEAD = "Possible commands:"
GOAL_LEAD = "Your task is to:"

_VERBS = re.compile(
    r"\s*(?:go to|open|close|take|put|move|use|toggle|clean|heat|cool|slice|examine)\s+\S"
    r"|\s*(?:inventory|look|help)\s*\.?\s*$",
    re.IGNORECASE,
)
_ARRIVAL = re.compile(r"You arrive at loc [^.]*\. ")
_USING = re.compile(r"^(clean|heat|cool) (.+) using (.+)$")
_PUT = re.compile(r"^put (.+) in/on (.+)$")
_MOVE = re.compile(r"^move (.+) to (.+)$")
_UNSHOWN = ("examine ", "help", "inventory", "look")
"""Beginnings of commands that change nothing: they are not shown below an observation."""


class Simulated(Protocol):
    """What an environment needs of a game in a worker."""

    def start(self) -> Told: ...
    def step(self, command: str) -> Told: ...
    def close(self) -> None: ...


class Environment(EnvironmentBase):
    """A game with sub-goals.

    A line is valid if the game lists it before the step, or it is ``look`` or the list command. Lines the
    game does not list are answered "Nothing happens." without asking it. ``put`` and ``move`` are one
    command under two names in either wording; ``toggle`` for ``use`` and ``using`` for ``with`` are
    understood outside ``upstream``. ``show_actions`` puts the commands that change something below every
    observation.

    ``beginning`` is the recorded start (goal, first observation, possible commands): with it the game is
    opened only at the first step, and DataError is raised if it does not begin so.
    """

    def __init__(
        self,
        game: Simulated,
        subgoals: Sequence[str],
        *,
        upstream: bool = False,
        show_actions: bool = False,
        beginning: Mapping[str, Any] | None = None,
    ) -> None:
        self.done = False
        self.success = False
        self._game = game
        self._upstream = upstream
        self._show_actions = show_actions
        self._progress = Progress(subgoals)
        self._opened = False
        if beginning is None:
            self._open()
        else:
            self._goal, self._first = str(beginning["goal"]), str(beginning["first"])
            self._commands: tuple[str, ...] = tuple(beginning["commands"])
        self._look = self._first

    def _open(self) -> None:
        told = self._game.start()
        self._goal, self._first = goal_and_room(told.text)
        self._commands = told.commands
        self._opened = True

    @property
    def progress(self) -> float:
        return self._progress.value

    def goal_text(self) -> str:
        return self._goal

    def first_observation(self) -> str:
        return self._with_actions(self._first)

    def choices(self) -> list[str]:
        """The commands the game lists now, sorted."""
        return list(self._commands)

    def facts(self) -> Mapping[str, Any]:
        return {"won": self.success}

    def close(self) -> None:
        if self._opened:
            self._game.close()

    def step(self, action: str) -> Step:
        """Carries out one line of text. Raises nothing but EnvironmentDied, and DataError for another beginning."""
        if self.done:
            return Step(AFTER_THE_END, False, False, self.progress, True)
        line = read_line(action)
        if line == LIST_COMMAND:
            listed = ", ".join((*self._commands, LIST_COMMAND))
            return self._told(LIST_LEAD + listed, valid=True, understood=True, shown=True)
        command = line if line in self._commands else self._other_name(line)
        if command is None:
            valid = line == "look"
            text = self._look if valid else NOTHING
            return self._told(text, valid=valid, understood=valid or _VERBS.match(line) is not None)
        return self._carry_out(command)

    def _other_name(self, line: str) -> str | None:
        """The listed command that a line means under another name."""
        if len(line) > MAX_CHARACTERS:
            return None
        names = [_PUT.sub(r"move \1 to \2", line), _MOVE.sub(r"put \1 in/on \2", line)]
        if not self._upstream:
            names += [re.sub(r"^toggle ", "use ", line), _USING.sub(r"\1 \2 with \3", line)]
        return next((name for name in names if name in self._commands), None)

    def _carry_out(self, command: str) -> Step:
        if not self._opened:
            self._check_beginning()
        told = self._game.step(command)
        self._commands = told.commands
        text = told.text
        if command == "look":
            text = self._look
        elif command.startswith(("go to ", "open ")):
            self._look = text
        self.success = self.done = told.won
        return self._told(_ARRIVAL.sub("", text, count=1) if _ARRIVAL.match(text) else text, valid=True)

    def _check_beginning(self) -> None:
        recorded = (self._goal, self._first, self._commands)
        self._open()
        if recorded != (self._goal, self._first, self._commands):
            raise DataError(
                "alfworld: a game does not begin as recorded; the games were recorded with alfworld 0.4.2 and "
                "textworld 1.7.0, check the installed versions"
            )

    def _told(self, text: str, *, valid: bool, understood: bool = True, shown: bool = False) -> Step:
        progress = self._progress.observe(text, won=self.done)
        observation = text if shown or self.done else self._with_actions(text)
        return Step(observation, valid, understood, progress, self.done)

    def _with_actions(self, text: str) -> str:
        return with_actions(text, self._commands) if self._show_actions else text


def read_line(text: str) -> str:
    """A line as the game is asked it: trimmed, one final full stop dropped, "put ... in" as "put ... in/on"."""
    line = text.strip()
    if "put" in line:
        for word in (" in ", " on "):
            if word in line:
                line = line.replace(word, " in/on ")
                break
    return line[:-1].strip() if line.endswith(".") else line


def with_actions(text: str, commands: Sequence[str]) -> str:
    """A text with the commands that change something below it."""
    lines = [f"- {command}" for command in commands if not command.startswith(_UNSHOWN)]
    return "\n".join((text, SHOWN_LEAD, *lines))


def goal_and_room(intro: str) -> tuple[str, str]:
    """(goal, room) of a game's first text: what follows "Your task is to:", and the line before it.

    Raises DataError if there is no such line.
    """
    lines = [line.strip() for line in intro.splitlines() if line.strip()]
    at = next((number for number, line in enumerate(lines) if line.startswith(GOAL_LEAD)), 0)
    if at == 0:
        raise DataError(f"alfworld: the game's first text has no line that starts with {GOAL_LEAD!r}")
    return lines[at].removeprefix(GOAL_LEAD).strip(), lines[at - 1]
