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
        if language == "bash"
        for line in body.splitlines()
    ]
    return sorted({line for line in found if line.startswith(name + " ")})


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
    assert any(rule.compression == "my-awq" for rule in read_thresholds(catalogue).rules)


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
