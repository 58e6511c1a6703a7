"""Compressions of the user's own, through the store as any other: good ones, and every way to get one wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from compress_models import model_folder, request
from model_folders import child_env, read_folder
from safetensors.torch import save_file

from acbench import checkpoints
from acbench.cases import ModelSpec, Recipe
from acbench.checkpoints import Target, build, checkpoint_key
from acbench.compress import callables, worker
from acbench.errors import CompressionError, ConfigError, ModelError
from acbench.models import resolve
from acbench.store import Store

if TYPE_CHECKING:
    from pathlib import Path

torch.set_num_threads(1)

CPU = Target("vllm", "cpu")
HEAD = """
import json, shutil
from safetensors.torch import load_file, save_file

def weights(model):
    return load_file(str(model / "model.safetensors"))

def write(out, tensors):
    save_file(tensors, str(out / "model.safetensors"), metadata={"format": "pt"})
"""
HALVE = """
def halve(model, out, request):
    found = weights(model)
    for name in found:
        if "mlp" in name:
            found[name] = found[name] * 0.5
    write(out, found)
    return {"notes": ["halved"], "bits_per_weight": 15.5}
"""


class Project:
    """A model, a store, and a folder with the user's module in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, Store(folder / "store")
        self.model = ModelSpec("tiny", f"path:{model_folder(folder / 'm')}")

    def module(self, code: str, name: str = "mine") -> None:
        (self.folder / f"{name}.py").write_text(HEAD + code)

    def build(self, function: str = "mine:change") -> Any:
        return build(self.model, Recipe("own", "callable", {"function": function}), self.store, CPU)

    def run(self, code: str) -> dict[str, Any]:
        """The job in this process; a module name of its own, because modules are imported once."""
        name = f"own_{abs(hash(code))}"
        self.module(code, name)
        out = self.folder / f"out-{name}"
        asked = request(self.folder / "m", out, "callable", {"function": f"{name}:change"})
        callables.run({**asked, "path": str(self.folder), "served_as": "unknown"})
        facts: dict[str, Any] = json.loads((out / "acbench.json").read_text())
        return facts | {"out": out}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", child_env()["PYTHONPATH"])
    return Project(tmp_path)


def test_a_function_is_a_method(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built in a job of its own, verified, cached by its source."""
    project.module(HALVE)
    found = project.build("mine:halve")
    before, after = read_folder(project.folder / "m"), read_folder(found.path)
    for name, values in before.items():
        assert torch.equal(after[name], values * 0.5 if "mlp" in name else values)
    assert (found.path / "tokenizer_config.json").is_file()
    assert (found.path / "config.json").read_bytes() == (project.folder / "m" / "config.json").read_bytes()
    facts = found.facts
    assert (facts["method"], facts["notes"], facts["bits_per_weight"], facts["touched"]) == (
        "callable",
        ["halved"],
        15.5,
        14,
    )
    assert facts["per_layer"]["model.layers.0.mlp.up_proj.weight"]["error"] == pytest.approx(0.25)
    assert facts["per_layer"]["model.layers.0.self_attn.q_proj.weight"]["error"] == 0
    monkeypatch.setattr(checkpoints, "run_job", lambda *_, **__: pytest.fail("built twice"))
    assert project.build("mine:halve").path == found.path
    project.module(HALVE + "# another version\n")
    recipe = Recipe("own", "callable", {"function": "mine:halve"})
    assert checkpoint_key(resolve(project.model, project.store), recipe, CPU, project.store) != found.key


def test_what_the_function_writes_itself_is_kept(project: Project) -> None:
    code = """
def change(model, out, request):
    found = weights(model)
    name = "model.layers.0.mlp.up_proj.weight"
    found[name][:, ::2] = 0
    write(out, found)
    config = json.loads((model / "config.json").read_text())
    (out / "config.json").write_text(json.dumps({**config, "mine": 1}))
    (out / "tokenizer_config.json").write_text('{"own": true}')
"""
    facts = project.run(code)
    assert json.loads((facts["out"] / "config.json").read_text())["mine"] == 1
    assert json.loads((facts["out"] / "tokenizer_config.json").read_text()) == {"own": True}
    assert facts["per_layer"]["model.layers.0.mlp.up_proj.weight"]["sparsity"] == pytest.approx(0.5, abs=0.01)
    assert facts["bits_per_weight"] == 16


def test_a_stored_form_of_its_own_is_measured(project: Project) -> None:
    """Bits from the sizes of the stored tensors: codes, scales and zero points, no shapes and no biases."""
    worker.run(
        request(
            project.folder / "m",
            project.folder / "q",
            "rtn",
            {"bits": 4, "group_size": 32},
            served_as="packed",
        )
    )
    (project.folder / "q" / "acbench.json").unlink()
    code = f"""
def change(model, out, request):
    shutil.copytree({str(project.folder / "q")!r}, out, dirs_exist_ok=True)
"""
    facts = project.run(code)
    assert facts["bits_per_weight"] == 4.5
    assert callables.stored_bits(facts["out"], "model.layers.0.mlp.up_proj.weight", 64 * 128) == 4.5
    errors = [entry["error"] for entry in facts["per_layer"].values()]
    assert 0 < min(errors) <= max(errors) < 0.05


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("", CompressionError, "r: module own_.* has no function 'change'"),
        ("change = 5", CompressionError, "has no function 'change'"),
        (
            "def change(model, out, request):\n    return 5",
            CompressionError,
            "must return a dict of facts or nothing, not int",
        ),
        ("def change(model, out, request):\n    pass", ModelError, r"holds no \.safetensors file"),
        ("def change(model, out, request):\n    raise RuntimeError('too hot')", RuntimeError, "too hot"),
        (
            "def change(model, out, request):\n"
            "    write(out, {'model.norm.weight': weights(model)['model.norm.weight']})",
            CompressionError,
            "r: change wrote no linear weight of a decoder block",
        ),
        (
            "def change(model, out, request):\n    write(out, {k: v[:8].clone() for k, v in weights(model).items()})",
            CompressionError,
            r"weight: \(8, 128\) instead of \(64, 128\)",
        ),
    ],
)
def test_mistakes_are_named(project: Project, code: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        project.run(code)


def test_a_function_that_does_nothing_or_fails_leaves_nothing(project: Project) -> None:
    project.module("def change(model, out, request):\n    write(out, weights(model))\n")
    with pytest.raises(CompressionError, match="own: no weight changed; the recipe did nothing"):
        project.build()
    project.module("def change(model, out, request):\n    write(out, weights(model))\n    1 / 0\n")
    with pytest.raises(CompressionError, match="ZeroDivisionError: division by zero"):
        project.build()
    assert project.store.entries() == []


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("mine", "function must be written package.module:function, not 'mine'"),
        (":change", "must be written package.module:function"),
        ("mine:a.b", "must be written package.module:function"),
        ("not_there:change", "module 'not_there' cannot be found; it must be importable from here"),
        ("not.there:change", "module 'not.there' cannot be found: "),
        ("sys:exit", "cannot be found"),
    ],
)
def test_a_function_that_is_nowhere_is_a_mistake_of_the_recipe(
    project: Project, function: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=f"recipe 'own': .*{message}"):
        project.build(function)


def test_pickled_weights_are_not_read(project: Project) -> None:
    save_file({"a": torch.ones(1)}, str(project.folder / "x.safetensors"))
    code = """
def change(model, out, request):
    (out / "pytorch_model.bin").write_bytes(b"anything")
"""
    with pytest.raises(ModelError, match="pickled weights are not read"):
        project.run(code)
