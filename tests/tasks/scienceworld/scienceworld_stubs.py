"""A word-counting renderer, scripted agents, and a world of three rooms that needs no Java."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.protocol import Prompt, Reply, TaskContext
from acbench.tasks.scienceworld import open_task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from acbench.tasks.protocol import Episode, Grade, Sample


FOCUSES = 0.1
"""How often the random agent commits itself; a wrong focus ends the episode."""


class WordRenderer:
    """One token per word of messages and prefill, three per message."""

    def count(self, text: str) -> int:
        return len(text.split())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        words = sum(3 + self.count(m.content) for m in prompt.messages)
        return tuple(range(words + self.count(prompt.prefill)))


class ToyWorld:
    """Rooms in a row; "focus on egg" wins, "focus on rock" fails, "open door" asks which.

    ``heard``: all texts handed to it; ``listings``: how often it was asked for its commands.
    """

    def __init__(self) -> None:
        self.start_text = "This room is called the lab.\nIn your inventory, you see:\n\tnothing"
        self.heard: list[str] = []
        self.listings = 0
        self._room = "lab"
        self._score = 0
        self._asked = False

    def description(self) -> str:
        return "Focus on the egg."

    def valid(self) -> frozenset[str]:
        self.listings += 1
        return self._possible()

    def _possible(self) -> frozenset[str]:
        if self._asked:
            return frozenset({"0", "1"})
        way = {"lab": "go to hall", "hall": "go to outside", "outside": "go to hall"}[self._room]
        return frozenset({way, "look around", "focus on egg", "focus on rock", "open door", "reset task"})

    def executable(self, command: str) -> bool | None:
        """Knows "the egg" for the egg; "open door" would make it ask."""
        return None if command == "open door" else command.replace("the ", "") in self._possible()

    def close(self) -> None:
        """Nothing to give back."""

    def templates(self) -> list[str]:
        return ["focus on OBJ", "go OBJ", "look around", "reset task"]

    def step(self, command: str) -> tuple[str, int]:
        self.heard.append(command)
        command = command.replace("the ", "")
        if command == "task":
            return "Task description", self._score
        if self._asked:
            self._asked = False
            return "The door is open." if command in ("0", "1") else "Unknown action.", self._score
        if command.startswith("go to ") and command in self._possible():
            self._room = command.removeprefix("go to ")
            return f"You move to the {self._room}.", self._score
        if command == "focus on egg":
            self._score = 100
            return "You focus on the crocodile egg.", self._score
        if command == "focus on rock":
            self._score = -100
            return "You focus on the rock.", self._score
        if command == "open door":
            self._asked = True
            return "Ambiguous request: Please enter the number for the action:\n0:\tone\n1:\ttwo\n", 0
        if command == "look around":
            return self.start_text, self._score
        return "No known action matches that input.", self._score


def context(
    *, window: int = 100_000, mode: str = "corrected", data_dir: Path | None = None, **settings: Any
) -> TaskContext:
    return TaskContext(WordRenderer(), window, {"jvms": 1, **settings}, data_dir, mode)


def pack_samples(**settings: Any) -> list[Sample]:
    return list(open_task(context(**settings)).samples())


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


def wanderer(sample: Sample) -> Callable[[Prompt], str]:
    """Goes anywhere or focuses on anything of what the last observation names."""
    rng = Random(sample.id)

    def choose(prompt: Prompt) -> str:
        text = prompt.messages[-1].content
        ways = _named("You can go to", text)
        things = _named("Things here", text)
        if rng.random() < FOCUSES and things:
            return f"focus on {rng.choice(things)}"
        return f"go to {rng.choice(ways)}" if ways else "look around"

    return choose


def _named(lead: str, text: str) -> list[str]:
    found = re.findall(rf"^{lead}: (.+)$", text, re.MULTILINE)
    return found[-1].split(", ") if found else []
