"""Calls that are given up, and a world that remembers what it answered."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from agent_stubs import Walk, Worlds, sample

from acbench.errors import DataError, EnvironmentDied
from acbench.tasks.agents import memory
from acbench.tasks.agents.memory import RememberedWorld
from acbench.tasks.agents.patience import TookTooLong, within
from acbench.tasks.agents.world import Step, replay_steps

if TYPE_CHECKING:
    from collections.abc import Callable

ROOMS: dict[str, str] = {}
HALF = chr(0xD800)
"""Half a surrogate pair: text that no file can hold."""


def never() -> None:
    raise AssertionError("the call was not given up")


def remembered(world: Walk | Callable[[], Any], limit_s: float = 30) -> RememberedWorld:
    return RememberedWorld("w", (lambda: world) if isinstance(world, Walk) else world, limit_s)


def walk(worlds: Worlds | None = None, **data: Any) -> Walk:
    return Walk(sample(**data).data, worlds or Worlds())


def test_a_call_gives_what_it_gives_and_raises_what_it_raises() -> None:
    here = threading.current_thread().name
    assert within(30, lambda: threading.current_thread().name, never) != here
    assert within(30, lambda: None, never) is None
    with pytest.raises(KeyError, match="no such room"):
        within(30, lambda: ROOMS["no such room"], never)


def test_a_call_that_never_returns_is_given_up_and_cleaned_up_after() -> None:
    hold, late = threading.Event(), threading.Event()
    with pytest.raises(TookTooLong):
        within(0.05, lambda: hold.wait(60), late.set)
    assert not late.is_set()
    hold.set()
    assert late.wait(60)


def test_what_was_asked_is_what_will_be_remembered() -> None:
    """Tuples come back from a file as lists: the first run must say what a replay says."""
    world = remembered(walk(length=1))
    world.start()
    assert world.step("go").observation == "at 1"
    end = world.finish()
    news = world.news()
    assert json.loads(json.dumps(news)) == news
    assert end["facts"] == {"place": 1, "pair": [1, 2]}
    assert news[-1] == {"end": end}
    assert world.news() == []


def test_texts_that_cannot_be_written_down_are_made_writable() -> None:
    worlds = Worlds()
    first = remembered(walk(worlds, says=HALF))
    assert first.start()["first"] == "?at 0"
    assert first.step(f"go {HALF}").valid is False
    assert worlds.steps == [("w", "go ?")]
    again = remembered(never)
    again.remember(first.news())
    again.start()
    assert again.step(f"go {HALF}") == first._last
    json.dumps(first.news()).encode()


def test_the_time_is_that_of_all_calls_together(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 4))  # every call takes four seconds
    monkeypatch.setattr(memory, "time", type("Clock", (), {"monotonic": staticmethod(lambda: next(clock))}))
    limits: list[float] = []

    def noted(limit_s: float, call: Callable[[], Any], late: Callable[[], None]) -> Any:
        limits.append(limit_s)
        return within(30, call, late)

    monkeypatch.setattr(memory, "within", noted)
    world = remembered(walk(length=9), limit_s=10)
    world.start()
    world.step("go")
    world.step("go")
    world.step("go")
    assert limits == [10, 6, 2, memory.LEAST_S]


def test_a_world_that_hangs_while_it_is_opened_is_closed_when_it_is_there() -> None:
    worlds, hold = Worlds(), threading.Event()

    def slow() -> Walk:
        assert hold.wait(60)
        return walk(worlds)

    world = remembered(slow, limit_s=0.05)
    with pytest.raises(EnvironmentDied, match=r"more than 0\.05 s"):
        world.start()
    world.close()
    assert worlds.opened == []
    hold.set()
    assert worlds.one_closed.wait(60)
    assert worlds.left_open == []


def test_closing_is_not_waited_for_without_end_and_loses_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    hold = threading.Event()
    monkeypatch.setattr(memory, "CLOSING_S", 0.05)
    monkeypatch.setattr(Walk, "close", lambda _: hold.wait(60))
    world = remembered(walk(length=1))
    world.step("go")
    assert world.finish()["facts"]["place"] == 1
    hold.set()

    def dies(_: Walk) -> None:
        raise EnvironmentDied("gone already")

    monkeypatch.setattr(Walk, "close", dies)
    other = remembered(walk(length=1))
    other.step("go")
    assert other.finish()["facts"]["place"] == 1


def test_records_out_of_order_are_refused() -> None:
    first = remembered(walk(length=1))
    first.step("go")
    first.finish()
    start, step, end = first.news()
    for records in ([step], [end], [start, start]):
        world = remembered(walk())
        world.remember(records)
        with pytest.raises(DataError, match=r"recorded step \d is no (start|action); remove worlds\.jsonl"):
            world.step("go")


def test_a_death_after_the_last_step_is_remembered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(_: Walk) -> dict[str, Any]:
        raise EnvironmentDied("no facts")

    monkeypatch.setattr(Walk, "facts", dies)
    world = remembered(walk(length=1))
    world.step("go")
    with pytest.raises(EnvironmentDied, match="no facts"):
        world.finish()
    world.break_off("no facts")
    again = remembered(never)
    again.remember(world.news())
    assert again.step("go") == Step("at 1", True, True, 1.0, True)
    with pytest.raises(EnvironmentDied, match="no facts"):
        again.finish()


def test_a_replay_ends_with_the_episode_and_always_closes() -> None:
    worlds = Worlds()
    steps = replay_steps(walk(worlds, length=2), ["go", "dig", "go", "go"])
    assert steps == [
        {"action": "go", "observation": "at 1", "valid": True, "progress": 0.5, "done": False},
        {"action": "dig", "observation": "at 1", "valid": False, "progress": 0.5, "done": False},
        {"action": "go", "observation": "at 2", "valid": True, "progress": 1.0, "done": True},
    ]
    with pytest.raises(EnvironmentDied):
        replay_steps(walk(worlds), ["die"])
    assert worlds.left_open == []
