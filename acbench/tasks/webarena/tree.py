"""Pages as trees of elements, made by plain functions; requests and responses of the sites."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Element:
    """A node of a page. ``role`` and ``name`` are what the accessibility tree shows, ``note`` stands behind.

    ``href``: where a link leads. ``target`` and ``method``: where a form is sent. ``field``: the form field
    that a textbox, checkbox, radio or button fills, the latter three with ``value``; a textbox begins with
    it. ``checked``: of a checkbox or radio at first. ``anchor``: the name that a locator ``#anchor`` finds.
    ``popup``: the children are shown only while the element is hovered or after it was clicked.
    """

    role: str
    name: str = ""
    children: tuple[Element, ...] = ()
    note: str = ""
    href: str = ""
    target: str = ""
    method: str = "post"
    field: str = ""
    value: str = ""
    checked: bool = False
    anchor: str = ""
    popup: bool = False

    def walk(self) -> Iterator[Element]:
        """This element and all below it, in the order of the page."""
        yield self
        for child in self.children:
            yield from child.walk()

    def text(self) -> str:
        """Names and notes of this element and all below it, a line each."""
        lines = (" ".join(part for part in (e.name, e.note) if part) for e in self.walk())
        return "\n".join(line for line in lines if line)


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    root: Element


@dataclass(frozen=True, slots=True)
class Redirect:
    """``path`` is on the same site, beginning with a slash."""

    path: str


@dataclass(frozen=True, slots=True)
class Request:
    """``query`` and ``form`` hold the last value of each name. Only ``post`` may change a site."""

    path: str
    method: str = "get"
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)


def page(title: str, *children: Element) -> Page:
    return Page(title, Element("RootWebArea", title, children))


def link(name: str, href: str, note: str = "") -> Element:
    return Element("link", name, href=href, note=note)


def text(words: str, anchor: str = "") -> Element:
    return Element("StaticText", words, anchor=anchor)


def heading(words: str, anchor: str = "") -> Element:
    return Element("heading", words, anchor=anchor)


def button(name: str, field: str = "", value: str = "", target: str = "") -> Element:
    """A button of a form; with ``target`` one that is a form of its own."""
    made = Element("button", name, field=field, value=value)
    return Element("form", target=target, children=(made,)) if target else made


def textbox(name: str, field: str, value: str = "") -> Element:
    return Element("textbox", name, field=field, value=value)


def checkbox(name: str, field: str, *, checked: bool) -> Element:
    """Sends ``field`` = "on" when checked."""
    return Element("checkbox", name, field=field, value="on", checked=checked)


def radios(field: str, chosen: str, *values: str) -> tuple[Element, ...]:
    """One radio per value, named like it."""
    return tuple(Element("radio", v, field=field, value=v, checked=v == chosen) for v in values)


def form(target: str, *children: Element, method: str = "post") -> Element:
    return Element("form", target=target, method=method, children=children)


def region(anchor: str, *children: Element, role: str = "region", name: str = "") -> Element:
    return Element(role, name, anchor=anchor, children=children)


def navigation(*children: Element) -> Element:
    return Element("navigation", children=children)


def rows(anchor: str, *lines: str | Element) -> Element:
    """A table whose rows are texts or links."""
    made = (line if isinstance(line, Element) else Element("row", line) for line in lines)
    return Element("table", anchor=anchor, children=tuple(made))


def select(root: Element, locator: str) -> str:
    """What a locator selects on a page, as text.

    "" is the whole page; ``#name`` all elements with that anchor and what is below them. Anything else
    selects nothing: ``samples`` refuses it before an episode begins.
    """
    if not locator.strip():
        return root.text()
    wanted = locator.strip().removeprefix("#")
    return "\n".join(element.text() for element in root.walk() if element.anchor and element.anchor == wanted)
