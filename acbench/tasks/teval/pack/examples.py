"""The worked example in front of a record's own question, as real turns: a small model copies a layout that it has
seen answered far more often than one that is only described (docs/adr/0006).

Its tools belong to no catalogue, so an example never tells anything about the tool under test.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LAMP = "Lamp.switch(room: string, state: string): Switch the lamp of a room. Returns state, watts."
DOOR = "Door.lock(door: string, code: integer): Lock a door. Returns locked."
AIM = "Switch the lamp in the kitchen on."
NAME = "Lamp.switch"
ARGS: Mapping[str, Any] = {"room": "kitchen", "state": "on"}
REQUEST = "Switch the lamp in the kitchen on."
LONGER = "Switch the lamp in the kitchen on, then lock the front door with the lamp's watts as the code."
SECOND = {"door": "front", "code": "<0.watts>"}

Turns = list[tuple[str, str]]


def json_call(keys: Mapping[str, str]) -> Turns:
    """An instruct example; ``keys`` name thought, action and args."""
    answer = {keys["thought"]: AIM, keys["action"]: NAME, keys["args"]: ARGS}
    return [("user", _call()), ("assistant", json.dumps(answer))]


def string_call(thought: str, action: str, args: str) -> Turns:
    """An instruct example in the layout of three labelled lines."""
    return [("user", _call()), ("assistant", f"{thought}{AIM}\n{action}{NAME}\n{args}{dict(ARGS)!r}")]


def _call() -> str:
    return f"Tool:\n{LAMP}\n\nCall {NAME} with room = 'kitchen', state = 'on'."


def json_plan(steps: int) -> Turns:
    """A plan example of one step, or of two where the record's plan has several."""
    plan: list[dict[str, Any]] = [{"id": 0, "name": NAME, "args": dict(ARGS)}]
    if steps > 1:
        plan.append({"id": 1, "name": "Door.lock", "args": SECOND})
    return [("user", _wish(steps)), ("assistant", json.dumps(plan))]


def string_plan(steps: int) -> Turns:
    lines = [f"Use {NAME} to switch the lamp in the kitchen on"]
    if steps > 1:
        lines.append("Use Door.lock to lock the front door")
    return [("user", _wish(steps)), ("assistant", "\n".join(lines))]


def _wish(steps: int) -> str:
    return f"Tools:\n- {DOOR}\n- {LAMP}\n\n{LONGER if steps > 1 else REQUEST}"


def next_step(question: str) -> Turns:
    """An example of the joint answer: the next step as one object."""
    answer = {"thought": AIM, "name": NAME, "args": dict(ARGS)}
    return [
        ("user", f"Tools:\n- {DOOR}\n- {LAMP}\n\nRequest: {REQUEST}\n\n{question}"),
        ("assistant", json.dumps(answer)),
    ]


def reviews() -> Turns:
    """Two judged responses of different classes, so that no letter is the only one seen."""
    good = {"state": "on", "watts": 9}
    return [
        ("user", _response(dict(ARGS), repr(good))),
        ("assistant", "Answer: A"),
        ("user", _response({"room": "kitchen"}, repr({"error": "The argument 'state' is missing."}))),
        ("assistant", "Answer: C"),
    ]


def _response(given: dict[str, Any], response: str) -> str:
    return (
        f"Goal: Switch the lamp of a room. (room = 'kitchen', state = 'on')\nTool: {NAME}\n"
        f"Arguments: {given!r}\nResponse: {response}"
    )
