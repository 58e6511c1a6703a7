"""Own multiple-choice questions: school subjects that a program can answer, and everyday knowledge from tables.

Each generator returns the question, the right option and wrong ones; a table's wrong options come from entries
that the table itself shows to be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.longgenbench.packing import LETTERS, Item

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

Choice = tuple[str, str, list[str], str]
"""Question, right option, wrong options, reason."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WORDS = ("garden", "planet", "silver", "window", "bridge", "candle", "forest", "market", "pencil", "throat")
ANIMALS = {
    "spider": 8,
    "horse": 4,
    "duck": 2,
    "ant": 6,
    "cow": 4,
    "chicken": 2,
    "beetle": 6,
    "cat": 4,
    "owl": 2,
}
SHAPES = {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "octagon": 8}
UNITS = (
    ("metres", "kilometre", 1000),
    ("minutes", "hour", 60),
    ("centimetres", "metre", 100),
    ("grams", "kilogram", 1000),
    ("seconds", "minute", 60),
    ("hours", "day", 24),
)
PLACES = {
    "a library": ("borrow a novel", "read in silence", "look for an old newspaper"),
    "a bakery": ("buy fresh bread", "order a birthday cake", "smell warm rolls"),
    "a harbour": ("watch ships unload", "board a ferry", "tie up a fishing boat"),
    "a hospital": ("see a surgeon", "have a broken arm set", "visit a sick friend on a ward"),
    "a cinema": ("watch a film on a big screen", "buy popcorn before the show", "see a premiere"),
    "a swimming pool": ("swim a few lengths", "jump from a springboard", "wear goggles and a cap"),
    "a railway station": ("catch a train", "read the departure board", "wait on a platform"),
    "a pharmacy": ("collect prescribed pills", "ask for cough syrup", "buy plasters for a cut"),
}
TOOLS = {
    "an umbrella": ("staying dry in the rain",),
    "a hammer": ("driving a nail into a board",),
    "a needle": ("sewing on a button",),
    "a ladle": ("serving soup from a pot",),
    "a torch": ("seeing what lies in a dark cellar",),
    "a broom": ("sweeping the kitchen floor",),
    "a ladder": ("reaching the roof",),
    "a kettle": ("boiling water for tea",),
    "a saw": ("cutting a plank in two",),
    "a thermometer": ("finding out whether somebody has a fever",),
    "a corkscrew": ("opening a bottle of wine",),
    "a compass": ("finding north on a hike",),
    "a calendar": ("remembering the date of a birthday",),
    "a wheelbarrow": ("moving a heap of soil",),
    "a comb": ("tidying tangled hair",),
    "a dustpan": ("picking up crumbs that were swept together",),
    "a fishing rod": ("catching a trout",),
    "a magnifying glass": ("reading very small print",),
    "a pillow": ("resting the head at night",),
    "a whistle": ("starting a race on the playground",),
    "a padlock": ("keeping a bicycle from being stolen",),
    "a blanket": ("keeping warm on a cold bench",),
}


def _other_numbers(value: int, rng: random.Random, count: int = 3) -> list[str]:
    near = [n for n in range(max(0, value - 6), value + 7) if n != value]
    return [str(n) for n in rng.sample(near, count)]


def _sums(rng: random.Random) -> Choice:
    a, b = rng.randint(2, 30), rng.randint(2, 30)
    return f"What is {a} + {b}?", str(a + b), _other_numbers(a + b, rng), f"{a} + {b} = {a + b}."


def _products(rng: random.Random) -> Choice:
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    return f"What is {a} * {b}?", str(a * b), _other_numbers(a * b, rng), f"{a} * {b} = {a * b}."


def _largest(rng: random.Random) -> Choice:
    numbers = rng.sample(range(10, 100), 4)
    top = max(numbers)
    wrong = [str(n) for n in numbers if n != top]
    return "Which of these numbers is the largest?", str(top), wrong, f"{top} is above all the others."


def _day_after(rng: random.Random) -> Choice:
    start, step = rng.randrange(7), rng.randint(1, 3)
    days = "one day" if step == 1 else f"{step} days"
    right = WEEKDAYS[(start + step) % 7]
    wrong = rng.sample([day for day in WEEKDAYS if day != right], 3)
    question = f"Which day of the week comes {days} after {WEEKDAYS[start]}?"
    return question, right, wrong, f"Counting {days} on from {WEEKDAYS[start]} gives {right}."


def _month_before(rng: random.Random) -> Choice:
    index = rng.randrange(12)
    right = MONTHS[index - 1]
    wrong = rng.sample([month for month in MONTHS if month not in (right, MONTHS[index])], 3)
    return (
        f"Which month comes right before {MONTHS[index]}?",
        right,
        wrong,
        f"{right} stands before {MONTHS[index]}.",
    )


def _sides(rng: random.Random) -> Choice:
    name, sides = rng.choice(list(SHAPES.items()))
    return (
        f"How many sides does a {name} have?",
        str(sides),
        _other_numbers(sides, rng),
        f"A {name} has {sides} sides.",
    )


def _rectangle(rng: random.Random) -> Choice:
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    question = (
        f"What is the area of a rectangle that is {a} metres long and {b} metres wide, in square metres?"
    )
    return question, str(a * b), _other_numbers(a * b, rng), f"The area is {a} * {b} = {a * b} square metres."


def _units(rng: random.Random) -> Choice:
    small, large, factor = rng.choice(UNITS)
    wrong = [str(n) for n in rng.sample([n for n in (10, 12, 24, 60, 100, 365, 1000) if n != factor], 3)]
    return (
        f"How many {small} are there in one {large}?",
        str(factor),
        wrong,
        f"One {large} has {factor} {small}.",
    )


def _last_letter(rng: random.Random) -> Choice:
    word = rng.choice(WORDS)
    right = word[-1]
    wrong = rng.sample(sorted({letter for letter in "abcdefghiklmnoprstuvw" if letter != right}), 3)
    return f'What is the last letter of the word "{word}"?', right, wrong, f'"{word}" ends in {right}.'


def _alphabet(rng: random.Random) -> Choice:
    words = sorted(rng.sample(WORDS, 4))
    return (
        "Which of these words comes first in alphabetical order?",
        words[0],
        words[1:],
        f"{words[0]} stands before {words[1]}.",
    )


def _legs(rng: random.Random) -> Choice:
    name, legs = rng.choice(list(ANIMALS.items()))
    wrong = [str(n) for n in rng.sample([n for n in (2, 4, 6, 8, 10) if n != legs], 3)]
    return f"How many legs does a healthy {name} have?", str(legs), wrong, f"The {name} has {legs} legs."


def _legs_together(rng: random.Random) -> Choice:
    (one, a), (two, b) = rng.sample(list(ANIMALS.items()), 2)
    question = f"How many legs do a healthy {one} and a healthy {two} have together?"
    return question, str(a + b), _other_numbers(a + b, rng), f"{a} + {b} = {a + b} legs."


SUBJECTS: dict[str, tuple[Callable[[random.Random], Choice], ...]] = {
    "elementary_arithmetic": (_sums, _products, _largest),
    "calendar": (_day_after, _month_before),
    "geometry_and_units": (_sides, _rectangle, _units),
    "words_and_letters": (_last_letter, _alphabet),
    "animals": (_legs, _legs_together),
}
"""Subject -> generators; a prompt's questions are all about one subject, as in MMLU."""


def _place(rng: random.Random) -> Choice:
    place = rng.choice(list(PLACES))
    wrong = rng.sample([other for other in PLACES if other != place], 4)
    deed = rng.choice(PLACES[place])
    return f"Where would somebody most likely go to {deed}?", place, wrong, f"People {deed} at {place}."


def _tool(rng: random.Random) -> Choice:
    tool = rng.choice(list(TOOLS))
    wrong = rng.sample([other for other in TOOLS if other != tool], 4)
    use = TOOLS[tool][0]
    return f"Which thing is most useful for {use}?", tool, wrong, f"{tool.capitalize()} is made for {use}."


EVERYDAY: tuple[Callable[[random.Random], Choice], ...] = (_place, _tool)


def multiple_choice(generators: Sequence[Callable[[random.Random], Choice]], rng: random.Random) -> Item:
    """One question with shuffled options; the reason names the right one."""
    question, right, wrong, reason = rng.choice(list(generators))(rng)
    options = [right, *wrong]
    rng.shuffle(options)
    letter = LETTERS[options.index(right)]
    return Item(
        question=question, answer=letter, options=tuple(options), worked=f"{reason} The answer is ({letter})."
    )
