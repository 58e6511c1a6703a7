"""The commands in README and docs are run: selections collect, acbench calls parse, links resolve, TOML loads."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from acbench.cases import Case
from acbench.cli import _parser
from acbench.config import load_catalogue
from acbench.thresholds import read_thresholds

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def commands(name: str) -> list[str]:
    found = [
        line.split("#")[0].strip()
        for page in PAGES
        for language, body in BLOCK.findall(page.read_text())
        if language in ("bash", "yaml")
        for line in body.replace("- run: ", "").splitlines()
    ]
    found += [text for page in PAGES for text in re.findall(r"`([^`\n]+)`", page.read_text())]
    whole = {
        line for line in found if line.startswith(name + " ") and "|" not in line and "MODEL" not in line
    }
    return sorted(whole - {"pytest suites/", "acbench report"})


def readme_toml() -> str:
    blocks: list[tuple[str, str]] = BLOCK.findall((ROOT / "README.md").read_text())
    return next(body for language, body in blocks if language == "toml")


@pytest.mark.parametrize("command", commands("pytest"))
def test_every_pytest_command_selects_cases(command: str, tmp_path: Path) -> None:
    arguments = shlex.split(command)[1:]
    configuration = []
    if "--acb-profile=mine" in arguments:
        (tmp_path / "acbench.toml").write_text(readme_toml())
        configuration = [f"--acb-config={tmp_path / 'acbench.toml'}"]
    arguments = [a for a in arguments if a not in ("--acb-plan", "--collect-only", "-q")]
    call = [
        sys.executable,
        "-m",
        "pytest",
        *arguments,
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        *configuration,
    ]
    done = subprocess.run(
        call,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ACBENCH_STORE": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_case[" in done.stdout


@pytest.mark.parametrize("command", commands("acbench"))
def test_every_acbench_command_parses(command: str) -> None:
    _parser().parse_args(shlex.split(command.split("<", maxsplit=1)[0])[1:])


def test_the_readme_configuration_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "acbench.toml"
    file.write_text(readme_toml())
    catalogue = load_catalogue(file)
    assert catalogue.recipes["my-awq"].method == "external"
    assert "my-model" in catalogue.profile("mine").models
    thresholds = read_thresholds(catalogue)
    capability = {"needle": "long_context", "pddl": "real_world", "pddl-likelihood": "diagnostic"}
    found = {
        task: thresholds.rule_for(Case("my-model", "my-awq", task), method="external", capability=name)
        for task, name in capability.items()
    }
    assert (found["needle"].margin, found["pddl"].margin) == (0.05, 0.05)
    assert found["pddl-likelihood"].gate == "report"  # a rule in points must not gate nats


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_resolve(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_both_marked_commands_are_single_blocks() -> None:
    text = (ROOT / "README.md").read_text()
    for name in ("demo", "test"):
        assert re.search(rf"<!-- command: {name} -->\n```bash\n[^`]+```", text)


def test_tox_menu_is_what_the_docs_name() -> None:
    menu = (ROOT / "tox.ini").read_text()
    for name in ("demo", "test", "lint", "type", "gate", "report", "benchmarks", "wheel", "next"):
        assert f"[testenv:{name}]" in menu
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"] == "Apache-2.0"
