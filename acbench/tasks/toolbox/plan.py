"""Plans: steps whose arguments come from the task or from earlier results, and their execution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from acbench.tasks.toolbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from acbench.tasks.toolbox.model import Fact, Outcome

LEVELS = ("level1", "level2", "level3", "level4")
"""One call; a chain of two; three or four calls that are no simple chain; five and more with a join."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A field of the result of an earlier step; written ``<2.total>`` for field `total` of step 2."""

    step: int
    field: str

    def __str__(self) -> str:
        return f"<{self.step}.{self.field}>"


@dataclass(frozen=True, slots=True)
class Step:
    """One call. ``args`` hold plain values, Refs and lists of both; ``thought`` is the step's aim in words."""

    id: int
    name: str
    args: Mapping[str, Any]
    thought: str

    @property
    def prev(self) -> tuple[int, ...]:
        """The steps whose results this one needs: its true dependencies."""
        return tuple(sorted({ref.step for ref in refs(self.args.values())}))

    def written_args(self) -> dict[str, Any]:
        """The arguments as a plan states them, with references as text."""
        return {name: _map(value, str) for name, value in self.args.items()}

    def shifted(self, by: int) -> Step:
        """The same step with all numbers raised."""
        moved = {
            name: _map(value, lambda ref: Ref(ref.step + by, ref.field)) for name, value in self.args.items()
        }
        return replace(self, id=self.id + by, args=moved)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A task with its verified plan. ``tools``: names of the tools on offer, distractors among them.

    ``wanted``: the facts that must hold afterwards, derived from the world's tables and not from the plan.
    """

    id: str
    level: str
    seed: int
    goal: str
    steps: tuple[Step, ...]
    wanted: tuple[Fact, ...]
    tools: tuple[str, ...]

    def world(self) -> World:
        return World(self.seed)


def refs(values: Iterable[Any]) -> Iterator[Ref]:
    """All references in argument values, lists included."""
    for value in values:
        if isinstance(value, Ref):
            yield value
        elif isinstance(value, list | tuple):
            yield from refs(value)


def resolve(args: Mapping[str, Any], results: Mapping[int, Outcome]) -> dict[str, Any]:
    """The arguments with references replaced by results. Raises KeyError where a result is not there."""

    def look_up(ref: Ref) -> Any:
        outcome = results[ref.step]
        if not outcome.ok:
            raise KeyError(ref.step)
        return outcome.value[ref.field]

    return {name: _map(value, look_up) for name, value in args.items()}


def execute(world: World, steps: Sequence[Step]) -> dict[int, Outcome]:
    """Calls the steps in order and gives their outcomes by id; a step that lacks a result is not called."""
    results: dict[int, Outcome] = {}
    for step in steps:
        try:
            args = resolve(step.args, results)
        except KeyError:
            continue
        results[step.id] = world.call(step.name, args)
    return results


def reaches(scenario: Scenario, steps: Sequence[Step]) -> bool:
    """Whether executing the steps in a fresh world of the scenario brings about all that is wanted."""
    world = scenario.world()
    execute(world, steps)
    facts = world.facts
    return all(fact in facts for fact in scenario.wanted)


def _map(value: Any, change: Any) -> Any:
    if isinstance(value, Ref):
        return change(value)
    if isinstance(value, list | tuple):
        return [_map(entry, change) for entry in value]
    return value
