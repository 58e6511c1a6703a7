"""Plans whose graph follows from what each step needs, brings about and uses up.

A step may run when all it ``needs`` holds; then it adds what it ``gives`` and removes what it ``takes``. Of a plan
that works in its listing order, the graph keeps exactly the pairs of steps that disturb each other; every order
the graph allows then ends in the same state. ``check_plan`` does not rely on that argument, it runs the orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.errors import DataError
from acbench.tasks.worfbench.parsing import END, START

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Facts = frozenset[str]
Pairs = frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Step:
    text: str
    needs: Facts
    gives: Facts
    takes: Facts


@dataclass(frozen=True, slots=True)
class Plan:
    """``question``: the user's text. ``steps`` work in this order from ``start`` and bring about ``goal``."""

    question: str
    steps: tuple[Step, ...]
    goal: Facts
    start: Facts = frozenset()


def facts(text: str) -> Facts:
    """Facts are written in one text, separated by `|`."""
    return frozenset(part.strip() for part in text.split("|") if part.strip())


def step(text: str, *, needs: str = "", gives: str = "", takes: str = "") -> Step:
    return Step(text, facts(needs), facts(gives), facts(takes))


def plan(question: str, steps: Iterable[Step], *, goal: str, start: str = "") -> Plan:
    return Plan(question, tuple(steps), facts(goal), facts(start))


def dependencies(steps: Sequence[Step]) -> Pairs:
    """Pairs of indices (earlier, later) of the plan's graph, without those that follow from others."""
    disturbing = {
        (i, j)
        for j, later in enumerate(steps)
        for i, earlier in enumerate(steps[:j])
        if _disturb(earlier, later)
    }
    return reduced(disturbing, len(steps))


def _disturb(earlier: Step, later: Step) -> bool:
    return bool(
        earlier.gives & (later.needs | later.takes)
        or earlier.takes & (later.needs | later.gives)
        or later.takes & earlier.needs
    )


def reduced(pairs: Iterable[tuple[int, int]], count: int) -> Pairs:
    """The pairs that do not follow from the others. All lead from a lower to a higher index."""
    kept = set(pairs)
    after: list[set[int]] = [set() for _ in range(count)]
    for i in reversed(range(count)):
        direct = sorted(j for a, j in kept if a == i)
        for j in direct:
            if j in after[i]:
                kept.discard((i, j))
            after[i] |= {j} | after[j]
    return frozenset(kept)


def workflow_text(texts: Sequence[str], pairs: Pairs) -> str:
    """The gold answer in the layout of the published records."""
    count = len(texts)
    edges = [(str(i + 1), str(j + 1)) for i, j in sorted(pairs)]
    first = [(START, str(i + 1)) for i in range(count) if all(j != i for _, j in pairs)]
    last = [(str(i + 1), END) for i in range(count) if all(a != i for a, _ in pairs)]
    lines = [f"{number}: {text}" for number, text in enumerate(texts, 1)]
    written = " ".join(f"({a},{b})" for a, b in [*first, *edges, *last])
    return "\n".join(["Node:", *lines, f"Edge: {written}"])


def is_chain(pairs: Pairs, count: int) -> bool:
    return pairs == frozenset((i, i + 1) for i in range(count - 1))


def check_plan(made: Plan) -> None:
    """Runs the plan. Raises DataError unless every order the graph allows reaches the goal, no edge can be left
    out (some order then fails), and the texts differ.
    """
    pairs = dependencies(made.steps)
    if len({entry.text.casefold() for entry in made.steps}) < len(made.steps):
        raise DataError(f"workflow plan {made.question!r}: two steps have the same text")
    if not every_order_works(made, pairs):
        raise DataError(f"workflow plan {made.question!r}: an order that its graph allows fails")
    for pair in pairs:
        if every_order_works(made, pairs - {pair}):
            raise DataError(f"workflow plan {made.question!r}: the edge {pair} is not needed")


def every_order_works(made: Plan, pairs: Pairs) -> bool:
    """Whether all topological orders of the pairs run and end in the goal; states are visited once each."""
    before = [{i for i, j in pairs if j == step_index} for step_index in range(len(made.steps))]
    seen: set[tuple[frozenset[int], Facts]] = set()
    open_states: list[tuple[frozenset[int], Facts]] = [(frozenset(), made.start)]
    while open_states:
        done, holding = open_states.pop()
        if (done, holding) in seen:
            continue
        seen.add((done, holding))
        if len(done) == len(made.steps) and not made.goal <= holding:
            return False
        for index, entry in enumerate(made.steps):
            if index in done or not before[index] <= done:
                continue
            if not entry.needs <= holding:
                return False
            open_states.append((done | {index}, (holding - entry.takes) | entry.gives))
    return True
