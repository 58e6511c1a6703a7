"""The six sites: shop, forum, code host, admin, wiki and map, each with a host of its own and seeded content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.webarena.draws import Draws
from acbench.tasks.webarena.sites.admin import Admin
from acbench.tasks.webarena.sites.code import CodeHost
from acbench.tasks.webarena.sites.forum import Forum
from acbench.tasks.webarena.sites.maps import Maps
from acbench.tasks.webarena.sites.shop import Shop
from acbench.tasks.webarena.sites.wiki import Wiki

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.tasks.webarena.browser import Site

NAMES = ("shop", "forum", "code", "admin", "wiki", "map")


class Sites:
    """All sites of one visit, with the content that belongs to ``seed``. Nothing is shared between visits."""

    def __init__(self, seed: int) -> None:
        self.shop = Shop(Draws(f"{seed}:shop"))
        self.forum = Forum(Draws(f"{seed}:forum"))
        self.code = CodeHost(Draws(f"{seed}:code"))
        self.admin = Admin(Draws(f"{seed}:admin"))
        self.wiki = Wiki(Draws(f"{seed}:wiki"))
        self.map = Maps(Draws(f"{seed}:map"))

    def by_host(self) -> Mapping[str, Site]:
        sites = (self.shop, self.forum, self.code, self.admin, self.wiki, self.map)
        return {site.host: site for site in sites}
