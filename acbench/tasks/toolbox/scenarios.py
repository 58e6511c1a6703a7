"""Scenarios of four levels, put together from parts and verified by running them."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.toolbox import parts_away as away
from acbench.tasks.toolbox import parts_home as home
from acbench.tasks.toolbox.parts import Part, fact
from acbench.tasks.toolbox.plan import LEVELS, Ref, Scenario, Step, reaches
from acbench.tasks.toolbox.words import ACCOUNTS, PEOPLE
from acbench.tasks.toolbox.world import TOOLS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Build = Callable[[World, Random], Part]

DISTRACTORS = {"level1": 2, "level2": 2, "level3": 3, "level4": 4}
"""Tools on offer that the plan does not need."""
ATTEMPTS, ATTEMPTS_PER_KIND = 400, 10
"""Draws until a goal is new; some kinds have few goals, after some draws the next kind is asked."""

SINGLE = (
    *(away.train_search, home.forecast, away.taxi, home.contact, home.room, home.oven),
    *(away.opening, home.soil, home.watering, away.balance, away.payment),
)
CHAINS = (
    *(away.train_booking, away.hotel_reservation, home.event, home.ingredients, home.hot_oven),
    *(away.book_branch, home.plant_care, away.order, away.price_abroad),
)
BRANCHING = (away.train_and_taxi, home.cook, away.borrow, home.water_and_measure)
PRICED = (away.train_booking, away.hotel_reservation, away.order)
TELLING = (away.train_booking, away.hotel_reservation, away.book_branch)


def scenarios(level: str, count: int, seed: int = 0) -> tuple[Scenario, ...]:
    """``count`` scenarios of a level with different goals; equal arguments give equal scenarios.

    Asking for more keeps the first ones. Raises DataError when a level has not so many goals.
    """
    if level not in LEVELS:
        raise DataError(f"toolbox: unknown level {level!r}; there are {', '.join(LEVELS)}")
    found: list[Scenario] = []
    goals: set[str] = set()
    for index in range(count):
        for attempt in range(ATTEMPTS):
            scenario = _scenario(level, index, seed, attempt)
            if scenario.goal not in goals:
                break
        else:
            raise DataError(f"toolbox: {level} has no {count} different goals")
        goals.add(scenario.goal)
        found.append(scenario)
    return tuple(found)


def verify(scenario: Scenario) -> None:
    """Raises DataError unless the plan reaches the goal and no step of it can be left out."""
    if not reaches(scenario, scenario.steps):
        raise DataError(f"toolbox: scenario {scenario.id}: the plan does not reach the goal")
    for step in scenario.steps:
        if reaches(scenario, [other for other in scenario.steps if other is not step]):
            raise DataError(f"toolbox: scenario {scenario.id}: step {step.id} is not needed")


def _scenario(level: str, index: int, seed: int, attempt: int) -> Scenario:
    rng = Random(f"toolbox/{seed}/{level}/{index}/{attempt}")
    world = World(seed)
    part = _part(level, index + attempt // ATTEMPTS_PER_KIND, world, rng)
    used = list(dict.fromkeys(step.name for step in part.steps))
    spare = [tool.name for tool in TOOLS if tool.name not in used]
    tools = used + rng.sample(spare, DISTRACTORS[level])
    rng.shuffle(tools)
    goal = part.clause[0].upper() + part.clause[1:] + "."
    scenario = Scenario(
        id=f"{level}-{index:03d}",
        level=level,
        seed=seed,
        goal=goal,
        steps=part.steps,
        wanted=part.wanted,
        tools=tuple(tools),
    )
    verify(scenario)
    return scenario


def _part(level: str, index: int, world: World, rng: Random) -> Part:
    if level == "level1":
        return SINGLE[index % len(SINGLE)](world, rng)
    if level == "level2":
        return CHAINS[index % len(CHAINS)](world, rng)
    if level == "level3":
        if index % 2:
            return _different(world, rng, CHAINS, SINGLE)
        return BRANCHING[index // 2 % len(BRANCHING)](world, rng)
    return JOINS[index % len(JOINS)](world, rng)


def joined(parts: Sequence[Part]) -> Part:
    """Parts one after the other, their steps numbered through."""
    steps: list[Step] = []
    offers: dict[str, tuple[str, Ref, Any]] = {}
    for position, part in enumerate(parts):
        by = len(steps)
        steps += [step.shifted(by) for step in part.steps]
        for name, (label, ref, value) in part.offers.items():
            offers[f"{position}.{name}"] = (label, replace(ref, step=ref.step + by), value)
    clause = ", then ".join(part.clause for part in parts)
    return Part(clause, tuple(steps), tuple(want for part in parts for want in part.wanted), offers)


def _different(world: World, rng: Random, *pools: Iterable[Build]) -> Part:
    """One part of each pool, none of which shares a tool with another."""
    while True:
        parts = [rng.choice(tuple(pool))(world, rng) for pool in pools]
        names = [{step.name for step in part.steps} for part in parts]
        if len(set().union(*names)) == sum(len(group) for group in names):
            return joined(parts)


def _two(world: World, rng: Random, pool: Sequence[Build]) -> Part:
    return joined([build(world, rng) for build in rng.sample(tuple(pool), 2)])


def _costs(part: Part) -> tuple[list[Ref], list[Any]]:
    offered = [offer for name, offer in part.offers.items() if name.endswith(".cost")]
    return [ref for _, ref, _ in offered], [value for _, _, value in offered]


def _summed(world: World, rng: Random) -> Part:
    part = _two(world, rng, PRICED)
    costs, values = _costs(part)
    add = Step(len(part.steps), "Budget.sum", {"amounts": costs}, "Add the two totals.")
    return Part(
        f"{part.clause}, and add the two totals",
        (*part.steps, add),
        (*part.wanted, fact("summed", amounts=sorted(values))),
    )


def _paid(world: World, rng: Random) -> Part:
    part = _two(world, rng, PRICED)
    costs, values = _costs(part)
    account = rng.choice(ACCOUNTS)
    at = len(part.steps)
    add = Step(at, "Budget.sum", {"amounts": costs}, "Add the two totals.")
    args = {"account": account, "amount": Ref(at, "sum")}
    pay = Step(at + 1, "Bank.pay", args, f"Pay the sum from the account {account}.")
    return Part(
        f"{part.clause}, and pay the sum of the two totals from the account '{account}'",
        (*part.steps, add, pay),
        (*part.wanted, fact("paid", account=account, amount=sum(values))),
    )


def _noted(world: World, rng: Random) -> Part:
    part = _two(world, rng, TELLING)
    words = [offer for name, offer in part.offers.items() if name.endswith(".word")]
    title = rng.choice(("Plans", "To remember", "Weekend", "Details"))
    entries = [ref for _, ref, _ in words]
    write = Step(
        len(part.steps),
        "Notes.create",
        {"title": title, "entries": entries},
        f"Write both facts into the note {title}.",
    )
    said = " and ".join(label for label, _, _ in words)
    return Part(
        f"{part.clause}, and write a note '{title}' with {said}",
        (*part.steps, write),
        (*part.wanted, fact("note written", title=title, entries=[value for _, _, value in words])),
    )


def _mailed(world: World, rng: Random) -> Part:
    part = _two(world, rng, TELLING)
    words = [offer for name, offer in part.offers.items() if name.endswith(".word")]
    said = " and ".join(label for label, _, _ in words)
    name = rng.choice(PEOPLE)
    look, send = _mail(len(part.steps), name, "Details", [ref for _, ref, _ in words])
    email = world.tables("office")["contacts"][name]["email"]
    return Part(
        f"{part.clause}, and mail {said} to {name} with the subject 'Details'",
        (*part.steps, look, send),
        (*part.wanted, fact("mail sent", to=email, facts=[value for _, _, value in words])),
    )


def _shopping(world: World, rng: Random) -> Part:
    part = home.stock_up(world, rng)
    name = rng.choice(PEOPLE)
    label, ref, value = part.offers["list"]
    look, send = _mail(len(part.steps), name, "Shopping", ref)
    email = world.tables("office")["contacts"][name]["email"]
    return Part(
        f"{part.clause}, and mail {label} to {name} with the subject 'Shopping'",
        (*part.steps, look, send),
        (*part.wanted, fact("mail sent", to=email, facts=value)),
    )


def _mail(at: int, name: str, subject: str, facts: Any) -> tuple[Step, Step]:
    look = Step(at, "Contacts.find", {"name": name}, f"Look up {name} in the address book.")
    args = {"to": Ref(at, "email"), "subject": subject, "facts": facts}
    return look, Step(at + 1, "Mail.send", args, f"Send the mail {subject} to that address.")


JOINS: tuple[Build, ...] = (_summed, _noted, _mailed, _paid, _shopping)
