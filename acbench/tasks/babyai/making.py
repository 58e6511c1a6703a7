"""Makes the embedded pack: ``python -m acbench.tasks.babyai.making`` writes ``pack/episodes.json``.

Worlds come from seeds no published row uses. Sub-goals are derived from the mission's own targets, a gold
plan is searched over text commands, and the plan's length decides the level.
"""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.tasks.babyai.commands import LIST_COMMAND
from acbench.tasks.babyai.environment import Environment
from acbench.tasks.babyai.samples import PACK_FILE
from acbench.tasks.babyai.worlds import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LICENSE = "Apache-2.0"
FIRST_SEED = 70_000
PER_LEVEL = 16
EXAMPLE_WORLD = "BabyAI-GoToLocal-v0"
"""The prompt's worked example: one command to a thing in view. After an example with a turn in it the embedded 135M
model turned round and round; after this one it solves all of level 1."""

BREADTH, TURNS = 200, 25
"""The search keeps so many states a turn and gives up after so many turns."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A level of difficulty: worlds to draw from and the range of gold plan lengths."""

    worlds: tuple[str, ...]
    shortest: int
    longest: int


TIERS: Mapping[int, Tier] = {
    1: Tier(
        (
            *("GoToObjS4", "GoToRedBallNoDists", "GoToRedBallGrey", "GoToLocalS5N2"),
            *("GoToRedBlueBall", "PickupDist", "GoToObjDoor", "PickupLoc"),
        ),
        1,
        1,
    ),
    2: Tier(
        (
            *("GoToRedBall", "OpenRedDoor", "GoToDoor", "PickupLoc", "OpenDoorColor", "GoToLocalS8N7"),
            *("UnlockLocal", "GoToSeqS5R2"),
        ),
        2,
        4,
    ),
    3: Tier(
        (
            *("UnlockLocalDist", "OpenRedBlueDoors", "UnlockPickup", "FindObjS5"),
            *("KeyCorridorS3R1", "GoToObjMazeS4R2", "OpenTwoDoors", "UnlockPickupDist"),
        ),
        5,
        12,
    ),
}


def make_pack() -> dict[str, Any]:
    """All episodes: as many of each world as of any other of its level, each from the lowest seeds that fit."""
    episodes = []
    for level, tier in TIERS.items():
        each = -(-PER_LEVEL // len(tier.worlds))
        found = []
        for number, short in enumerate(tier.worlds):
            seeds = episodes_of(f"BabyAI-{short}-v0", tier, FIRST_SEED + 10_000 * level + 1_000 * number)
            found += [{"level": level, **next(seeds)} for _ in range(each)]
        episodes += found[:PER_LEVEL]
    example = next(episodes_of(EXAMPLE_WORLD, Tier((), 1, 1), FIRST_SEED))
    return {"license": LICENSE, "package": "minigrid 3.2.0", "example": example, "episodes": episodes}


def episodes_of(world: str, tier: Tier, seed: int) -> Iterator[dict[str, Any]]:
    """Episodes of one world whose shortest plan fits the tier, from ``seed`` on."""
    while True:
        subgoals, plan = solved(world, seed, turns=min(TURNS, tier.longest))
        if tier.shortest <= len(plan) <= tier.longest:
            start = World(world, seed)
            yield {
                "world": world,
                "seed": seed,
                "mission": start.mission,
                "first": start.view().describe(),
                "subgoals": subgoals,
                "plan": plan,
            }
        seed += 1


def solved(world: str, seed: int, *, turns: int) -> tuple[list[str], list[str]]:
    """Sub-goals and gold plan of one world, both empty if there are none within ``turns``.

    Where the shortest way to the mission's own sub-goals unlocks a door, carrying its key becomes one too.
    """
    subgoals = subgoals_for(World(world, seed))
    plan = _plan(world, seed, subgoals, turns)
    keys = [f"You are carrying a {colour} key." for colour in _unlocked(world, seed, plan)]
    missing = [key for key in keys if key not in subgoals]
    if missing:
        subgoals = [*missing, *subgoals]
        plan = _plan(world, seed, subgoals, turns)
    return (subgoals, plan) if plan else ([], [])


def _plan(world: str, seed: int, subgoals: list[str], turns: int) -> list[str]:
    if not subgoals:
        return []
    return search(Environment(World(world, seed), [subgoals]), turns=turns) or []


def _unlocked(world: str, seed: int, plan: list[str]) -> list[str]:
    """The colours of the doors that a plan unlocks, in the order of the grid."""
    play = Environment(World(world, seed), [["\0"]])  # never met, so the play goes on to the plan's end
    doors = [thing for thing in play.world.engine.grid.grid if thing and thing.type == "door"]
    locked = [door for door in doors if door.is_locked]
    for command in plan:
        play.step(command)
    return [door.color for door in locked if not door.is_locked]


def subgoals_for(world: World) -> list[str]:
    """Patterns for the targets of a mission, in its order; empty if the mission cannot be told by patterns.

    A target is told by its name, so every thing of that name must be a target. Not every kind of mission
    can: putting things next to each other shows in no single sentence.
    """
    patterns: list[str] = []
    for kind, description in _targets(world.engine.instrs):
        names = {(thing.color, thing.type) for thing in description.obj_set}
        alike = [thing for thing in world.engine.grid.grid if thing and (thing.color, thing.type) in names]
        if len(names) != 1 or len(alike) != len(description.obj_set):
            return []
        colour, thing = names.pop()
        wanted = _patterns(world, kind, colour, thing)
        if not wanted or set(wanted) <= set(patterns):  # not told, or the same target twice
            return []
        patterns += [pattern for pattern in wanted if pattern not in patterns]
    return patterns


def _targets(instruction: Any) -> list[tuple[str, Any]]:
    """(kind of instruction, description of its target) of all parts of a mission."""
    if hasattr(instruction, "instr_a"):
        return [*_targets(instruction.instr_a), *_targets(instruction.instr_b)]
    return [(type(instruction).__name__, getattr(instruction, "desc", None))]


def _patterns(world: World, kind: str, colour: str, thing: str) -> list[str]:
    """ "Seen" (if not in view at the start), then "reached", for one target."""
    in_view = {seen.name for seen in world.view().things}
    if thing == "door":
        door = next(
            cell for cell in world.engine.grid.grid if cell and (cell.color, cell.type) == (colour, thing)
        )
        state = "locked" if door.is_locked else "open" if door.is_open else "closed"
        name = f"{colour} {state} door"
    else:
        name = f"{colour} {thing}"
    seen = [] if name in in_view else [f"There is a {name} **"]
    if kind == "GoToInstr":
        return [*seen, f"There is a {name} ** right in front of you 1 steps away."]
    if kind == "PickupInstr":
        return [*seen, f"You are carrying a {name}."]
    if kind == "OpenInstr" and " open " not in name:
        key = [f"You are carrying a {colour} key."] if " locked " in name else []
        return [*seen, *key, f"There is a {colour} open door **"]
    return []


def search(environment: Environment, *, turns: int = TURNS, breadth: int = BREADTH) -> list[str] | None:
    """A shortest plan to progress 1 among at most ``breadth`` states a turn, or None within ``turns``.

    The engine must agree that the mission is fulfilled then: patterns alone do not know an order.
    Breadth first over the commands that can be carried out; with too many states those that progressed
    most stay, of equals the first found.
    """
    states: list[tuple[Environment, list[str]]] = [(environment, [])]
    known = {_fingerprint(environment)}
    for _ in range(turns):
        following: list[tuple[Environment, list[str]]] = []
        for state, plan in states:
            for command in state.choices():
                if command == LIST_COMMAND:
                    continue
                after = copy.deepcopy(state)
                after.step(command)
                if after.success and after.mission_over:
                    return [*plan, command]
                mark = _fingerprint(after)
                if mark not in known and not after.done:
                    known.add(mark)
                    following.append((after, [*plan, command]))
        following.sort(key=lambda entry: -entry[0].progress)
        states = following[:breadth]
    return None


def _fingerprint(environment: Environment) -> tuple[Any, ...]:
    view, engine = environment.view, environment.world.engine
    return view.position, view.direction, view.carrying, environment.progress, engine.grid.encode().tobytes()


def write_pack(pack: Mapping[str, Any], file: Path) -> None:
    """One episode per line, for readable differences."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pack.items() if key != "episodes"]
    episodes: Sequence[str] = [json.dumps(episode) for episode in pack["episodes"]]
    lines.append('"episodes": [\n' + ",\n".join(episodes) + "\n]")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pack(make_pack(), Path(sys.argv[1]) if len(sys.argv) > 1 else PACK_FILE)
