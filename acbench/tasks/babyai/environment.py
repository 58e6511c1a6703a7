"""One play of a BabyAI level: reads commands, makes moves, describes the view, measures progress."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from acbench.tasks.agents.world import EnvironmentBase, Step
from acbench.tasks.babyai.commands import LIST_COMMAND, commands_for
from acbench.tasks.babyai.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.babyai.view import View
    from acbench.tasks.babyai.worlds import World

NO_CHANGE = "No change in state."
UNKNOWN = "The action is not recognized. Please check valid actions."
LIST_LEAD = "You can take the following actions: "
CLOSING = "\n The task is completed."
AFTER_THE_END = "The task is over."
ENGINE_END_COUNTS_ABOVE = 0.5
"""The engine's own end is believed only above this progress."""

_PICK_UP = re.compile(r"^pick\s+up\b")
_VERBS = ("turn", "move", "pick", "drop", "go", "toggle")


class Environment(EnvironmentBase):
    """A world with sub-goals. Progress (0..1) counts observations of executed commands, not the first one.

    ``upstream`` keeps what was published: only "pickup" is understood, a command stops when the picture
    stays the same, one sub-goal per step, the order words of the goal are lost, a command that needs no
    move is as valid as the command before, and the engine's end counts as success above half the progress.
    ``show_actions`` puts the possible commands below every observation. ``mission_over`` is what the engine
    itself said after the last executed command.
    """

    def __init__(
        self,
        world: World,
        paths: Sequence[Sequence[str]],
        *,
        upstream: bool = False,
        show_actions: bool = False,
    ) -> None:
        self.world = world
        self.done = False
        self.success = False
        self.mission_over = False
        self._upstream = upstream
        self._show_actions = show_actions
        self._progress = Progress(paths, one_per_step=upstream)
        self._view = world.view()
        self._commands = commands_for(self._view)
        self._last_valid = False

    @property
    def progress(self) -> float:
        return self._progress.value

    @property
    def view(self) -> View:
        return self._view

    def goal_text(self) -> str:
        if not self._upstream:
            return self.world.mission
        return self.world.mission.replace("then", "and").replace("after you", "and")

    def first_observation(self) -> str:
        return self._with_actions(self._view.describe())

    def choices(self) -> list[str]:
        """The commands that can be carried out now, the list command last."""
        return list(self._commands.moves)

    def step(self, line: str) -> Step:
        """Carries out one line of text. Raises nothing but EnvironmentDied, whatever the text."""
        if self.done:
            return Step(AFTER_THE_END, False, False, self.progress, True)
        command = line.lower().strip()
        if not self._upstream:
            command = _PICK_UP.sub("pickup", " ".join(command.split()))
        if "check" in command:
            return self._told(LIST_LEAD + ", ".join(self.choices()), valid=True, shown=True)
        moves = self._commands.moves.get(command)
        if moves is None:
            return self._refused(command)
        if not moves:
            return self._told(NO_CHANGE, valid=self._last_valid if self._upstream else True)
        return self._carry_out(moves)

    def _refused(self, command: str) -> Step:
        reason = self._commands.reasons.get(command, UNKNOWN) if command else NO_CHANGE
        return self._told(reason, valid=False, understood=command.startswith(_VERBS))

    def _carry_out(self, moves: Sequence[int]) -> Step:
        """Moves until one changes nothing; what the engine says about the last one decides its end."""
        over = False
        for move in moves:
            before = self._view
            over = self.world.move(move)
            self._view = self.world.view()
            if self._unchanged(before):
                break
        self.mission_over = over
        self._commands = commands_for(self._view)
        seen = self._view.describe() + (CLOSING if over else "")
        progress = self._progress.observe(seen)
        self.done = progress >= 1.0 or (over and progress > ENGINE_END_COUNTS_ABOVE)
        self.success = progress >= 1.0 or (self.done and self._upstream)
        if self.done and not over:
            seen += CLOSING
        return self._told(seen, valid=True)

    def _unchanged(self, before: View) -> bool:
        if self._upstream:
            return self._view.picture == before.picture
        return self._view == before

    def _told(self, text: str, *, valid: bool, understood: bool = True, shown: bool = False) -> Step:
        self._last_valid = valid
        observation = text if shown or self.done else self._with_actions(text)
        return Step(observation, valid, understood, self.progress, self.done)

    def _with_actions(self, text: str) -> str:
        """The text, followed by the possible commands if they are shown; the list command is left out."""
        if not self._show_actions:
            return text
        lines = [f"- {command}" for command in self.choices() if command != LIST_COMMAND]
        return "\n".join((text, "Possible commands:", *lines))
