"""From a sample's data to its environment, and the replay of saved actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.agents.world import replay_steps
from acbench.tasks.protocol import Sample
from acbench.tasks.tools.academia import GRAPHS, AcademiaSimulator, Graph
from acbench.tasks.tools.aims import SHEET_MATCHES, SheetAim, ValuesAim
from acbench.tasks.tools.environment import Environment
from acbench.tasks.tools.matching import table_match
from acbench.tasks.tools.movie import MovieSimulator
from acbench.tasks.tools.recordings import RecordedSimulator
from acbench.tasks.tools.sheet import SheetSimulator
from acbench.tasks.tools.todo import TodoSimulator
from acbench.tasks.tools.toolbox import ordered
from acbench.tasks.tools.weather import WeatherSimulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from acbench.tasks.tools.aims import Aim
    from acbench.tasks.tools.environment import Simulator

QUERY_TOOLS = ("weather", "movie", "academia")
OPERATION_TOOLS = ("todo", "sheet")


def build_environment(
    data: Mapping[str, Any],
    *,
    upstream: bool = False,
    choices: Sequence[str] = (),
    sheet_match: str | None = None,
) -> Environment:
    """A fresh environment for one sample's data. Raises DataError naming a missing field.

    ``sheet_match``: how a table is scored, None for what ``upstream`` brings.
    """
    try:
        simulator = build_simulator(data["tool"], data["world"], data.get("offered"))
        aim = _aim(data, simulator, sheet_match or SHEET_MATCHES[upstream])
        return Environment(simulator, aim, data["goal"], choices=choices)
    except KeyError as error:
        raise DataError(f"tools sample: field {error.args[0]!r} is missing or names nothing known") from error


def build_simulator(tool: str, world: Mapping[str, Any], offered: Sequence[str] | None = None) -> Simulator:
    """A simulator in its first state. ``offered``: the tools it has, None for all."""
    if tool == "todo":
        return TodoSimulator(world, offered)
    if tool == "sheet":
        return SheetSimulator(world, offered)
    if "recordings" in world:
        return RecordedSimulator(_query_simulator(tool, {**world, "seed": 0}, None), world["recordings"])
    return _query_simulator(tool, world, offered)


def _query_simulator(tool: str, world: Mapping[str, Any], offered: Sequence[str] | None) -> Simulator:
    from acbench.tasks.tools.data.academia_world import academia_world
    from acbench.tasks.tools.data.movie_world import movie_world

    if tool == "weather":
        return WeatherSimulator(world, offered)
    if tool == "movie":
        return MovieSimulator(*movie_world(world["seed"]), offered)
    if tool == "academia":
        graphs = _read_graphs(world["graphs"]) if "graphs" in world else academia_world(world["seed"])
        return AcademiaSimulator(graphs, offered, loaded=world.get("loaded", ()))
    raise KeyError(tool)


def _read_graphs(given: Mapping[str, Any]) -> dict[str, Graph]:
    return {name: _read_graph(given[name]) for name in GRAPHS}


def _read_graph(given: Mapping[str, Any]) -> Graph:
    directed = bool(given.get("directed", False))
    return Graph(given["nodes"], given["edges"], given.get("neighbours"), directed=directed)


def _aim(data: Mapping[str, Any], simulator: Simulator, sheet_match: str) -> Aim:
    if isinstance(simulator, SheetSimulator):
        target = data["target"]
        start = table_match(simulator.table(), target)
        if start >= 1.0:
            raise DataError(f"sheet {data['world']['name']!r}: the table is the target from the start")
        return SheetAim(target, simulator, start, sheet_match)
    goals = data["subgoals"]
    if not goals:
        raise DataError(f"{data['goal']!r}: there are no sub-goals, there is nothing to measure")
    return ValuesAim(goals, simulator, ordered(data.get("answer")), data.get("final"))


def replay(
    sample_or_data: Sample | Mapping[str, Any], actions: Iterable[str], *, mode: str = "corrected"
) -> list[dict[str, Any]]:
    """Plays ``actions`` and tells per step: action, observation, valid, progress (0..1), done.

    Ends after the step that ends the episode, whatever follows.
    """
    data = sample_or_data.data if isinstance(sample_or_data, Sample) else sample_or_data
    environment = build_environment(data, upstream=mode == "upstream")
    return replay_steps(environment, actions)
