"""A word-counting renderer, scripted agents, and story files of a few bytes."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.jericho import open_task
from acbench.tasks.jericho.samples import PACK, environment_for
from acbench.tasks.protocol import Prompt, Reply, TaskContext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from acbench.tasks.jericho.environment import Environment
    from acbench.tasks.protocol import Episode, Grade, Sample

JUMP_TO_ITSELF = bytes([0x8C, 0xFF, 0xFF])
DIVIDE_BY_ZERO = bytes([0x57, 1, 0, 0xFF])
ILLEGAL = bytes([0xBE, 0xFF])
READ_THEN_DIVIDE = bytes([0xBB, 0xE4, 0x0F, 0x02, 0x00, 0x02, 0x80, 0xFF]) + DIVIDE_BY_ZERO
"""Begins a line, waits for one (text buffer at 0x200, words at 0x280) and then ends its process."""


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
    return "I would rather not."


def wanderer(sample: Sample) -> Callable[[Prompt], str]:
    """Takes any command of those shown below the last observation."""
    rng = Random(sample.id)
    return lambda prompt: rng.choice(re.findall(r"^- (.+)$", prompt.messages[-1].content, re.MULTILINE))


def environment(
    file: str = "level3.z5",
    number: int = 1,
    subgoals: Sequence[str] = ("never told",),
    **more: Any,
) -> Environment:
    """A story of the pack with sub-goals of the test's own."""
    flags = {"upstream": more.pop("upstream", False), "show_actions": more.pop("show_actions", False)}
    data = {
        "source": "upstream",
        "story": str(PACK / file),
        "opening": [str(number)],
        "goal": "see what happens",
        "subgoals": list(subgoals),
        **more,
    }
    return environment_for(data, **flags)


def tiny_story(path: Path, code: bytes) -> Path:
    """A story file of version 5 whose program is ``code``."""
    story = bytearray(2048)
    story[0] = 5
    for place, address in ((4, 0x400), (6, 0x400), (8, 0x300), (10, 0x100), (12, 0x80), (14, 0x380)):
        story[place : place + 2] = address.to_bytes(2, "big")
    story[26:28] = (len(story) // 4).to_bytes(2, "big")
    story[0x200], story[0x280] = 80, 10
    story[0x300:0x304] = bytes([0, 9, 0, 0])
    story[0x400 : 0x400 + len(code)] = code
    path.write_bytes(bytes(story))
    return path
