"""Where the elements of a page stand, and what a window of 1280 × 720 pixels shows of them.

Every element is one block below the one before it, over the whole width. A block is 30 px high per line of
120 characters of name and note, headings are 12 px and form fields 8 px higher, pure containers 0. An
element is in view when its upper edge is in the window; a container is shown when something in it is.
Ids count all elements of the page from 1, whether in view or not, so scrolling and typing never change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.webarena.tree import Element

HEIGHT = 720
LINE_PX = 30
LINE_CHARACTERS = 120
MORE_PX = {"heading": 12, "textbox": 8, "button": 8, "checkbox": 8, "radio": 8}
CONTAINERS = ("form", "navigation", "list", "table", "region", "RootWebArea")
"""Without a name they take no room."""


@dataclass(frozen=True, slots=True)
class Placed:
    """``top`` in pixels from the upper edge of the page; ``form``: id of the form around, 0 for none;
    ``menus``: ids of the popups around."""

    id: int
    element: Element
    depth: int
    top: int
    form: int
    menus: tuple[int, ...]


@dataclass(slots=True)
class Controls:
    """What the visitor did to the fields of a page, by element id, and where the focus is (0 = nowhere)."""

    typed: dict[int, str]
    checked: dict[int, bool]
    focus: int = 0
    menu: int = 0
    """The popup that is open."""


def height(element: Element) -> int:
    """Height of one element's own block, in pixels."""
    if element.role in CONTAINERS and not element.name:
        return 0
    if element.role == "RootWebArea":
        return 0
    characters = len(element.name) + len(element.note)
    lines = max(1, -(-characters // LINE_CHARACTERS))
    return LINE_PX * lines + MORE_PX.get(element.role, 0)


def lay_out(root: Element, menu: int = 0) -> list[Placed]:
    """All elements in the order of the page; those of a popup that is not ``menu`` take no room."""
    placed: list[Placed] = []
    top = 0

    def place(element: Element, depth: int, form: int, menus: tuple[int, ...]) -> None:
        nonlocal top
        number = len(placed) + 1
        placed.append(Placed(number, element, depth, top, form, menus))
        if all(one == menu for one in menus):
            top += height(element)
        inner_form = number if element.role == "form" else form
        inner_menus = (*menus, number) if element.popup else menus
        for child in element.children:
            place(child, depth + 1, inner_form, inner_menus)

    place(root, 0, 0, ())
    return placed


def page_height(placed: Sequence[Placed], menu: int = 0) -> int:
    shown = [one.top + height(one.element) for one in placed if all(m == menu for m in one.menus)]
    return max(shown)


def in_view(placed: Sequence[Placed], scrolled: int, menu: int = 0) -> list[Placed]:
    """What the window shows when the page is scrolled down by so many pixels."""
    shown: set[int] = set()
    path: list[Placed] = []
    for one in placed:
        path = [*path[: one.depth], one]
        if any(m != menu for m in one.menus):
            continue
        if height(one.element) and scrolled <= one.top < scrolled + HEIGHT:
            shown.update(above.id for above in path)
    shown.add(1)
    return [one for one in placed if one.id in shown]


def render(seen: Sequence[Placed], controls: Controls) -> str:
    """The accessibility tree as text: per element a tab for each level, ``[id] role 'name' properties``.

    Containers without a name are left out, and their children stand where they stood.
    """
    lines: list[str] = []
    depths: dict[int, int] = {}
    path: list[Placed] = []
    for one in seen:
        path = [above for above in path if above.depth < one.depth] + [one]
        indent = sum(depths.get(above.id, 0) for above in path[:-1])
        bare = one.element.role in CONTAINERS and not one.element.name
        depths[one.id] = 0 if bare else 1
        if not bare:
            lines.append("\t" * indent + _line(one, controls))
    return "\n".join(lines)


def _line(one: Placed, controls: Controls) -> str:
    element = one.element
    parts = [f"[{one.id}] {element.role} {element.name!r}"]
    parts += [f"{key}: {value}" for key, value in _properties(one, controls).items()]
    return " ".join([*parts, *([element.note] if element.note else [])])


def _properties(one: Placed, controls: Controls) -> Mapping[str, str]:
    element = one.element
    found: dict[str, str] = {}
    if element.role == "textbox":
        value = controls.typed.get(one.id, element.value)
        if value:
            found["value"] = repr(value)
    if element.role in ("checkbox", "radio"):
        found["checked"] = str(controls.checked.get(one.id, element.checked)).lower()
    if element.popup:
        found["hasPopup"] = "menu"
        found["expanded"] = str(controls.menu == one.id)
    if controls.focus == one.id:
        found["focused"] = "True"
    return found
