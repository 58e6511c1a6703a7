"""Records for one step of a task: its aim, its tool, one argument, or all three at once.

The conversation replays the steps before it with the simulator's responses and stops at the question under test.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from acbench.tasks.teval.pack import examples
from acbench.tasks.teval.pack.wording import chat, response, tool_list
from acbench.tasks.toolbox import Ref, execute, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from acbench.tasks.toolbox import Scenario, Step

STRING_LAYOUT = (
    "You fulfil the user's request step by step and in its order with the tools below. For each step you are asked "
    "for its aim, its tool and its arguments."
)
JOINT_LAYOUT = (
    "You fulfil the user's request step by step and in its order with the tools below. Answer with the next step "
    'as one JSON object and nothing else. Its keys are "thought" (the aim of the step in one sentence), "name" '
    '(the tool) and "args" (an object with the arguments).'
)
ASK_AIM = "What is the aim of the next step? Answer with one sentence."
ASK_NAME = "Which tool does this step call? Answer with its name only."
ASK_ARGUMENT = "What is the value of the argument '{name}'? Answer with the value only."
ASK_STEP = "What is the next step?"


def reason_record(scenario: Scenario, number: int) -> dict[str, Any]:
    step, args = _tested(scenario, number)
    turns = [*_replayed(scenario, step.id), ("user", ASK_AIM)]
    return _record(scenario, STRING_LAYOUT, turns, {"thought": step.thought, "name": step.name, "args": args})


def retrieve_record(scenario: Scenario, number: int) -> dict[str, Any]:
    step, args = _tested(scenario, number)
    turns = [
        *_replayed(scenario, step.id),
        ("user", ASK_AIM),
        ("assistant", step.thought),
        ("user", ASK_NAME),
    ]
    return _record(scenario, STRING_LAYOUT, turns, {"thought": step.thought, "name": step.name, "args": args})


def understand_record(scenario: Scenario, number: int) -> dict[str, Any]:
    step, args = _tested(scenario, number)
    name = _tested_argument(step)
    turns = [*_replayed(scenario, step.id), *_aim_and_name(step)]
    for other in args:
        if other == name:
            break
        turns += _argument(other, args[other])
    turns.append(("user", ASK_ARGUMENT.format(name=name)))
    return _record(scenario, STRING_LAYOUT, turns, {"args": args[name]})


def joint_record(scenario: Scenario, number: int) -> dict[str, Any]:
    step, args = _tested(scenario, number)
    results = execute(scenario.world(), scenario.steps)
    turns = []
    for earlier in scenario.steps[: step.id]:
        done = {"thought": earlier.thought, "name": earlier.name, "args": resolve(earlier.args, results)}
        turns += [("user", ASK_STEP), ("assistant", json.dumps(done))]
        turns.append(("function", response(results[earlier.id])))
    turns.append(("user", ASK_STEP))
    gold = {"thought": step.thought, "name": step.name, "args": args}
    record = _record(scenario, JOINT_LAYOUT, turns, gold, examples.next_step(ASK_STEP))
    record["meta_data"]["response_format"] = "json"
    return record


def _record(
    scenario: Scenario,
    layout: str,
    turns: list[tuple[str, str]],
    gold: dict[str, Any],
    example: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    system, request = layout, f"Request: {scenario.goal}"
    if example:  # it has tools of its own
        request = f"{tool_list(scenario.tools)}\n\n{request}"
    else:
        system = f"{layout}\n\n{tool_list(scenario.tools)}"
    return {
        "template": None,
        "meta_data": {"response_format": "str", "API_list": list(scenario.tools)},
        "ground_truth": gold,
        "origin_prompt": chat(system, *example, ("user", request), *turns),
    }


def _tested(scenario: Scenario, number: int) -> tuple[Step, dict[str, Any]]:
    """The step under test: the only one, or one behind the first, so that something precedes it."""
    steps = scenario.steps
    step = steps[0] if len(steps) == 1 else steps[len(steps) - 1 - number % (len(steps) - 1)]
    return step, resolve(step.args, execute(scenario.world(), steps))


def _tested_argument(step: Step) -> str:
    """The first argument that comes from an earlier result, else the last one."""
    return next((name for name, value in step.args.items() if isinstance(value, Ref)), list(step.args)[-1])


def _replayed(scenario: Scenario, until: int) -> Iterator[tuple[str, str]]:
    results = execute(scenario.world(), scenario.steps)
    for step in scenario.steps[:until]:
        yield from _aim_and_name(step)
        for name, value in resolve(step.args, results).items():
            yield from _argument(name, value)
        yield "function", response(results[step.id])


def _aim_and_name(step: Step) -> list[tuple[str, str]]:
    aim = [("user", ASK_AIM), ("assistant", step.thought)]
    return [*aim, ("user", ASK_NAME), ("assistant", step.name)]


def _argument(name: str, value: Any) -> list[tuple[str, str]]:
    return [("user", ASK_ARGUMENT.format(name=name)), ("assistant", str(value))]
