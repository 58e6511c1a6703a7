"""One play of a story as an environment: cuts and checks what is typed, cleans the answer, measures progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.agents.world import EnvironmentBase, Step
from acbench.tasks.jericho.progress import Progress, ScoreProgress
from acbench.tasks.jericho.text import asks_for_list, clean, cut_action, meta_command, no_command, refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.jericho.engine import Play

LIST_COMMAND = "check valid actions"
LIST_LEAD = "You can take the following actions: "
EMPTY = "There is no command in that. Type what to do, such as: look"
NOTHING = "The story says nothing."
AFTER_THE_END = "The story is over."
GAME_OVER = "game_over"
"""The channel of a play that the story ended without success."""

TELLING = ("look", "inventory", "examine", "read", "wait")
"""Always possible, and first in the alphabet: a weak model would look around for ever."""


class Environment(EnvironmentBase):
    """A story with sub-goals, or without any: then its own points count.

    Success is progress 1; a story that ends before is lost. A line is valid unless the story refuses it
    (``upstream``: unless the answer holds "[!", as published). Lines that speak to the machine (save, quit,
    undo ...) never reach the story. ``templates``: commands to look for, None for all usual ones.
    """

    def __init__(
        self,
        play: Play,
        goal: str,
        subgoals: Sequence[str],
        *,
        first: str | None = None,
        templates: Sequence[str] | None = None,
        upstream: bool = False,
        show_actions: bool = False,
    ) -> None:
        self.done = False
        self.game_over = False
        self._play = play
        self._goal = goal
        self._first = clean(play.start_text) if first is None else first
        self._templates = templates
        self._upstream = upstream
        self._show_actions = show_actions
        self._progress: Progress | None = Progress(subgoals) if subgoals else None
        self._points = ScoreProgress(1 if subgoals else self._maximum())

    def _maximum(self) -> int:
        maximum = self._play.points()[1]
        if maximum <= 0:
            raise DataError(
                f"{self._play.story}: the story tells no highest score; give its episode 'subgoals'"
            )
        return maximum

    @property
    def progress(self) -> float:
        return self._points.value if self._progress is None else self._progress.value

    @property
    def success(self) -> bool:
        return self.progress >= 1.0

    def goal_text(self) -> str:
        return self._goal

    def first_observation(self) -> str:
        return self._with_actions(self._first)

    def choices(self) -> list[str]:
        """The commands that work now."""
        return [] if self.done else self._play.choices(self._templates)

    def step(self, line: str) -> Step:
        """Types one line of text. Raises only EnvironmentDied."""
        if self.done:
            return Step(AFTER_THE_END, False, False, self.progress, True)
        command = cut_action(line)
        if not command:
            return self._told(EMPTY, valid=self._upstream, understood=False)
        if asks_for_list(command):
            return Step(LIST_LEAD + ", ".join(self.choices()), True, True, self.progress, False)
        meta = meta_command(command)
        if meta:
            return self._told(f"The command {meta!r} is not part of this story.", valid=self._upstream)
        return self._carry_out(command)

    def _carry_out(self, command: str) -> Step:
        answer = self._play.type(command)
        raw = str(answer["text"])
        seen = clean(raw) or NOTHING
        self._measure(seen)
        self.game_over = bool(answer["over"] or answer["halted"])
        self.done = self.success or self.game_over
        valid = "[!" not in seen if self._upstream else not refused(raw)
        return self._told(seen, valid=valid, understood=not no_command(raw))

    def _measure(self, seen: str) -> None:
        if self._progress is None:
            self._points.reach(self._play.points()[0])
        else:
            self._progress.observe(seen)

    def _told(self, text: str, *, valid: bool, understood: bool = True) -> Step:
        trouble = GAME_OVER if self.game_over and not self.success else ""
        return Step(self._with_actions(text), valid, understood, self.progress, self.done, trouble)

    def _with_actions(self, text: str) -> str:
        """The text, followed by the commands that change something now, if they are shown."""
        if not self._show_actions or self.done:
            return text
        shown = [command for command in self.choices() if command.split(" ")[0] not in TELLING]
        return "\n".join((text, "Possible commands:", *(f"- {command}" for command in shown)))

    def facts(self) -> Mapping[str, Any]:
        return {
            "story": self._play.story.name,
            "lines": len(self._play.commands),
            "game_over": self.game_over,
        }

    def ending(self) -> str:
        return GAME_OVER if self.done and not self.success else ""

    def close(self) -> None:
        self._play.close()
