"""Rollouts of multi-turn tasks: batch sizes, crash and resume, worlds that die or hang, nothing left open."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

import pytest
from agent_stubs import Letters, Worlds, sample, walk_task

from acbench.engines.protocol import Completion, EngineIdentity, Request
from acbench.errors import DataError, EngineDied
from acbench.journal import Journal
from acbench.rollout import Rollout
from acbench.worldlog import WorldLog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from acbench.records import SampleRecord
    from acbench.tasks.protocol import Sample

MANY = [sample(f"w{n:02}", 1 + n % 4, budget=3 + n % 5) for n in range(24)]
ACTIONS = ("go", "wait", "dig", "Once", "go", "go")


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Durability is tested elsewhere."""
    monkeypatch.setattr("acbench.journal.os.fsync", lambda _: None)


def drawn(text: str) -> str:
    """An answer that depends on the whole prompt: a mix-up of episodes or turns shows in all that follows."""
    return ACTIONS[hashlib.sha256(text.encode()).digest()[0] % len(ACTIONS)]


class Speaker:
    """An engine that reads its prompts and answers the oldest few at each poll."""

    identity = EngineIdentity("speaker", "cpu", {})

    def __init__(
        self, answer: Callable[[str], str] = drawn, *, at_once: int = 1, dies_after: int = 10**9
    ) -> None:
        self.answer = answer
        self.at_once = at_once
        self.dies_after = dies_after
        self.open: list[Request] = []
        self.most_open = 0
        self.answered = 0

    def submit(self, requests: Sequence[Request]) -> None:
        self.open += requests
        self.most_open = max(self.most_open, len(self.open))

    def poll(self, timeout_s: float | None = None) -> list[Completion]:
        if self.answered >= self.dies_after:
            raise EngineDied("killed", log_tail="")
        now, self.open = self.open[: self.at_once], self.open[self.at_once :]
        self.answered += len(now)
        return [
            Completion(
                request.id,
                text=self.answer(bytes(request.token_ids).decode()),
                token_ids=(1,),
                prompt_tokens=len(request.token_ids),
            )
            for request in now
        ]

    def close(self) -> None:
        """Nothing to end."""


def no_engine() -> Speaker:
    raise AssertionError("nothing is to be generated")


def play(
    folder: Path,
    engine: Callable[[], Speaker] | Speaker,
    samples: Sequence[Sample] = MANY,
    *,
    worlds: Worlds | None = None,
    max_active: int | None = None,
    **options: Any,
) -> list[SampleRecord]:
    journal = Journal(folder)
    try:
        rollout = Rollout(
            walk_task(samples, worlds, **options),
            Letters(),
            journal,
            worlds=WorldLog(folder),
            window_tokens=100_000,
            max_active=max_active,
        )
        return rollout.play(samples, engine if callable(engine) else lambda: engine)
    finally:
        journal.close()


def lines(folder: Path, name: str) -> list[str]:
    return (folder / name).read_text(encoding="utf-8").splitlines()


def test_the_records_are_the_same_however_many_episodes_are_in_flight(tmp_path: Path) -> None:
    """Specification, section 9.5: B = 1 and B = 16."""
    found = {}
    for active, at_once in ((1, 1), (16, 1), (16, 5), (None, 24)):
        worlds, engine = Worlds(), Speaker(at_once=at_once)
        found[active, at_once] = play(
            tmp_path / f"{active}-{at_once}", engine, worlds=worlds, max_active=active
        )
        assert engine.most_open <= (active or len(MANY))
        assert worlds.left_open == []
        assert len(worlds.opened) == len(MANY)
    first, *others = found.values()
    assert all(other == first for other in others)
    assert {record.channel for record in first} >= {"correct", "budget"}  # not all of one kind


def test_a_recorded_rollout_opens_no_world_and_no_engine(tmp_path: Path) -> None:
    whole = play(tmp_path, Speaker())
    worlds = Worlds()
    assert play(tmp_path, no_engine, worlds=worlds) == whole
    assert worlds.opened == []
    assert len(lines(tmp_path, "worlds.jsonl")) == sum(len(r.turns) for r in whole) + 2 * len(MANY)


@pytest.mark.parametrize("lost", ["nothing", "all", "half", "a line", "the end of a line"])
@pytest.mark.parametrize("dies_after", [0, 1, 30, 55])
def test_after_a_crash_nothing_is_generated_twice_whatever_the_worlds_log_lost(
    tmp_path: Path, dies_after: int, lost: str
) -> None:
    whole = play(tmp_path / "whole", Speaker())
    folder, worlds = tmp_path / "cut", Worlds()
    with pytest.raises(EngineDied):
        play(folder, Speaker(dies_after=dies_after), worlds=worlds)
    assert worlds.left_open == []  # those of abandoned episodes too
    assert len(lines(folder, "turns.jsonl")) == dies_after
    log = folder / "worlds.jsonl"
    known = log.read_bytes() if log.exists() else b""
    kept = known.splitlines(keepends=True)
    if lost == "all":
        log.unlink(missing_ok=True)
    elif lost == "half":
        log.write_bytes(b"".join(kept[: len(kept) // 2]))
    elif lost == "a line":
        log.write_bytes(b"".join(kept[:3] + kept[4:]))
    elif lost == "the end of a line":
        log.write_bytes(known[:-9])
    again, engine = Worlds(), Speaker()
    assert play(folder, engine, worlds=again) == whole
    assert engine.answered == sum(len(r.turns) for r in whole) - dies_after
    assert again.left_open == []
    assert play(folder, no_engine, worlds=again) == whole


def test_a_world_that_dies_breaks_its_episode_alone(tmp_path: Path) -> None:
    def answer(text: str) -> str:
        return "die" if "reach 4" in text and "at 1" in text.rpartition("reach 4")[2] else "go"

    worlds = Worlds()
    records = play(tmp_path, Speaker(answer), worlds=worlds)
    broken = [r for r in records if r.state == "broken"]
    assert [r.sample for r in broken] == [f"w{n:02}" for n in range(3, 24, 4)]
    assert {(r.channel, len(r.turns), r.detail["broken"]) for r in broken} == {
        ("broken", 2, "walk: its engine ended")
    }
    assert all(r.scores == {} for r in broken)
    assert all(r.channel == "correct" for r in records if r not in broken)
    assert worlds.left_open == []
    again = Worlds()
    assert play(tmp_path, no_engine, worlds=again) == records  # another process sees the same
    assert again.opened == []


def test_an_interrupted_rollout_gives_a_broken_episode_another_chance(tmp_path: Path) -> None:
    """What ends the run may be what ended the environment."""
    chosen = [sample("w0", 2), sample("w1", 9, budget=9)]

    def answer(text: str) -> str:
        return "die" if "reach 2" in text else "go"

    with pytest.raises(EngineDied):
        play(tmp_path, Speaker(answer, dies_after=6), chosen)
    assert not any("broken" in line for line in lines(tmp_path, "worlds.jsonl"))


def test_a_world_that_hangs_holds_up_nobody_and_not_the_end(tmp_path: Path) -> None:
    def answer(text: str) -> str:
        return "hang" if "reach 4" in text else "go"

    worlds, engine = Worlds(), Speaker(answer)
    records = play(tmp_path, engine, worlds=worlds, episode_seconds=1)
    by_state = {r.sample: r.state for r in records}
    assert by_state == {s.id: "broken" if s.data["length"] == 4 else "ok" for s in MANY}
    assert threading.active_count() > 6  # they still hang
    hung = next(r for r in records if r.state == "broken")
    assert "more than 1 s (setting episode_seconds)" in hung.detail["broken"]
    worlds.hold.set()


def test_a_fault_of_ours_breaks_the_case_and_leaves_nothing_open(tmp_path: Path) -> None:
    def answer(text: str) -> str:
        return "crash" if "reach 3" in text else "go"

    worlds = Worlds()
    with pytest.raises(
        DataError, match=r"6 of 24 episodes of walk broke .* first w02: ZeroDivisionError: walk: a fault of"
    ):
        play(tmp_path, Speaker(answer), worlds=worlds)
    assert worlds.left_open == []


def test_what_is_no_exception_ends_the_rollout_instead_of_being_waited_for(tmp_path: Path) -> None:
    """A panic of a tokenizer written in Rust is none."""

    class Panic(BaseException):
        pass

    def panic(*_: Any) -> Any:
        raise Panic("the tokenizer gave up")

    with pytest.raises(Panic):
        play(tmp_path, Speaker(), stage={"world": panic})


def test_prompts_that_do_not_fit_leave_no_world_open_and_are_remembered(tmp_path: Path) -> None:
    worlds = Worlds()
    records = play(tmp_path, Speaker(lambda _: "wait"), worlds=worlds, window_tokens=300)
    assert {r.state for r in records} == {"ok", "too_long"} or {r.state for r in records} == {"too_long"}
    assert worlds.left_open == []
    again = Worlds()
    assert play(tmp_path, no_engine, worlds=again, window_tokens=300) == records
    assert again.opened == []


def test_an_agent_that_thinks_is_resumed_in_the_middle_of_its_thoughts(tmp_path: Path) -> None:
    def answer(text: str) -> str:
        return "Think: hm" if drawn(text) in ("go", "Once") else f"Think: so\nAction: {drawn(text[::-1])}"

    options: dict[str, Any] = {"agent": "react", "max_think": 2}
    whole = play(tmp_path / "whole", Speaker(answer), **options)
    assert any(r.detail["thoughts"] for r in whole)
    with pytest.raises(EngineDied):
        play(tmp_path / "cut", Speaker(answer, dies_after=50), **options)
    engine = Speaker(answer)
    assert play(tmp_path / "cut", engine, **options) == whole
    assert engine.answered == sum(len(r.turns) for r in whole) - 50
