"""Plan records: a wish, the tools on offer, and the verified plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.teval.pack import examples
from acbench.tasks.teval.pack.wording import chat, tool_list

if TYPE_CHECKING:
    from acbench.tasks.toolbox import Scenario

JSON_LAYOUT = (
    "Plan the calls that fulfil the request, in the order of the request. Answer with a JSON list and nothing "
    'else. Each entry is an object with the keys "id" (0, 1, 2, ...), "name" (the tool) and "args" (an object with '
    "the arguments). "
    "Where an argument is a result of an earlier call, write the id of the call and the field, as in "
    '"<0.price>".'
)
STRING_LAYOUT = (
    "Plan the calls that fulfil the request, in the order of the request. Write one line for each call and "
    "nothing else, in the form: Use TOOL to AIM"
)


def json_record(scenario: Scenario, _number: int) -> dict[str, Any]:
    example = examples.json_plan(len(scenario.steps))
    return {**_record(scenario, "json", JSON_LAYOUT, example), "template": {"args": "object"}}


def string_record(scenario: Scenario, _number: int) -> dict[str, Any]:
    return _record(scenario, "str", STRING_LAYOUT, examples.string_plan(len(scenario.steps)))


def _record(scenario: Scenario, form: str, layout: str, example: examples.Turns) -> dict[str, Any]:
    plan = [
        {
            "id": step.id,
            "prev": list(step.prev),
            "name": step.name,
            "args": step.written_args(),
            "thought": _aim(step.thought),
        }
        for step in scenario.steps
    ]
    return {
        "meta": {"prompt_type": form, "API_list": list(scenario.tools)},
        "ground_truth": plan,
        "origin_prompt": chat(layout, *example, ("user", f"{tool_list(scenario.tools)}\n\n{scenario.goal}")),
    }


def _aim(thought: str) -> str:
    """A step's aim as the end of a sentence."""
    return thought[0].lower() + thought[1:].rstrip(".")
