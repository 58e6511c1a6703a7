"""Makes the embedded pack: ``python -m acbench.tasks.webshop.making`` writes ``pack/episodes.json``.

Goals are made from products of the catalogue, as rows of the published schema with a gold plan. Level 1
names a product and tells the way to it. Level 2 tells one trait and one option of a product on the first
page. Level 3 tells more, and exactly one product fits, which is not the first hit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.tasks.webshop.catalogue import SEED, Draws, embedded_shop, fingerprint
from acbench.tasks.webshop.pages import LAST_PAGE, PER_PAGE
from acbench.tasks.webshop.reward import best_reward
from acbench.tasks.webshop.samples import PACK_FILE, embedded_data, environment_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from acbench.tasks.webshop.products import Product

LICENSE = "Apache-2.0"
LEVELS = (1, 2, 3)
PER_LEVEL = 16
MOST_FITTING = 4
"""At level 2 at most so many products fit a goal."""


def make_pack() -> dict[str, Any]:
    """The example and all episodes, no product and no kind of product twice within a level."""
    shop = embedded_shop()
    draws = Draws(SEED + 1)
    candidates = draws.some(shop.products, len(shop.products))
    used: set[str] = set()
    example = next(_goals(2, candidates, draws, used))
    episodes: list[dict[str, Any]] = []
    for level in LEVELS:
        goals = _goals(level, candidates, draws, used)
        episodes += [{"level": level, **next(goals), "id": len(episodes) + n} for n in range(PER_LEVEL)]
    return {
        "license": LICENSE,
        "catalogue": fingerprint(shop.products),
        "example": example,
        "episodes": episodes,
    }


def _goals(
    level: int, candidates: Sequence[Product], draws: Draws, used: set[str]
) -> Iterator[dict[str, Any]]:
    kinds: set[str] = set()
    for product in candidates:
        if product.id in used or product.query in kinds:
            continue
        row = {1: _named, 2: _one_of_each, 3: _several}[level](product, draws)
        if row is not None and _plays(row):
            used.add(product.id)
            kinds.add(product.query)
            yield row


def _named(product: Product, draws: Draws) -> dict[str, Any] | None:
    """Level 1: the model's name finds the product alone."""
    word = product.name.partition(f" {product.query}, ")[0].split()[-1]
    if [hit.id for hit in embedded_shop().search(word)] != [product.id]:
        return None
    limit = _limit(product, draws)
    goal = (
        f"Buy the {product.query} named {word}, for at most {limit} dollars. "
        f"The way: search[{word}], click on the product found, click[Buy Now]."
    )
    plan = [f"search[{word}]", f"click[{product.id}]", "click[Buy Now]"]
    return _row(product, goal, product.attributes[:1], {}, limit=limit, plan=plan, hint=word)


def _one_of_each(product: Product, draws: Draws) -> dict[str, Any] | None:
    trait = draws.one(product.attributes)
    group = draws.one(list(product.options))
    options = {group: product.options[group][0]}
    return _told(product, (trait,), options, draws, places=range(PER_PAGE), most=MOST_FITTING)


def _several(product: Product, draws: Draws) -> dict[str, Any] | None:
    groups = draws.some(list(product.options), min(2 + draws.below(2), len(product.options)))
    options = {group: product.options[group][0] for group in groups}
    if len(options) < 2:
        return None
    traits = tuple(dict.fromkeys((product.attributes[0], product.attributes[-1])))
    return _told(product, traits, options, draws, places=range(1, LAST_PAGE * PER_PAGE), most=1)


def _told(
    product: Product,
    traits: tuple[str, ...],
    options: dict[str, str],
    draws: Draws,
    *,
    places: range,
    most: int,
) -> dict[str, Any] | None:
    """A goal told by what the product is like; None if a search has it elsewhere or too many products fit."""
    limit = _limit(product, draws)
    wishes = [f"features: {', '.join(traits)}", *(f"{group}: {value}" for group, value in options.items())]
    goal = f"Buy this: {product.query}; {'; '.join(wishes)}; price: at most {limit} dollars."
    words = " ".join((product.query, *traits))
    hits = [hit.id for hit in embedded_shop().search(words)]
    if product.id not in hits or hits.index(product.id) not in places:
        return None
    turns = hits.index(product.id) // PER_PAGE
    plan = [f"search[{words}]", *["click[Next >]"] * turns, f"click[{product.id}]"]
    plan += [*(f"click[{value}]" for value in options.values()), "click[Buy Now]"]
    row = _row(product, goal, traits, options, limit=limit, plan=plan, hard=most == 1)
    return row if len(fitting(row)) <= most else None


def _limit(product: Product, draws: Draws) -> int:
    """Of the first four multiples of 10 above the price the larger of two drawn ones, in dollars."""
    first = int(product.price // 10 + 1) * 10
    return max(draws.some([first, first + 10, first + 20, first + 30], 2))


def _row(
    product: Product,
    goal: str,
    traits: Sequence[str],
    options: Mapping[str, str],
    *,
    limit: int,
    plan: list[str],
    hint: str = "",
    hard: bool = False,
) -> dict[str, Any]:
    return {
        "task": "webshop",
        "id": 0,
        "goal": goal,
        "subgoals": [],
        "difficulty": "hard" if hard else "easy",
        "additional_info": {
            "product_id": product.id,
            "category": product.category.split(" › ")[0].lower(),
            "query": product.query,
            "product_name": product.name,
            "product_category": product.category,
            "attributes": list(traits),
            "price_upper": limit,
            "product_options": dict(options),
            "weight": 1,
        },
        "hint": hint,
        "plan": plan,
    }


def fitting(row: Mapping[str, Any]) -> list[str]:
    """Numbers of all products whose best purchase is worth 1."""
    wanted = environment_for(embedded_data(row), show_actions=False).wanted
    return [p.id for p in embedded_shop().products if best_reward(wanted, p) == 1]


def _plays(row: Mapping[str, Any]) -> bool:
    """Whether the gold plan ends in success."""
    environment = environment_for(embedded_data(row), show_actions=False)
    steps = [environment.step(action) for action in row["plan"]]
    return all(step.valid for step in steps) and environment.success


def write_pack(pack: Mapping[str, Any], file: Path) -> None:
    """One episode per line, for readable differences."""
    lines = [
        f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in pack.items() if k != "episodes"
    ]
    episodes = [json.dumps(episode, ensure_ascii=False) for episode in pack["episodes"]]
    lines.append('"episodes": [\n' + ",\n".join(episodes) + "\n]")
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write_pack(make_pack(), Path(sys.argv[1]) if len(sys.argv) > 1 else PACK_FILE)
