"""A browser without a screen: carries out actions on the tabs, asks the sites for pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from acbench.tasks.webarena.layout import HEIGHT, Placed, render
from acbench.tasks.webarena.tab import BLANK, Tab
from acbench.tasks.webarena.tree import Page, Redirect, Request, page, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.webarena.actions import Action

MAX_TABS = 10
MAX_ADDRESS = 1_000
MAX_REDIRECTS = 5
ARROW_PX = 40

NOT_IN_VIEW = "There is no element [{number}] in view."
NO_TEXTBOX = "Element [{number}] takes no text."
NO_KEY = "There is no key '{keys}'."
NO_TAB = "There is no tab {number}; they are counted from 0."
NO_MORE_TABS = f"There cannot be more than {MAX_TABS} tabs."
NO_WAY_BACK = "There is no page to go back to."
NO_WAY_ON = "There is no page to go forward to."
BAD_ADDRESS = "This is no address that can be opened."
MORE_BELOW = "(More of the page lies below.)"

_MODIFIERS = r"(?:(?:ctrl|control|shift|alt|meta|cmd)\+)*"
_KEYS = re.compile(
    rf"{_MODIFIERS}(?:enter|tab|escape|esc|backspace|delete|home|end|pageup|pagedown|space|insert|f[0-9]{{1,2}}|"
    r"arrow(?:up|down|left|right)|[!-~])",
    re.IGNORECASE,
)
_MOVES = {"pagedown": HEIGHT, "pageup": -HEIGHT, "arrowdown": ARROW_PX, "arrowup": -ARROW_PX,
          "home": -(10**9), "end": 10**9, "space": HEIGHT}  # fmt: skip
_FOCUSABLE = ("link", "button", "textbox", "checkbox", "radio")


class Site(Protocol):
    """A site of its own host. ``respond`` answers any request; only ``post`` changes what the site holds."""

    host: str

    def respond(self, request: Request) -> Page | Redirect: ...


class Browser:
    """Begins with one tab per start address, the first one in front."""

    def __init__(self, sites: Mapping[str, Site], start: Sequence[str]) -> None:
        self._sites = sites
        self.tabs: list[Tab] = []
        for address in start:
            self.tabs.append(Tab())
            self.number = len(self.tabs) - 1
            self._go(address)
        self.number = 0

    @property
    def tab(self) -> Tab:
        return self.tabs[self.number]

    def observation(self) -> str:
        """Tabs, the part of the page in the window, and the address."""
        tab = self.tab
        names = " | ".join(
            f"Tab {n}{' (current)' if n == self.number else ''}: {one.page.title}"
            for n, one in enumerate(self.tabs)
        )
        below = [MORE_BELOW] if tab.scrolled < tab.lowest() else []
        return "\n".join([names, render(tab.seen(), tab.controls), *below, f"Address: {tab.address}"])

    def fetch(self, address: str) -> Page:
        """The page behind an address, looked at without leaving the one that is open."""
        return self._ask(address)[1]

    def refusal(self, action: Action) -> str:
        """Why an action cannot be carried out now; "" when it can."""
        verb, number = action.verb, action.number
        if verb in ("click", "hover", "type"):
            one = self._element(number)
            if one is None:
                return NOT_IN_VIEW.format(number=number)
            return NO_TEXTBOX.format(number=number) if verb == "type" and not _takes_text(one) else ""
        if verb == "press" and _KEYS.fullmatch(action.text.replace(" ", "")) is None:
            return NO_KEY.format(keys=action.text[:40])
        if verb == "tab_focus" and number >= len(self.tabs):
            return NO_TAB.format(number=number)
        if verb == "new_tab" and len(self.tabs) >= MAX_TABS:
            return NO_MORE_TABS
        if verb == "go_back" and not self.tab.can_move(-1):
            return NO_WAY_BACK
        if verb == "go_forward" and not self.tab.can_move(1):
            return NO_WAY_ON
        return BAD_ADDRESS if verb == "goto" and not _is_address(action.text) else ""

    def perform(self, action: Action) -> None:
        """Carries out an action that is not refused; ``stop`` does nothing here."""
        tab = self.tab
        if action.verb in ("click", "hover", "type"):
            self._touch(action)
        elif action.verb == "press":
            self._press(action.text.replace(" ", "").lower())
        elif action.verb == "scroll":
            tab.scroll(HEIGHT if action.text.lower() == "down" else -HEIGHT)
        elif action.verb == "goto":
            self._go(action.text)
        elif action.verb in ("go_back", "go_forward"):
            tab.place += -1 if action.verb == "go_back" else 1
            tab.show(self._ask(tab.address)[1])
        elif action.verb in ("new_tab", "tab_focus", "close_tab"):
            self._tabs(action)

    def choices(self) -> dict[str, str]:
        """What can be done here: actions, and the names of what they touch ("" for none).

        Texts to be filled in stand as [words] and [answer].
        """
        tab, found = self.tab, dict[str, str]()
        for one in tab.seen():
            if one.element.role == "textbox":
                found[f"type [{one.id}] [words] [1]"] = one.element.name
            elif one.element.role in _FOCUSABLE or one.element.popup:
                found[f"click [{one.id}]"] = one.element.name
        more = ["scroll [down]"] if tab.scrolled < tab.lowest() else []
        more += ["scroll [up]"] if tab.scrolled else []
        more += [f"tab_focus [{n}]" for n in range(len(self.tabs)) if n != self.number]
        more += ["go_back"] if tab.can_move(-1) else []
        return {**found, **dict.fromkeys([*more, "stop [answer]"], "")}

    # -- elements --------------------------------------------------------------------------------

    def _element(self, number: int) -> Placed | None:
        return next((one for one in self.tab.seen() if one.id == number), None)

    def _touch(self, action: Action) -> None:
        one, controls = self._element(action.number), self.tab.controls
        if one is None:
            return
        if action.verb == "hover":
            self._open_menu(one)
            return
        controls.focus = one.id if one.element.role in _FOCUSABLE else 0
        if action.verb == "type":
            controls.typed[one.id] = action.text
            if action.enter:
                self._submit(one.form, None)
        else:
            self._click(one)

    def _click(self, one: Placed) -> None:
        element, controls = one.element, self.tab.controls
        if element.href:
            self._go(element.href)
        elif element.role == "button":
            self._submit(one.form, one)
        elif element.role == "checkbox":
            controls.checked[one.id] = not controls.checked.get(one.id, element.checked)
        elif element.role == "radio":
            for other in self.tab.placed():
                if other.form == one.form and other.element.field == element.field:
                    controls.checked[other.id] = other.id == one.id
        else:
            self._open_menu(one)

    def _open_menu(self, one: Placed) -> None:
        inside = one.menus[-1] if one.menus else 0
        self.tab.controls.menu = one.id if one.element.popup else inside
        self.tab.scroll(0)

    def _press(self, keys: str) -> None:
        tab, controls = self.tab, self.tab.controls
        focused = next((one for one in tab.placed() if one.id == controls.focus), None)
        if keys == "enter" and focused is not None:
            if focused.element.role == "textbox":
                self._submit(focused.form, None)
            else:
                self._click(focused)
        elif keys == "tab":
            order = [one.id for one in tab.seen() if one.element.role in _FOCUSABLE]
            later = [number for number in order if number > controls.focus]
            controls.focus = next(iter(later or order), 0)
        elif keys in ("escape", "esc"):
            controls.menu = 0
            tab.scroll(0)
        elif focused is not None and focused.element.role == "textbox":
            if keys in ("backspace", "delete"):
                controls.typed[focused.id] = ""
        elif keys in _MOVES:
            tab.scroll(_MOVES[keys])

    def _submit(self, form: int, pressed: Placed | None) -> None:
        """Sends a form; the Enter key stands for its first button. A field without a form does nothing."""
        placed = self.tab.placed()
        if not form:
            return
        if pressed is None:
            pressed = next((p for p in placed if p.form == form and p.element.role == "button"), None)
        element = placed[form - 1].element
        fields = self.tab.fields(form, pressed)
        address = f"http://{urlsplit(self.tab.address).netloc}{element.target}"
        if element.method == "get":
            self._go(f"{address}?{urlencode(fields)}")
        else:
            self._go(address, fields)

    # -- addresses -------------------------------------------------------------------------------

    def _go(self, address: str, form: Mapping[str, str] | None = None) -> None:
        if address.startswith("/"):
            address = f"http://{urlsplit(self.tab.address).netloc}{address}"
        self.tab.visit(*self._ask(address, form))

    def _ask(self, address: str, form: Mapping[str, str] | None = None) -> tuple[str, Page]:
        """The page behind an address and where it was found in the end."""
        for _ in range(MAX_REDIRECTS):
            if address == BLANK:
                break
            parts = urlsplit(address)
            site = self._sites.get(parts.netloc.lower())
            if site is None:
                return address, page("Not found", text(f"The site {parts.netloc[:80]!r} cannot be reached."))
            path = parts.path or "/"
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            request = Request(path, "get" if form is None else "post", query, form or {})
            answer = site.respond(request)
            if isinstance(answer, Page):
                tail = f"?{parts.query}" if parts.query else ""
                return f"http://{site.host}{path}{tail}", answer
            address, form = f"http://{site.host}{answer.path}", None
        return BLANK, page(BLANK)

    def _tabs(self, action: Action) -> None:
        if action.verb == "new_tab":
            self.tabs.append(Tab())
            self.number = len(self.tabs) - 1
        elif action.verb == "tab_focus":
            self.number = action.number
        else:
            del self.tabs[self.number]
            self.tabs = self.tabs or [Tab()]
            self.number = max(0, self.number - 1)


def _takes_text(one: Placed) -> bool:
    return one.element.role == "textbox"


def _is_address(address: str) -> bool:
    """Whether an address can be taken apart: short, with a host, and no malformed brackets or queries."""
    try:
        return len(address) <= MAX_ADDRESS and bool(urlsplit(address).netloc)
    except ValueError:
        return False
