"""A word-counting renderer, scripted agents, and a game told by a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.alfworld import open_task
from acbench.tasks.alfworld.environment import Environment
from acbench.tasks.alfworld.pool import Told
from acbench.tasks.alfworld.problems import Problem
from acbench.tasks.protocol import Prompt, Reply, TaskContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from acbench.tasks.protocol import Episode, Grade, Sample

INTRO = "-= Welcome =-\n\nYou are in the middle of a room. You see a shelf 1.\n\nYour task is to: put a mug in shelf."
COMMON = ("go to shelf 1", "help", "inventory", "look", "open shelf 1")

KITCHEN = Problem(
    "heat",
    "Mug",
    "CounterTop",
    (("Cabinet", "closed"), ("Cabinet", "closed"), ("CounterTop", ""), ("Microwave", "open")),
    (("Apple", 2), ("Mug", 2), ("Mug", 3)),
)


@dataclass
class TableGame:
    """Answers from a table; ``asked`` holds the commands it was given."""

    answers: dict[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = COMMON
    winning: str = ""
    intro: str = INTRO
    asked: list[str] = field(default_factory=list)
    closed: bool = False

    def start(self) -> Told:
        return Told(self.intro, self.commands, False)

    def step(self, command: str) -> Told:
        self.asked.append(command)
        return Told(self.answers.get(command, f"Done: {command}."), self.commands, command == self.winning)

    def close(self) -> None:
        self.closed = True


def table(*subgoals: str, upstream: bool = False, **fields: Any) -> tuple[Environment, TableGame]:
    game = TableGame(**fields)
    return Environment(game, subgoals, upstream=upstream), game


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
    return TaskContext(WordRenderer(), window, {"workers": 1, **settings}, data_dir, mode)


def pack_samples(**settings: Any) -> list[Sample]:
    return list(open_task(context(**settings)).samples())


def play(episode: Episode, agent: Callable[[Prompt], str]) -> tuple[Grade, list[Prompt]]:
    """Plays an episode to its end: grade and prompts."""
    prompts: list[Prompt] = []
    while (prompt := episode.ask()) is not None:
        assert len(prompts) < 1000, "the episode does not end"
        prompts.append(prompt)
        episode.tell(Reply(agent(prompt)))
    return episode.grade(), prompts


def gold(sample: Sample) -> Callable[[Prompt], str]:
    plan = iter(sample.data["plan"])
    return lambda _: str(next(plan))


def nothing(_: Prompt) -> str:
    return "I would rather do nothing."


def wanderer(sample: Sample) -> Callable[[Prompt], str]:
    """Takes any command of those shown below the last observation."""
    random = Random(sample.id)
    return lambda prompt: random.choice(re.findall(r"^- (.+)$", prompt.messages[-1].content, re.MULTILINE))
