"""Makes the embedded pack: ``python -m acbench.tasks.alfworld.making`` writes ``pack/episodes.json``.

Worlds are drawn with seeds and their plans written down from what is known of them. Then the real engine
decides: a plan must win, not before its end, and the engine's planner must not know a shorter one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.alfworld.drawing import Tier, draw
from acbench.tasks.alfworld.engine import Engine
from acbench.tasks.alfworld.environment import goal_and_room
from acbench.tasks.alfworld.games import RECORDED_WITH, packaged_game
from acbench.tasks.alfworld.kinds import TYPES
from acbench.tasks.alfworld.plans import gold_plan, subgoals
from acbench.tasks.alfworld.problems import goal_sentence, pddl
from acbench.tasks.alfworld.samples import PACK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from acbench.tasks.alfworld.engine import Seen
    from acbench.tasks.alfworld.problems import Problem

LICENSE = "Apache-2.0"
SEED = 20_000
EACH = 3
"""Episodes of each type in each level."""

TIERS: Mapping[int, Tier] = {
    1: Tier((3, 3), (0, 1), near=True),
    2: Tier((5, 7), (2, 3)),
    3: Tier((9, 13), (4, 7), shut=True),
}
EXAMPLE = Tier((4, 4), (1, 1))
SHORTEST = {1: 3, 2: 4, 3: 5}
"""The fewest commands of a gold plan, by level."""


def make_pack() -> dict[str, Any]:
    """Per level ``EACH`` episodes of each type, types in turn, and six worked examples."""
    engine = Engine()
    episodes: list[dict[str, Any]] = []
    for level in TIERS:
        drawn = [_episodes(engine, level, kind, number) for number, kind in enumerate(TYPES)]
        goals: set[str] = set()
        for _ in range(EACH):
            for stream in drawn:
                episode = next(item for item in stream if item["goal"] not in goals)
                goals.add(episode["goal"])
                episodes.append({"level": level, **episode})
    examples = {kind: _example(engine, kind, number) for number, kind in enumerate(TYPES)}
    return {"license": LICENSE, "package": RECORDED_WITH, "examples": examples, "episodes": episodes}


def _episodes(engine: Engine, level: int, kind: str, number: int) -> Iterator[dict[str, Any]]:
    """Episodes of one type that the engine agrees with, from the level's and type's own seeds on."""
    seed = SEED + 10_000 * level + 1000 * number
    while True:
        found = _played(engine, kind, TIERS[level], seed)
        if found is not None and len(found[1]) >= SHORTEST[level]:
            problem, plan, told = found
            goal, first = goal_and_room(told[0].text)
            yield {
                **problem.to_json(),
                "goal": goal,
                "first": first,
                "commands": list(told[0].commands),
                "subgoals": subgoals(problem, plan),
                "plan": plan,
            }
        seed += 1


def _example(engine: Engine, kind: str, number: int) -> dict[str, Any]:
    """A worked example: its goal, then what is seen before and after each command, with what is possible."""
    seeds = range(SEED + 1000 * number, SEED + 1000 * number + 1000)
    found = next(found for seed in seeds if (found := _played(engine, kind, EXAMPLE, seed)) is not None)
    _, plan, told = found
    goal, first = goal_and_room(told[0].text)
    texts = [first, *(seen.text for seen in told[1:])]
    steps = [
        {"action": action, "observation": text, "commands": list(seen.commands)}
        for action, text, seen in zip(["", *plan], texts, told, strict=True)
    ]
    return {"goal": goal, "steps": steps}


def _played(
    engine: Engine, kind: str, tier: Tier, seed: int
) -> tuple[Problem, list[str], Sequence[Seen]] | None:
    """World, gold plan and what the engine told of it; None if it does not agree that this is the way."""
    drawn = draw(Random(seed), kind, tier)
    plan = gold_plan(drawn)
    game = packaged_game(pddl(drawn.problem), goal_sentence(drawn.problem))
    world = engine.open(game)
    told = [world.first, *(world.step(command) for command in plan)]
    wins = [seen.won for seen in told]
    if wins != [False] * len(plan) + [True] or len(engine.plan(game)) < len(plan):
        return None
    return drawn.problem, plan, told


def write_pack(pack: Mapping[str, Any], file: Path) -> None:
    """One episode or example per line, for readable differences."""
    lines = [f"{json.dumps(key)}: {json.dumps(pack[key])}" for key in ("license", "package")]
    examples = [f"{json.dumps(kind)}: {json.dumps(example)}" for kind, example in pack["examples"].items()]
    lines.append('"examples": {\n' + ",\n".join(examples) + "\n}")
    lines.append('"episodes": [\n' + ",\n".join(json.dumps(item) for item in pack["episodes"]) + "\n]")
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else PACK_FILE  # read now: the translator replaces sys.argv
    write_pack(make_pack(), file)
