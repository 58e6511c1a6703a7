"""One tab: the addresses it has been to, the page it shows, and what the visitor did on it."""

from __future__ import annotations

from acbench.tasks.webarena.layout import HEIGHT, Controls, Placed, in_view, lay_out, page_height
from acbench.tasks.webarena.tree import Page, page

BLANK = "about:blank"


def untouched() -> Controls:
    return Controls({}, {})


class Tab:
    """``address`` and ``page`` change together by ``show``; fields, focus and scrolling then start anew."""

    def __init__(self) -> None:
        self.history: list[str] = []
        self.place = -1
        self.page: Page = page(BLANK)
        self.controls = untouched()
        self.scrolled = 0
        self._laid: dict[int, list[Placed]] = {}

    @property
    def address(self) -> str:
        return self.history[self.place] if self.history else BLANK

    def visit(self, address: str, shown: Page) -> None:
        """A new address: what lay ahead in the history is forgotten. The same address once more is no entry."""
        if address != self.address:
            self.history = [*self.history[: self.place + 1], address]
            self.place = len(self.history) - 1
        self.show(shown)

    def show(self, shown: Page) -> None:
        self.page, self.controls, self.scrolled, self._laid = shown, untouched(), 0, {}

    def can_move(self, by: int) -> bool:
        return 0 <= self.place + by < len(self.history)

    def placed(self) -> list[Placed]:
        """All elements with their places; the layout depends on the open menu alone."""
        menu = self.controls.menu
        if menu not in self._laid:
            self._laid[menu] = lay_out(self.page.root, menu)
        return self._laid[menu]

    def seen(self) -> list[Placed]:
        return in_view(self.placed(), self.scrolled, self.controls.menu)

    def lowest(self) -> int:
        """How far down the page can be scrolled, in pixels."""
        return max(0, page_height(self.placed(), self.controls.menu) - HEIGHT)

    def scroll(self, by: int) -> None:
        self.scrolled = min(max(self.scrolled + by, 0), self.lowest())

    def fields(self, form: int, pressed: Placed | None) -> dict[str, str]:
        """What a form sends: its fields by name, and of its buttons only the pressed one."""
        sent: dict[str, str] = {}
        for one in self.placed():
            element = one.element
            if one.form != form or not element.field:
                continue
            if element.role == "textbox":
                sent[element.field] = self.controls.typed.get(one.id, element.value)
            elif element.role == "button":
                if pressed is not None and pressed.id == one.id:
                    sent[element.field] = element.value
            elif self.controls.checked.get(one.id, element.checked):
                sent[element.field] = element.value
        return sent
