"""What a purchase is worth to a goal (specification, section 5.6). All rewards are shares, 0 to 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError
from acbench.tasks.webshop.colours import plain_colours
from acbench.tasks.webshop.ranking import STOP_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acbench.tasks.webshop.products import Product

ALIKE_ABOVE = 85
SHARED_PARTS = 2
OVERLAP_ENOUGH, OVERLAP_POOR = 0.2, 0.1
OTHER_TYPE, POOR_TYPE = 0.5, 0.1
MOST_OPTIONS = 12
"""A goal wants at most so many options: the best choice is found over sets of them."""

_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a goal asks for. ``category``: parts joined by "›". ``price_upper``: dollars, None for no limit."""

    name: str
    query: str
    category: str
    attributes: tuple[str, ...]
    options: tuple[str, ...]
    price_upper: float | None


def reward(wanted: Wanted, product: Product, chosen: Iterable[str]) -> float:
    """r_type × (a + o + p) / (|A| + |O| + 1) of buying ``product`` with the ``chosen`` option values."""
    met = sum(any(alike_options(want, value) for value in set(chosen)) for want in wanted.options)
    return _worth(wanted, product, met)


def best_reward(wanted: Wanted, product: Product) -> float:
    """The reward of ``product`` with the best choice of options, one value a group."""
    if type_factor(wanted, product) == 0:
        return 0.0
    return _worth(wanted, product, _most_met(wanted, product))


def _worth(wanted: Wanted, product: Product, options_met: int) -> float:
    fits_price = wanted.price_upper is None or product.price <= wanted.price_upper
    points = sum(has_attribute(product, want) for want in wanted.attributes) + options_met + fits_price
    return type_factor(wanted, product) * points / (len(wanted.attributes) + len(wanted.options) + 1)


def _most_met(wanted: Wanted, product: Product) -> int:
    """How many wanted options one value a group can meet at most.

    Group after group, the sets of met options that can be reached: their number is bounded by the wanted
    options, never by the product of the groups' sizes.
    """
    if len(wanted.options) > MOST_OPTIONS:
        raise ConfigError(
            f"webshop: a goal wants {len(wanted.options)} options, at most {MOST_OPTIONS} can be"
        )
    reached = {0}
    for values in product.options.values():
        choices = {_met_by(wanted, value) for value in values}
        reached |= {before | choice for before in reached for choice in choices}
    return max(mask.bit_count() for mask in reached)


def _met_by(wanted: Wanted, value: str) -> int:
    """The wanted options that a value meets, as a bit mask."""
    return sum(1 << place for place, want in enumerate(wanted.options) if alike_options(want, value))


def type_factor(wanted: Wanted, product: Product) -> float:
    """1 for the right type of product, down to 0 for one whose title shares no noun with the wanted one."""
    overlap = title_overlap(wanted.name, product.name)
    if overlap == 0:
        return 0.0
    if overlap < OVERLAP_POOR:
        return POOR_TYPE
    same_query = wanted.query.strip().lower() == product.query.strip().lower()
    shared = len(_parts(wanted.category) & _parts(product.category))
    if same_query or shared >= SHARED_PARTS or overlap > OVERLAP_ENOUGH:
        return 1.0
    return OTHER_TYPE


def _parts(category: str) -> set[str]:
    return {part.strip().lower() for part in category.split("›") if part.strip()}


def title_overlap(wanted: str, bought: str) -> float:
    """Share of the wanted title's nouns that the bought title has; 0.2 for a title without nouns.

    Nouns are alphabetic words that are no stop words: the published code asks a tagger, which is a model.
    """
    nouns = _nouns(wanted)
    return len(nouns & _nouns(bought)) / len(nouns) if nouns else OVERLAP_ENOUGH


@lru_cache(maxsize=4096)
def _nouns(title: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(title.lower()) if word not in STOP_WORDS)


def has_attribute(product: Product, want: str) -> bool:
    """Alike to one of the product's attributes, or part of its title, bullets or description."""
    if any(alike(want, attribute) for attribute in product.attributes):
        return True
    return any(want.lower() in text.lower() for text in (product.name, *product.bullets, product.description))


def alike_options(want: str, value: str) -> bool:
    return alike(plain_colours(want), plain_colours(value))


@lru_cache(maxsize=65_536)
def alike(one: str, other: str) -> bool:
    """Whether the token-set ratio of two texts, without regard to case and punctuation, is above 85."""
    ratio: float = _fuzz().token_set_ratio(one, other, processor=_prepared)
    return ratio > ALIKE_ABOVE


def _prepared(text: str) -> str:
    """Lower-case letters and digits, everything else a blank."""
    return "".join(sign if sign.isalnum() else " " for sign in text.lower()).strip()


@lru_cache(maxsize=1)
def _fuzz() -> Any:
    try:
        return import_module("rapidfuzz.fuzz")
    except ImportError as error:
        raise ConfigError(
            "webshop needs the package rapidfuzz to compare options and attributes; install acbench[longbench]"
        ) from error


def require_package() -> None:
    """Raises ConfigError without the package ``rapidfuzz``."""
    _fuzz()
