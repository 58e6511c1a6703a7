"""Seeded problems for the embedded domains, graded by the length of an optimal plan.

A draw: place the objects at random, walk a few random steps, search breadth-first, choose a state as
far away as the level asks, and make some of its facts that do not hold yet the goal. So no goal fact
holds at the start, and the plan that comes with a problem is optimal.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, DataError
from acbench.tasks.pddl.domains import DOMAINS
from acbench.tasks.pddl.search import explore
from acbench.tasks.pddl.strips import load_world

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from acbench.tasks.pddl.search import Reachable
    from acbench.tasks.pddl.strips import Action, Fact, State, World


@dataclass(frozen=True, slots=True)
class Level:
    """Bounds of the optimal plan's length and of the number of goal facts, both inclusive."""

    shortest: int
    longest: int
    fewest_goals: int
    most_goals: int


LEVELS: Mapping[int, Level] = {
    1: Level(1, 1, 1, 1),
    2: Level(2, 2, 1, 1),
    3: Level(3, 5, 1, 2),
    4: Level(6, 12, 2, 4),
    5: Level(13, 25, 4, 6),
}
HARD_ABOVE = 12
"""Plans longer than this are "hard" (AgentBoard specification, section 5.5)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Typed objects and the facts of a random start."""

    objects: Mapping[str, str]
    facts: frozenset[Fact]


@dataclass(frozen=True, slots=True)
class Generator:
    """``goals``: predicates a goal is made of; ``easy_goals`` come in addition at levels 1 and 2.

    ``most_goals``: by level, where the domain has fewer facts to ask for than ``LEVELS`` allows.
    """

    layout: Callable[[Random, int], Layout]
    goals: frozenset[str]
    easy_goals: frozenset[str]
    most_goals: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Generated:
    """A problem as PDDL text with an optimal plan in bare form."""

    problem: str
    plan: tuple[str, ...]


_COLOURS = ("red", "blue", "green", "yellow", "orange", "purple", "white", "black", "pink", "brown")
_INGREDIENTS = ("gin", "rum", "soda", "cola", "lime", "milk")
_COCKTAILS = ("sunset", "breeze", "fizz", "cooler")
_TOOLS = ("wrench", "pump", "jack")
_ROOMS = ("kitchen", "hall", "garden", "office", "garage", "library")


def _blocks(rng: Random, level: int) -> Layout:
    count = {1: rng.randint(2, 4), 2: rng.randint(3, 4), 3: rng.randint(3, 5), 4: 5}.get(level, 6)
    names = rng.sample(_COLOURS, count)
    towers: list[list[str]] = []
    for name in names:
        if towers and rng.random() < 0.6:
            rng.choice(towers).append(name)
        else:
            towers.append([name])
    facts: set[Fact] = {("hand-empty",)}
    for tower in towers:
        facts |= {("on-table", tower[0]), ("clear", tower[-1])}
        facts |= {("on", upper, lower) for lower, upper in pairwise(tower)}
    return Layout(dict.fromkeys(names, "block"), frozenset(facts))


def _balls(rng: Random, level: int) -> Layout:
    count = {1: rng.randint(1, 3), 2: rng.randint(1, 3), 3: rng.randint(2, 4), 4: rng.randint(3, 4)}
    balls = [f"ball{number + 1}" for number in range(count.get(level, rng.randint(5, 6)))]
    rooms = rng.sample(_ROOMS, 2 if level < 4 else rng.randint(2, 3))
    facts: set[Fact] = {("robot-in", rng.choice(rooms)), ("empty", "left"), ("empty", "right")}
    facts |= {("door", a, b) for a in rooms for b in rooms if a != b}
    facts |= {("at", ball, rng.choice(rooms)) for ball in balls}
    kinds = {**dict.fromkeys(rooms, "room"), **dict.fromkeys(balls, "ball"), "left": "hand", "right": "hand"}
    return Layout(kinds, frozenset(facts))


def _bar(rng: Random, level: int) -> Layout:
    """One shaker and few vessels: the search visits every state, and each further shot means ten times as many."""
    shots = [f"shot{number + 1}" for number in range(2 if level >= 4 else rng.randint(1, 3))]
    drinks = rng.sample(_INGREDIENTS, 3 if level == 4 else 2 if level == 5 else rng.randint(2, 3))
    cocktails = rng.sample(_COCKTAILS, 1)
    kinds = {"left": "hand", "right": "hand", "shaker1": "shaker", **dict.fromkeys(shots, "shot")}
    kinds |= {**dict.fromkeys(drinks, "ingredient"), **dict.fromkeys(cocktails, "cocktail")}
    kinds |= {f"level{number}": "level" for number in range(3)}
    facts: set[Fact] = {("handempty", "left"), ("handempty", "right"), ("shaker-level", "shaker1", "level0")}
    facts |= {("shaker-empty-level", "shaker1", "level0"), ("next", "level0", "level1")}
    facts |= {("next", "level1", "level2")}
    for vessel in (*shots, "shaker1"):
        facts |= {("ontable", vessel), ("empty", vessel), ("clean", vessel)}
    for number, drink in enumerate(drinks, start=1):
        kinds[f"dispenser{number}"] = "dispenser"
        facts.add(("dispenses", f"dispenser{number}", drink))
    for cocktail in cocktails:
        one, two = rng.sample(drinks, 2)
        facts |= {("first-part", cocktail, one), ("second-part", cocktail, two)}
    return Layout(kinds, frozenset(facts))


def _garage(rng: Random, level: int) -> Layout:
    """Hubs with flat wheels; at levels 1-4 some things are out of the boot already, so that any part of the
    work can be what is asked."""
    hubs = 2 if level == 4 or (level < 4 and rng.random() < 0.5) else 1
    kinds = {"boot": "container"}
    facts: set[Fact] = {("unlocked", "boot"), ("closed" if rng.random() < 0.5 else "isopen", "boot")}
    things = list(_TOOLS)
    for number in range(1, hubs + 1):
        hub, nuts, old, new = f"hub{number}", f"nuts{number}", f"wheel{number}", f"spare{number}"
        kinds |= {hub: "hub", nuts: "nut", old: "wheel", new: "wheel"}
        facts |= {("on", old, hub), ("on-ground", hub), ("fastened", hub)}
        facts |= {("loose" if rng.random() < 0.3 else "tight", nuts, hub)}
        facts |= {("intact", new), ("not-inflated", new)}
        things.append(new)
    for thing in things:
        out = level < 5 and rng.random() < 0.5
        facts.add(("have", thing) if out else ("in", thing, "boot"))
    return Layout(kinds, frozenset(facts))


GENERATORS: Mapping[str, Generator] = {
    "blocksworld": Generator(_blocks, frozenset({"on", "on-table"}), frozenset({"holding"})),
    "gripper": Generator(_balls, frozenset({"at"}), frozenset({"carry", "robot-in"})),
    "barman": Generator(_bar, frozenset({"contains"}), frozenset({"holding"}), {4: 2, 5: 2}),
    "tyreworld": Generator(
        _garage,
        frozenset({"on", "in", "inflated", "tight", "closed"}),
        frozenset({"have", "isopen", "loose"}),
    ),
}


def bounds_for(domain: str, level: int) -> Level:
    """What a problem of this domain and level keeps to. Raises KeyError for an unknown domain."""
    bounds = LEVELS[level]
    most = GENERATORS[domain].most_goals.get(level, bounds.most_goals)
    return replace(bounds, most_goals=most, fewest_goals=min(bounds.fewest_goals, max(1, most - 1)))


_ATTEMPTS_PER_PROBLEM = 200


def generate(domain: str, level: int, count: int, seed: int) -> list[Generated]:
    """``count`` different problems. A larger count only appends; same arguments, same problems.

    Raises ConfigError when so many different problems of this level were not found.
    """
    rng = Random(f"{seed}/{domain}/{level}")
    found: dict[str, Generated] = {}
    for _ in range(_ATTEMPTS_PER_PROBLEM * count):
        if len(found) == count:
            break
        problem = _attempt(domain, level, rng, name=f"{domain}-l{level}")
        if problem is not None:
            found.setdefault(problem.problem, problem)
    if len(found) < count:
        raise ConfigError(
            f"pddl: per_level = {count}: only {len(found)} different problems of {domain}, level {level}, "
            "were found; ask for fewer"
        )
    return list(found.values())


def _attempt(domain: str, level: int, rng: Random, *, name: str) -> Generated | None:
    spec, generator, bounds = DOMAINS[domain], GENERATORS[domain], bounds_for(domain, level)
    layout = generator.layout(rng, level)
    # Any fact will do as a goal while we look for one; the reader wants at least one.
    draft = problem_text(name, domain, layout.objects, layout.facts, frozenset(sorted(layout.facts)[:1]))
    world = load_world.__wrapped__(spec.text, draft)
    start = _walk(world, rng, steps=rng.randrange(4))
    reachable = explore(world, start, bounds.longest)
    predicates = generator.goals | (generator.easy_goals if level <= 2 else frozenset())
    chosen = _choose_goal(reachable, start, bounds, predicates, rng)
    if chosen is None:
        return None
    goal, plan = chosen
    _verify(replace(world, init=start, goal=goal), plan)
    text = problem_text(name, domain, layout.objects, start, goal)
    return Generated(text, tuple(action.text for action in plan))


def _walk(world: World, rng: Random, *, steps: int) -> State:
    state = world.init
    for _ in range(steps):
        state = world.apply(state, rng.choice(world.applicable(state)))
    return state


def _choose_goal(
    reachable: Reachable, start: State, bounds: Level, predicates: frozenset[str], rng: Random
) -> tuple[State, list[Action]] | None:
    """A goal whose nearest state lies within the level's bounds, with the plan to it."""
    far = [n for n, depth in enumerate(reachable.depths) if bounds.shortest <= depth <= bounds.longest]
    for _ in range(12 if far else 0):
        target = reachable.decode(rng.choice(far))
        facts = sorted(fact for fact in target - start if fact[0] in predicates)
        if len(facts) < bounds.fewest_goals:
            continue
        size = rng.randint(bounds.fewest_goals, min(bounds.most_goals, len(facts)))
        goal = frozenset(rng.sample(facts, size))
        nearest = reachable.nearest(goal)
        if nearest is not None and reachable.depths[nearest] >= bounds.shortest:
            return goal, reachable.plan(nearest)
    return None


def _verify(world: World, plan: list[Action]) -> None:
    """Replays a plan in the engine that episodes use. Raises DataError if it does not reach the goal."""
    state = world.init
    if state & world.goal:
        raise DataError(f"problem {world.name!r}: a goal fact holds at the start")
    for action in plan:
        if not action.preconditions <= state:
            raise DataError(f"problem {world.name!r}: plan step {action.text!r} is not applicable")
        state = world.apply(state, action)
    if not world.goal <= state:
        raise DataError(f"problem {world.name!r}: the plan does not reach the goal")


def problem_text(name: str, domain: str, objects: Mapping[str, str], facts: State, goal: State) -> str:
    """A problem file's text, sorted throughout."""
    typed = "\n    ".join(f"{word} - {kind}" for word, kind in sorted(objects.items()))
    init = "\n    ".join(f"({' '.join(fact)})" for fact in sorted(facts))
    wanted = "\n    ".join(f"({' '.join(fact)})" for fact in sorted(goal))
    return (
        f"(define (problem {name})\n  (:domain {domain})\n  (:objects\n    {typed})\n"
        f"  (:init\n    {init})\n  (:goal (and\n    {wanted})))\n"
    )
