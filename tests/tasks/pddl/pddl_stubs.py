"""A word-counting renderer, scripted agents and an independent reading of embedded problems."""

from __future__ import annotations

import re
from collections import deque
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

from pddl_models import MODELS

from acbench.tasks.protocol import Prompt, Reply, TaskContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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


def rendered(prompt: Prompt) -> str:
    """What a chat template makes of a prompt: closed turns, then the answer's turn with its prefill."""
    turns = "".join(f"<{m.role}>{m.content}</{m.role}>" for m in prompt.messages)
    return f"{turns}<assistant>{prompt.prefill}"


def shown_commands(text: str) -> list[str]:
    """The commands of the list at the end of an observation, without the note on further ones."""
    _, found, shown = text.rpartition("\nValid commands:\n")
    assert found, f"no list of commands in {text!r}"
    lines = shown.split("\n")
    assert all(line.startswith("- ") for line in lines), lines
    return [line[2:] for line in lines if not line.startswith("- (and ")]


def context(
    *, window: int = 100_000, mode: str = "corrected", data_dir: Path | None = None, **settings: Any
) -> TaskContext:
    return TaskContext(WordRenderer(), window, settings, data_dir, mode)


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


def wanderer(seed: str) -> Callable[[Prompt], str]:
    """Chooses at random among the commands the last message shows."""
    rng = Random(seed)

    def choose(prompt: Prompt) -> str:
        return rng.choice(shown_commands(prompt.messages[-1].content))

    return choose


def facts(problem: str, section: str) -> set[tuple[str, ...]]:
    """The facts of ``init`` or ``goal`` in an embedded problem, read with a regular expression."""
    body = problem.split(":init", 1)[1]
    part = body.split("(:goal", 1)[0 if section == "init" else 1]
    return {tuple(found.split()) for found in re.findall(r"\(([^():]+?)\)", part)} - {("and",)}


def optimal_length(domain: str, problem: str) -> int | None:
    """Length of a shortest plan in a model of the domain that shares no code with the package."""
    start, goal = facts(problem, "init"), facts(problem, "goal")
    model: Any = {"blocksworld": _BlocksModel, "gripper": _GripperModel, **MODELS}[domain]()
    first = model.read(start)
    queue, seen = deque([(first, 0)]), {first}
    while queue:
        state, depth = queue.popleft()
        if goal <= model.show(state):
            return depth
        for following in model.moves(state):
            if following not in seen:
                seen.add(following)
                queue.append((following, depth + 1))
    return None


class _BlocksModel:
    """State: (held block or "", frozen set of towers from bottom to top)."""

    @staticmethod
    def read(start: set[tuple[str, ...]]) -> Any:
        above = {fact[2]: fact[1] for fact in start if fact[0] == "on"}
        towers = []
        for bottom in (fact[1] for fact in start if fact[0] == "on-table"):
            tower = [bottom]
            while tower[-1] in above:
                tower.append(above[tower[-1]])
            towers.append(tuple(tower))
        held = [fact[1] for fact in start if fact[0] == "holding"]
        return (held[0] if held else "", frozenset(towers))

    @staticmethod
    def show(state: Any) -> set[tuple[str, ...]]:
        held, towers = state
        shown: set[tuple[str, ...]] = {("holding", held)} if held else set()
        for tower in towers:
            shown |= {("on-table", tower[0])} | {("on", b, a) for a, b in pairwise(tower)}
        return shown

    @staticmethod
    def moves(state: Any) -> Iterable[Any]:
        held, towers = state
        if held:
            yield ("", towers | {(held,)})
        for tower in towers:
            rest = towers - {tower}
            if held:
                yield ("", rest | {(*tower, held)})
            else:
                yield (tower[-1], rest | ({tower[:-1]} if len(tower) > 1 else set()))


class _GripperModel:
    """State: (room, all rooms, ((ball, place), ...)); a place is a room or a hand."""

    @staticmethod
    def read(start: set[tuple[str, ...]]) -> Any:
        rooms = {word for fact in start if fact[0] == "door" for word in fact[1:]}
        room = next(fact[1] for fact in start if fact[0] == "robot-in")
        places = sorted((fact[1], fact[2]) for fact in start if fact[0] in ("at", "carry"))
        return (room, tuple(sorted(rooms)), tuple(places))

    @staticmethod
    def show(state: Any) -> set[tuple[str, ...]]:
        room, _, places = state
        shown = {("carry" if place in ("left", "right") else "at", ball, place) for ball, place in places}
        return shown | {("robot-in", room)}

    @staticmethod
    def moves(state: Any) -> Iterable[Any]:
        room, rooms, places = state
        for other in rooms:
            yield (other, rooms, places)
        free = {"left", "right"} - {place for _, place in places}
        for number, (ball, place) in enumerate(places):
            targets = [room] if place in ("left", "right") else sorted(free) if place == room else []
            for target in targets:
                yield (room, rooms, (*places[:number], (ball, target), *places[number + 1 :]))
