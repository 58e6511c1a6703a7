"""Multi-turn tasks in real pytest processes: killed in the middle, taken up again, shown in the report."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
from plugin_project import TIMEOUT_S, Outcome, Project
from tiny_bench import engine_children, wait_until

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = """
[profiles.test.settings.tool-query]
levels = [1]
per_level = 1
max_steps = 5

[[thresholds.rule]]
capability = "real_world"
margin = 0.99
reason = "a few episodes decide nothing smaller"
"""
ARGUMENTS = ("suites", "-k", "tiny:base:tool-query")


def project_in(folder: Path, **base: Any) -> Project:
    return Project(folder, {"one": {}}, tasks=("tool-query",), extra=SETTINGS, base=base)


def records(project: Project, name: str) -> list[str]:
    """All records of one kind of file, without the folder they stand in, sorted."""
    files = (project.root / "store" / "generations").glob(f"*/{name}")
    return sorted(line for file in files for line in file.read_text(encoding="utf-8").splitlines())


def without_times(lines: list[str]) -> list[dict[str, Any]]:
    kept = [{key: value for key, value in json.loads(line).items() if key != "stats"} for line in lines]
    return sorted(kept, key=lambda line: json.dumps(line, sort_keys=True))


def judged(outcome: Outcome) -> dict[str, Any]:
    names = ("primary", "secondary", "noise", "levels", "channels", "rollout", "facts")
    result = outcome.results["tiny:base:tool-query"]
    return {name: result[name] for name in names}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Outcome]:
    project = project_in(tmp_path_factory.mktemp("undisturbed") / "whole")
    outcome = project.run(*ARGUMENTS)
    assert outcome.cases == {"tiny:base:tool-query": "passed"}, outcome.output
    return project, outcome


@pytest.mark.parametrize("lost", ["nothing", "half of what the worlds said"])
def test_a_killed_rollout_is_taken_up_in_the_middle_of_its_episodes(
    tmp_path: Path, undisturbed: tuple[Project, Outcome], lost: str
) -> None:
    other, whole = undisturbed
    project = project_in(tmp_path / "killed", fake_latency_s=0.05)
    process = project.popen(*ARGUMENTS)
    wait_until(lambda: len(project.journal_lines()) >= 7, what="seven answers")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=TIMEOUT_S)
    wait_until(lambda: not engine_children(project.marker), what="no orphan")
    before = project.journal_lines()
    assert 7 <= len(before) < len(other.journal_lines())
    known = [json.loads(line.partition(" ")[2])["turn"] for line in before]
    assert max(known) >= 1  # episodes were under way, not only begun
    if lost != "nothing":
        (log,) = (project.root / "store" / "generations").glob("*/worlds.jsonl")
        content = log.read_bytes()
        log.write_bytes(content[: len(content) // 2])

    outcome = project.run(*ARGUMENTS)
    assert outcome.cases == whole.cases, outcome.output
    after = project.journal_lines()
    assert set(before) <= set(after)
    assert without_times(records(project, "turns.jsonl")) == without_times(records(other, "turns.jsonl"))
    assert len(after) == len(other.journal_lines())
    assert records(project, "worlds.jsonl") == records(other, "worlds.jsonl")
    assert judged(outcome) == judged(whole)

    third = project.run(*ARGUMENTS)
    assert third.starts == []
    assert judged(third) == judged(whole)


def test_the_summary_of_the_episodes_is_in_the_result(tmp_path: Path) -> None:
    outcome = project_in(tmp_path / "both").run("suites")
    result = outcome.results["tiny:one:tool-query"]
    rollout = result["rollout"]
    assert rollout["turns"] == 5
    assert len(rollout["curves"]["base"]) == len(rollout["curves"]["compressed"]) == 5
    assert set(rollout["errors"]) >= {"unparsed"}  # the fake engine's words are no calls
    assert result["facts"]["hard episodes"]
