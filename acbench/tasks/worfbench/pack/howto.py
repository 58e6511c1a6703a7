"""How-to tasks: recipes and small crafts, where parts are prepared apart and then put together.

The question lists the steps in disorder, with some that belong to other tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from acbench.tasks.worfbench.pack.model import Plan, Step, plan, step

if TYPE_CHECKING:
    from random import Random


class Family(NamedTuple):
    """Parts go through ``prepare`` one after the other, then all through ``finish``; `{}` is the part."""

    title: str
    parts: tuple[str, ...]
    prepare: tuple[str, ...]
    finish: tuple[str, ...]


FAMILIES = (
    Family(
        "make a salad of {}",
        ("tomatoes", "cucumber", "radishes", "peppers", "lettuce", "carrots", "celery", "fennel"),
        ("Wash the {} under cold water.", "Cut the {} into thin slices."),
        ("Mix everything in a large bowl.", "Pour oil and vinegar over the salad."),
    ),
    Family(
        "cook a soup of {}",
        ("potatoes", "leeks", "turnips", "pumpkin", "beetroot", "parsnips", "mushrooms", "lentils"),
        ("Clean the {} with a brush.", "Chop the {} coarsely."),
        ("Simmer all of it in broth for half an hour.", "Season the soup with pepper."),
    ),
    Family(
        "build a shelf with {}",
        ("two side walls", "a back board", "three floors", "a top plate", "a base frame", "a small door"),
        ("Saw {} out of plywood.", "Sand the edges of {}."),
        ("Screw all the wooden parts together.", "Paint the finished shelf."),
    ),
    Family(
        "plant a window box with {}",
        ("geraniums", "thyme", "ivy", "lavender", "violets", "chives", "daisies", "sage"),
        ("Take the {} out of their pots.", "Loosen the roots of the {}."),
        ("Set the plants into fresh soil in the box.", "Water the box until it drips."),
    ),
    Family(
        "sew a bag with {}",
        ("an outer side", "a lining", "two handles", "an inner pocket", "a flap", "a drawstring"),
        ("Cut the cloth for {}.", "Press {} with a warm iron."),
        ("Sew all the pieces of the bag together.", "Turn the bag right side out."),
    ),
    Family(
        "make a photo album about {}",
        ("a wedding", "a hike", "a school year", "a sea voyage", "a garden", "a new house", "a concert"),
        ("Choose the pictures of {}.", "Write captions for the pictures of {}."),
        ("Glue all pages in the right order.", "Bind the album with a ribbon."),
    ),
)  # fmt: skip
DISTRACTORS = 2


def build(level: int, rng: Random) -> Plan:
    family = rng.choice(FAMILIES)
    parts = rng.sample(family.parts, {1: 1, 2: 1, 3: 2, 4: 3}[level])
    finish = family.finish[: {1: rng.randint(0, 1), 2: 2, 3: rng.randint(1, 2), 4: 2}[level]]
    steps = _steps(family, parts, finish)
    goal = finish[-1] if finish else _named(family.prepare[-1], parts[0])
    offered = [entry.text for entry in steps] + _foreign(family, rng)
    listed = "\n".join(f"- {text}" for text in rng.sample(offered, len(offered)))
    title = family.title if finish else f"{family.title}, as far as the preparation"
    question = f"Task: How to {title.format(_joined(parts))}\nPossible steps:\n{listed}"
    return plan(question, steps, goal=goal)


def _steps(family: Family, parts: list[str], finish: tuple[str, ...]) -> list[Step]:
    """A step's own text is the fact it brings about."""
    steps, ready = [], []
    for part in parts:
        before = ""
        for template in family.prepare:
            text = _named(template, part)
            steps.append(step(text, needs=before, gives=text))
            before = text
        ready.append(before)
    before = "|".join(ready)
    for text in finish:
        steps.append(step(text, needs=before, gives=text))
        before = text
    return steps


def _named(template: str, part: str) -> str:
    return template.format(part)


def _foreign(family: Family, rng: Random) -> list[str]:
    others = [other for other in FAMILIES if other is not family]
    texts = [_named(rng.choice(other.prepare), rng.choice(other.parts)) for other in others]
    return rng.sample(texts, DISTRACTORS)


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
