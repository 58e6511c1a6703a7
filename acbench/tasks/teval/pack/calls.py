"""Instruct records: one call in words, to be written in a layout that changes from record to record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.teval.pack import examples
from acbench.tasks.teval.pack.wording import chat, in_words, tool_line
from acbench.tasks.toolbox import BY_NAME, execute, resolve

if TYPE_CHECKING:
    from acbench.tasks.toolbox import Scenario, Step

KEYS = (
    ("goal", "name", "args"),
    ("thought", "tool", "arguments"),
    ("aim", "call", "input"),
    ("reason", "action", "parameters"),
    ("purpose", "function", "values"),
)
WORDS = (
    ("Goal: ", "Tool: ", "Arguments: "),
    ("Thought: ", "Action: ", "Input: "),
    ("Aim = ", "Call = ", "With = "),
    ("<aim> ", "<tool> ", "<args> "),
    ("Purpose - ", "Function - ", "Parameters - "),
)
ASK_JSON = (
    "Write the call that the user asks for as one JSON object and nothing else. Its keys are {keys}: "
    '"{thought}" says in a few words what the call is for, "{action}" is the name of the tool, "{args}" is an '
    "object with the arguments."
)
ASK_STRING = (
    "Write the call that the user asks for in three lines and nothing else:\n{thought}what the call is for\n"
    "{action}name of the tool\n{args}the arguments as {{'name': value, ...}}"
)


def json_record(scenario: Scenario, number: int) -> dict[str, Any]:
    thought, action, args = KEYS[number % len(KEYS)]
    template = {"thought": thought, "action": action, "args": args}
    keys = ", ".join(f'"{key}"' for key in (thought, action, args))
    return _record(
        scenario, "json", template, ASK_JSON.format(keys=keys, **template), examples.json_call(template)
    )


def string_record(scenario: Scenario, number: int) -> dict[str, Any]:
    thought, action, args = WORDS[number % len(WORDS)]
    template = {
        **{"thought_start": thought, "thought_end": "\n"},
        **{"action_start": action, "action_end": "\n"},
        **{"args_start": args, "args_end": ""},
    }
    layout = ASK_STRING.format(thought=thought, action=action, args=args)
    return _record(scenario, "string", template, layout, examples.string_call(thought, action, args))


def last_call(scenario: Scenario) -> tuple[Step, dict[str, Any]]:
    """The last step and its arguments with all results filled in."""
    results = execute(scenario.world(), scenario.steps)
    step = scenario.steps[-1]
    return step, resolve(step.args, results)


def _record(
    scenario: Scenario, form: str, template: dict[str, str], layout: str, example: examples.Turns
) -> dict[str, Any]:
    step, args = last_call(scenario)
    ask = f"Tool:\n{tool_line(BY_NAME[step.name])}\n\nCall {step.name} with {in_words(args)}."
    return {
        "template": template,
        "meta_data": {"response_format": form},
        "ground_truth": {"action": step.name, "args": args, "thought": step.thought},
        "origin_prompt": chat(layout, *example, ("user", ask)),
    }
