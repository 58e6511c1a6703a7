"""The continuous rollout: order, journal, resume, and what is not a score."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tiny_bench import fake_folder, fake_settings

from acbench.engines.host import EngineHost, environment
from acbench.engines.protocol import Completion, EngineIdentity, Request, Sampling
from acbench.errors import DataError, EngineDied, EngineError, PromptDrift
from acbench.journal import Journal
from acbench.rollout import Progress, Rollout, sampling_hash
from acbench.tasks.protocol import TOO_LONG, Grade, Metric, Prompt, Reply, Sample, TaskInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from acbench.engines.protocol import Engine

ANSWER = Sampling(max_tokens=4)


class Renderer:
    """One token per character."""

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(prompt.text.encode())

    def continuation(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(prompt.continuation.encode())

    def text(self, prompt: Prompt) -> str:
        return prompt.text


class Talk:
    """Asks ``turns`` times; each prompt holds all answers so far, so a mix-up of answers shows."""

    def __init__(self, sample: Sample, task: Talks) -> None:
        self.sample = sample
        self.task = task
        self.heard: list[Reply] = []

    def ask(self) -> Prompt | None:
        if len(self.heard) >= self.sample.data.get("turns", 1) or self.too_long:
            return None
        if self.sample.data.get("ask_raises"):
            raise KeyError("the environment has no such room")
        text = self.task.preamble + self.sample.id + "".join(f"|{reply.text}" for reply in self.heard)
        return Prompt(
            text=text + "x" * self.sample.data.get("pad", 0),
            continuation=self.sample.data.get("continuation", ""),
            sampling=ANSWER,
        )

    @property
    def too_long(self) -> bool:
        return any(reply.finish_reason == TOO_LONG for reply in self.heard)

    def tell(self, reply: Reply) -> None:
        self.task.on_tell(self.sample)
        if self.sample.data.get("raises_at") == len(self.heard):
            raise ZeroDivisionError("the environment broke")
        self.heard.append(reply)

    def grade(self) -> Grade:
        if self.too_long:
            return Grade({}, "too_long", state="too_long")
        return Grade({"score": float(len(self.heard))}, self.sample.data.get("channel", "correct"))


@dataclass
class Talks:
    """A task of several turns."""

    kind: str = "rollout"
    preamble: str = ""
    on_tell: Callable[[Sample], None] = lambda _: None
    opened: list[str] = field(default_factory=list)

    @property
    def info(self) -> TaskInfo:
        return TaskInfo(
            "talks", "Talks", "diagnostic", 1, (Metric("score", "Score"),), ("correct", "too_long"), self.kind
        )

    def samples(self) -> Sequence[Sample]:
        return ()

    def open(self, sample: Sample) -> Talk:
        self.opened.append(sample.id)
        return Talk(sample, self)


class ScriptedEngine:
    """Answers one request per poll: the one with the earliest due time on a virtual clock."""

    identity = EngineIdentity("scripted", "cpu", {})

    def __init__(self, latency: Callable[[str], float] = lambda _: 1.0) -> None:
        self.latency = latency
        self.now = 0.0
        self.open: list[tuple[float, int, Request]] = []
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.most_open = 0
        self.die_after = 10**9

    def submit(self, requests: Sequence[Request]) -> None:
        for request in requests:
            text = bytes(request.token_ids).decode()
            self.open.append((self.now + self.latency(text), len(self.asked), request))
            self.asked.append(text)
        self.most_open = max(self.most_open, len(self.open))

    def poll(self, timeout_s: float | None = None) -> list[Completion]:
        if len(self.answered) >= self.die_after:
            raise EngineDied("killed", log_tail="last words")
        if not self.open:
            return []
        due = min(self.open)
        self.open.remove(due)
        self.now = due[0]
        request = due[2]
        text = bytes(request.token_ids).decode()
        self.answered.append(text)
        return [
            Completion(
                request.id,
                text=f"<{len(text)}>",
                token_ids=(1, 2),
                prompt_tokens=len(request.token_ids),
                logprobs=() if request.score_from is None else (-1.0,) * (len(text) - request.score_from),
                finish_reason="stop" if request.score_from is None else "scored",
            )
        ]

    def close(self) -> None:
        """Nothing to end."""


def samples(count: int, **data: Any) -> list[Sample]:
    return [Sample(f"s{i:02d}", dict(data)) for i in range(count)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "generation")
    yield made
    made.close()


def reopened(journal: Journal) -> Journal:
    journal.close()
    return Journal(journal._path.parent)


def rollout(task: Talks, journal: Journal, **options: Any) -> Rollout:
    return Rollout(task, Renderer(), journal, **{"window_tokens": 1000, **options})


def _itself(engine: Engine) -> Engine:
    return engine


def no_engine() -> Engine:
    raise AssertionError("nothing is to be generated")


def test_an_episode_goes_on_while_a_slow_one_waits(journal: Journal) -> None:
    """No barrier per turn: the fast episode plays all its turns before the slow one's first answer."""
    engine = ScriptedEngine(lambda text: 100.0 if text.startswith("s00") else 1.0)
    task = Talks(kind="likelihood")  # steps on this thread: the order depends on the engine's clock alone
    records = rollout(task, journal).play(samples(2, turns=3), lambda: engine)
    assert [text[:3] for text in engine.answered] == ["s01", "s01", "s01", "s00", "s00", "s00"]
    assert [record.sample for record in records] == ["s00", "s01"]


def test_a_slow_environment_does_not_hold_up_the_others(journal: Journal) -> None:
    released = threading.Event()

    def on_tell(sample: Sample) -> None:
        if sample.id == "s00":
            assert released.wait(30), "the other episode never went on"
        if sample.id == "s01" and engine.asked.count("s01|<3>|<7>"):
            released.set()

    engine = ScriptedEngine()
    records = rollout(Talks(on_tell=on_tell), journal).play(samples(2, turns=3), lambda: engine)
    assert released.is_set()
    assert [len(record.turns) for record in records] == [3, 3]


def test_records_are_the_same_for_every_number_of_active_episodes(tmp_path: Path) -> None:
    chosen = [replace(s, data={"turns": 1 + i % 4}) for i, s in enumerate(samples(40))]
    found = {}
    for active, kind in ((1, "rollout"), (16, "rollout"), (None, "rollout"), (16, "single")):
        engine = ScriptedEngine(lambda text: float(sum(text[:3].encode()) * 5 % 7))
        book = Journal(tmp_path / f"{active}{kind}")
        task = Talks(kind=kind)
        found[active, kind] = rollout(task, book, max_active=active).play(chosen, partial(_itself, engine))
        book.close()
        assert engine.most_open <= (active or 40)
        if active == 16:
            assert engine.most_open == 16  # the limit is used, too
        assert task.opened == [s.id for s in chosen]
    first, *others = found.values()
    assert all(other == first for other in others)
    assert [r.sample for r in first] == [s.id for s in chosen]
    assert [len(r.turns) for r in first] == [1 + i % 4 for i in range(40)]
    assert first[1].turns[1].text == "<7>"  # "s01|<3>" has seven characters: its own first answer


def test_an_answer_is_on_disk_before_the_environment_hears_it(journal: Journal, tmp_path: Path) -> None:
    heard: list[int] = []

    def on_tell(sample: Sample) -> None:
        lines = (tmp_path / "generation" / "turns.jsonl").read_text().splitlines()
        heard.append(sum(f'"sample": "{sample.id}"' in line for line in lines))

    rollout(Talks(on_tell=on_tell), journal, max_active=1).play(samples(2, turns=3), ScriptedEngine)
    assert heard == [1, 2, 3, 1, 2, 3]


def test_after_a_crash_nothing_is_generated_twice(journal: Journal) -> None:
    chosen = samples(10, turns=3)
    whole = ScriptedEngine()
    dying = ScriptedEngine()
    dying.die_after = 17
    with pytest.raises(EngineDied, match="last words"):
        rollout(Talks(), journal).play(chosen, lambda: dying)
    assert journal.appended == 17
    again = reopened(journal)
    assert again.replayed == 17
    engine = ScriptedEngine()
    records = rollout(Talks(), again).play(chosen, lambda: engine)
    assert again.appended == len(engine.asked) == 30 - 17
    assert not set(engine.asked) & set(dying.answered)
    third = reopened(again)
    assert rollout(Talks(), third).play(chosen, no_engine) == records
    third.close()
    fresh = Journal(journal._path.parent.parent / "fresh")
    assert rollout(Talks(), fresh).play(chosen, lambda: whole) == records
    fresh.close()


def test_a_prompt_that_does_not_fit_is_never_asked_and_is_no_zero(journal: Journal) -> None:
    """The limit counts prompt and answer: three characters and four new tokens."""
    engine = ScriptedEngine()
    chosen = [*samples(2, turns=2), Sample("big", {"pad": 3})]
    fits = rollout(Talks(), journal, window_tokens=3 + 4).play(chosen, lambda: engine)
    assert engine.asked == ["s00", "s01"]
    assert [r.state for r in fits] == [
        "too_long"
    ] * 3  # the second turn of s00 and s01 is longer than the first
    assert all(r.scores == {} and r.channel == "too_long" for r in fits)
    assert [t.finish_reason for t in fits[0].turns] == ["stop", TOO_LONG]
    assert (fits[2].turns[0].finish_reason, fits[2].turns[0].prompt_tokens) == (TOO_LONG, 6)
    assert journal.appended == 2
    again = reopened(journal)
    assert rollout(Talks(), again, window_tokens=7).play(chosen, no_engine) == fits
    again.close()


def test_a_continuation_is_scored_and_counts_against_the_window(journal: Journal) -> None:
    engine = ScriptedEngine()
    chosen = [Sample("a", {"continuation": "bcd"}), Sample("toolong", {"continuation": "bcd"})]
    records = rollout(Talks(kind="likelihood"), journal, window_tokens=5).play(chosen, lambda: engine)
    assert engine.asked == ["abcd"]
    assert records[0].turns[0].logprobs == (-1.0, -1.0, -1.0)
    assert [r.state for r in records] == ["ok", "too_long"]


@pytest.mark.parametrize("fault", [{"raises_at": 1}, {"ask_raises": True}])
def test_a_broken_environment_is_named_after_all_others_were_played(
    journal: Journal, fault: dict[str, Any]
) -> None:
    chosen = samples(6, turns=3)
    chosen[2] = Sample("s02", {"turns": 3, **fault})
    chosen[4] = Sample("s04", {"turns": 3, **fault})
    with pytest.raises(DataError, match=r"2 of 6 episodes of talks .*first s0[24]: (Zero|Key)") as caught:
        rollout(Talks(), journal).play(chosen, ScriptedEngine)
    assert isinstance(caught.value.__cause__, ZeroDivisionError | KeyError)
    again = reopened(journal)
    assert [len(again.turns(s.id)) for s in chosen if s.id not in ("s02", "s04")] == [3, 3, 3, 3]
    healthy = samples(6, turns=3)
    engine = ScriptedEngine()
    rollout(Talks(), again).play(healthy, lambda: engine)  # with the fault mended only the rest is asked
    assert len(engine.asked) == 18 - again.replayed
    again.close()


def test_a_changed_prompt_is_drift_and_not_another_answer(journal: Journal) -> None:
    chosen = samples(3, turns=2)
    rollout(Talks(), journal).play(chosen, ScriptedEngine)
    again = reopened(journal)
    with pytest.raises(PromptDrift, match=r"talks, sample s00, turn 0"):
        rollout(Talks(preamble="Please: "), again).play(chosen, no_engine)
    again.close()
    content = journal._path.read_text()
    assert content.count("\n") == 6


@pytest.mark.parametrize("turn", [0, 1])
def test_drift_is_noticed_in_every_turn(journal: Journal, turn: int) -> None:
    chosen = samples(1, turns=2)
    rollout(Talks(), journal).play(chosen, ScriptedEngine)
    again = reopened(journal)
    changed = again._turns["s00"]
    changed[turn] = replace(changed[turn], prompt_hash="another")
    with pytest.raises(PromptDrift, match=f"turn {turn}"):
        rollout(Talks(), again).play(chosen, no_engine)
    again.close()


def test_a_refused_request_breaks_the_case_and_keeps_the_answers_that_came_with_it(journal: Journal) -> None:
    class Refusing(ScriptedEngine):
        def poll(self, timeout_s: float | None = None) -> list[Completion]:
            found = [c for _ in range(3) for c in super(Refusing, self).poll()]
            return [replace(found[0], error="VLLMValidationError: no"), *found[1:]]

    with pytest.raises(EngineError, match=r"request .*s00#0: VLLMValidationError: no"):
        rollout(Talks(), journal).play(samples(3), Refusing)
    assert journal.appended == 2


def test_what_a_broken_off_rollout_asked_is_not_taken_for_an_answer(tmp_path: Path) -> None:
    """The same engine serves the next case: late answers to the same samples must not be mixed up."""
    engine = ScriptedEngine(lambda text: 5.0 if text.startswith("old") else 1.0)
    first, second = Journal(tmp_path / "1"), Journal(tmp_path / "2")
    real, calls = engine.poll, 0

    def poll(timeout_s: float | None = None) -> list[Completion]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise EngineError("one request was refused")
        return real(timeout_s)

    engine.poll = poll  # type: ignore[method-assign]
    with pytest.raises(EngineError, match="refused"):
        rollout(Talks(preamble="old"), first).play(samples(4), lambda: engine)
    assert len(engine.open) == 3
    records = rollout(Talks(), second).play(samples(4, turns=8), lambda: engine)
    assert {r.turns[0].text for r in records} == {"<3>"}
    assert second.appended == 32
    assert not engine.open or all(b"old" in bytes(r.token_ids) for _, _, r in engine.open)
    first.close()
    second.close()


def test_the_engine_is_asked_for_once(journal: Journal) -> None:
    """A pool that has replaced a dead engine would give one that was asked nothing: an endless wait."""
    dying = ScriptedEngine()
    dying.die_after = 5
    engines = iter([dying, ScriptedEngine()])
    with pytest.raises(EngineDied):
        rollout(Talks(), journal).play(samples(4, turns=3), lambda: next(engines))
    assert journal.appended == 5


def test_an_unknown_channel_is_an_error(journal: Journal) -> None:
    with pytest.raises(DataError, match="s00 ended in unknown channel 'sideways'"):
        rollout(Talks(), journal).play(samples(1, channel="sideways"), ScriptedEngine)


def test_an_episode_without_end_is_an_error(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acbench.rollout.TURN_LIMIT", 5)
    with pytest.raises(DataError, match="s00: the episode did not end within 5 turns"):
        rollout(Talks(), journal).play(samples(1, turns=9), ScriptedEngine)


def test_progress_counts_samples_and_tokens(journal: Journal) -> None:
    seen: list[Progress] = []
    rollout(Talks(), journal, on_progress=seen.append).play(samples(3, turns=2), ScriptedEngine)
    assert seen[-1] == Progress(done=3, total=3, output_tokens=12, prompt_tokens=3 * (3 + 7))
    assert [p.done for p in seen] == sorted(p.done for p in seen)


def test_the_whole_way_with_an_engine_in_a_child_process(journal: Journal, tmp_path: Path) -> None:
    """A child that dies in the middle, then another one: every answer is generated once."""
    settings = fake_settings()
    folder = fake_folder(tmp_path / "m", fake_crash_after=7)
    chosen = samples(8, turns=2)
    host = EngineHost(log=tmp_path / "log1", env=environment(settings, devices=None))
    engine = host.start(folder, settings)
    with pytest.raises(EngineDied):
        rollout(Talks(), journal).play(chosen, lambda: engine)
    assert not host.alive
    (folder / "fake.json").write_text("{}")
    again = reopened(journal)
    assert again.replayed <= 7
    host = EngineHost(log=tmp_path / "log2", env=environment(settings, devices=None))
    second = host.start(folder, settings)
    records = rollout(Talks(), again).play(chosen, lambda: second)
    host.close()
    assert again.replayed + again.appended == 16
    assert all(len(record.turns) == 2 for record in records)
    again.close()


def test_a_field_that_old_journals_lack_does_not_change_their_hashes() -> None:
    """min_tokens came later: a prompt without it must keep the hash it always had."""
    from acbench.keys import fingerprint, ids_hash

    old = {"max_tokens": 5, "temperature": 0.0, "top_p": 1.0, "stop": (), "seed": 0, "logprobs": False}
    plain, least = Sampling(max_tokens=5), Sampling(max_tokens=5, min_tokens=1)
    assert sampling_hash((1, 2), None, plain) == fingerprint([ids_hash((1, 2)), None, old])[:16]
    assert sampling_hash((1, 2), None, least) != sampling_hash((1, 2), None, plain)


def test_a_task_prepares_the_grading_of_all_its_finished_episodes_at_once(journal: Journal) -> None:
    calls: list[list[str]] = []

    class Prepared(Talks):
        def prepare_grading(self, episodes: Sequence[Talk]) -> None:
            calls.append(sorted(episode.sample.id for episode in episodes))
            assert all(episode.ask() is None for episode in episodes)

    rollout(Prepared(), journal).play(samples(3), partial(_itself, ScriptedEngine()))
    assert calls == [["s00", "s01", "s02"]]
