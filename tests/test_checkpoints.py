"""Checkpoints from recipe to store, through real build jobs."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from model_folders import child_env, llama_folder, llama_weights, plain_model, read_folder

from acbench import checkpoints
from acbench.cases import ModelSpec, Recipe
from acbench.checkpoints import Target, build, checkpoint_key, describe, export, verify
from acbench.errors import CompressionError, ConfigError, ModelError, StoreError
from acbench.models import resolve
from acbench.store import Store, write_json

torch.set_num_threads(1)

CPU = Target("vllm", "cpu")
RTN = Recipe("rtn-w4g64", "rtn", {"bits": 4, "group_size": 64})
HALF = Recipe("half", "magnitude", {"sparsity": 0.5})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def tiny(tmp_path: Path, **options: Any) -> ModelSpec:
    llama_folder(tmp_path / "m", llama_weights(**options))
    return ModelSpec("tiny", f"path:{tmp_path / 'm'}")


def test_a_recipe_is_built_once_and_found_again(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny(tmp_path)
    found = build(model, RTN, store, CPU)
    assert found.key == checkpoint_key(found.base, RTN, CPU, store)
    assert found.path == store.get("checkpoints", found.key)
    assert (found.facts["label"], found.facts["served_as"]) == ("tiny:rtn-w4g64", "packed")
    assert any(name.endswith("weight_packed") for name in read_folder(found.path))
    monkeypatch.setattr(checkpoints, "run_job", lambda *_, **__: pytest.fail("built twice"))
    again = build(model, replace(RTN, slug="same-params"), store, CPU)
    assert (again.path, again.key) == (found.path, found.key)
    shown = describe(found)
    assert shown["bits_per_weight"] == 4.25
    assert shown["model"] == found.base.revision
    assert len(shown["per_layer"]) == shown["touched"] == 14


def test_a_checkpoint_is_copied_out_and_serves_as_an_external_one(tmp_path: Path, store: Store) -> None:
    model = tiny(tmp_path)
    made = build(model, HALF, store, CPU)
    out = tmp_path / "exported"
    export(made, out)
    assert {f.name for f in out.iterdir()} == {f.name for f in made.path.iterdir()}
    with pytest.raises(StoreError, match="exported is not empty"):
        export(made, out)
    external = Recipe("external-half", "external", {"checkpoint": str(out)})
    found = build(model, external, store, CPU)
    assert found.path == out
    assert found.base == made.base
    assert found.key not in (made.key, made.base.fingerprint)
    assert (found.facts["method"], found.facts["recipe"]) == ("external", "external-half")
    assert found.facts["sparsity"] == made.facts["sparsity"]
    assert found.facts["bytes"] == made.facts["bytes"]
    assert found.facts["base_bytes"] == (tmp_path / "m" / "model.safetensors").stat().st_size


def test_an_external_checkpoint_that_is_not_there(tmp_path: Path, store: Store) -> None:
    plain_model(tmp_path / "m")
    model = ModelSpec("tiny", f"path:{tmp_path / 'm'}")
    recipe = Recipe("external-x", "external", {"checkpoint": f"path:{tmp_path / 'nowhere'}"})
    with pytest.raises(ModelError, match="nowhere: no such model folder"):
        build(model, recipe, store, CPU)


def test_base_is_the_model_itself(tmp_path: Path, store: Store) -> None:
    folder = plain_model(tmp_path / "m")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a.weight": "model.safetensors"}}')
    (folder / "consolidated.safetensors").write_bytes(bytes(1000))
    model = ModelSpec("tiny", f"path:{folder}")
    found = build(model, Recipe("base", "base"), store, CPU)
    assert (found.path, found.key) == (folder, found.base.fingerprint)
    assert found.facts["bytes"] == (folder / "model.safetensors").stat().st_size  # the index says which files
    assert store.entries() == []


def test_mistakes_and_damage_are_found_before_a_job_starts(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "run_job", lambda *_, **__: pytest.fail("started a job"))
    folder = plain_model(tmp_path / "m")
    model = ModelSpec("tiny", f"path:{folder}")
    with pytest.raises(ConfigError, match="bits must be"):
        build(model, replace(RTN, params={"bits": 7}), store, CPU)
    file = folder / "model.safetensors"
    os.truncate(file, file.stat().st_size - 1)
    with pytest.raises(ModelError, match=r"model\.safetensors is corrupt"):
        build(model, RTN, store, CPU)
    assert store.entries() == []


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_too_little_space_is_refused_before_the_work(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_model(tmp_path / "m", weights=bytes(3 << 20))
    monkeypatch.setattr(checkpoints, "run_job", lambda *_, **__: pytest.fail("started a job"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 << 20, 8 << 20, 2 << 20))
    with pytest.raises(StoreError, match=r"needs about 3 MiB .* 2 MiB are free; .*store prune"):
        build(ModelSpec("tiny", f"path:{tmp_path / 'm'}"), RTN, store, CPU)
    assert store.entries() == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CompressionError("x holds NaN"), CompressionError),
        (OSError(errno.ENOSPC, "No space left on device"), StoreError),
    ],
)
def test_a_failed_job_leaves_nothing(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: type[Exception]
) -> None:
    plain_model(tmp_path / "m")

    def fail(_module: str, request: dict[str, Any], **_: object) -> None:
        (Path(request["out"]) / "half").write_text("x")
        raise error

    monkeypatch.setattr(checkpoints, "run_job", fail)
    with pytest.raises(expected):
        build(ModelSpec("tiny", f"path:{tmp_path / 'm'}"), RTN, store, CPU)
    assert list((store.root / "checkpoints").iterdir()) == []


BUILD = """
import sys
from pathlib import Path
from acbench.cases import ModelSpec, Recipe
from acbench.checkpoints import Target, build
from acbench.store import Store
build(ModelSpec("tiny", f"path:{sys.argv[1]}"), Recipe("half", "magnitude", {}), Store(Path(sys.argv[2])),
      Target("vllm", "cpu"))
"""


def test_a_build_that_is_killed_leaves_nothing_and_takes_its_job_along(tmp_path: Path, store: Store) -> None:
    model = tiny(tmp_path)
    (tmp_path / "slow").mkdir()
    pid_file = tmp_path / "pid"
    # Loaded by the job's interpreter at start: the job says who it is and stops there, in mid-build.
    (tmp_path / "slow" / "sitecustomize.py").write_text(
        "import os, sys, time\n"
        "if 'acbench.job_child' in sys.orig_argv:\n"
        "    import acbench.compress.worker as worker\n"
        f"    worker.run = lambda request: (open({str(pid_file)!r}, 'w').write(str(os.getpid())), time.sleep(60))\n"
    )
    env = child_env()
    env["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "slow"), env["PYTHONPATH"]])
    with subprocess.Popen(
        [sys.executable, "-c", BUILD, str(tmp_path / "m"), str(store.root)], env=env
    ) as builder:
        deadline = time.monotonic() + 20
        while not (pid_file.exists() and pid_file.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        builder.send_signal(signal.SIGKILL)
    job = int(pid_file.read_text())
    stat = Path(f"/proc/{job}/stat")
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert store.entries() == []
    key = checkpoint_key(resolve(model, store), Recipe("half", "magnitude", {}), CPU, store)
    assert len(list((store.root / "checkpoints").glob(f".{key}.tmp-*"))) == 1
    store.build("checkpoints", key, lambda folder: (folder / "x").touch())  # the lock is free, the rest gone
    assert [path.name for path in (store.root / "checkpoints").iterdir()] == [key]


# -- verification -----------------------------------------------------------------------------------


def built(folder: Path, **facts: Any) -> Path:
    plain_model(folder)
    layers = {"a.weight": {"error": 0.01, "sparsity": 0.5}}
    write_json(
        folder / "acbench.json",
        {"served_as": "dense", "touched": 2, "per_layer": layers, "sparsity": 0.5, **facts},
    )
    return folder


def test_a_sound_folder_passes(tmp_path: Path) -> None:
    verify(built(tmp_path / "m"), HALF)
    verify(built(tmp_path / "n", sparsity=0.13), RTN)  # rounding makes zeros; that is no pruning


def test_a_recipe_that_did_nothing_is_an_error(tmp_path: Path) -> None:
    folder = built(tmp_path / "m", per_layer={"a": {"error": 0.0}, "b": {"error": 0.0}})
    with pytest.raises(CompressionError, match="rtn-w4g64: no weight changed; the recipe did nothing"):
        verify(folder, RTN)


def test_packed_weights_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match="packed weights were declared and none are stored"):
        verify(built(tmp_path / "m", served_as="packed"), RTN)


@pytest.mark.parametrize("params", [{}, {"sparsity": 0.5}, {"pattern": "2:4"}, {"pattern": "4:8"}])
def test_sparsity_that_was_declared_and_is_not_there_is_an_error(
    tmp_path: Path, params: dict[str, Any]
) -> None:
    recipe = replace(HALF, params=params)
    verify(built(tmp_path / "m", sparsity=0.5), recipe)
    with pytest.raises(CompressionError, match=r"half: sparsity 0\.45 stored, 0\.5 declared"):
        verify(built(tmp_path / "n", sparsity=0.45), recipe)


def test_a_damaged_folder_is_an_error(tmp_path: Path) -> None:
    folder = built(tmp_path / "m")
    os.truncate(folder / "model.safetensors", 20)
    with pytest.raises(ModelError, match="is corrupt"):
        verify(folder, HALF)


def test_weights_already_on_the_grid_are_reported_as_nothing_done(tmp_path: Path, store: Store) -> None:
    weights = llama_weights(layers=1)
    zeros = {name: torch.zeros_like(w) if "_proj" in name else w for name, w in weights.items()}
    llama_folder(tmp_path / "m", zeros)
    with pytest.raises(CompressionError, match="no weight changed"):
        build(ModelSpec("tiny", f"path:{tmp_path / 'm'}"), RTN, store, CPU)
    assert store.entries() == []
    assert json.loads((tmp_path / "m" / "config.json").read_text())["model_type"] == "llama"


def test_a_recipe_may_name_the_interpreter_that_builds_it(tmp_path: Path, store: Store) -> None:
    model = tiny(tmp_path)
    with pytest.raises(CompressionError, match="no-such-python"):
        build(model, replace(RTN, python=str(tmp_path / "no-such-python")), store, CPU)
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\ntouch {tmp_path / "used"}\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    build(model, replace(RTN, python=str(wrapper)), store, CPU)
    assert (tmp_path / "used").exists()
