"""One visit to the shop: reads actions, turns pages, measures progress."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.world import EnvironmentBase, Step
from acbench.tasks.webshop.pages import (
    BACK,
    BUY,
    LAST_PAGE,
    NEXT,
    PREVIOUS,
    SUB_PAGES,
    Page,
    item_page,
    pages_of,
    results_page,
    shown,
    start_page,
    sub_page,
)
from acbench.tasks.webshop.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.webshop.products import Product, Shop
    from acbench.tasks.webshop.reward import Wanted

USAGE = "This is no action here. Write search[words] on the start page, click[name] on the others."
SEARCH_LATER = f"There is no search box on this page; click[{BACK}] leads to it."
NO_WORDS = "A search needs words: search[words]."
NO_SUCH_PAGE = f"There is no such page: results have pages 1 to {LAST_PAGE}, as far as there are products."
BOUGHT_RIGHT = "The purchase is made. It is what was asked for: success."
BOUGHT_WRONG = "The purchase is made. It is not quite what was asked for: fail."
LEAD = "You can do one of these:"
ANY_SEARCH = "search[words]"

_ACTION = re.compile(r"(?P<verb>click|search)\s*\[(?P<name>[^\]\n]*)\]", re.IGNORECASE)
_BEGINNING = re.compile(r"(?:click|search)\s*\[", re.IGNORECASE)


class Environment(EnvironmentBase):
    """A shopper of one's own: nothing is shared with other visits but the unchanging shop.

    ``show_actions`` puts the possible actions below every observation; ``hint`` is then the search shown on
    the start page. Whatever fits more than one button is the first of them on the page.
    """

    def __init__(
        self, shop: Shop, wanted: Wanted, goal: str = "", *, show_actions: bool = False, hint: str = ""
    ) -> None:
        self.done = False
        self.success = False
        self.reward = 0.0
        self.wanted = wanted
        self._goal = goal
        self._shop = shop
        self._measure = Progress(wanted)
        self._show_actions = show_actions
        self._hint = hint
        self._page: Page = start_page()
        self._hits: list[Product] | None = None
        self._number = 1
        self._product: Product | None = None
        self._chosen: dict[str, str] = {}
        self._below_item = False

    @property
    def progress(self) -> float:
        return self._measure.value

    def goal_text(self) -> str:
        return self._goal

    def first_observation(self) -> str:
        return self._with_actions(self._page.text)

    def choices(self) -> list[str]:
        """The actions that can be carried out now. A search stands for all: one with the hint's words, if any."""
        if self.done:
            return []
        if self._hits is None:
            return [f"search[{self._hint}]" if self._hint else ANY_SEARCH]
        return [f"click[{name}]" for name in self._page.buttons]

    def facts(self) -> Mapping[str, Any]:
        return {"reward": self.reward, "bought": self.done}

    def ending(self) -> str:
        return "wrong_purchase" if self.done and not self.success else ""

    def step(self, line: str) -> Step:
        """Carries out one line of text, from its first "click[" or "search[" on. Never raises."""
        if self.done:
            return self._told(self._closing(), valid=False)
        beginning = _BEGINNING.search(line)
        action = _ACTION.match(line, beginning.start()) if beginning else None
        if action is None:
            return self._told(USAGE, valid=False, understood=beginning is not None)
        name = " ".join(action["name"].split())
        if action["verb"].lower() == "search":
            return self._search(name)
        return self._click(name)

    def _search(self, words: str) -> Step:
        if self._hits is not None:
            return self._told(SEARCH_LATER, valid=False)
        if not words:
            return self._told(NO_WORDS, valid=False)
        self._hits = self._shop.search(words)
        return self._results(1)

    def _click(self, name: str) -> Step:
        if self._on_results() and _plain(name) in (_plain(NEXT), _plain(PREVIOUS)):
            return self._turned(1 if _plain(name) == _plain(NEXT) else -1)
        button = next((b for b in self._page.buttons if _same(b, name)), None)
        if button is None:
            return self._told(
                f"There is nothing named '{name}' to click here.\n{self._page.text}", valid=False
            )
        if button == BACK:
            self._start()
            return self._here()
        if self._product is None:
            product = self._shop.product(button)
            return self._told(USAGE, valid=False) if product is None else self._opened(product)
        return self._on_item(self._product, button)

    def _on_results(self) -> bool:
        return self._hits is not None and self._product is None

    def _on_item(self, product: Product, button: str) -> Step:
        if button == PREVIOUS:
            return self._opened(product, again=True) if self._below_item else self._results(self._number)
        if button in SUB_PAGES:
            self._below_item = True
            self._page = sub_page(product, button)
            return self._here()
        if button == BUY:
            return self._bought(product)
        group = next(group for group, values in product.options.items() if button in values)
        self._chosen[group] = button
        self._page = item_page(product, self._chosen)
        return self._told(f"Chosen: {group} = {button}.", valid=True)

    def _turned(self, by: int) -> Step:
        number = self._number + by
        if not 1 <= number <= pages_of(self._hits or ()):
            return self._told(NO_SUCH_PAGE, valid=False)
        return self._results(number)

    def _start(self) -> None:
        """Back to the start page; a new search opens a new list."""
        self._page, self._hits, self._product = start_page(), None, None

    def _results(self, number: int) -> Step:
        hits = self._hits or []
        self._product, self._number = None, number
        self._page = results_page(hits, number)
        self._measure.listed(shown(hits, number))
        return self._here()

    def _opened(self, product: Product, *, again: bool = False) -> Step:
        """The item's page; options stay chosen when coming back from a page below it."""
        if not again:
            self._chosen = {}
        self._product, self._below_item = product, False
        self._page = item_page(product, self._chosen)
        self._measure.opened(product)
        return self._here()

    def _bought(self, product: Product) -> Step:
        self.reward = self._measure.bought(product, self._chosen.values())
        self.done = True
        self.success = self.reward >= 1.0
        return self._told(self._closing(), valid=True)

    def _closing(self) -> str:
        return BOUGHT_RIGHT if self.success else BOUGHT_WRONG

    def _here(self) -> Step:
        return self._told(self._page.text, valid=True)

    def _told(self, text: str, *, valid: bool, understood: bool = True) -> Step:
        return Step(self._with_actions(text), valid, understood, self.progress, self.done)

    def _with_actions(self, text: str) -> str:
        if not self._show_actions or self.done:
            return text
        return "\n".join((text, LEAD, *(f"- {choice}" for choice in self.choices())))


def _plain(name: str) -> str:
    """A button's name without case, arrows and blanks around it: "next" is "Next >"."""
    return name.strip("<> ").lower()


def _same(button: str, name: str) -> bool:
    return " ".join(button.split()).lower() == name.lower() or (
        button in (PREVIOUS, NEXT) and _plain(button) == _plain(name)
    )
