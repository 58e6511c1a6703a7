"""What an intent is before it is walked through: words, what counts as success, and moves by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.tasks.webarena.actions import Action, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.webarena.browser import Browser

SCROLLS = 5


@dataclass(frozen=True, slots=True)
class Move:
    """An action on the element called ``name`` (the first of that name with a fitting role)."""

    verb: str
    name: str = ""
    text: str = ""
    enter: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """``template`` with ``given`` filled in is the goal; ``evaluation`` is an ``eval`` object."""

    level: int
    template: str
    given: Mapping[str, str]
    evaluation: Mapping[str, Any]
    moves: Sequence[Move]

    @property
    def goal(self) -> str:
        return self.template.format(**self.given)


def click(*names: str) -> list[Move]:
    return [Move("click", name) for name in names]


def hover(name: str) -> list[Move]:
    return [Move("hover", name)]


def search(name: str, words: str) -> list[Move]:
    """Words typed into a field, and Enter."""
    return [Move("type", name, words, enter=True)]


def fill(name: str, words: str) -> list[Move]:
    return [Move("type", name, words)]


def go(verb: str, address: str = "") -> list[Move]:
    return [Move(verb, text=address)]


def stop(answer: str) -> list[Move]:
    return [Move("stop", text=answer)]


def reach(address: str) -> dict[str, Any]:
    """Success is to be at an address."""
    return _eval(["url_match"], reference_url=address)


def answer(*must: str) -> dict[str, Any]:
    """Success is an answer that includes everything."""
    return _eval(["string_match"], reference_answers={"must_include": list(must)})


def exact(words: str) -> dict[str, Any]:
    return _eval(["string_match"], reference_answers={"exact_match": words})


def shows(*targets: tuple[str, str, Sequence[str]]) -> dict[str, Any]:
    """Success is that pages hold something: (address or "last", locator, snippets) each."""
    return _eval(["program_html"], program_html=[_target(*target) for target in targets])


def reach_and_show(address: str, *targets: tuple[str, str, Sequence[str]]) -> dict[str, Any]:
    made = [_target(*target) for target in targets]
    return _eval(["url_match", "program_html"], reference_url=address, program_html=made)


def _target(url: str, locator: str, must: Sequence[str]) -> dict[str, Any]:
    return {"url": url, "locator": locator, "required_contents": {"must_include": list(must)}}


def _eval(types: list[str], **parts: Any) -> dict[str, Any]:
    return {"eval_types": types, "reference_answers": None, "reference_url": "", "program_html": [], **parts}


def walk(browser: Browser, moves: Sequence[Move]) -> list[str]:
    """Carries the moves out and gives them as actions, scrolling down to what is not in view.

    Raises LookupError when there is no element of a name.
    """
    plan: list[str] = []

    def do(action: Action) -> None:
        refusal = browser.refusal(action)
        if refusal:
            raise LookupError(f"{written(action)}: {refusal}")
        browser.perform(action)
        plan.append(written(action))

    for move in moves:
        if not move.name:
            do(Action(move.verb, 0, move.text))
            continue
        for _ in range(SCROLLS):
            number = _find(browser, move)
            if number:
                break
            do(Action("scroll", 0, "down"))
        else:
            raise LookupError(f"there is no {move.name!r} at {browser.tab.address}")
        do(Action(move.verb, number, move.text, move.enter))
    return plan


def _find(browser: Browser, move: Move) -> int:
    roles = ("textbox",) if move.verb == "type" else ("link", "button", "checkbox", "radio")
    for one in browser.tab.seen():
        if one.element.name == move.name and one.element.role in roles:
            return one.id
    return 0
