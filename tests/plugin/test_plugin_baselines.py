"""``--acb-baselines`` in real pytest runs: who writes what, when, and what a run says about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from plugin_project import Outcome, Project

from acbench.baseline_changes import Changes
from acbench.cases import Case
from acbench.matrix import Selection
from acbench.plugin.baselines import is_complete, terminal_lines

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.baselines import Entry
    from acbench.plugin.session import AcbenchSession

TASKS = ("pddl-likelihood", "pddl")
RULE = """
[[thresholds.rule]]
task = "pddl"
margin = 0.99
reason = "two episodes decide nothing smaller"
"""


def files(project: Project) -> dict[str, str]:
    folder = project.root / "suites" / "baselines"
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.json")}


def tasks(project: Project, recipe: str) -> set[str]:
    return set(json.loads(files(project)[f"tiny/{recipe}.json"])["tasks"])


def summary(project: Project) -> str:
    file: Path = next(project.run_dir.glob("*/summary.md"))
    return file.read_text()


def baseline_lines(outcome: Outcome) -> list[str]:
    return [line for line in outcome.output.splitlines() if line.startswith("baselines")]


def edit(project: Project, recipe: str, old: str, new: str) -> None:
    file = project.root / "suites" / "baselines" / "tiny" / f"{recipe}.json"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.slow
def test_new_check_and_update(tmp_path: Path) -> None:
    recipes: dict[str, dict[str, object]] = {"same": {}, "twin": {}}
    project = Project(tmp_path / "p", recipes, tasks=TASKS, extra=RULE)
    made = project.run("suites", "--acb-baselines=new", "-k", "same and not likelihood")
    assert set(files(project)) == {"tiny/same.json"}
    assert tasks(project, "same") == {"pddl"}
    assert "baselines written: suites/baselines/tiny/same.json" in made.output
    project.run("suites", "-n", "2", "--acb-baselines=new")
    complete = files(project)
    assert set(complete) == {"tiny/base.json", "tiny/same.json", "tiny/twin.json"}
    assert tasks(project, "same") == set(TASKS)
    assert "1 cases have a baseline; none changed." in summary(project)

    # What a former run would have measured: another verdict, another engine, and a case that is no more.
    edit(project, "same", '"verdict": "pass"', '"verdict": "inconclusive"')
    edit(project, "twin", '"engine": "', '"engine": "0')
    edit(project, "twin", '"pddl": {', '"gone-task": {')
    edited = files(project)
    changed = project.run("suites", "-n", "2")
    assert changed.status == 0  # a baseline decides nothing
    assert "baselines: 5 compared: 2 changed, 1 measured with something else, 1 new, 1 gone" in changed.output
    assert "tiny:same:pddl: inconclusive -> pass" in changed.output
    text = summary(project)
    assert "undecided → **pass**" in text
    assert "Gone, a baseline without a case: `tiny:twin:gone-task`." in text
    assert files(project) == edited

    part = project.run("suites", "-k", "twin", "--acb-baselines=update")
    assert "gone" not in "".join(baseline_lines(part))
    assert tasks(project, "twin") == {*TASKS, "gone-task"}
    project.run("suites", "-o", "acb_baselines=update")  # the option's twin
    assert files(project) == complete


CASES = (Case("m", "base", "needle"), Case("m", "rtn", "needle"))


@dataclass
class Session:
    """The parts of a session that completeness is judged by."""

    settings: Any
    matrix: Any


@pytest.mark.parametrize(
    ("changes", "judged", "status", "complete"),
    [
        ({}, CASES, 0, True),
        ({}, CASES[:1], 0, False),  # -k, -m, a path: whatever narrowed it, a case has no result
        ({}, CASES, 1, False),
        ({}, CASES, 2, False),
        ({"shard": (1, 1)}, CASES, 0, False),
        ({"selection": Selection(tasks=("needle",))}, CASES, 0, False),
    ],
)
def test_what_makes_a_run_complete(
    changes: dict[str, Any], judged: tuple[Case, ...], status: int, complete: bool
) -> None:
    settings = SimpleNamespace(**{"shard": None, "selection": Selection(), **changes})
    session = cast("AcbenchSession", Session(settings, SimpleNamespace(cases=CASES)))
    assert is_complete(session, dict.fromkeys(judged, cast("Entry", None)), status) == complete


def test_nothing_is_said_where_no_baseline_is() -> None:
    assert terminal_lines(Changes(new=CASES)) == []
    assert terminal_lines(Changes(compared=2)) == ["baselines: 2 compared: nothing changed"]


def test_a_malformed_file_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", {"same": {}}, tasks=("pddl",), extra=RULE)
    file = project.root / "suites" / "baselines" / "tiny" / "same.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"schema": 1, "tasks": {"pddl": {}}}')
    outcome = project.run("suites")
    assert outcome.status == 4
    assert f"{file}: tasks.pddl.profile is missing" in outcome.output
    assert outcome.cases == {}


def test_failures_and_broken_cases_remove_nothing(tmp_path: Path) -> None:
    recipes: dict[str, dict[str, object]] = {
        "worse": {"fake_damage": 1.0},
        "failing": {"fake_fail": "OutOfMemory"},
    }
    project = Project(tmp_path / "p", recipes, tasks=("pddl-likelihood",))
    first = project.run("suites", "--acb-baselines=update")
    assert first.status == 1
    assert set(files(project)) == {"tiny/base.json", "tiny/worse.json"}  # no verdict, no line
    found = [json.loads(file.read_text()) for file in project.run_dir.glob("*/allure-results/*-result.json")]
    labels = [{label["name"]: label["value"] for label in result["labels"]} for result in found]
    assert {label["compression"]: label["severity"] for label in labels} == {  # broken ones have it too
        "base": "critical",
        "worse": "critical",
        "failing": "critical",
    }
    assert not list(project.run_dir.glob("*/allure-results/*-container.json"))
    edit(project, "worse", '"pddl-likelihood"', '"old-task"')
    project.run("suites", "--acb-baselines=update")
    assert tasks(project, "worse") == {"pddl-likelihood", "old-task"}
    assert "Gone" not in summary(project)
    assert "fail" in files(project)["tiny/worse.json"]


def test_an_unknown_mode_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", {"same": {}}, tasks=("pddl",), extra=RULE)
    outcome = project.run("suites", "--acb-baselines=renew")
    assert outcome.status == 4
    assert "--acb-baselines=renew: did you mean 'new'?" in outcome.output
