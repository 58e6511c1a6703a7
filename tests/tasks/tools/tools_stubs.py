"""A word-counting renderer, scripted agents and short names for environments."""

from __future__ import annotations

import json
import re
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.protocol import Prompt, Reply, TaskContext
from acbench.tasks.tools import open_task
from acbench.tasks.tools.play import build_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from acbench.tasks.agents.world import Step
    from acbench.tasks.protocol import Episode, Grade, Sample
    from acbench.tasks.tools.environment import Environment

VARIANT = {
    "weather": "query",
    "movie": "query",
    "academia": "query",
    "todo": "operation",
    "sheet": "operation",
}
TOOLS = tuple(VARIANT)


class WordRenderer:
    """One token per word of messages and prefill, three per message."""

    def count(self, text: str) -> int:
        return len(text.split())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        words = sum(3 + self.count(m.content) for m in prompt.messages)
        return tuple(range(words + self.count(prompt.prefill)))


def context(
    *, window: int = 100_000, mode: str = "corrected", data_dir: Path | None = None, **settings: Any
) -> TaskContext:
    return TaskContext(WordRenderer(), window, settings, data_dir, mode)


def pack(tool: str, **settings: Any) -> list[Sample]:
    return list(open_task(context(tools=[tool], **settings), VARIANT[tool]).samples())


def call(tool: str, **arguments: Any) -> str:
    return f"{tool} with Action Input: {json.dumps(arguments)}"


def environment(tool: str, world: dict[str, Any], *, upstream: bool = False, **data: Any) -> Environment:
    """An environment with one sub-goal that nothing meets, unless ``data`` says otherwise."""
    filled = {"tool": tool, "goal": "g", "world": world, "subgoals": ["nothing is like this"], **data}
    return build_environment(filled, upstream=upstream)


def seen(env: Environment, *lines: str) -> Step:
    """The last of several steps."""
    return [env.step(line) for line in lines][-1]


def play(episode: Episode, agent: Callable[[Prompt], str]) -> tuple[Grade, list[Prompt], list[str]]:
    """Plays an episode to its end: grade, prompts and replies."""
    prompts: list[Prompt] = []
    replies: list[str] = []
    while (prompt := episode.ask()) is not None:
        assert len(prompts) < 1000, "the episode does not end"
        prompts.append(prompt)
        replies.append(agent(prompt))
        episode.tell(Reply(replies[-1]))
    return episode.grade(), prompts, replies


def gold(sample: Sample) -> Callable[[Prompt], str]:
    plan = iter(sample.data["plan"])
    return lambda _: str(next(plan))


def nothing(_: Prompt) -> str:
    return "I would rather do nothing."


def wanderer(sample: Sample, salt: str = "") -> Callable[[Prompt], str]:
    """Calls at random: steps of the plan in any order, the list command, an early or a wrong end."""
    rng = Random(f"{sample.id}{salt}")
    *calls, last = sample.data["plan"]
    wrong = call("finish") if sample.data["tool"] == "sheet" else call("finish", answer="perhaps")
    return lambda _: rng.choice([*calls, *calls, last, "check_valid_actions", "look around", wrong])


TODO_WORLD: dict[str, Any] = {
    "seed": 1,
    "current_date": "2024-05-01",
    "current_location": "Cork",
    "projects": [
        {
            "name": "Boat",
            "is_favorite": False,
            "tasks": [
                {
                    "content": f"Step {letter}",
                    "description": f"How to do {letter}",
                    "due_date": f"2024-05-0{day}",
                    "duration": 10 * day,
                    "duration_unit": "minute",
                    "priority": day,
                }
                for day, letter in enumerate("ABC", 1)
            ],
        }
    ],
}


def sheet_world(rows: list[list[str]], **more: Any) -> dict[str, Any]:
    return {"name": "Sheet1", "sheets": {"Sheet1": {"rows": rows, **more}}}
