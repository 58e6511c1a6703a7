"""Own word problems of one, two and three steps, each with a worked answer that a program can check.

Every equation of a worked answer is written out (``7 + 5 = 12``), so that tests recompute it from the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.longgenbench.packing import Item

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

NAMES = (
    *("Amara", "Bjorn", "Chiara", "Dimitri", "Elodie", "Farid", "Greta", "Hana", "Ibrahim", "Jolanta"),
    *("Kenji", "Leila", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Sanjay", "Tove"),
)
THINGS = (
    *("stamps", "marbles", "seashells", "postcards", "buttons", "pencils", "walnuts", "candles", "tickets"),
    *("stickers", "plums", "tiles", "ribbons", "coins", "beads", "books"),
)
BOXES = ("boxes", "bags", "baskets", "jars", "trays", "crates")
LEVELS = ("L1", "L2", "L3")

Problem = tuple[str, str, int]
"""Question, worked steps without the closing phrase, value."""


def _gain(rng: random.Random) -> Problem:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    question = f"{name} has {a} {thing} and finds {b} more. How many {thing} does {name} have now?"
    return question, f"{name} has {a} + {b} = {a + b} {thing}.", a + b


def _loss(rng: random.Random) -> Problem:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    b = rng.randint(2, 9)
    a = b + rng.randint(1, 9)
    question = f"{name} had {a} {thing} and gave {b} of them away. How many {thing} are left?"
    return question, f"There are {a} - {b} = {a - b} {thing} left.", a - b


def _groups(rng: random.Random) -> Problem:
    thing, box = rng.choice(THINGS), rng.choice(BOXES)
    a, b = rng.randint(2, 6), rng.randint(2, 6)
    question = f"There are {a} {box} with {b} {thing} in each. How many {thing} are there altogether?"
    return question, f"Altogether there are {a} * {b} = {a * b} {thing}.", a * b


def _sharing(rng: random.Random) -> Problem:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    a, b = rng.randint(2, 6), rng.randint(2, 6)
    question = (
        f"{name} shares {a * b} {thing} equally among {a} friends. How many {thing} does each friend get?"
    )
    return question, f"Each friend gets {a * b} / {a} = {b} {thing}.", b


def _gain_loss(rng: random.Random) -> Problem:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    a, b = rng.randint(5, 40), rng.randint(5, 30)
    c = rng.randint(1, a + b - 1)
    question = (
        f"{name} starts the day with {a} {thing}, buys {b} more and sells {c}. How many {thing} are left?"
    )
    steps = (
        f"After buying, {name} has {a} + {b} = {a + b} {thing}. After selling, {a + b} - {c} = {a + b - c}."
    )
    return question, steps, a + b - c


def _two_prices(rng: random.Random) -> Problem:
    name = rng.choice(NAMES)
    a, b = rng.randint(2, 6), rng.randint(2, 9)
    c = rng.randint(3, 30)
    question = (
        f"{name} buys {a} notebooks at {b} euros each and one lamp for {c} euros. How many euros is that?"
    )
    steps = f"The notebooks cost {a} * {b} = {a * b} euros. With the lamp it is {a * b} + {c} = {a * b + c} euros."
    return question, steps, a * b + c


def _left_over_groups(rng: random.Random) -> Problem:
    thing, box = rng.choice(THINGS), rng.choice(BOXES)
    size, boxes = rng.randint(2, 9), rng.randint(2, 9)
    broken = rng.randint(1, 12)
    total = size * boxes + broken
    question = f"Of {total} {thing}, {broken} are broken. The rest go into {box} of {size}. How many {box} are filled?"
    steps = f"{total} - {broken} = {size * boxes} {thing} are whole. They fill {size * boxes} / {size} = {boxes} {box}."
    return question, steps, boxes


def _three_people(rng: random.Random) -> Problem:
    one, two, three = rng.sample(NAMES, 3)
    thing = rng.choice(THINGS)
    a, b, c = rng.randint(3, 15), rng.randint(2, 4), rng.randint(1, 12)
    question = (
        f"{one} has {a} {thing}. {two} has {b} times as many, and {three} has {c} more than {two}. "
        f"How many {thing} do the three have together?"
    )
    second, third = a * b, a * b + c
    steps = (
        f"{two} has {a} * {b} = {second} {thing}. {three} has {second} + {c} = {third}. "
        f"Together they have {a} + {second} + {third} = {a + second + third}."
    )
    return question, steps, a + second + third


def _savings(rng: random.Random) -> Problem:
    name = rng.choice(NAMES)
    weekly, weeks, spent = rng.randint(4, 15), rng.randint(3, 9), rng.randint(2, 10)
    start = rng.randint(5, 30)
    question = (
        f"{name} has {start} euros, earns {weekly} euros a week for {weeks} weeks and then spends {spent} euros. "
        f"How many euros does {name} have?"
    )
    earned = weekly * weeks
    steps = (
        f"{name} earns {weekly} * {weeks} = {earned} euros. That makes {start} + {earned} = {start + earned}. "
        f"After spending, {start + earned} - {spent} = {start + earned - spent} euros are left."
    )
    return question, steps, start + earned - spent


def _seats(rng: random.Random) -> Problem:
    rows, seats = rng.randint(4, 12), rng.randint(5, 12)
    halls = rng.randint(2, 4)
    empty = rng.randint(3, 40)
    question = (
        f"Each of {halls} halls has {rows} rows of {seats} seats. In the evening {empty} seats stay empty. "
        "How many seats are taken?"
    )
    hall = rows * seats
    steps = (
        f"A hall has {rows} * {seats} = {hall} seats. All halls have {halls} * {hall} = {halls * hall}. "
        f"Taken are {halls * hall} - {empty} = {halls * hall - empty}."
    )
    return question, steps, halls * hall - empty


TEMPLATES: dict[str, tuple[Callable[[random.Random], Problem], ...]] = {
    "L1": (_gain, _loss, _groups, _sharing),
    "L2": (_gain_loss, _two_prices, _left_over_groups),
    "L3": (_three_people, _savings, _seats),
}
"""Level = number of steps."""


def word_problem(level: str, rng: random.Random) -> Item:
    """One problem of a level (L1 to L3); the answer follows GSM8K's form: steps, then ``#### value``."""
    question, steps, value = rng.choice(TEMPLATES[level])(rng)
    return Item(
        question=question,
        answer=f"{steps}\n#### {value}",
        worked=f"{steps} The answer is {value}.",
        level=level,
    )
