"""What a shop sells, and the shop: products by id with a search over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acbench.tasks.webshop.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT_HITS = 50
"""So many products a search keeps."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product. ``options``: group -> values; ``category``: parts joined by "›"; ``price`` in dollars."""

    id: str
    name: str
    query: str
    category: str
    attributes: tuple[str, ...]
    options: Mapping[str, tuple[str, ...]]
    price: float
    bullets: tuple[str, ...] = ()
    description: str = ""
    reviews: tuple[str, ...] = field(default=())

    def searched_text(self) -> str:
        """Title, attributes and options: what a search looks at."""
        values = (value for group in self.options.values() for value in group)
        return " ".join((self.name, *self.attributes, *values))


class Shop:
    """Products in a fixed order. Nothing in it changes: any number of shoppers can share it."""

    def __init__(self, products: Iterable[Product]) -> None:
        self.products = tuple(products)
        self._by_id = {product.id.lower(): product for product in self.products}
        self._ranking = Ranking([product.searched_text() for product in self.products])

    def product(self, name: str) -> Product | None:
        """The product with this id, in any case of letters."""
        return self._by_id.get(name.lower())

    def search(self, words: str) -> list[Product]:
        """At most 50 products that have one of the words, the best first."""
        return [self.products[number] for number in self._ranking.best(words, KEPT_HITS)]
