"""The fixed part of a tool agent's prompt: what it is, its tools, one worked example, the goal."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.prompting import Script
from acbench.tasks.agents.replies import extract_action
from acbench.tasks.tools.data.academia_world import academia_world
from acbench.tasks.tools.data.drafts import line
from acbench.tasks.tools.data.movie_world import movie_world
from acbench.tasks.tools.environment import LIST_COMMAND
from acbench.tasks.tools.play import build_environment
from acbench.tasks.tools.todo import TodoSimulator

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM = (
    "You reach a goal by calling tools, one call per turn. Answer with one call on one line and nothing else."
)
THINKING_SYSTEM = "You reach a goal by calling tools, one call per turn."
CALL_FORM = 'A call looks like this: tool with Action Input: {"parameter": value}'
LABELS = ("action",)
MAX_CALL_CHARACTERS = 4000
"""Calls that write whole tables are long."""
EXAMPLE_SEED = 1_000_003
"""The example's world is not the world of any pack."""


def script_for(data: Mapping[str, Any]) -> Script:
    """The words for all episodes with the same tools."""
    tools = build_environment(data).simulator.toolbox.tools.values()
    rules = "\n".join(
        (
            "Tools:",
            *(f"- {tool.signature()}: {tool.about}" for tool in tools),
            CALL_FORM,
            f"'{LIST_COMMAND}' lists the tools.",
        )
    )
    return Script(
        SYSTEM, THINKING_SYSTEM, rules, labels=LABELS, strip_period=False, limit=MAX_CALL_CHARACTERS
    )


def read_action(reply: str) -> str:
    """The line of a reply that is taken as its call."""
    return extract_action(reply, labels=LABELS, strip_period=False, limit=MAX_CALL_CHARACTERS)


@lru_cache(maxsize=16)
def example_for(tool: str, *, show_choices: bool = False) -> tuple[tuple[str, str], ...]:
    """A worked example as (label, text): Goal, then Observation and Action in turn. Its tools are in every offer."""
    data = _EXAMPLES[tool]()
    environment = build_environment(data, choices=data["plan"][:1] if show_choices else ())
    shown = [("Goal", data["goal"]), ("Observation", environment.first_observation())]
    for action, observation in environment.opening():
        shown += [("Action", action), ("Observation", observation)]
    for action in data["plan"]:
        shown += [("Action", action), ("Observation", environment.step(action).observation)]
    return tuple(shown)


def _example(
    tool: str, goal: str, world: Mapping[str, Any], call: tuple[str, Mapping[str, Any]], answer: Any
) -> dict[str, Any]:
    plan = [line(*call), line("finish", {"answer": answer})]
    offer = [call[0], "finish"]
    return {"tool": tool, "goal": goal, "world": world, "subgoals": [answer], "plan": plan, "offered": offer}


def _weather() -> dict[str, Any]:
    goal = "How many metres above the sea is latitude 64.14, longitude -21.9? Answer with a number."
    world = {"seed": EXAMPLE_SEED, "current_date": "2022-05-01", "current_location": "Bergen"}
    call = ("get_elevation", {"latitude": 64.14, "longitude": -21.9})
    return _example("weather", goal, world, call, 40.0)


def _movie() -> dict[str, Any]:
    film = next(iter(movie_world(EXAMPLE_SEED)[0].values()))
    goal = f"When was the movie with the id {film['id']} released? Answer in the form YYYY-MM-DD."
    call = ("get_movie_details", {"movie_id": film["id"]})
    return _example("movie", goal, {"seed": EXAMPLE_SEED}, call, film["release_date"])


def _academia() -> dict[str, Any]:
    title, facts = next(iter(academia_world(EXAMPLE_SEED)["PaperNet"].nodes.items()))
    goal = f"In which year was the paper '{title}' published? Answer with a number."
    world = {"seed": EXAMPLE_SEED, "loaded": ["PaperNet"]}
    call = ("paperNodeCheck", {"node": title})
    return _example("academia", goal, world, call, facts["year"])


def _todo() -> dict[str, Any]:
    task = {
        "content": "Water the cactus",
        "description": "Only a little.",
        "due_date": "2022-05-03",
        "duration": 5,
        "duration_unit": "minute",
        "priority": 1,
    }
    world = {
        "seed": EXAMPLE_SEED,
        "projects": [{"name": "Plants", "is_favorite": False, "tasks": [task]}],
        "current_date": "2022-05-01",
        "current_location": "Bergen",
    }
    number = TodoSimulator(world).projects[0].tasks[0].id
    goal = f"How long does the task with the id {number} take? Answer in the form 30(minute)."
    return _example("todo", goal, world, ("get_task_duration", {"task_id": number}), "5(minute)")


def _sheet() -> dict[str, Any]:
    rows = [["Tool", "Count"], ["hammer", "2"]]
    return {
        "tool": "sheet",
        "goal": 'In "Sheet0", write 7 into the cell B2.',
        "world": {"name": "Sheet0", "sheets": {"Sheet0": {"rows": rows}}},
        "target": [["Tool", "Count"], ["hammer", "7"]],
        "plan": [line("update_cell", {"position": "B2", "value": "7"}), line("finish", {})],
        "offered": ["update_cell", "finish"],
    }


_EXAMPLES = {"weather": _weather, "movie": _movie, "academia": _academia, "todo": _todo, "sheet": _sheet}
