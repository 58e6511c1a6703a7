"""One play of a tool task: reads calls, runs tools, gives observations, measures progress."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Protocol

from acbench.tasks.agents.world import EnvironmentBase, Step
from acbench.tasks.tools.calls import CallError, read_call
from acbench.tasks.tools.judging import finished_channel
from acbench.tasks.tools.toolbox import FINISH, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.tools.aims import Aim
    from acbench.tasks.tools.calls import Call, Trouble
    from acbench.tasks.tools.toolbox import Toolbox

LIST_COMMAND = "check_valid_actions"
CLOSING = "The task is over."


class Simulator(Protocol):
    """A world behind tools. It lives for one episode; every tool result is plain data."""

    @property
    def toolbox(self) -> Toolbox: ...

    def hint(self) -> str:
        """What the first observation tells about this world."""
        ...

    def cleaned(self, tool: str, result: Any) -> Any:
        """The part of a result that sub-goals are compared with; may change ``result``, a copy."""
        ...

    def same(self, goal: Any, candidate: Any) -> bool: ...


class Environment(EnvironmentBase):
    """Progress (0..1) is a running maximum, looked at after every call that reached its tool.

    Validity of a call is settled before it is carried out: form, tool, arguments. A tool that then breaks
    off makes the turn invalid too; one that runs and says no does not. ``done`` comes with an executed
    ``finish`` and with nothing else, whatever words a call contains. ``choices`` are calls
    shown after every observation until one call was carried out: an aid for models lost without it.
    """

    def __init__(self, simulator: Simulator, aim: Aim, goal: str, *, choices: Sequence[str] = ()) -> None:
        self.simulator = simulator
        self.aim = aim
        self.goal = goal
        self._choices = choices
        self.progress = 0.0
        self.done = False
        self.success = False
        self.candidates: list[Any] = []
        self.executed = 0

    def first_observation(self) -> str:
        # The reminder stands first: the last words before a weak model's first call steer that call.
        return self._with_choices(f"{FINISH} ends the task, so call it last. {self.simulator.hint()}")

    def opening(self) -> Sequence[tuple[str, str]]:
        """Actions that are carried out before the agent's first turn, with their observations."""
        moves = getattr(self.simulator, "opening", None)
        made = moves() if moves is not None else ()
        return [(action, self._with_choices(observation)) for action, observation in made]

    def goal_text(self) -> str:
        return self.goal

    def facts(self) -> Mapping[str, Any]:
        return {"finished": self.done, **self.aim.facts()}

    def ending(self) -> str:
        return finished_channel(self)

    def step(self, command: str) -> Step:
        """Carries out one line of text. Never raises, whatever the text."""
        if self.done:
            return self._answer(CLOSING, valid=False, trouble="format")
        line = command.strip()
        if line.lower().replace(" ", "_").startswith(LIST_COMMAND):
            return self._answer(self.simulator.toolbox.listing(), valid=True)
        try:
            call = read_call(line)
            arguments = self.simulator.toolbox.check(call)
        except CallError as error:
            return self._answer(str(error), valid=False, trouble=error.trouble)
        return self._execute(call, arguments)

    def _execute(self, call: Call, arguments: Mapping[str, Any]) -> Step:
        try:
            result = self.simulator.toolbox.run(call, arguments)
        except CallError as error:
            self._remember(_failure(call))
            return self._answer(str(error), valid=False, trouble=error.trouble)
        except Refused as refusal:
            self._remember(_failure(call))
            return self._answer(str(refusal), valid=True, trouble="refused")
        self.executed += call.tool != FINISH
        self._remember(self.simulator.cleaned(call.tool, copy.deepcopy(result)))
        if call.tool == FINISH:
            self.done = True
            self.success = self.aim.success(self.progress)
        return self._answer(str(result), valid=True)

    def _remember(self, candidate: Any) -> None:
        self.candidates.append(candidate)
        self.progress = max(self.progress, self.aim.reached(self.candidates))

    def _answer(self, observation: str, *, valid: bool, trouble: Trouble = "") -> Step:
        shown = observation if self.done else self._with_choices(observation)
        return Step(shown, valid, trouble != "format", self.progress, self.done, trouble)

    def _with_choices(self, text: str) -> str:
        """The text, followed by the suggested calls as long as none was carried out."""
        if not self._choices or self.executed:
            return text
        return "\n".join((text, "You can call one of these:", *(f"- {line}" for line in self._choices)))


def _failure(call: Call) -> str:
    """What stands among the candidates for a call that came to nothing, as published."""
    return f"Calling {call.tool} with {dict(call.arguments)} failed"
