"""Web shopping: one page is open at a time, options of a product may be chosen in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.worfbench.pack.model import Plan, Step, plan, step

if TYPE_CHECKING:
    from random import Random

PRODUCTS = (
    *(
        "hiking boots",
        "desk lamp",
        "rain jacket",
        "yoga mat",
        "travel mug",
        "garden hose",
        "phone case",
        "bed sheet",
    ),
    *(
        "running socks",
        "toaster",
        "umbrella",
        "picture frame",
        "backpack",
        "tablecloth",
        "bicycle bell",
        "slippers",
    ),
)
TRAITS = ("waterproof", "second-hand", "light", "organic", "foldable", "handmade", "washable", "sturdy")
OPTIONS = {
    "size": ("small", "medium", "large", "extra large"),
    "colour": ("green", "grey", "orange", "navy blue", "white"),
    "delivery": ("express delivery", "standard delivery", "pick-up in the shop"),
    "wrapping": ("gift wrapping", "no wrapping"),
    "quantity": ("two pieces", "three pieces", "five pieces"),
}
ACTIONS = "search[words]; click[product, option or button]"


def build(level: int, rng: Random) -> Plan:
    product, trait, price = rng.choice(PRODUCTS), rng.choice(TRAITS), rng.randrange(15, 140, 5)
    names = rng.sample(
        tuple(OPTIONS), {1: 0, 2: rng.randint(0, 1), 3: rng.randint(2, 3), 4: rng.randint(3, 4)}[level]
    )
    chosen = [(name, rng.choice(OPTIONS[name])) for name in names]
    checks = level == 4
    steps: list[Step] = [
        step(f"search for {trait} {product} below {price} dollars", gives="results"),
        step(
            f"open a product page of {product} that fits the wish",
            needs="results",
            gives="page",
            takes="results",
        ),
    ]
    done = ["page"]
    if checks:
        steps.append(step("read the reviews of other buyers", needs="page", gives="reviews read"))
        done.append("reviews read")
    for name, value in chosen:
        steps.append(step(f"choose the {name}: {value}", needs="page", gives=f"{name} set"))
        done.append(f"{name} set")
    steps.append(
        step(f"press the button that buys the {product}", needs="|".join(done), gives="bought", takes="page")
    )
    options = ", ".join(f"{name} {value}" for name, value in chosen)
    wish = f"buy {trait} {product} for less than {price} dollars"
    wish += f" with these options: {options}" if chosen else ""
    wish += "; read the reviews of the product before you buy" if checks else ""
    return plan(f"Web shop, search page.\nTask: {wish}.\nActions: {ACTIONS}", steps, goal="bought")
