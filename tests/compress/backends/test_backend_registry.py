"""What libraries offer, what they refuse, and where their interpreter is found."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from model_folders import child_env

from acbench.compress.backends import registry
from acbench.compress.backends.registry import (
    LIBRARIES,
    RECIPE_MODULE,
    interpreter,
    library,
    module_of,
    offer,
    resolved,
    variable,
)
from acbench.errors import CompressionError, ConfigError

METHODS = [(slug, method) for slug, found in LIBRARIES.items() for method in found.methods]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment of this machine may be found by a test."""
    monkeypatch.chdir(tmp_path)
    for slug in LIBRARIES:
        monkeypatch.delenv(variable(slug), raising=False)


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("slug", "method"), METHODS)
def test_every_offer_has_a_module_with_run(slug: str, method: str) -> None:
    assert callable(importlib.import_module(module_of(slug, method)).run)


def test_forms_are_the_stored_ones() -> None:
    assert {o.form for lib in LIBRARIES.values() for o in lib.methods.values()} == {
        "awq",
        "gptq",
        "compressed-tensors",
        "dense",
    }
    assert offer("llm-compressor", "sparsegpt").form == "dense"


def test_archived_libraries_say_so() -> None:
    assert {slug for slug, found in LIBRARIES.items() if "archived" in found.note} == {"autoawq", "auto-gptq"}


def test_importing_the_registry_loads_nothing_heavy() -> None:
    code = (
        "import sys, acbench.compress.backends.registry\n"
        "print(sorted({'torch', 'transformers', 'numpy', 'filelock', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=child_env(), check=True
    )
    assert done.stdout.strip() == "[]"


def test_jobs_import_nothing_but_the_standard_library() -> None:
    """Our dependencies are other versions, or absent, where a library lives."""
    modules = {module_of(slug, method) for slug, method in METHODS}
    code = (
        "import sys, acbench.job_child\n"
        f"for name in {sorted(modules)!r}: __import__(name)\n"
        "own = {n.partition('.')[0] for n in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(sorted(n for n in own if not n.startswith('_') and n not in ('acbench', 'sitecustomize')))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, env=child_env(), check=True
    )
    assert done.stdout.strip() == "[]"


def test_defaults_are_filled_in() -> None:
    assert resolved("gptqmodel", "gptq", {"bits": 8, "damp": 0.05}) == {
        "bits": 8,
        "group_size": 128,
        "symmetric": True,
        "order": "static",
        "damp": 0.05,
        "mse": False,
    }
    assert resolved("autoawq", "awq", {"format": "awq"})["symmetric"] is False
    assert resolved("llm-compressor", "fp8", {}) == {}


def test_only_one_of_two_exclusive_parameters_is_filled_in() -> None:
    assert resolved("llm-compressor", "wanda", {}) == {"sparsity": 0.5}
    assert resolved("llm-compressor", "wanda", {"pattern": "2:4"}) == {"pattern": "2:4"}


@pytest.mark.parametrize(("slug", "method"), METHODS)
def test_what_is_resolved_can_be_resolved_again(slug: str, method: str) -> None:
    """The plan of a build resolves, and so does its job."""
    needed: dict[str, dict[str, Any]] = {
        "rtn": {"bits": 4},
        "llm-compressor": {"file": "r.yaml"},
        "sparsegpt": {"pattern": "4:8"},
    }
    once = resolved(slug, method, needed.get(method, {}))
    assert resolved(slug, method, once) == once


@pytest.mark.parametrize(
    ("slug", "method", "params", "message"),
    [
        ("autoawq", "awq", {"mse": True}, "autoawq does not support 'mse' for awq; it supports bits, clip"),
        ("autoawq", "awq", {"bits": 8}, "bits of autoawq awq can be 4 there, not 8"),
        ("autoawq", "awq", {"symmetric": True}, "symmetric of autoawq awq can be False there, not True"),
        ("autoawq", "awq", {"group_size": -1}, "group_size of autoawq awq must be above 0"),
        ("auto-gptq", "gptq", {"order": "group-aware"}, "can be static, none there"),
        ("gptqmodel", "gptq", {"bits": 4.0}, "must be int, not 4.0"),
        ("gptqmodel", "gptq", {"bits": True}, "must be int, not True"),
        ("gptqmodel", "gptq", {"format": "awq"}, "gptqmodel writes gptq as gptq, not as awq"),
        ("gptqmodel", "gptq", {"group_size": 48}, "multiple of 32, not 48"),
        ("llm-compressor", "rtn", {}, "parameter 'bits' of llm-compressor rtn is missing"),
        ("llm-compressor", "smoothquant", {"alpha": 1.0}, "must be below 1, not 1.0"),
        ("llm-compressor", "fp8", {"bits": 8}, "it supports no parameters"),
        ("llm-compressor", "wanda", {"sparsity": 0.5, "pattern": "2:4"}, "not both"),
        ("llm-compressor", "llm-compressor", {}, "parameter 'file'"),
    ],
)
def test_what_a_library_does_not_support_is_refused(
    slug: str, method: str, params: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as found:
        resolved(slug, method, params, where="recipe 'r'")
    assert str(found.value).startswith("recipe 'r': ")


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="did you mean 'autoawq'"):
        library("autoawk")
    with pytest.raises(ConfigError, match="has no method 'wanda'; it offers gptq"):
        offer("gptqmodel", "wanda")


def test_a_users_recipe_has_a_module_of_its_own() -> None:
    assert module_of("llm-compressor", "llm-compressor") == RECIPE_MODULE
    assert module_of("llm-compressor", "awq") == "acbench.compress.backends.llm_compressor"


def test_interpreters_are_looked_up_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, named = executable(tmp_path / "a" / "python"), executable(tmp_path / "b" / "python")
    monkeypatch.setattr(registry, "installed", lambda _: "0.7.1")
    assert interpreter("auto-gptq") == Path(sys.executable)
    tox = executable(tmp_path / ".tox" / "backend-auto-gptq" / "bin" / "python")
    assert interpreter("auto-gptq") == tox
    assert interpreter("auto-gptq", root=tmp_path / "other") == Path(sys.executable)
    monkeypatch.setenv("ACBENCH_PYTHON_AUTO_GPTQ", str(named))
    assert interpreter("auto-gptq") == named
    assert interpreter("auto-gptq", str(mine)) == mine


def test_another_version_in_this_environment_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "installed", lambda _: "7.7.0")
    with pytest.raises(CompressionError, match=r"no environment holds gptqmodel 7\.6\.0; create it") as found:
        interpreter("gptqmodel")
    assert "tox -e backend-gptqmodel" in str(found.value)
    assert "ACBENCH_PYTHON_GPTQMODEL" in str(found.value)


def test_a_named_interpreter_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / ".tox" / "backend-autoawq" / "bin" / "python")
    with pytest.raises(CompressionError, match="python of the recipe: /nowhere/python is not an executable"):
        interpreter("autoawq", "/nowhere/python")
    monkeypatch.setenv("ACBENCH_PYTHON_AUTOAWQ", str(tmp_path))
    with pytest.raises(CompressionError, match=r"ACBENCH_PYTHON_AUTOAWQ: .* is not an executable"):
        interpreter("autoawq")
