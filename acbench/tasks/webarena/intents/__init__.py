"""The intents of the embedded pack: per site nine, three a level, made for the content of one seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.webarena.intents import admin, code, forum, maps, shop, wiki

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.intents.drafts import Draft
    from acbench.tasks.webarena.sites import Sites

MAKERS: Mapping[str, Callable[[Sites, Draws], Sequence[Draft]]] = {
    "shop": shop.drafts,
    "forum": forum.drafts,
    "code": code.drafts,
    "admin": admin.drafts,
    "wiki": wiki.drafts,
    "map": maps.drafts,
}
"""By the name of the site; each gives its nine drafts in order of level."""
