"""The embedded pack: prompts of own questions, drawn with a seed, no question twice in a prompt."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, NamedTuple

from acbench.tasks.longgenbench.arithmetic import word_problem
from acbench.tasks.longgenbench.choices import EVERYDAY, SUBJECTS, multiple_choice
from acbench.tasks.longgenbench.packing import Packed, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from acbench.tasks.longgenbench.forms import Form
    from acbench.tasks.longgenbench.packing import Item
    from acbench.tasks.longgenbench.settings import Settings


DRAWS = 50


class Named(NamedTuple):
    """A packed prompt with its sample id and level (steps of a problem, or the subject)."""

    id: str
    level: str
    packed: Packed


def embedded_prompts(form: Form, settings: Settings) -> Iterator[Named]:
    """All prompts of a form, in a stable order; a prompt depends on its own name and the seed alone."""
    if form.name == "gsm8k":
        levels = settings.levels
    elif form.name == "mmlu":
        levels = tuple(SUBJECTS)
    else:
        levels = ("everyday",)
    for level in levels:
        for number in range(settings.prompts):
            name = f"{form.name}-{level}-{number + 1:02d}"
            rng = random.Random(f"longgenbench/{settings.seed}/{name}/{settings.k}")
            items = distinct_items(drawer(form.name, level), settings.k + settings.demos, rng)
            demos, questions = items[: settings.demos], items[settings.demos :]
            subject = level.replace("_", " ") if form.name == "mmlu" else ""
            yield Named(name, level, pack(questions, demos, letters=form.letters, subject=subject))


def drawer(form: str, level: str) -> Callable[[random.Random], Item]:
    if form == "gsm8k":
        return lambda rng: word_problem(level, rng)
    generators = EVERYDAY if form == "csqa" else SUBJECTS[level]
    return lambda rng: multiple_choice(generators, rng)


def distinct_items(draw: Callable[[random.Random], Item], count: int, rng: random.Random) -> list[Item]:
    """No question twice; one that only differs in its options counts as new once the pool of others is used up."""
    found: dict[tuple[str, ...], Item] = {}
    for draws in itertools.count():
        if len(found) == count:
            return list(found.values())
        item = draw(rng)
        by_options = item.question.startswith("Which of these") or draws > DRAWS * count
        found.setdefault((item.question, *(sorted(item.options) if by_options else ())), item)
    raise AssertionError("unreachable")
