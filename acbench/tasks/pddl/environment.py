"""The text world around a grounded problem: reads commands, gives observations, measures progress."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from acbench.errors import DataError
from acbench.tasks.agents.world import EnvironmentBase, Step

if TYPE_CHECKING:
    from acbench.tasks.pddl.strips import Action, World
    from acbench.tasks.pddl.wording import Wording

LIST_COMMAND = "check valid actions"
LOOK_COMMAND = "look around"
MAX_SHOWN_ACTIONS = 12

NOT_A_COMMAND = f"That is not a valid command here. Say '{LIST_COMMAND}' to see the valid ones."
NO_EFFECT = (
    "That command changes nothing here; mind what each command requires. "
    f"Say '{LIST_COMMAND}' to see the valid ones."
)
CLOSING = "The goal is reached. Well done."

_WORD = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9_])?")


class Environment(EnvironmentBase):
    """One play of a problem.

    Progress (0..1) is the running maximum of the share of goal facts that hold, looked at after every
    command that changed the state. ``upstream`` takes the plain share, so goal facts that hold from the
    start count from the first change on; otherwise those are subtracted: (now - start) / (all - start),
    not below 0, so that doing nothing is worth exactly 0.
    """

    def __init__(
        self, world: World, wording: Wording, *, upstream: bool = False, show_actions: bool = False
    ) -> None:
        self.world = world
        self.wording = wording
        self.state = world.init
        self.progress = 0.0
        self.done = False
        self._upstream = upstream
        self._show_actions = show_actions
        self._credit = 0 if upstream else len(world.goal & world.init)
        if self._credit == len(world.goal):
            raise DataError(
                f"problem {world.name!r}: the goal holds at the start, there is nothing to measure"
            )
        self._verbs = {schema.name for schema in world.domain.schemas}
        self._longest_verb = max((2, *(1 + verb.count("-") for verb in self._verbs)))

    @property
    def success(self) -> bool:
        """Nothing but the goal ends a play."""
        return self.done

    def first_observation(self) -> str:
        """The whole start state, with the valid actions if they are shown."""
        return self._with_actions(self.wording.describe(self.state))

    def goal_text(self) -> str:
        return self.wording.goal(self.world.goal)

    def valid_actions(self) -> list[Action]:
        """Applicable actions by text; outside upstream mode only those that change anything."""
        actions = self.world.applicable(self.state)
        if not self._upstream:
            actions = [action for action in actions if self.world.apply(self.state, action) != self.state]
        return sorted(actions, key=self.wording.action)

    def step(self, command: str) -> Step:
        """Carries out one line of text. Never raises, whatever the text."""
        words = self._words(command)
        if self.done:
            return self._answer(CLOSING, valid=False, understood=False)
        if "check" in command.lower():
            return self._answer(self.list_text(), valid=True)
        if "look around" in " ".join(words):
            return self._answer(self._with_actions(self.wording.describe(self.state)), valid=True)
        known = any(word in self._verbs for word in words)
        bare = self._bare_form(words)
        if bare is None:
            return self._answer(self._with_actions(NOT_A_COMMAND), valid=False, understood=known)
        action = self.world.by_text.get(bare)
        before = self.state
        if action is not None:
            self.state = self.world.apply(before, action)
        if self.state == before:
            return self._answer(self._with_actions(NO_EFFECT), valid=False)
        self._measure()
        facts = self.state - before if self.wording.only_new else self.state
        seen = self.wording.describe(facts)
        return self._answer(f"{seen} {CLOSING}" if self.done else self._with_actions(seen), valid=True)

    def list_text(self) -> str:
        """The answer to the list command: all valid actions."""
        return "Valid commands: " + ", ".join(self._texts()) + "."

    def _texts(self) -> list[str]:
        return [self.wording.action(action).strip() for action in self.valid_actions()]

    def _with_actions(self, text: str) -> str:
        if not self._show_actions:
            return text
        texts = self._texts()
        more = len(texts) - MAX_SHOWN_ACTIONS
        lines = [f"- {command}" for command in texts[:MAX_SHOWN_ACTIONS]]
        return "\n".join((text, "Valid commands:", *lines, *([f"(and {more} more)"] if more > 0 else [])))

    def _answer(self, observation: str, *, valid: bool, understood: bool = True) -> Step:
        return Step(observation, valid, understood, self.progress, self.done)

    def _words(self, command: str) -> list[str]:
        """Lower-case words; hyphens stay inside, punctuation goes. "pick up" is read as "pickup" and
        "put away" as "put-away" if the domain has that verb."""
        words = _WORD.findall(command.lower())
        if self._upstream:
            return words
        joined: list[str] = []
        place = 0
        while place < len(words):
            taken, word = self._first_word(words[place : place + self._longest_verb])
            place += taken
            joined.append(word)
        return joined

    def _first_word(self, words: list[str]) -> tuple[int, str]:
        """The next word and how many of ``words`` it is made of: "jack up" is one word where "jack-up" is a verb."""
        if words[0] not in self._verbs:
            for count in range(2, len(words) + 1):
                for verb in ("".join(words[:count]), "-".join(words[:count])):
                    if verb in self._verbs:
                        return count, verb
        return 1, words[0]

    def _bare_form(self, words: list[str]) -> str | None:
        """Verb and objects out of prose; None if there is no verb that applies now or too few objects."""
        possible = {action.name: len(action.args) for action in self.world.applicable(self.state)}
        verb = next((word for word in words if word in possible), None)
        if verb is None:
            return None
        objects = [word for word in words if word in self.world.objects]
        if len(objects) < possible[verb]:
            return None
        return " ".join((verb, *objects[: possible[verb]]))

    def _measure(self) -> None:
        goal = self.world.goal
        share = (len(goal & self.state) - self._credit) / (len(goal) - self._credit)
        self.progress = max(self.progress, share)
        self.done = goal <= self.state
