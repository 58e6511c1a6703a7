"""A project of its own with the repository's suites and conftest, run by real pytest processes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench_cases import write_project
from model_folders import REPOSITORY
from tiny_bench import environment_with

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

INI = """
[tool.pytest]
strict = true
addopts = ["-ra"]
filterwarnings = ["error"]
pythonpath = ["{repository}"]
acb_profile = "test"
markers = [
  "tool_use: t", "workflow: w", "long_context: l", "real_world: r", "diagnostic: d",
]
"""
TIMEOUT_S = 120


@dataclass
class Outcome:
    """What a pytest run left behind. ``cases``: case id -> passed, failed, skipped or xfailed."""

    status: int
    output: str
    cases: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def verdicts(self) -> dict[str, str]:
        """What was judged, as text: a figure that is not a number equals itself there."""
        kept = ("verdict", "primary", "secondary", "noise", "cells", "levels", "channels", "flips", "keys")
        return {
            name: json.dumps({key: r[key] for key in kept}, sort_keys=True)
            for name, r in self.results.items()
        }


class Project:
    """A folder with acbench.toml, conftest.py, suites/ and a store."""

    def __init__(self, root: Path, checkpoints: Mapping[str, Mapping[str, Any]], **options: Any) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        write_project(root, checkpoints, **options)
        (root / "pyproject.toml").write_text(INI.format(repository=REPOSITORY))
        shutil.copy(REPOSITORY / "conftest.py", root / "conftest.py")
        shutil.copytree(REPOSITORY / "suites", root / "suites", ignore=shutil.ignore_patterns("__pycache__"))
        self.runs = 0

    def popen(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Starts pytest; everything of the run goes below ``runs/<number>``."""
        self.runs += 1
        command = [sys.executable, "-m", "pytest", *arguments]
        command += [f"--acb-runs={self.run_dir}", f"--junitxml={self.run_dir}.xml", "-p", "no:cacheprovider"]
        marker = {"ACBENCH_TEST_MARKER": self.marker, "ACBENCH_STORE": str(self.root / "store")}
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=environment_with(**(marker | {"COLUMNS": "160"} | env)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def run_dir(self) -> Path:
        return self.root / "runs" / str(self.runs)

    @property
    def marker(self) -> str:
        return f"{self.root.name}-{self.root.parent.name}"

    def run(self, *arguments: str, **env: str) -> Outcome:
        with self.popen(*(arguments or ("suites",)), **env) as process:
            output, _ = process.communicate(timeout=TIMEOUT_S)
        return self.outcome(process.returncode, output)

    def outcome(self, status: int, output: str) -> Outcome:
        found = Outcome(status, output)
        xml = self.run_dir.with_name(f"{self.run_dir.name}.xml")
        for element in ET.parse(xml).iter("testcase") if xml.exists() else ():  # noqa: S314 - our own file
            match = re.search(r"\[(.+)\]$", element.get("name", ""))
            if match is None:
                continue
            child = next((c for c in element if c.tag in ("failure", "error", "skipped")), None)
            state = "passed" if child is None else {"failure": "failed"}.get(child.tag, child.tag)
            if child is not None and child.get("type") == "pytest.xfail":
                state = "xfailed"
            assert match[1] not in found.cases, f"{match[1]} is reported twice"
            found.cases[match[1]] = state
            found.messages[match[1]] = "" if child is None else f"{child.get('message')}\n{child.text}"
        for file in self.run_dir.glob("*/events.jsonl"):
            found.starts += [json.loads(line)["label"] for line in file.read_text().splitlines()]
        for file in self.run_dir.glob("*/results/*.json"):
            data = json.loads(file.read_text())
            found.results[data["id"]] = data
        return found

    def journal_lines(self) -> list[str]:
        """All recorded turns, as (folder, line)."""
        files = sorted((self.root / "store" / "generations").glob("*/turns.jsonl"))
        return [f"{file.parent.name} {line}" for file in files for line in file.read_text().splitlines()]


def collected(outcome: Outcome) -> list[str]:
    """Case ids in the output of ``--collect-only -q``, in order."""
    return re.findall(r"::test_case\[(.+)\]$", outcome.output, flags=re.MULTILINE)
