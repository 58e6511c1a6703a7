"""The embedded catalogue and the search over it."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations

import pytest

from acbench.tasks.webshop.catalogue import SEED, embedded_shop, fingerprint, make_products
from acbench.tasks.webshop.ranking import Ranking, terms
from acbench.tasks.webshop.reward import alike, alike_options
from acbench.tasks.webshop.samples import pack
from acbench.tasks.webshop.words import CATEGORIES

pytest.importorskip("rapidfuzz", reason="the longbench extra is not installed")


def test_a_thousand_products_in_twenty_categories() -> None:
    products = embedded_shop().products
    assert len({p.id for p in products}) == len({p.name for p in products}) == len(products) == 1000
    categories = Counter(tuple(p.category.split(" › ")[:2]) for p in products)
    assert len(categories) == 20
    assert set(categories.values()) == {50}
    for p in products:
        assert 2 <= len(set(p.attributes)) == len(p.attributes) <= 5
        assert 1 <= len(p.options) <= 3
        assert all(values and len(set(values)) == len(values) for values in p.options.values())
        assert 5 <= p.price < 200


def test_the_catalogue_is_the_one_the_episodes_were_made_for() -> None:
    assert fingerprint(make_products(SEED)) == pack()["catalogue"]
    assert fingerprint(make_products(SEED + 1)) != pack()["catalogue"]


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda c: c.name)
def test_words_of_a_category_are_told_apart_by_the_reward(category: object) -> None:
    """Otherwise a near-duplicate would count as the thing itself."""
    assert not [pair for pair in combinations(category.traits, 2) if alike(*pair)]  # type: ignore[attr-defined]
    values = [value for _, group in category.groups for value in group]  # type: ignore[attr-defined]
    assert not [pair for pair in combinations(values, 2) if alike_options(*pair)]


def test_every_product_has_near_duplicates() -> None:
    """Four siblings of the same kind share most traits and no sibling is the same."""
    products = embedded_shop().products
    for p in products[:60]:
        alike_ones = [
            q for q in products if q.query == p.query and q is not p and set(p.attributes) & set(q.attributes)
        ]
        assert len(alike_ones) >= 4
        same = (p.attributes, p.options, p.price)
        assert all((q.attributes, q.options, q.price) != same for q in alike_ones)


def test_terms_lose_stop_words_and_plurals() -> None:
    assert terms("The Boots, for a GLASS of 300 ml!") == ["boot", "glass", "300", "ml"]


def test_bm25_by_hand() -> None:
    """N = 3, lengths 2, 3, 1, mean 2; "red" is in two texts, once in one and twice in the other."""
    ranking = Ranking(["red coat", "red red hat", "shoe"])
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    expected = {0: idf * 1 / (1 + 0.9 * 1.0), 1: idf * 2 / (2 + 0.9 * (1 - 0.4 + 0.4 * 3 / 2))}
    assert ranking.scores("red") == pytest.approx(expected)
    assert ranking.best("red", 1) == [1]


def test_search_is_stable_bounded_and_empty_for_unknown_words() -> None:
    shop = embedded_shop()
    assert shop.search("zzzz") == []
    assert len(shop.search("boot jacket lamp")) == 50
    assert [p.query for p in shop.search("hiking boots")[:10]] == ["hiking boot"] * 10
    equal = Ranking(["lamp", "lamp", "lamp"])
    assert equal.best("lamp", 2) == [0, 1]
    assert Ranking([]).best("lamp", 5) == []
    assert Ranking(["", ""]).best("lamp", 5) == []
