"""The embedded catalogue: 1,000 made-up products, the same on every machine, made on first use.

Making it takes a few hundredths of a second, so it is not stored; ``fingerprint`` tells whether it is the
one the episodes were made for. Products come in families of five that differ in one thing each, so a
shopper has to look closely: the first trait, options not to be had, the price, the last trait (and brand).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, TypeVar

from acbench.tasks.webshop.products import Product, Shop
from acbench.tasks.webshop.words import BRANDS, CATEGORIES, STYLES, SYLLABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from acbench.tasks.webshop.words import Category

SEED = 20_601
FAMILIES_PER_KIND = 2
DEARER_BY = 45
"""The dear one of a family costs this many dollars more: above every limit drawn for its siblings."""

T = TypeVar("T")


class Draws:
    """Draws that rest on ``Random.random`` alone: the one sequence Python promises to keep."""

    def __init__(self, seed: int | str) -> None:
        self._random = Random(seed)

    def below(self, n: int) -> int:
        return int(self._random.random() * n)

    def one(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], n: int) -> list[T]:
        """``n`` different ones, in a drawn order."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(n)]


@lru_cache(maxsize=1)
def embedded_shop() -> Shop:
    return Shop(make_products(SEED))


def fingerprint(products: Sequence[Product]) -> str:
    """The first 16 hexadecimal digits of a hash over everything in the products."""
    whole = hashlib.sha256()
    for product in products:
        whole.update(repr(asdict(product)).encode())
    return whole.hexdigest()[:16]


def make_products(seed: int) -> list[Product]:
    """1,000 products in a drawn order, numbered in that order."""
    draws = Draws(seed)
    names = iter(draws.some(_model_names(), 1_000))
    made = [
        sibling
        for category in CATEGORIES
        for kind in category.kinds
        for _ in range(FAMILIES_PER_KIND)
        for sibling in _family(category, kind, draws, names)
    ]
    mixed = draws.some(made, len(made))
    return [replace(product, id=f"P{number:04d}") for number, product in enumerate(mixed, start=1)]


def _model_names() -> list[str]:
    first, second, third = SYLLABLES
    return [a + b + c for a in first for b in second for c in third]


def _family(category: Category, kind: str, draws: Draws, names: Iterator[str]) -> list[Product]:
    brand, other_brand = draws.some(BRANDS, 2)
    *traits, other_trait = draws.some(category.traits, 3 + draws.below(4))
    groups = draws.some(category.groups, 1 + draws.below(len(category.groups)))
    options = {group: tuple(draws.some(values, len(values) - (len(values) > 3))) for group, values in groups}
    cents = draws.below(100)
    price = category.cheapest + draws.below(category.dearest - category.cheapest) + cents / 100
    short = {group: values[1:] for group, values in options.items()}

    def product(brand: str, traits: list[str], options: dict[str, tuple[str, ...]], price: float) -> Product:
        style = draws.one(STYLES)
        return _product(
            category, kind, next(names), style, brand, traits=traits, options=options, price=price
        )

    return [
        product(brand, traits, options, price),
        product(brand, [other_trait, *traits[1:]], options, price),
        product(brand, traits, short, price),
        product(brand, traits, options, round(price + DEARER_BY, 2)),
        product(other_brand, [*traits[:-1], other_trait], options, round(price + 1, 2)),
    ]


def _product(
    category: Category,
    kind: str,
    model: str,
    style: str,
    brand: str,
    *,
    traits: list[str],
    options: dict[str, tuple[str, ...]],
    price: float,
) -> Product:
    """The title names the first trait only; the others stand on the pages below the item."""
    return Product(
        id="",
        name=f"{brand} {model} {kind}, {traits[0]}, {style} style",
        query=kind,
        category=f"{category.department} › {category.name} › {kind}",
        attributes=tuple(traits),
        options=options,
        price=price,
        bullets=tuple(f"{trait.capitalize()}." for trait in traits),
        description=f"The {model} is made by {brand}: one {kind}, {style} in style.",
    )
