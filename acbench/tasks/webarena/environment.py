"""One visit to the sites: reads actions, shows pages, measures progress, ends when it makes no sense to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.world import EnvironmentBase, Step
from acbench.tasks.webarena.actions import Action, ParseError, parse_action, written
from acbench.tasks.webarena.evaluation import LAST, Progress, Target
from acbench.tasks.webarena.tree import select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.webarena.browser import Browser
    from acbench.tasks.webarena.evaluation import Evaluation

PARSE_ERRORS = 5
EQUAL_ACTIONS = 5
EQUAL_SCROLLS = 10
EQUAL_TYPINGS = 5
"""After so many of a kind the visit ends: in a row, the typings in all."""

LEAD = "You can do one of these:"
SHOWN = 40
"""Characters of a name that stand behind a possible action."""
STOPPED = "The visit is over."

WRONG_ANSWER = "wrong_answer"
"""A channel of its own: ended by ``stop`` without success."""


class Environment(EnvironmentBase):
    """A visitor of one's own: the sites belong to this visit alone.

    Progress (0..1) counts the page that is open after every turn. ``stop`` ends the visit; so do progress 1
    and the rules for early stops. ``upstream`` keeps what was published: an action needs its ``@`` signs,
    one on an element that is not in view shows the same page and counts as executed, and a snippet with
    alternatives counts for nothing. ``show_actions`` puts the possible actions below every page.
    """

    def __init__(
        self,
        browser: Browser,
        goal: str,
        evaluation: Evaluation,
        *,
        upstream: bool = False,
        show_actions: bool = False,
    ) -> None:
        self.browser = browser
        self._goal = goal
        self._evaluation = evaluation
        self._measure = Progress(evaluation, upstream=upstream)
        self._upstream = upstream
        self._show_actions = show_actions
        self._actions: list[Action | None] = []
        self._answer = ""
        self._ended = ""

    @property
    def done(self) -> bool:
        return bool(self._ended)

    @property
    def progress(self) -> float:
        return self._measure.value

    @property
    def success(self) -> bool:
        """Whether it would be a success to end now: all evaluators are satisfied, or progress is 1."""
        return self.progress >= 1.0 or self._satisfied()

    def goal_text(self) -> str:
        return self._goal

    def first_observation(self) -> str:
        return self._with_actions(self.browser.observation())

    def choices(self) -> list[str]:
        """The actions that can be carried out now, with their ``@`` signs."""
        return [] if self.done else [f"@{choice}@" for choice in self.browser.choices()]

    def step(self, action: str) -> Step:
        """Carries out one line of text. Never raises, whatever the text."""
        if self.done:
            return Step(STOPPED, False, False, self.progress, True)
        read = parse_action(action, upstream=self._upstream)
        if isinstance(read, ParseError):
            self._actions.append(None)
            self._look()
            return self._told(read.message, valid=False, understood=read.understood)
        self._actions.append(read)
        if read.verb == "stop":
            self._answer = read.text
            self._ended = "stop"
            self._measure.answered(success=self._satisfied())
            return self._told(STOPPED, valid=True)
        refusal = self.browser.refusal(read)
        if not refusal:
            self.browser.perform(read)
        self._look()
        shown = self.browser.observation()
        if refusal and not self._upstream:
            return self._told(f"{refusal}\n{shown}", valid=False)
        return self._told(shown, valid=True)

    def facts(self) -> Mapping[str, Any]:
        """Where the visit ended, why, and with which answer."""
        return {"address": self.browser.tab.address, "ended": self._ended or "budget", "answer": self._answer}

    def ending(self) -> str:
        """By an answer, by lines that were no actions, or by a loop; "" when the turns ran out."""
        if self.success or not self._ended:
            return ""
        if self._ended == "stop":
            return WRONG_ANSWER
        return "unparsed" if self._actions[-1] is None else "loop"

    def _look(self) -> None:
        """Counts the page that is open, and ends the visit where it has to end."""
        tab = self.browser.tab
        texts = [select(tab.page.root, target.locator) for target in self._evaluation.targets]
        if self._measure.observe(tab.address, texts) >= 1.0:
            self._ended = "goal"
        else:
            self._ended = early_stop(self._actions)

    def _satisfied(self) -> bool:
        return self._evaluation.succeeded(self.browser.tab.address, self._answer, self._text_of)

    def _text_of(self, target: Target) -> str:
        tab = self.browser.tab
        shown = tab.page if target.url == LAST else self.browser.fetch(target.url)
        return select(shown.root, target.locator)

    def _told(self, text: str, *, valid: bool, understood: bool = True) -> Step:
        return Step(self._with_actions(text), valid, understood, self.progress, self.done)

    def _with_actions(self, text: str) -> str:
        if not self._show_actions or self.done:
            return text
        lines = (f"- @{choice}@ {name[:SHOWN]}".rstrip() for choice, name in self.browser.choices().items())
        return "\n".join((text, LEAD, *lines))


def early_stop(actions: list[Action | None]) -> str:
    """Why a visit with these actions (None = a parse error) ends early; "" when it goes on."""
    last = actions[-1]
    in_a_row = 0
    for one in reversed(actions):
        if one != last:
            break
        in_a_row += 1
    if last is None:
        return f"{PARSE_ERRORS} parse errors in a row" if in_a_row >= PARSE_ERRORS else ""
    if last.verb == "type":
        return f"{EQUAL_TYPINGS} times {written(last)}" if actions.count(last) >= EQUAL_TYPINGS else ""
    most = EQUAL_SCROLLS if last.verb == "scroll" else EQUAL_ACTIONS
    return f"{most} times {written(last)} in a row" if in_a_row >= most else ""
