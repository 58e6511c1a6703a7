"""A word-counting renderer, scripted shoppers, and a small shop of known products."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.protocol import Prompt, Reply, TaskContext
from acbench.tasks.webshop import open_task
from acbench.tasks.webshop.environment import ANY_SEARCH, Environment
from acbench.tasks.webshop.products import Product, Shop
from acbench.tasks.webshop.reward import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def shown_actions(prompt: Prompt) -> list[str]:
    """The actions below the last page."""
    return re.findall(r"^- ((?:click|search)\[.+\])$", prompt.messages[-1].content, re.MULTILINE)


def wanderer(sample: Sample) -> Callable[[Prompt], str]:
    """Takes any of the actions shown, and any word of the goal for a search."""
    rng = Random(sample.id)

    def act(prompt: Prompt) -> str:
        action = rng.choice(shown_actions(prompt))
        words = re.findall(r"[a-z]+", sample.data["goal"].lower())
        return f"search[{rng.choice(words)}]" if action == ANY_SEARCH else action

    return act


def product(number: str = "T1", **other: Any) -> Product:
    """A red, large rain coat for 40 dollars unless told otherwise."""
    fields: dict[str, Any] = {
        "id": number,
        "name": "Weldon rain coat",
        "query": "rain coat",
        "category": "Clothing › Tops › Coats",
        "attributes": ("windproof",),
        "options": {"color": ("red", "blue"), "size": ("small", "large")},
        "price": 40.0,
    }
    return Product(**{**fields, **other})


def wanted(**other: Any) -> Wanted:
    """What ``product`` is: one attribute, two options, a limit of 50 dollars."""
    fields: dict[str, Any] = {
        "name": "Weldon rain coat",
        "query": "rain coat",
        "category": "Clothing › Tops › Coats",
        "attributes": ("windproof",),
        "options": ("red", "large"),
        "price_upper": 50.0,
    }
    return Wanted(**{**fields, **other})


def environment(*products: Product, show_actions: bool = False, **other: Any) -> Environment:
    return Environment(Shop(products or (product(),)), wanted(**other), show_actions=show_actions)
