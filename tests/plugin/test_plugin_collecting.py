"""Collecting is cheap: nothing heavy is imported, whatever the size of the matrix."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from model_folders import REPOSITORY
from plugin_project import Project
from tiny_bench import environment_with

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ("torch", "transformers", "vllm", "tokenizers", "huggingface_hub")
PROBE = f"""
import sys

def pytest_sessionfinish(session):
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    print("\\nHEAVY", loaded, "COLLECTED", len(session.items))
"""


def probed(project: Project, *arguments: str) -> tuple[str, int]:
    (project.root / "probe.py").write_text(PROBE)
    outcome = project.run("suites", "--collect-only", "-qq", "-p", "probe", *arguments, PYTHONPATH=".")
    assert outcome.status == 0, outcome.output[-2000:]
    found = re.search(r"HEAVY (\[.*\]) COLLECTED (\d+)", outcome.output)
    assert found is not None, outcome.output[-2000:]
    return found[1], int(found[2])


def test_the_default_matrix_needs_nothing_heavy(tmp_path: Path) -> None:
    project = Project(tmp_path / "default", {})
    assert probed(project, "--acb-profile=demo") == ("[]", 81)
    loaded, count = probed(project, "--acb-profile=paper")
    assert loaded == "[]"
    assert count > 100


def test_the_plug_in_can_be_imported_where_nothing_heavy_is_installed() -> None:
    script = f"""
import sys
for name in {HEAVY!r}:
    sys.modules[name] = None  # an import of it raises
import acbench.plugin.main, acbench.plugin.scheduling, fixtures.judging
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment_with(PYTHONPATH=str(REPOSITORY)),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_ten_thousand_cases_are_collected_without_heavy_imports(tmp_path: Path) -> None:
    recipes = [f"r{i:02d}" for i in range(49)]
    models = [f"m{i:03d}" for i in range(100)]
    text = "".join(f'[models.{m}]\nsource = "hf:some/{m}"\n' for m in models)
    text += "".join(
        f'[recipes.{r}]\nmethod = "rtn"\nparams = {{ bits = 4, group_size = 64 }}\n' for r in recipes
    )
    names = ", ".join(f'"{m}"' for m in models)
    text += (
        f'[profiles.huge]\nmodels = [{names}]\ntasks = ["needle", "pddl"]\n'
        f"compressions = [{', '.join(repr(r) for r in ['base', *recipes])}]\n"
    )
    project = Project(tmp_path / "huge", {})
    (project.root / "acbench.toml").write_text(text)
    began = time.monotonic()
    assert probed(project, "--acb-profile=huge") == ("[]", 10_000)
    print(f"collected ten thousand cases in {time.monotonic() - began:.1f} s")  # noqa: T201 - a figure, not a limit


def test_what_plugins_register_is_collected(tmp_path: Path) -> None:
    """Models, recipes and verdicts from hooks in somebody's conftest.py."""
    project = Project(tmp_path / "hooks", {}, tasks=("pddl-likelihood",))
    hooks = """
from acbench.cases import ModelSpec, Recipe

pytest_plugins = ["acbench.plugin.main", "fixtures.judging", "reports.allure", "reports.run_summary", "ours"]
"""
    ours = f"""
from dataclasses import replace
from acbench.cases import ModelSpec, Recipe

def pytest_acbench_models(config):
    return {{"brought": ModelSpec("brought", "path:{project.root}/models/tiny", engine={{"backend": "fake"}})}}

def pytest_acbench_compressions(config):
    return {{"own": Recipe("own", "external", {{"checkpoint": "{project.root}/models/tiny"}})}}

def pytest_acbench_verdict(config, case, result):
    if case.compression == "own":
        return replace(result, verdict=replace(result.verdict, outcome="fail", reason="we say so"))
"""
    (project.root / "conftest.py").write_text(hooks)
    (project.root / "ours.py").write_text(ours)
    outcome = project.run("suites", "--acb-models=brought", "--acb-compressions=own", PYTHONPATH=".")
    assert outcome.cases == {
        "brought:base:pddl-likelihood": "passed",
        "brought:own:pddl-likelihood": "failed",
    }, outcome.output
    assert "degradation: we say so" in outcome.messages["brought:own:pddl-likelihood"]
