"""From a request to the function that answers it, and the small pages that all sites have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from acbench.tasks.webarena.tree import Page, Redirect, Request, link, page, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Routes = Mapping[str, Callable[..., Page | Redirect | None]]

SHOWN = 200
"""Characters of a visitor's own words that a page shows."""


def dispatch(routes: Routes, request: Request) -> Page | Redirect:
    """The answer of the first route that fits; "not found" when none does or it knows nothing of that name.

    A key is a method and a path, ``post /cart/add``; ``*`` stands for one part of a path, which the
    function gets behind the request.
    """
    path = request.path.rstrip("/") or "/"
    for route, handler in routes.items():
        method, _, pattern = route.partition(" ")
        found = re.fullmatch(re.escape(pattern).replace(r"\*", r"([^/]+)"), path)
        if method == request.method and found:
            answer = handler(request, *found.groups())
            return answer if answer is not None else not_found()
    return not_found()


def not_found() -> Page:
    return page("Page not found", text("There is no such page on this site."), link("Home", "/"))


def tidy(words: str) -> str:
    """A visitor's words as a page shows them: one line of bounded length."""
    return " ".join(words.split())[:SHOWN]


def slug(name: str) -> str:
    """A name as a part of a path."""
    return quote(name.lower().replace(" ", "-"), safe="-")


def title_path(name: str) -> str:
    """A title as a part of a path, words joined by underscores."""
    return quote(name.replace(" ", "_"), safe="_")


def found_by(words: str, name: str) -> bool:
    """Whether every word a visitor looks for is in a name."""
    wanted = words.lower().split()
    return bool(wanted) and all(word in name.lower() for word in wanted)
