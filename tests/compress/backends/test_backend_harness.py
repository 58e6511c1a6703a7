"""What stands around every library: checks first, then the library, then a folder with its facts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from model_folders import llama_folder, llama_weights, read_folder
from safetensors.torch import load_file, save_file

from acbench.compress.backends import basecheck, harness
from acbench.compress.backends.harness import Job, Made, run_library
from acbench.compress.backends.offers import Library, Offer
from acbench.compress.backends.registry import DAMP, GROUP
from acbench.compress.backends.samples import token_hash
from acbench.errors import CompressionError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = [[1, 2, 3], [4, 5, 6]]
LIBRARY = Library(
    "fake",
    "pytest",
    "1.0",
    "x",
    {
        "halve": Offer("dense", {"group_size": GROUP, "damp": DAMP}),
        "free": Offer("dense", {}, calibrated=False),
    },
    note="a library for tests",
)


@pytest.fixture(autouse=True)
def its_version_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "installed", lambda name: "1.0" if name == "pytest" else "9")
    monkeypatch.setattr(
        harness, "resolved", lambda *args, **_: {"group_size": 128, "damp": 0.01} | dict(args[2])
    )


def request(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    model = llama_folder(tmp_path / "base", llama_weights(layers=1))
    file = tmp_path / "calibration.json"
    file.write_text(json.dumps({"samples": SAMPLES}))
    (tmp_path / "out").mkdir()
    calibration = {"path": str(file), "hash": token_hash(SAMPLES), "samples": 2, "length": 3, "seed": 0}
    return {
        "model": str(model),
        "out": str(tmp_path / "out"),
        "recipe": "halve+fake",
        "method": "halve",
        "params": {},
        "served_as": "packed",
        "label": "m:halve+fake",
        "threads": 1,
        "calibration": calibration,
        "reference": None,
        **changes,
    }


def halving(jobs: list[Job]) -> Callable[[Job], Made]:
    """A library that prunes every other column of all matrices."""

    def build(job: Job) -> Made:
        jobs.append(job)
        shutil.copytree(job.model, job.raw)
        tensors = load_file(job.raw / "model.safetensors")
        for name, tensor in tensors.items():
            if ".layers." in name and tensor.dim() == 2:
                tensor[:, ::2] = 0
        save_file(tensors, str(job.raw / "model.safetensors"))
        return Made("bfloat16", {"rounded instead": 2, "skipped": 0}, ("a note of its own",))

    return build


def test_a_build_leaves_a_folder_with_facts_and_nothing_else(tmp_path: Path) -> None:
    jobs: list[Job] = []
    asked = request(tmp_path, params={"damp": 0.05})
    assert run_library(asked, LIBRARY, halving(jobs)) == {"touched": 7}
    out = tmp_path / "out"
    assert sorted(f.name for f in out.iterdir()) == [
        "acbench.json",
        "config.json",
        "model.safetensors",
        "tokenizer_config.json",
    ]
    facts = json.loads((out / "acbench.json").read_text())
    assert (facts["library"], facts["library_status"], facts["format"]) == (
        "fake",
        "a library for tests",
        "dense",
    )
    assert (facts["touched"], facts["sparsity"], facts["bits_per_weight"]) == (7, 0.5, 16.0)
    assert facts["fallbacks"] == {"rounded instead": 2, "skipped": 0}
    assert facts["params"] == {"group_size": 64, "damp": 0.05}
    assert "path" not in facts["calibration"]
    assert facts["calibration"]["hash"] == token_hash(SAMPLES)
    assert facts["versions"] == {"torch": "9", "transformers": "9", "safetensors": "9", "pytest": "1.0"}
    for wanted in (
        "group size 128 -> 64",
        "a note of its own",
        "rounded instead: 2 times",
        "base not verified",
    ):
        assert any(wanted in note for note in facts["notes"]), wanted
    assert not any("skipped" in note for note in facts["notes"])
    assert facts["cpu_seconds"] > 0
    (job,) = jobs
    assert (job.samples, job.length, job.trust_remote_code) == (SAMPLES, 3, False)
    assert bool((read_folder(out)["model.layers.0.mlp.up_proj.weight"][:, ::2] == 0).all())


def test_what_a_library_leaves_in_its_working_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def build(job: Job) -> Made:
        Path("logs").mkdir()
        return halving([])(job)

    run_library(request(tmp_path), LIBRARY, build)
    assert Path.cwd() == tmp_path
    assert not list(tmp_path.rglob("logs"))


def never(_: Job) -> Made:
    pytest.fail("built although a check failed")


def test_an_environment_with_another_version_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "installed", lambda _: "2.0")
    with pytest.raises(CompressionError, match=r"holds pytest 2\.0, verified is 1\.0; .*tox -e backend-fake"):
        run_library(request(tmp_path), LIBRARY, never)


def test_an_environment_with_another_base_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(basecheck, "mean_nll", lambda *_, **__: 3.5)
    asked = request(tmp_path, reference={"samples": SAMPLES, "nll": 3.4})
    with pytest.raises(CompressionError, match="read as another model"):
        run_library(asked, LIBRARY, never)


def test_a_calibrated_method_needs_samples(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match="halve needs calibration samples"):
        run_library(request(tmp_path, calibration=None), LIBRARY, never)


def test_a_method_without_data_gets_none_and_says_so(tmp_path: Path) -> None:
    jobs: list[Job] = []
    run_library(request(tmp_path, method="free"), LIBRARY, halving(jobs))
    assert jobs[0].samples == []
    assert json.loads((tmp_path / "out" / "acbench.json").read_text())["calibration"] is None


def test_too_little_memory_is_said_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acbench.compress.backends.memory.available_mib", lambda _: 100)
    with pytest.raises(
        CompressionError, match=r"needs about \d+ MiB of memory \(2 samples of 3 tokens\), 100 MiB"
    ):
        run_library(request(tmp_path), LIBRARY, never)


def test_a_group_that_fits_no_width_is_refused(tmp_path: Path) -> None:
    asked = request(tmp_path, params={"group_size": 32})
    weights = {"model.layers.0.mlp.up_proj.weight": torch.ones(8, 40, dtype=torch.bfloat16)}
    save_file(weights, str(tmp_path / "base" / "model.safetensors"))
    with pytest.raises(CompressionError, match=r"widths \[40\]: no group size of 32"):
        run_library(asked, LIBRARY, never)


def test_a_librarys_own_exception_names_the_library(tmp_path: Path) -> None:
    def build(_: Job) -> Made:
        raise KeyError("rotary")

    with pytest.raises(CompressionError, match=r"fake 1\.0 failed: KeyError: 'rotary'"):
        run_library(request(tmp_path), LIBRARY, build)


@pytest.mark.parametrize("error", [OSError(28, "full"), MemoryError(), ConfigError("mine")])
def test_errors_with_a_meaning_of_their_own_pass(tmp_path: Path, error: Exception) -> None:
    def build(_: Job) -> Made:
        raise error

    with pytest.raises(type(error)) as found:
        run_library(request(tmp_path), LIBRARY, build)
    assert found.value is error


def test_a_library_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match="ended without an error and wrote no model"):
        run_library(request(tmp_path), LIBRARY, lambda _: Made("float32"))


def test_old_transformers_get_a_translated_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    jobs: list[Job] = []
    asked = request(tmp_path)
    config = {"rope_parameters": {"rope_theta": 1e5, "rope_type": "default"}, "hidden_size": 64}
    (tmp_path / "base" / "config.json").write_text(json.dumps(config))
    seen: list[Any] = []

    def build(job: Job) -> Made:
        seen.append(json.loads((job.model / "config.json").read_text()))
        return halving(jobs)(job)

    monkeypatch.setattr(transformers, "__version__", "4.51.3")
    run_library(asked, LIBRARY, build)
    assert seen == [{"hidden_size": 64, "rope_theta": 1e5, "rope_scaling": None}]
    assert json.loads((tmp_path / "out" / "config.json").read_text())["rope_parameters"]["rope_theta"] == 1e5
