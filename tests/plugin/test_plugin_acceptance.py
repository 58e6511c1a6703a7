"""The plug-in as users run it: real pytest processes, real workers, the fake engine in real children."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
from plugin_project import TIMEOUT_S, Project, collected
from tiny_bench import engine_children, wait_until

if TYPE_CHECKING:
    from pathlib import Path

ALL: dict[str, dict[str, Any]] = {
    "same+lib": {},
    "worse": {"fake_damage": 1.0},
    "worse-shown": {"fake_damage": 1.0},
    "unsure": {"fake_damage": 0.5},
    "crashing": {"fake_crash_after": 2},
    "failing": {"fake_fail": "OutOfMemory"},
}
PDDL_RULE = """
[[thresholds.rule]]
task = "pddl"
margin = 0.99
reason = "two episodes decide nothing smaller"
"""
RULES = """
[[thresholds.rule]]
compression = "worse-shown"
capability = "diagnostic"
margin = 0.2
gate = "report"
reason = "known to collapse"

[[thresholds.rule]]
compression = "unsure"
capability = "diagnostic"
margin = 0.5
reason = "on the edge"
"""
RULES += PDDL_RULE
TASKS = ("pddl-likelihood", "pddl")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project with every kind of checkpoint; tests that run cases in it share its store on purpose."""
    return Project(tmp_path_factory.mktemp("judged"), ALL, tasks=TASKS, extra=RULES)


def test_outcomes_starts_and_files_are_the_same_with_and_without_workers(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    found = []
    project = Project(tmp_path_factory.mktemp("both"), ALL, tasks=TASKS, extra=RULES)
    for workers in ("0", "2"):
        store = str(project.root / f"store{workers}")
        outcome = project.run("suites", "-n", workers, ACBENCH_STORE=store)
        found.append(outcome)
        assert outcome.status == 1
        expected = {
            "tiny:base": ("passed", "passed"),
            "tiny:same+lib": ("passed", "passed"),
            "tiny:worse": ("failed", "passed"),
            "tiny:worse-shown": ("xfailed", "passed"),
            "tiny:unsure": ("skipped", "passed"),
            "tiny:crashing": ("failed", "failed"),
            "tiny:failing": ("failed", "failed"),
        }
        wanted = {f"{g}:{t}": s for g, both in expected.items() for t, s in zip(TASKS, both, strict=True)}
        assert outcome.cases == wanted
        texts = outcome.messages
        assert "AssertionError: degradation: " in texts["tiny:worse:pddl-likelihood"]
        assert "inconclusive: " in texts["tiny:unsure:pddl-likelihood"]
        assert "report-only: fail: " in texts["tiny:worse-shown:pddl-likelihood"]
        assert "known to collapse" in texts["tiny:worse-shown:pddl-likelihood"]
        for task in TASKS:  # broken, and not a worse score
            assert "EngineDied: the engine's process" in texts[f"tiny:crashing:{task}"]
            assert "--- engine log ---" in texts[f"tiny:failing:{task}"]
            assert "OutOfMemory: " in texts[f"tiny:failing:{task}"]
            assert "AssertionError" not in texts[f"tiny:crashing:{task}"] + texts[f"tiny:failing:{task}"]
        assert "XFAIL" in outcome.output
        broken = {f"tiny:{r}:{t}" for r in ("crashing", "failing") for t in TASKS}
        assert set(outcome.results) == set(wanted) - broken
        healthy = ["tiny:base", "tiny:same+lib", "tiny:unsure", "tiny:worse", "tiny:worse-shown"]
        assert sorted(s for s in outcome.starts if s != "tiny:crashing") == healthy
        assert outcome.starts.count("tiny:crashing") == 2  # killed twice, started twice
        assert "engine starts: 7 for 6 checkpoints" in outcome.output
        summary = next(project.run_dir.glob("*/summary.md")).read_text()
        assert "4 broken" in summary
        assert next(project.run_dir.glob("*/allure-results/*-result.json"))
        assert engine_children(project.marker) == []
    assert found[0].verdicts == found[1].verdicts


def test_ids_and_order(judged: Project) -> None:
    outcome = judged.run("suites", "--collect-only", "-q")
    assert outcome.status == 0
    assert collected(outcome) == [f"tiny:{r}:{t}" for r in ("base", *ALL) for t in sorted(TASKS)[::-1]]
    assert not judged.run_dir.exists()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("worse and not shown", {"tiny:worse:pddl-likelihood", "tiny:worse:pddl"}),
        ("tiny:same+lib:pddl and not likelihood", {"tiny:same+lib:pddl"}),
        ("tiny and unsure and not likelihood", {"tiny:unsure:pddl"}),
    ],
)
def test_selection_of_own_recipes(judged: Project, expression: str, expected: set[str]) -> None:
    assert set(collected(judged.run("suites", "--collect-only", "-q", "-k", expression))) == expected


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("rtn", 18),
        ("smollm2 and magnitude and not needle", 8),
        ("smollm2-135m:rtn-w4g64:needle", 1),
        ("needle or base", 17),
        ("long_context", 9),
        ("awq", 9),
        ("erank or top-k or energy", 27),
    ],
)
def test_the_issues_expressions_on_the_default_matrix(judged: Project, expression: str, count: int) -> None:
    outcome = judged.run("suites", "--collect-only", "-q", "--acb-profile=demo", "-k", expression)
    assert len(collected(outcome)) == count
    assert outcome.status == (0 if count else 5)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_plan_runs_nothing(judged: Project, workers: str, tmp_path: Path) -> None:
    outcome = judged.run(
        "suites", "--acb-plan", "-n", workers, "-k", "base or worse", ACBENCH_STORE=str(tmp_path / "store")
    )
    assert outcome.status == 0, outcome.output
    assert "6 cases, 3 engine groups" in outcome.output
    assert (outcome.starts, outcome.results, outcome.cases) == ([], {}, {})
    assert not list((tmp_path / "store").glob("generations/*"))


def test_a_plan_can_be_asked_for_in_the_configuration(judged: Project, tmp_path: Path) -> None:
    outcome = judged.run(
        "suites", "-o", "acb_plan=true", "-k", "base", "-n", "2", ACBENCH_STORE=str(tmp_path / "store")
    )
    assert "2 cases, 1 engine groups" in outcome.output
    assert (outcome.status, outcome.cases) == (0, {})


def test_shards_are_the_whole_and_split_by_engine(judged: Project) -> None:
    def shard(part: int) -> set[str]:
        return set(collected(judged.run("suites", "--collect-only", "-q", f"--acb-shard={part}/3")))

    parts = [shard(part) for part in (1, 2, 3)]
    whole = {f"tiny:{r}:{t}" for r in ("base", *ALL) for t in TASKS}
    assert set.union(*parts) == whole
    assert sum(map(len, parts)) == len(whole)
    groups = [{case.rpartition(":")[0] for case in part} for part in parts]
    assert sum(map(len, groups)) == len(ALL) + 1
    assert max(map(len, groups)) < len(ALL) + 1


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--acb-models=tiyn", "unknown model 'tiyn'; did you mean 'tiny'"),
        ("--acb-compressions=wrose", "unknown compression 'wrose'; did you mean 'worse'"),
        ("--acb-tasks=nedle", "unknown task 'nedle'; did you mean 'needle'"),
        ("--acb-profile=demmo", "unknown profile 'demmo'; did you mean 'demo'"),
        ("--acb-stage=nightli", "did you mean 'nightly'"),
        ("--acb-shard=4/3", "expected i/n with 1 <= i <= n"),
        ("--acb-config=nowhere.toml", "nowhere.toml: no such configuration file"),
        ("--acb-config=broken.toml", "broken.toml: not valid TOML"),
    ],
)
def test_a_wrong_name_is_a_usage_error(judged: Project, option: str, message: str) -> None:
    (judged.root / "broken.toml").write_text("[models\n")
    outcome = judged.run("suites", option)
    assert outcome.status == 4
    assert message in outcome.output
    assert "Traceback" not in outcome.output


def test_an_unwritable_store_is_a_clear_error(judged: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = str(tmp_path / "file" / "store")
    outcome = judged.run("suites", "-k", "tiny:base:pddl-likelihood", ACBENCH_STORE=store)
    assert outcome.status == 1
    assert outcome.cases == {"tiny:base:pddl-likelihood": "failed"}
    assert "StoreError: the store" in outcome.messages["tiny:base:pddl-likelihood"]
    assert "cannot be written" in outcome.messages["tiny:base:pddl-likelihood"]


def test_inconclusive_fails_at_night(judged: Project) -> None:
    outcome = judged.run("suites", "-k", "unsure and likelihood", "--acb-stage=nightly")
    assert outcome.status == 1
    assert outcome.cases == {"tiny:unsure:pddl-likelihood": "failed"}
    assert "AssertionError: inconclusive: " in outcome.messages["tiny:unsure:pddl-likelihood"]
    day = judged.run("suites", "-k", "unsure and likelihood")
    assert (day.status, day.cases) == (0, {"tiny:unsure:pddl-likelihood": "skipped"})
    assert day.starts == []  # everything was recorded


def test_a_broken_engine_does_not_stop_the_next_case(judged: Project) -> None:
    outcome = judged.run("suites", "-k", "(crashing or same) and likelihood")
    assert outcome.cases["tiny:crashing:pddl-likelihood"] == "failed"
    assert outcome.cases["tiny:same+lib:pddl-likelihood"] == "passed"
    assert "tiny:crashing:pddl-likelihood" not in outcome.results


CRASH = """
import os
import pytest

@pytest.fixture(autouse=True)
def crash(request):
    if request.node.name == "test_case[tiny:one:pddl-likelihood]":
        os._exit(3)
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_crashed_worker_is_reported_once_and_its_group_goes_on(tmp_path: Path, workers: str) -> None:
    project = Project(tmp_path / "crash", {"one": {}}, tasks=TASKS, extra=PDDL_RULE)
    (project.root / "suites" / "conftest.py").write_text(CRASH)
    outcome = project.run("suites", "-n", workers)
    assert outcome.status == 1
    assert outcome.cases.pop("tiny:one:pddl-likelihood") in ("failed", "error")
    assert outcome.cases == {
        "tiny:base:pddl-likelihood": "passed",
        "tiny:base:pddl": "passed",
        "tiny:one:pddl": "passed",
    }
    assert outcome.output.count("worker 'gw") >= 1
    assert "crashed while running" in outcome.output
    wait_until(lambda: not engine_children(project.marker), what="the crashed worker's engine ends")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_killed_run_is_taken_up_again(tmp_path: Path, workers: str) -> None:
    """SIGKILL of pytest in the middle of generation: no orphan, and nothing is generated twice."""
    project = Project(
        tmp_path / "killed", {"one": {}}, tasks=("pddl-likelihood",), base={"fake_latency_s": 0.06}
    )
    arguments = ("suites", "-n", workers, "-k", "base")
    process = project.popen(*arguments)
    wait_until(lambda: len(project.journal_lines()) >= 4, what="four answers")
    assert engine_children(project.marker)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=TIMEOUT_S)
    wait_until(lambda: not engine_children(project.marker), what="no orphan")
    before = project.journal_lines()
    outcome = project.run(*arguments)
    assert outcome.cases == {"tiny:base:pddl-likelihood": "passed"}
    after = project.journal_lines()
    assert set(before) <= set(after)
    asked = [(line.split()[0], json.loads(line.partition(" ")[2])) for line in after]
    turns = [(folder, turn["sample"], turn["turn"]) for folder, turn in asked]
    assert len(turns) == len(set(turns))
    assert 4 <= len(before) <= len(after)
    if workers == "0":  # a worker of a killed controller may finish what it is at
        assert len(before) < len(after)
