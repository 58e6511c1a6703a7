"""Real worlds against the package alone, doors and things in hand, and an engine that fails."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
from babyai_stubs import environment

from acbench.errors import EnvironmentDied
from acbench.tasks.babyai.worlds import World, require_package

pytest.importorskip("minigrid", reason="the babyai extra is not installed")


@pytest.mark.parametrize("name", ["GoToObjMazeS7", "UnlockPickup", "BossLevel", "KeyInBox"])
def test_a_world_moves_as_the_package_alone_does(name: str) -> None:
    """Random moves, also beyond the package's own limit of steps."""
    gymnasium = require_package()
    alone = gymnasium.make(f"BabyAI-{name}-v0")
    seen, _ = alone.reset(seed=11)
    world = World(f"BabyAI-{name}-v0", 11)
    assert world.mission == alone.unwrapped.mission == seen["mission"]
    rng = Random(name)
    for _ in range(400):
        view = world.view()
        held = alone.unwrapped.carrying
        assert view.picture == tuple(tuple(map(tuple, column)) for column in seen["image"].tolist())
        assert (view.position, view.direction) == (tuple(alone.unwrapped.agent_pos), seen["direction"])
        assert view.carrying == (None if held is None else (held.color, held.type))
        move = rng.choice((0, 1, 2, 2, 3, 4, 5))
        seen, _, over, _, _ = alone.step(move)
        assert world.move(move) is over


def test_the_published_list_keeps_its_order() -> None:
    env = environment("GoToObjDoor", 5, show_actions=True)
    told = env.step("check available actions").observation
    assert told == "You can take the following actions: " + ", ".join(env.choices())
    assert env.choices()[:2] == ["turn left", "turn right"]


def env_that_offers(world: str, verb: str) -> tuple[Any, str]:
    """A world whose first view offers a command of that beginning, and the command."""
    for seed in range(100):
        env = environment(world, seed)
        found = [command for command in env.choices() if command.startswith(verb)]
        if found:
            return env, found[0]
    raise AssertionError(f"no seed offers {verb!r}")


def test_a_door_is_toggled_from_its_front() -> None:
    env, command = env_that_offers("OpenRedDoor", "go to red closed door 1")
    refused = env.step("go through red closed door 1")
    assert (refused.valid, refused.understood) == (False, True)
    assert refused.observation.endswith("as it is closed. You should toggle it first.")
    if "toggle" not in env.choices():
        assert not env.step("toggle").valid
        assert env.step(command).valid
    assert "There is a red open door 1 right in front of you 1 steps away." in env.step("toggle").observation
    assert "toggle" not in env.choices()
    assert env.step("go through red open door 1").valid
    assert env.world.engine.grid.get(*env.view.position).type == "door"


def test_a_door_is_toggled_and_gone_through_at_once() -> None:
    env, command = env_that_offers("OpenRedDoor", "toggle and go through")
    assert env.step(command.capitalize()).valid
    assert env.world.engine.grid.get(*env.view.position).is_open


def test_what_is_carried_is_dropped_in_front() -> None:
    env, command = env_that_offers("GoToLocalS8N7", "pickup")
    name = command.removeprefix("pickup ").rpartition(" ")[0]
    assert f"You are carrying a {name}." in env.step(command).observation
    assert not [choice for choice in env.choices() if choice.startswith("pickup")]
    step = env.step("drop")
    assert step.valid
    assert re.search(rf"There is a {name} \d right in front of you 1 steps away", step.observation)
    assert step.observation.endswith("You are not carrying anything.")


@pytest.mark.parametrize("where", ["reset", "step", "gen_obs"])
def test_an_engine_that_fails_is_no_score_of_the_model(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def fails(*_arguments: Any, **_more: Any) -> None:
        raise RuntimeError("no such cell")

    env = environment("GoToDoor", 1)
    monkeypatch.setattr(type(env.world.engine), where, fails)
    with pytest.raises(EnvironmentDied, match="RuntimeError: no such cell"):
        environment("GoToDoor", 1) if where == "reset" else env.step("turn left")
