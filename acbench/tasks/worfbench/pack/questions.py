"""Questions: what must be found out first so that the next can be asked, over an invented little world."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from acbench.tasks.worfbench.pack.model import Plan, Step, plan, step

if TYPE_CHECKING:
    from random import Random


class Kind(NamedTuple):
    """A kind of things with a measure to compare, and a way from one of them to a person and further on."""

    noun: str
    measure: str
    path: tuple[str, ...]
    """What is asked of the thing, of that, of that again, and so on; the first is a person."""
    last: tuple[str, ...]

    def names(self) -> list[str]:
        return [self.noun.format(word) for word in WORDS]


WORDS = (
    *("Grey", "Salt", "Owl", "Mill", "Star", "Rook", "Copper", "Fen"),
    *("Swan", "Amber", "Harbour", "Winter", "Cedar", "Falcon"),
)
KINDS = (
    Kind("{} Tower", "height", ("architect", "birthplace", "river"), ("length", "source", "depth")),
    Kind("{} Bridge", "length", ("engineer", "home town", "mayor"), ("age", "profession", "party")),
    Kind(
        "novel The {} House",
        "number of pages",
        ("author", "country", "capital"),
        ("population", "area", "flag"),
    ),
    Kind("opera {} Song", "duration", ("composer", "teacher", "instrument"), ("inventor", "price", "weight")),
)
TOOLS = "look_up(question): finds one fact; calculate(expression): does arithmetic; answer(text): gives the answer"


def build(level: int, rng: Random) -> Plan:
    kind = rng.choice(KINDS)
    return {1: _hops, 2: _hops, 3: _compare_two, 4: _compare_many}[level](rng, kind, level)


def _ask(question: str) -> str:
    return f"Question: {question}\nTools: {TOOLS}"


def _hops(rng: Random, kind: Kind, level: int) -> Plan:
    name = rng.choice(kind.names())
    chain = [name, *kind.path, rng.choice(kind.last)][: rng.randint(3, 4) if level == 1 else 5]
    steps: list[Step] = []
    asked = f"the {name}"
    for known, wanted in pairwise(chain):
        steps.append(step(f"Look up the {wanted} of the {known}", needs=known if steps else "", gives=wanted))
        asked = f"the {wanted} of {asked}"
    return plan(_ask(f"What is {asked}?"), steps, goal=chain[-1])


def _compare_two(rng: Random, kind: Kind, _level: int) -> Plan:
    first, second = rng.sample(kind.names(), 2)
    person, place, _ = kind.path
    steps: list[Step] = [
        step(f"Find out the {kind.measure} of the {first}", gives="first"),
        step(f"Find out the {kind.measure} of the {second}", gives="second"),
        step("Compare the two values and name the greater one", needs="first|second", gives="greater"),
        step(f"Look up the {person} of the greater one", needs="greater", gives=person),
    ]
    goal, asked = person, f"its {person}"
    if rng.random() < 0.5:
        steps.append(step(f"Look up the {place} of this {person}", needs=person, gives=place))
        goal, asked = place, f"the {place} of its {person}"
    question = (
        f"Of the {first} and the {second}, take the one with the greater {kind.measure}. What is {asked}?"
    )
    return plan(_ask(question), steps, goal=goal)


def _compare_many(rng: Random, kind: Kind, _level: int) -> Plan:
    chosen = rng.sample(kind.names(), rng.randint(3, 4))
    person, place, _ = kind.path
    steps = [step(f"Find out the {kind.measure} of the {name}", gives=name) for name in chosen]
    steps += [
        step("Calculate the mean of all values", needs="|".join(chosen), gives="mean"),
        step("Pick the one whose value is nearest to the mean", needs="mean", gives="nearest"),
        step(f"Look up the {person} of the one picked", needs="nearest", gives=person),
        step(f"Look up the {place} of this {person}", needs=person, gives=place),
    ]
    listed = ", ".join(f"the {name}" for name in chosen)
    question = (
        f"Take the mean {kind.measure} of {listed}, and the one of them that is nearest to this mean. "
        f"What is the {place} of its {person}?"
    )
    return plan(_ask(question), steps, goal=place)
