"""A word-counting renderer, scripted agents, and views drawn as text."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.babyai import open_task
from acbench.tasks.babyai.samples import environment_for
from acbench.tasks.babyai.view import COLOURS, DOOR_STATES, KINDS, read_view
from acbench.tasks.protocol import Prompt, Reply, TaskContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from acbench.tasks.babyai.view import Cell, View
    from acbench.tasks.protocol import Episode, Grade, Sample


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
    """Takes any command of those shown below the last observation."""
    rng = Random(sample.id)
    return lambda prompt: rng.choice(re.findall(r"^- (.+)$", prompt.messages[-1].content, re.MULTILINE))


def drawn(
    *things: tuple[str, int, int],
    carrying: tuple[str, str] | None = None,
    position: Cell = (10, 10),
    direction: int = 3,
    seen: bool = True,
) -> View:
    """A view with things at (name, steps ahead, steps to the right); the rest is floor, or unseen."""
    image = [[[1 if seen else 0, 0, 0] for _ in range(7)] for _ in range(7)]
    for name, ahead, right in things:
        colour, *state, kind = name.split()
        numbers = {word: number for number, word in KINDS.items()}
        code = DOOR_STATES.index(state[0]) if state else 0
        image[3 + right][6 - ahead] = [numbers[kind], COLOURS.index(colour), code]
    return read_view(image, position, direction, carrying)


def environment(
    world: str, seed: int, *subgoals: str, upstream: bool = False, show_actions: bool = False
) -> Any:
    """A world with sub-goals; without any, one that nothing meets."""
    data = {"world": f"BabyAI-{world}-v0", "seed": seed, "paths": [list(subgoals or ["no such thing"])]}
    return environment_for(data, upstream=upstream, show_actions=show_actions)
