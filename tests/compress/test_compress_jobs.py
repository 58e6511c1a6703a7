"""Calibrated builds as real jobs: killed, raced for, and with a bounded memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from calibration_stubs import byte_model
from compress_models import model_folder, request
from model_folders import child_env

from acbench.cases import ModelSpec, Recipe
from acbench.checkpoints import Target, build, checkpoint_key
from acbench.errors import CompressionError
from acbench.jobs import run_job
from acbench.models import resolve
from acbench.store import Store

torch.set_num_threads(1)

CPU = Target("vllm", "cpu")
PATIENCE_S = 60.0
WORDS = "One build at a time takes the lock, and the others wait for what it makes. " * 8

# What a job's interpreter does at its start, before the job. The first: writes its first file and stops there.
STOPS = """
import os, sys, time
if 'acbench.job_child' in sys.orig_argv:
    import acbench.compress.sequential as sequential
    real = sequential._write
    def stop(tensors, file, out, weight_map):
        real(tensors, file, out, weight_map)
        with open({pid!r} + '.new', 'w') as stream:
            stream.write(str(os.getpid()))
        os.rename({pid!r} + '.new', {pid!r})
        time.sleep(60)
    sequential._write = stop
"""
COUNTS = """
import os, sys
if 'acbench.job_child' in sys.orig_argv:
    with open({pid!r}, 'a') as stream:
        stream.write('job\\n')
"""
BUILD = """
import sys
from pathlib import Path
from typing import Any
from acbench.cases import ModelSpec, Recipe
from acbench.checkpoints import Target, build
from acbench.store import Store
recipe = Recipe("gptq", "gptq", {"bits": 4, "group_size": 32},
                calibration={"samples": 4, "length": 32, "source": f"path:{sys.argv[3]}"})
build(ModelSpec("tiny", f"path:{sys.argv[1]}"), recipe, Store(Path(sys.argv[2])), Target("vllm", "cpu"))
"""


class Bench:
    """A model, a text to calibrate on, a store, and what jobs do at their start."""

    def __init__(self, folder: Path) -> None:
        model_folder(folder / "m", vocab_size=300)
        byte_model(folder / "m")
        (folder / "words.txt").write_text(WORDS)
        self.folder, self.store, self.mark = folder, Store(folder / "store"), folder / "mark"
        self.model = ModelSpec("tiny", f"path:{folder / 'm'}")
        calibration = {"samples": 4, "length": 32, "source": f"path:{folder / 'words.txt'}"}
        self.recipe = Recipe("gptq", "gptq", {"bits": 4, "group_size": 32}, calibration=calibration)

    def start_with(self, script: str) -> str:
        """The PYTHONPATH under which jobs run this script first."""
        place = self.folder / "start"
        place.mkdir(exist_ok=True)
        (place / "sitecustomize.py").write_text(script.format(pid=str(self.mark)))
        return os.pathsep.join([str(place), child_env()["PYTHONPATH"]])

    def builder(self, path: str) -> subprocess.Popen[bytes]:
        arguments = [str(self.folder / "m"), str(self.store.root), str(self.folder / "words.txt")]
        env = {**child_env(), "PYTHONPATH": path}
        return subprocess.Popen([sys.executable, "-c", BUILD, *arguments], env=env)

    def wait_for_job(self) -> int:
        deadline = time.monotonic() + PATIENCE_S
        while not self.mark.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return int(self.mark.read_text())

    def folders(self) -> list[str]:
        return sorted(path.name for path in (self.store.root / "checkpoints").iterdir() if path.is_dir())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_a_killed_builder_leaves_nothing_and_the_next_build_succeeds(bench: Bench) -> None:
    with bench.builder(bench.start_with(STOPS)) as builder:
        job = bench.wait_for_job()
        builder.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while not ended(job):  # the job goes with its parent
        assert time.monotonic() < deadline
        time.sleep(0.02)
    key = checkpoint_key(resolve(bench.model, bench.store), bench.recipe, CPU, bench.store)
    assert [entry.kind for entry in bench.store.entries()] == ["calibrations"]
    left = bench.folders()
    assert len(left) == 1
    assert left[0].startswith(f".{key}.tmp-")  # written by half, and never taken for a checkpoint
    found = build(bench.model, bench.recipe, bench.store, CPU)
    assert found.key == key
    assert bench.folders() == [key]
    assert found.facts["touched"] == 14


def test_a_job_that_is_killed_is_an_error_and_leaves_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", bench.start_with(STOPS))
    killer = threading.Thread(target=lambda: os.kill(bench.wait_for_job(), signal.SIGKILL))
    killer.start()
    with pytest.raises(CompressionError, match=r"acbench\.compress\.worker was killed before it finished"):
        build(bench.model, bench.recipe, bench.store, CPU)
    killer.join()
    assert bench.folders() == []


def test_two_processes_that_want_one_checkpoint_build_it_once(bench: Bench) -> None:
    path = bench.start_with(COUNTS)
    builders = [bench.builder(path) for _ in range(2)]
    assert [builder.wait(PATIENCE_S) for builder in builders] == [0, 0]
    assert bench.mark.read_text() == "job\n"
    assert len(bench.folders()) == 1


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_blocks(tmp_path: Path) -> None:
    """18 more blocks of 3.4 MiB each in 16 bits: whoever kept half of them would show."""
    peaks = {}
    for layers in (2, 20):
        sizes: dict[str, Any] = {"hidden_size": 256, "intermediate_size": 2048, "num_hidden_layers": layers}
        folder = model_folder(tmp_path / f"m{layers}", **sizes)
        block = (folder / "model.safetensors").stat().st_size / layers
        asked = request(folder, tmp_path / f"out{layers}", "wanda")
        run_job("acbench.compress.worker", asked, log=tmp_path / f"log{layers}")
        facts = json.loads((tmp_path / f"out{layers}" / "acbench.json").read_text())
        peaks[layers] = facts["peak_memory_mib"]
    assert block > 3.3 * 2**20
    assert peaks[20] - peaks[2] < 60  # nothing dropped: 130; an allocator that trims late: up to 28
