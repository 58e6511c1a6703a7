"""One engine at a time, reuse, counted starts, remembered failures, device leases, environments."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from model_folders import REPOSITORY
from tiny_bench import alive, environment_with, fake_folder, fake_settings, requests, wait_until

from acbench import errors
from acbench.engines import failures, pool
from acbench.engines.host import environment
from acbench.engines.pool import EnginePool, visible_gpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from acbench.engines.protocol import Engine, EngineSettings


@pytest.fixture
def make_pool(tmp_path: Path) -> Iterator[Callable[[], EnginePool]]:
    made: list[EnginePool] = []

    def make() -> EnginePool:
        number = len(made)
        made.append(
            EnginePool(
                logs=tmp_path / f"logs{number}", leases=tmp_path / "leases", events=tmp_path / "events.jsonl"
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.close()
        one.close()


def events(tmp_path: Path) -> list[str]:
    file = tmp_path / "events.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    assert {line["event"] for line in lines} <= {"engine-start"}
    return [line["label"] for line in lines]


def answer(engine: Engine) -> str:
    engine.submit(requests(1))
    return engine.poll()[0].text


def test_equal_keys_share_an_engine_and_another_key_closes_it(
    make_pool: Callable[[], EnginePool], tmp_path: Path
) -> None:
    engines = make_pool()
    one, two = fake_folder(tmp_path / "one"), fake_folder(tmp_path / "two")
    first = engines.engine(one, fake_settings(), label="m:base")
    answer(first)
    assert engines.engine(one, fake_settings(), label="m:base") is first
    assert engines.starts == 1
    first.submit(requests(1))
    second = engines.engine(two, fake_settings(), label="m:other")
    assert second is not first
    third = engines.engine(two, fake_settings(seed=1), label="m:kv")  # other settings are another engine
    assert third is not second
    assert engines.starts == 3
    assert events(tmp_path) == ["m:base", "m:other", "m:kv"]
    engines.engine(one, fake_settings(), label="m:base")
    assert events(tmp_path) == ["m:base", "m:other", "m:kv", "m:base"]


def test_closing_a_pool_leaves_no_process(make_pool: Callable[[], EnginePool], tmp_path: Path) -> None:
    engines = make_pool()
    engines.engine(fake_folder(tmp_path / "one"), fake_settings(), label="m:base")
    assert engines._host is not None
    pid = engines._host.pid
    assert alive(pid)
    engines.close()
    assert not alive(pid)


def test_start_failures_are_remembered_per_key(make_pool: Callable[[], EnginePool], tmp_path: Path) -> None:
    engines = make_pool()
    bad = fake_folder(tmp_path / "bad", fake_fail="OutOfMemory")
    with pytest.raises(errors.OutOfMemory) as first:
        engines.engine(bad, fake_settings(), label="m:bad")
    (bad / "fake.json").write_text("{}")  # it would start now: remembered means not tried
    with pytest.raises(errors.OutOfMemory) as again:
        engines.engine(bad, fake_settings(), label="m:bad")
    assert again.value is first.value
    assert events(tmp_path) == []
    answer(engines.engine(bad, fake_settings(seed=2), label="m:bad"))  # another key: tried
    good = fake_folder(tmp_path / "good")
    answer(engines.engine(good, fake_settings(), label="m:good"))
    assert events(tmp_path) == ["m:bad", "m:good"]


def test_a_process_that_dies_at_start_is_tried_once_more(
    make_pool: Callable[[], EnginePool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engines = make_pool()
    tried: list[str] = []
    real = engines._start

    def start(checkpoint: Path, settings: EngineSettings, label: str) -> Engine:
        tried.append(label)
        if label == "m:never" or len(tried) == 1:
            raise errors.EngineDied("a victim")
        return real(checkpoint, settings, label)

    monkeypatch.setattr(engines, "_start", start)
    folder = fake_folder(tmp_path / "m")
    answer(engines.engine(folder, fake_settings(), label="m:once"))
    assert tried == ["m:once", "m:once"]
    assert "m:once: a victim; starting once more" in caplog.text
    for _ in range(2):
        with pytest.raises(errors.EngineDied, match="a victim"):
            engines.engine(folder, fake_settings(seed=1), label="m:never")
    assert tried.count("m:never") == 2  # twice in all, then remembered
    assert events(tmp_path) == ["m:once"]


@pytest.mark.parametrize("how", ["killed", "failed"])
def test_a_dead_or_failed_engine_is_replaced(
    make_pool: Callable[[], EnginePool], tmp_path: Path, how: str
) -> None:
    """An engine whose step raised is gone although its process lives: it must not be handed out again."""
    engines = make_pool()
    folder = fake_folder(tmp_path / "m", fake_latency_s="no number" if how == "failed" else 0)
    engine = engines.engine(folder, fake_settings(), label="m:base")
    assert engines._host is not None
    if how == "killed":
        os.kill(engines._host.pid, signal.SIGKILL)
        wait_until(lambda: engines._host is not None and not engines._host.alive, what="its end")
    else:
        engine.submit(requests(2))
        with pytest.raises(errors.EngineStartError, match="ValueError"):
            engine.poll()
        assert engines._host.alive
        (folder / "fake.json").write_text("{}")
    again = engines.engine(folder, fake_settings(), label="m:base")
    assert again is not engine
    assert answer(again)
    assert events(tmp_path) == ["m:base", "m:base"]


def test_other_threads_need_another_process(make_pool: Callable[[], EnginePool], tmp_path: Path) -> None:
    """The number of OpenMP threads is read once by a process; a reused one would keep the old number."""
    engines = make_pool()
    folder = fake_folder(tmp_path / "m")
    pids: list[int] = []
    for threads in (1, 1, 2):
        engines.engine(folder, fake_settings(threads=threads, seed=len(pids)), label="m:base")
        assert engines._host is not None
        pids.append(engines._host.pid)
        variables = Path(f"/proc/{pids[-1]}/environ").read_bytes().split(b"\0")
        assert f"OMP_NUM_THREADS={threads}".encode() in variables
    assert pids[0] == pids[1] != pids[2]
    assert not alive(pids[0])


# -- devices ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("3,5", ["3", "5"]),
        (" GPU-1a2b , MIG-7/1 ", ["GPU-1a2b", "MIG-7/1"]),
        ("", []),
        ("-1", []),
        ("07", ["07"]),
    ],
)
def test_visible_devices_are_the_names_of_the_callers_mask(
    monkeypatch: pytest.MonkeyPatch, mask: str, expected: list[str]
) -> None:
    monkeypatch.setattr(pool, "has_gpu_driver", lambda: True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", mask)
    assert visible_gpus() == expected


def test_a_mask_without_a_driver_or_against_the_users_word_means_no_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 0\n")
    tool.chmod(0o755)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus() == ["0"]
    monkeypatch.setenv("ACBENCH_DEVICE", "cpu")
    assert visible_gpus() == []
    monkeypatch.delenv("ACBENCH_DEVICE")
    tool.unlink()
    assert visible_gpus() == []


class StubHost:
    """Stands for a process on a GPU."""

    made: list[StubHost] = []  # noqa: RUF012 - reset by the fixture
    fail = False

    def __init__(self, *, log: Path, env: Mapping[str, str]) -> None:
        self.env = env
        self.alive = self.serving = True
        StubHost.made.append(self)

    def start(self, checkpoint: Path, settings: EngineSettings) -> StubEngine:
        if StubHost.fail:
            raise errors.OutOfMemory("no room")
        return StubEngine()

    def close(self) -> None:
        self.alive = self.serving = False

    @property
    def devices(self) -> str:
        return self.env["CUDA_VISIBLE_DEVICES"]


class StubEngine:
    def close(self) -> None:
        pass


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[StubHost]:
    """Two GPUs with the names 3 and 5, and no real process on them."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    monkeypatch.setattr(pool, "has_gpu_driver", lambda: True)
    monkeypatch.setattr(pool, "EngineHost", StubHost)
    monkeypatch.setattr(pool, "LEASE_POLL_S", 0.01)
    monkeypatch.setattr(StubHost, "made", [])
    monkeypatch.setattr(StubHost, "fail", False)
    return StubHost.made


def in_thread(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.usefixtures("gpus")
def test_two_pools_never_hold_the_same_device(make_pool: Callable[[], EnginePool], tmp_path: Path) -> None:
    one, two, three = make_pool(), make_pool(), make_pool()
    one.engine(tmp_path, fake_settings(), label="a")
    two.engine(tmp_path, fake_settings(), label="b")
    assert [host.devices for host in StubHost.made] == ["3", "5"]
    assert all(host.env["VLLM_WORKER_MULTIPROC_METHOD"] == "spawn" for host in StubHost.made)
    waiting = in_thread(lambda: three.engine(tmp_path, fake_settings(), label="c"))
    waiting.join(0.2)
    assert waiting.is_alive()
    assert len(StubHost.made) == 2
    two.release()
    waiting.join(30)
    assert not waiting.is_alive()
    assert StubHost.made[2].devices == "5"
    assert [host.alive for host in StubHost.made] == [True, False, True]


@pytest.mark.usefixtures("gpus")
def test_tensor_parallel_takes_all_or_nothing(make_pool: Callable[[], EnginePool], tmp_path: Path) -> None:
    one, two = make_pool(), make_pool()
    one.engine(tmp_path, fake_settings(), label="a")
    waiting = in_thread(lambda: two.engine(tmp_path, fake_settings(tensor_parallel=2), label="b"))
    waiting.join(0.1)
    assert waiting.is_alive()
    one.engine(
        tmp_path, fake_settings(), label="a"
    )  # equal key: no new lease, no deadlock with the waiting one
    one.close()
    waiting.join(30)
    assert StubHost.made[-1].devices == "3,5"
    with pytest.raises(errors.EngineStartError, match="tensor_parallel = 3, but only 2 GPUs"):
        two.engine(tmp_path, fake_settings(tensor_parallel=3), label="c")


@pytest.mark.usefixtures("gpus")
def test_a_failed_start_and_a_waiting_holder_give_devices_back(
    make_pool: Callable[[], EnginePool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = make_pool(), make_pool()
    settings = fake_settings(tensor_parallel=2)
    monkeypatch.setattr(StubHost, "fail", True)
    with pytest.raises(errors.OutOfMemory):
        one.engine(tmp_path, settings, label="a")
    monkeypatch.setattr(StubHost, "fail", False)
    two.engine(tmp_path, settings, label="b")  # would wait for ever if the failed one kept its lease
    two.give_back_devices()
    assert not StubHost.made[-1].alive
    one.engine(tmp_path, fake_settings(tensor_parallel=2, seed=1), label="c")


HOLDER = """
import sys
from pathlib import Path
from acbench.engines.pool import EnginePool
engines = EnginePool(logs=Path("."), leases=Path(sys.argv[1]), events=Path("events"))
print(engines._lease_devices(["3", "5"], 2), flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("gpus")
def test_a_dead_holder_frees_its_devices(make_pool: Callable[[], EnginePool], tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "leases")]
    env = environment_with(PYTHONPATH=str(REPOSITORY))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=tmp_path
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "3,5"
        taken = FileLock(tmp_path / "leases" / "gpu-3.lock", timeout=0)
        with pytest.raises(TimeoutError):
            taken.acquire()
        holder.kill()
    make_pool().engine(tmp_path, fake_settings(tensor_parallel=2), label="a")
    assert StubHost.made[-1].devices == "3,5"


def test_without_a_gpu_nothing_is_leased_or_given_back(
    make_pool: Callable[[], EnginePool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    engines = make_pool()
    engine = engines.engine(fake_folder(tmp_path / "m"), fake_settings(), label="a")
    engines.give_back_devices()
    assert engines.engine(tmp_path / "m", fake_settings(), label="a") is engine
    assert not (tmp_path / "leases").exists()


# -- environment and failure kinds ------------------------------------------------------------------


def test_environment_of_a_cpu_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_LOGGING_LEVEL", raising=False)
    found = environment(fake_settings(threads=3), devices=None)
    wanted = {
        "OMP_NUM_THREADS": "3",
        "OMP_WAIT_POLICY": "PASSIVE",
        "TORCH_COMPILE_DISABLE": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "VLLM_CPU_INT4_W4A8": "0",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": "WARNING",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    assert {name: found.get(name) for name in wanted} == wanted
    assert "VLLM_CPU_KVCACHE_SPACE" not in found  # it would override kv_cache_memory_bytes silently
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    assert environment(fake_settings(), devices=None)["VLLM_LOGGING_LEVEL"] == "DEBUG"


def test_environment_of_a_gpu_engine() -> None:
    found = environment(fake_settings(tensor_parallel=2), devices="3,5")
    assert found["CUDA_VISIBLE_DEVICES"] == "3,5"
    assert found["VLLM_WORKER_MULTIPROC_METHOD"] == "spawn"
    assert found["VLLM_CPU_INT4_W4A8"] == "0"
    absent = {"TORCH_COMPILE_DISABLE", "OMP_WAIT_POLICY", "OMP_NUM_THREADS", "VLLM_ENABLE_V1_MULTIPROCESSING"}
    assert not absent & set(found)
    assert environment(fake_settings(), devices="3")["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), "OutOfMemory"),
        (ValueError("Available memory on node 0 (1.2/24 GiB) is less than ..."), "OutOfMemory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "OutOfMemory"),
        (OSError("Cannot allocate memory"), "OutOfMemory"),
        (ValueError("Free memory on device is less than desired GPU memory utilization"), "OutOfMemory"),
        (ValueError("1 validation error\n  Unknown quantization method: nonsense."), "Unsupported"),
        (ValueError("Failed to find a kernel that can implement the WNA16 linear layer"), "Unsupported"),
        (RuntimeError("\"addmm_impl\" not implemented for 'Float8_e4m3fn'"), "Unsupported"),
        (NotImplementedError("No ScaledMM kernel for this platform"), "Unsupported"),
        (RuntimeError("Cannot find any model weights"), "EngineStartError"),
        (errors.Unsupported("told so"), "Unsupported"),
        (errors.ConfigError("a wrong name"), "ConfigError"),
    ],
)
def test_failures_are_classified_by_what_they_say(error: BaseException, kind: str) -> None:
    assert failures.classify(error) == kind


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("OutOfMemory", errors.OutOfMemory),
        ("EngineTimeout", errors.EngineTimeout),
        ("ConfigError", errors.EngineStartError),
        ("did_you_mean", errors.EngineStartError),
        ("no such name", errors.EngineStartError),
    ],
)
def test_kinds_come_back_as_engine_errors(kind: str, expected: type[errors.EngineError]) -> None:
    revived = failures.revive(kind, "what happened", "the log")
    assert type(revived) is expected
    assert "what happened" in str(revived)
    assert revived.log_tail == "the log"
