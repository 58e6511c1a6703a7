"""An engine in a child process: the good path, death, silence, start failures, and nothing left behind."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from model_folders import REPOSITORY
from tiny_bench import alive, environment_with, fake_folder, fake_settings, requests, wait_until

from acbench import children, errors
from acbench.children import Channel, Inbox
from acbench.engines import child, host
from acbench.engines.fake import WORDS
from acbench.engines.host import EngineHost, environment
from acbench.engines.protocol import Completion, EngineIdentity, Request
from acbench.engines.protocol_json import completion_from_json, request_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from acbench.engines.host import HostedEngine


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[EngineHost]:
    settings = fake_settings()
    made = EngineHost(log=tmp_path / "engine.log", env=environment(settings, devices=None))
    yield made
    made.close()


def drain(engine: HostedEngine, count: int) -> dict[str, Completion]:
    found: dict[str, Completion] = {}
    while len(found) < count:
        batch = engine.poll()
        assert batch, "poll without a deadline returns only with something"
        found |= {completion.id: completion for completion in batch}
    return found


def test_one_process_serves_several_engines_in_turn(hosted: EngineHost, tmp_path: Path) -> None:
    plain = fake_folder(tmp_path / "plain")
    first = hosted.start(plain, fake_settings())
    assert (first.identity.backend, first.identity.device) == ("fake", "cpu")
    assert first.start_seconds >= 0
    first.submit(requests(5))
    first.submit([Request("scored", (1, 2, 3, 4, 5), score_from=2)])
    answers = drain(first, 6)
    assert {answers[f"r{i}"].text for i in range(5)} <= set(WORDS)
    assert answers["scored"].finish_reason == "scored"
    assert len(answers["scored"].logprobs) == 3
    assert all(value < 0 for value in answers["scored"].logprobs)
    assert first.poll() == []  # nothing is open: no waiting
    pid = hosted.pid
    second = hosted.start(fake_folder(tmp_path / "damaged", fake_damage=1.0), fake_settings())
    second.submit(requests(5))
    damaged = drain(second, 5)
    assert hosted.pid == pid
    assert all(damaged[f"r{i}"].text != answers[f"r{i}"].text for i in range(5))
    second.close()
    assert hosted.alive
    assert not hosted.serving
    third = hosted.start(plain, fake_settings())
    third.submit(requests(5))
    assert drain(third, 5) == {f"r{i}": answers[f"r{i}"] for i in range(5)}


def test_poll_gives_up_after_its_own_time_and_loses_nothing(hosted: EngineHost, tmp_path: Path) -> None:
    engine = hosted.start(fake_folder(tmp_path / "m", fake_latency_s=0.4), fake_settings())
    engine.submit(requests(1))
    assert engine.poll(0.01) == []
    assert list(drain(engine, 1)) == ["r0"]


def test_an_engine_stopped_in_the_middle_leaves_no_answer_to_the_next(
    hosted: EngineHost, tmp_path: Path
) -> None:
    slow = hosted.start(fake_folder(tmp_path / "m", fake_latency_s=0.02), fake_settings())
    slow.submit(requests(50, name="old"))
    drain(slow, 1)
    nxt = hosted.start(fake_folder(tmp_path / "n"), fake_settings())
    nxt.submit(requests(3, name="new"))
    assert set(drain(nxt, 3)) == {"new0", "new1", "new2"}


def test_a_killed_child_is_reported_with_its_log_and_stays_dead(hosted: EngineHost, tmp_path: Path) -> None:
    engine = hosted.start(fake_folder(tmp_path / "m", fake_latency_s=0.1), fake_settings())
    with (tmp_path / "engine.log").open("a") as log:
        log.write("last words of the engine\n")
    engine.submit(requests(100))
    drain(engine, 1)
    os.kill(hosted.pid, signal.SIGKILL)
    with pytest.raises(errors.EngineDied, match="by signal 9") as caught:
        drain(engine, 100)
    assert "last words of the engine" in caught.value.log_tail
    assert "last words of the engine" in str(caught.value)
    with pytest.raises(errors.EngineDied):  # at once, not after the silence deadline
        engine.poll()
    with pytest.raises(errors.EngineDied):
        engine.submit(requests(1, name="late"))
    assert not hosted.alive


def test_a_child_that_crashes_by_itself_after_three_answers(hosted: EngineHost, tmp_path: Path) -> None:
    engine = hosted.start(fake_folder(tmp_path / "m", fake_crash_after=3), fake_settings())
    engine.submit(requests(10))
    seen: list[Completion] = []

    def take_all() -> None:
        while True:
            seen.extend(engine.poll())

    with pytest.raises(errors.EngineDied):
        take_all()
    assert len(seen) <= 3


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("OutOfMemory", errors.OutOfMemory),
        ("Unsupported", errors.Unsupported),
        ("EngineStartError", errors.EngineStartError),
        ("DataError", errors.EngineStartError),  # not an engine's error: its name stays in the message
    ],
)
def test_start_failures_keep_their_class_and_the_process(
    hosted: EngineHost, tmp_path: Path, kind: str, expected: type[errors.EngineError]
) -> None:
    with pytest.raises(expected, match=f"asked to fail with {kind}") as caught:
        hosted.start(fake_folder(tmp_path / "bad", fake_fail=kind), fake_settings())
    assert type(caught.value) is expected
    assert "Traceback" in caught.value.log_tail
    assert kind in str(caught.value)
    engine = hosted.start(fake_folder(tmp_path / "good"), fake_settings())
    engine.submit(requests(1))
    assert len(drain(engine, 1)) == 1


def test_silence_becomes_a_timeout_and_ends_the_process(
    hosted: EngineHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = hosted.start(fake_folder(tmp_path / "m", fake_hang_after=1), fake_settings())
    pid = hosted.pid
    engine.submit(requests(3))
    drain(engine, 1)
    monkeypatch.setattr(host, "SILENCE_DEADLINE_S", 0.3)
    with pytest.raises(errors.EngineTimeout, match=r"no sign of life .* 2 requests open"):
        engine.poll()
    assert not alive(pid)


def test_a_start_that_takes_too_long_is_a_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = EngineHost(log=tmp_path / "log", env=environment(fake_settings(), devices=None))
    pid = made.pid
    monkeypatch.setattr(host, "START_DEADLINE_S", 0.0)
    with pytest.raises(errors.EngineTimeout, match="did not start within"):
        made.start(fake_folder(tmp_path / "m"), fake_settings())
    assert not alive(pid)


def test_an_engine_that_answers_to_nothing_is_killed(
    hosted: EngineHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process answers no message and no SIGTERM: only SIGKILL of the group is left."""
    engine = hosted.start(fake_folder(tmp_path / "m"), fake_settings())
    pid = hosted.pid
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(host, "STOP_DEADLINE_S", 0.2)
    monkeypatch.setattr(children, "TERMINATE_GRACE_S", 0.2)
    engine.close()
    assert not alive(pid)
    engine.close()


def test_close_is_idempotent_and_leaves_no_process(hosted: EngineHost, tmp_path: Path) -> None:
    engine = hosted.start(fake_folder(tmp_path / "m"), fake_settings())
    pid = hosted.pid
    assert alive(pid)
    engine.close()
    engine.close()
    hosted.close()
    assert not alive(pid)
    hosted.close()
    assert not hosted.alive
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)


def test_an_interpreter_that_cannot_be_started_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that dies before it answers: the log tail says why."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "nothing"))
    monkeypatch.chdir(tmp_path)
    made = EngineHost(log=tmp_path / "log", env={"PYTHONHOME": str(tmp_path / "no-python")})
    with pytest.raises(errors.EngineDied, match="encodings"):
        made.start(tmp_path, fake_settings())


SCRIPT = """
import sys
from pathlib import Path
from acbench.engines.host import EngineHost, environment
from acbench.engines.protocol import EngineSettings, Request

settings = EngineSettings(backend="fake")
host = EngineHost(log=Path(sys.argv[2]), env=environment(settings, devices=None))
engine = host.start(Path(sys.argv[1]), settings)
engine.submit([Request(str(i), (i,)) for i in range(3)])
answers = 0
while answers < 3:
    answers += len(engine.poll())
print(host.pid, flush=True)
if sys.argv[3] == "wait":
    engine.submit([Request("more", (1,))])
    sys.stdin.read()
if sys.argv[3] == "close":
    host.close()
"""


def run_script(tmp_path: Path, mode: str, **knobs: Any) -> subprocess.Popen[str]:
    folder = fake_folder(tmp_path / "m", **knobs)
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(tmp_path / "log"), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment_with(PYTHONPATH=str(REPOSITORY)),
    )


@pytest.mark.parametrize("hanging", [False, True], ids=["idle", "hanging"])
def test_a_parent_killed_by_sigkill_leaves_no_orphan(tmp_path: Path, hanging: bool) -> None:
    knobs = {"fake_hang_after": 3} if hanging else {}
    with run_script(tmp_path, "wait", **knobs) as parent:
        assert parent.stdout is not None
        engine = int(parent.stdout.readline())
        assert alive(engine)
        parent.kill()
    wait_until(lambda: not alive(engine), what="the engine of a killed parent ends")


@pytest.mark.parametrize("mode", ["close", "forget"])
def test_exit_status_is_zero_with_and_without_closing(tmp_path: Path, mode: str) -> None:
    with run_script(tmp_path, mode) as parent:
        output, _ = parent.communicate(timeout=60)
    assert parent.returncode == 0
    wait_until(lambda: not alive(int(output)), what="the engine of an ended parent ends")


# -- the child's side, in this process --------------------------------------------------------------


class StubCore:
    """Refuses one request, breaks in one step."""

    identity = EngineIdentity("stub", "cpu", {})

    def __init__(self) -> None:
        self.queue: list[Request] = []

    def add(self, batch: Sequence[Request]) -> None:
        for request in batch:
            if not request.token_ids:
                raise ValueError("the prompt is empty")
            self.queue.append(request)

    def step(self) -> list[Completion]:
        request = self.queue.pop(0)
        if request.id == "broken":
            raise RuntimeError("unable to allocate: out of memory")
        return [Completion(request.id, text="fine")]

    def unfinished(self) -> int:
        return len(self.queue)

    def stop(self) -> None:
        self.queue.clear()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Channel, Inbox]]:
    """A Server on a thread; we are its parent."""
    monkeypatch.setattr(child, "create_core", lambda *_: StubCore())
    ours, theirs = (Channel(s) for s in socket.socketpair())
    thread = threading.Thread(target=child.Server(theirs, Inbox(theirs)).run)
    thread.start()
    inbox = Inbox(ours)
    settings = {"backend": "fake"}
    ours.send({"type": "start", "checkpoint": "x", "settings": settings})
    message = inbox.get(30)
    assert message is not None
    assert message["type"] == "ready"
    yield ours, inbox
    ours._socket.shutdown(socket.SHUT_RDWR)
    thread.join(30)
    assert not thread.is_alive()
    ours.close()
    theirs.close()


def submit(channel: Channel, *batch: Request) -> None:
    channel.send({"type": "submit", "requests": [request_to_json(r) for r in batch]})


def test_a_refused_request_is_answered_with_an_error_and_the_others_go_on(
    served: tuple[Channel, Inbox],
) -> None:
    channel, inbox = served
    submit(channel, Request("a", (1,)), Request("empty", ()), Request("b", (2,)))
    found: dict[str, Completion] = {}
    while len(found) < 3:
        message = inbox.get(30)
        assert message is not None
        found |= {c["id"]: completion_from_json(c) for c in message["completions"]}
    assert found["a"].text == found["b"].text == "fine"
    assert found["empty"].finish_reason == "error"
    assert found["empty"].error == "ValueError: the prompt is empty"


def test_an_error_in_a_step_is_classified_and_ends_the_engine_only(served: tuple[Channel, Inbox]) -> None:
    channel, inbox = served
    submit(channel, Request("broken", (1,)), Request("never", (2,)))
    message = inbox.get(30)
    assert message is not None
    assert (message["type"], message["kind"]) == ("failed", "OutOfMemory")
    channel.send({"type": "start", "checkpoint": "x", "settings": {"backend": "fake"}})
    message = inbox.get(30)
    assert message is not None
    assert message["type"] == "ready"
    with pytest.raises(queue.Empty):
        inbox.get(0.0)
