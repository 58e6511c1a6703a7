"""Child processes and one-shot jobs: nothing survives its parent, nothing is reported as something else."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from model_folders import child_env

from acbench import children
from acbench.children import Channel, Child, Inbox
from acbench.errors import CompressionError
from acbench.jobs import run_job

if TYPE_CHECKING:
    from collections.abc import Iterator

ECHO = """
import sys
from acbench.children import parent_channel
channel, inbox = parent_channel(sys.argv)
print("echo is up", file=sys.stderr, flush=True)
while (message := inbox.get(None)) is not None:
    if message.get("end"):
        sys.exit(message["end"])
    channel.send({"echo": message})
"""
FAMILY = """
import os, signal, subprocess, sys, time
from acbench.children import parent_channel
channel, inbox = parent_channel(sys.argv)
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
grandchild = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
grandchild.stdout.readline()
channel.send({"pids": [os.getpid(), grandchild.pid]})
time.sleep(60)
"""
DEAF = """
import signal, sys, time
from acbench.children import parent_channel
signal.signal(signal.SIGTERM, signal.SIG_IGN)
channel, inbox = parent_channel(sys.argv)
channel.send({})
time.sleep(60)
"""
PARENT = """
import sys, time
from pathlib import Path
from acbench.children import Child
child = Child("family_child", log=Path(sys.argv[1]), env={})
print(*child.inbox.get(20)["pids"], flush=True)
time.sleep(60)
"""
JOB = """
import os, signal, sys
from acbench.errors import ModelError
def run(request):
    print("job says hello")
    sys.stdout.flush()
    what = request["what"]
    if what == "own":
        raise ModelError("weights are missing")
    if what == "bug":
        raise KeyError("x")
    if what == "disk":
        raise OSError(28, "No space left on device")
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "exit":
        os._exit(3)
    if what == "none":
        return None
    return {"threads": os.environ["OMP_NUM_THREADS"], "offline": os.environ["HF_HUB_OFFLINE"]}
"""
MODULES = {"echo_child": ECHO, "family_child": FAMILY, "deaf_child": DEAF, "some_job": JOB}


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    path = os.pathsep.join([str(tmp_path), child_env()["PYTHONPATH"]])
    monkeypatch.setenv("PYTHONPATH", path)
    return tmp_path


@pytest.fixture
def echo(modules: Path) -> Iterator[Child]:
    child = Child("echo_child", log=modules / "logs" / "echo.log", env={})
    yield child
    child.kill()


def gone(pid: int) -> bool:
    """True when no such process runs; one that only waits to be collected does not run."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in ("Z", "X")


def wait_until_gone(*pids: int) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if all(gone(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


# -- channels ---------------------------------------------------------------------------------------


def test_large_messages_come_back_whole(echo: Child) -> None:
    big = {"text": "日本 \u2028\x00" * 500_000, "numbers": list(range(1000))}
    for number in range(2):
        echo.channel.send({**big, "number": number})
    for number in range(2):
        assert echo.inbox.get(30) == {"echo": {**big, "number": number}}


def test_several_senders_do_not_mix_their_messages() -> None:
    ours, theirs = (Channel(s) for s in socket.socketpair())
    inbox = Inbox(theirs)
    texts = [letter * 200_000 for letter in "abcd"]

    def send(text: str) -> None:
        for _ in range(5):
            ours.send({"t": text})

    threads = [threading.Thread(target=send, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    received = [(inbox.get(20) or {})["t"] for _ in range(20)]
    for thread in threads:
        thread.join()
    assert sorted(received) == sorted(texts * 5)
    ours.close()
    assert inbox.get(5) is None
    theirs.close()


def test_a_message_that_was_cut_is_the_end_not_a_message() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(theirs)
    ours.sendall((100).to_bytes(8, "little") + b'{"half": ')
    ours.close()
    assert channel.receive() is None
    channel.close()


def test_an_inbox_waits_no_longer_than_told(echo: Child) -> None:
    with pytest.raises(queue.Empty):
        echo.inbox.get(0.05)
    with pytest.raises(queue.Empty):
        echo.inbox.get(0)


# -- life and death ---------------------------------------------------------------------------------


def test_a_child_that_ends_is_noticed_and_its_log_kept(echo: Child) -> None:
    assert not gone(echo.pid)
    echo.channel.send({"end": 7})
    assert echo.inbox.get(10) is None
    assert echo.wait(10) == 7
    assert echo.exit_status == 7
    assert echo.log_tail() == "echo is up"
    echo.kill()
    echo.kill()  # idempotent


def test_the_tail_of_a_log_is_its_last_lines(echo: Child) -> None:
    echo.log.write_bytes(b"\n".join(b"line %d" % i for i in range(100)) + b"\n\xff")
    assert echo.log_tail().splitlines()[0] == "line 61"
    assert len(echo.log_tail().splitlines()) == children.TAIL_LINES
    echo.log.unlink()
    assert echo.log_tail() == ""


def test_killing_a_child_ends_its_whole_group(modules: Path) -> None:
    child = Child("family_child", log=modules / "log", env={})
    message = child.inbox.get(20)
    assert message is not None
    assert message["pids"][0] == child.pid
    child.kill()
    assert child.exit_status == -signal.SIGTERM
    assert wait_until_gone(*message["pids"])  # the grandchild ignores SIGTERM


def test_a_child_that_ignores_sigterm_is_killed(modules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "TERMINATE_GRACE_S", 0.2)
    child = Child("deaf_child", log=modules / "log", env={})
    assert child.inbox.get(20) == {}
    child.kill()
    assert child.wait(10) == -signal.SIGKILL


def test_a_child_and_its_children_die_with_a_killed_parent(modules: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(modules / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert not any(gone(pid) for pid in pids)
        parent.send_signal(signal.SIGKILL)
    assert wait_until_gone(*pids)


def test_a_python_that_is_none_leaks_nothing(modules: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        Child("echo_child", log=modules / "log", env={}, python=str(modules / "no-python"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# -- jobs -------------------------------------------------------------------------------------------


def job(modules: Path, what: str, **options: Any) -> dict[str, Any]:
    return run_job("some_job", {"what": what}, log=modules / "job.log", **options)


def test_a_job_gives_its_result(modules: Path) -> None:
    assert job(modules, "fine", threads=3) == {"threads": "3", "offline": "1"}
    assert job(modules, "none") == {}


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("own", "^weights are missing$"),
        ("bug", "^KeyError: 'x'$"),
        ("kill", "(?s)^some_job was killed before it finished.*job says hello"),
        ("exit", "(?s)^some_job ended with status 3 before it finished.*job says hello"),
    ],
)
def test_a_job_that_fails_says_how(modules: Path, what: str, message: str) -> None:
    with pytest.raises(CompressionError, match=message):
        job(modules, what)


def test_a_full_disk_in_a_job_is_a_full_disk_here(modules: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        job(modules, "disk")
    assert caught.value.errno == 28


def test_an_interpreter_that_cannot_run_the_job(modules: Path) -> None:
    with pytest.raises(CompressionError, match=r"cannot be started with .*no-python"):
        job(modules, "fine", python=str(modules / "no-python"))
    with pytest.raises(CompressionError, match="some_job ended with status 1 before"):
        job(modules, "fine", python="/bin/false")
