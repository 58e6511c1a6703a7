"""Makes the embedded pack: ``python -m acbench.tasks.scienceworld.making`` writes ``pack/episodes.json``.

Variations come from the package's test ranges. The simulator's own gold path is played without what does not
change the outcome; sub-goals are what it says where its score rises.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.tasks.scienceworld.environment import Environment
from acbench.tasks.scienceworld.java import JavaProcess
from acbench.tasks.scienceworld.samples import PACK_FILE
from acbench.tasks.scienceworld.worlds import SIMPLIFICATIONS, World, shared_pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LICENSE = "Apache-2.0"
PER_LEVEL = 10
FEWEST, MOST = 2, 6
"""Sub-goals an episode may have."""
TURNS = 30
MOST_TRIES = 16
"""Variations of one task that are looked at."""
HARD_STEPS, HARD_SUBGOALS = 15, 3
"""An episode with more of either is hard."""
EXAMPLE_TASK = "find-non-living-thing"


@dataclass(frozen=True, slots=True)
class Tier:
    """A level of difficulty: tasks to draw from and the range of plan lengths."""

    tasks: tuple[str, ...]
    shortest: int
    longest: int


TIERS: Mapping[int, Tier] = {
    1: Tier(("find-non-living-thing", "lifespan-longest-lived", "lifespan-shortest-lived"), 2, 4),
    2: Tier(
        (
            *("find-animal", "find-living-thing", "find-plant"),
            *("lifespan-longest-lived-then-shortest-lived", "identify-life-stages-2", "use-thermometer"),
        ),
        5,
        8,
    ),
    3: Tier(
        (
            *("use-thermometer", "chemistry-mix", "chemistry-mix-paint-tertiary-color"),
            *("chemistry-mix-paint-secondary-color", "identify-life-stages-2", "find-animal"),
        ),
        9,
        30,
    ),
}


def make_pack() -> dict[str, Any]:
    """All episodes: of each task of a level as many as of any other, as far as there are enough."""
    gold = Gold()
    example = next(gold.episodes(EXAMPLE_TASK, Tier((), 3, 4), backwards=True))
    used = {(example["task"], example["variation"])}
    episodes = []
    for level, tier in TIERS.items():
        sources = [gold.episodes(task, tier) for task in tier.tasks]
        found: list[dict[str, Any]] = []
        while sources and len(found) < PER_LEVEL:
            for source in list(sources):
                episode = next((e for e in source if (e["task"], e["variation"]) not in used), None)
                if episode is None:
                    sources.remove(source)
                    continue
                used.add((episode["task"], episode["variation"]))
                found.append({"level": level, **episode})
                sys.stderr.write(
                    f"level {level}: {episode['task']} {episode['variation']}, {len(episode['plan'])} steps\n"
                )
        episodes += sorted(found[:PER_LEVEL], key=lambda e: len(e["plan"]))
    shown = {**example, "shown": what_is_shown(example)}
    return {"license": LICENSE, "package": "scienceworld 1.2.3", "example": shown, "episodes": episodes}


class Gold:
    """Asks a Java process of its own for gold paths."""

    def __init__(self) -> None:
        self._process = JavaProcess()
        self._simulator = self._process.simulator()

    def _ask(self, name: str, *arguments: Any) -> Any:
        return self._process.call(getattr(self._simulator, name), *arguments, seed="")

    def episodes(self, task: str, tier: Tier, *, backwards: bool = False) -> Iterator[dict[str, Any]]:
        """Episodes of one task whose plan fits the tier, spread over the test range."""
        self._ask("load", task, 0, SIMPLIFICATIONS, False)
        variations = list(self._ask("getVariationsTest"))
        step = max(1, len(variations) // 12)
        order = [v for first in range(step) for v in variations[first::step]]
        for variation in (order[::-1] if backwards else order)[:MOST_TRIES]:
            episode = self._episode(task, int(variation), tier)
            if episode and tier.shortest <= len(episode["plan"]) <= tier.longest:
                yield episode

    def _episode(self, task: str, variation: int, tier: Tier) -> dict[str, Any] | None:
        self._ask("load", task, variation, SIMPLIFICATIONS, True)
        path = [str(command) for command in self._ask("getGoldActionSequence")]
        if not tier.shortest <= sum(map(_acts, path)) <= tier.longest:  # a cheap look before any play
            return None
        plan = [command for command in path if _acts(command)]
        score, steps = played(task, variation, plan)
        if score != 100:  # looking or waiting was needed
            plan = [command for command in path if not command.startswith("open ")]
            score, steps = played(task, variation, plan)
        subgoals = subgoals_of(steps)
        while plan and steps[-1][1] <= 0:  # what follows the last rise is waiting
            plan.pop()
            steps.pop()
        if score != 100 or not FEWEST <= len(subgoals) <= MOST or len(plan) > TURNS:
            return None
        world = World(shared_pool(1), task, variation)
        environment = Environment(world, subgoals)
        done = [environment.step(command).done for command in plan]
        goal = world.description()
        world.close()
        if done != [False] * (len(plan) - 1) + [True] or not environment.success:
            return None
        hard = len(plan) > HARD_STEPS or len(subgoals) > HARD_SUBGOALS
        return {
            "task": task,
            "variation": variation,
            "goal": goal,
            "first": world.start_text,
            "difficulty": "hard" if hard else "easy",
            "subgoals": subgoals,
            "plan": plan,
        }


def what_is_shown(episode: Mapping[str, Any]) -> list[dict[str, str]]:
    """The observations of a gold plan, the first one included, each with its hint; none behind the last."""
    world = World(shared_pool(1), episode["task"], episode["variation"])
    environment = Environment(world, episode["subgoals"])
    shown = [{"observation": environment.first_observation(), "hint": environment.hint()}]
    for command in episode["plan"]:
        step = environment.step(command)
        shown.append({"observation": step.observation, "hint": "" if step.done else environment.hint()})
    world.close()
    return shown


def _acts(command: str) -> bool:
    """Whether a command of a gold path may change the outcome: doors are open, looking and waiting seldom matter."""
    return not command.startswith(("open ", "look around", "wait", "examine"))


def played(task: str, variation: int, plan: Sequence[str]) -> tuple[int, list[tuple[str, int]]]:
    """The final native score (0..100), and per command the text and the rise of the score."""
    world = World(shared_pool(1), task, variation)
    score, steps = 0, []
    for command in plan:
        seen, after = world.step(command)
        steps.append((seen, after - score))
        score = after
    world.close()
    return score, steps


def subgoals_of(steps: Sequence[tuple[str, int]]) -> list[str]:
    """The first sentences of the texts at which the score rises, escaped, each once, at most ``MOST`` from the end."""
    found: list[str] = []
    for seen, rise in steps:
        line = seen.strip().split("\n")[0]
        sentence = re.match(r".*?[.:](?=\s|$)", line)
        pattern = re.escape(sentence[0] if sentence else line).replace("\\ ", " ")
        if rise > 0 and pattern not in found:
            found.append(pattern)
    return found[-MOST:]


def write_pack(pack: Mapping[str, Any], file: Path) -> None:
    """One episode per line, for readable differences."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pack.items() if key != "episodes"]
    episodes: Sequence[str] = [json.dumps(episode) for episode in pack["episodes"]]
    lines.append('"episodes": [\n' + ",\n".join(episodes) + "\n]")
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write_pack(make_pack(), Path(sys.argv[1]) if len(sys.argv) > 1 else PACK_FILE)
