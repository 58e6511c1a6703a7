"""Tasks that a profile offers and a run has only when ``-m`` or ``-k`` names them: real pytest processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plugin_project import Outcome, Project, collected

from acbench.tasks.agents.board import TASKS as NINE

if TYPE_CHECKING:
    from pathlib import Path

RECIPES = 9
"""Of the profile demo, base included."""
OWN = 9
"""Tasks of the profile demo itself; pddl is one of them."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The task needle on demand beside pddl-likelihood; also used to look at the profile demo."""
    return offering(Project(tmp_path_factory.mktemp("demand"), {"same": {}}, tasks=("pddl-likelihood",)))


def offering(project: Project) -> Project:
    file = project.root / "acbench.toml"
    text = file.read_text()
    assert text.count("noise_samples = 3\n") == 1
    file.write_text(text.replace("noise_samples = 3\n", 'noise_samples = 3\non_demand = ["needle"]\n'))
    return project


def demo(project: Project, *arguments: str) -> Outcome:
    return project.run("suites", "--collect-only", "-q", "--acb-profile=demo", *arguments)


def tasks_of(outcome: Outcome) -> set[str]:
    return {name.rpartition(":")[2] for name in collected(outcome)}


@pytest.mark.parametrize(
    ("arguments", "count", "tasks"),
    [
        (("-m", "real_world"), RECIPES * 9, set(NINE)),
        (("-k", "alfworld"), RECIPES, {"alfworld"}),
        (("-k", "smollm2-135m:rtn-w4g64:tool-query"), 1, {"tool-query"}),
        (("-k", "rtn-w4g64 and (webarena or webshop)"), 2, {"webarena", "webshop"}),
        (("-m", "real_world", "-k", "base and not jericho"), 8, set(NINE) - {"jericho"}),
        (("--acb-tasks=babyai,scienceworld",), RECIPES * 2, {"babyai", "scienceworld"}),
        (("--acb-tasks=real-world", "-k", "base"), 9, set(NINE)),
    ],
)
def test_what_is_asked_for_is_played(
    project: Project, arguments: tuple[str, ...], count: int, tasks: set[str]
) -> None:
    outcome = demo(project, *arguments)
    assert outcome.status == 0, outcome.output[-2000:]
    assert (len(collected(outcome)), tasks_of(outcome)) == (count, tasks)


def test_what_names_none_of_them_leaves_the_run_as_it_was(project: Project) -> None:
    plain = collected(demo(project))
    assert len(plain) == RECIPES * OWN
    assert tasks_of(demo(project)) & set(NINE) == {"pddl"}
    assert collected(demo(project, "-k", "not alfworld")) == plain
    assert collected(demo(project, "-k", "awq")) == [name for name in plain if ":awq" in name]
    away = collected(demo(project, "-m", "not real_world"))
    assert away == [name for name in plain if not name.endswith(":pddl")]
    neither = collected(demo(project, "-m", "not (diagnostic or real_world)"))
    diagnostic = (":compress", ":erank", ":top-k", ":energy", ":pddl-likelihood")
    assert neither == [name for name in away if not name.endswith(diagnostic)]


def test_the_header_says_what_is_offered_and_how_to_ask(project: Project) -> None:
    offered = project.run("suites", "--collect-only")
    assert "on demand, by -k with the name or -m with the capability: needle" in offered.output
    assert "on demand" not in project.run("suites", "--collect-only", "-m", "long_context").output


@pytest.mark.parametrize("workers", ["0", "2"])
def test_workers_play_the_same_matrix(project: Project, workers: str, tmp_path: Path) -> None:
    outcome = project.run(
        "suites", "-n", workers, "-m", "long_context", ACBENCH_STORE=str(tmp_path / "store")
    )
    assert set(outcome.cases) == {"tiny:base:needle", "tiny:same:needle"}, outcome.output
    assert set(outcome.results) == set(outcome.cases)  # judged, whatever so few samples decide


def test_a_family_of_tests_grows_by_what_is_demanded_and_by_nothing_else(
    project: Project, tmp_path: Path
) -> None:
    """The confidence of a case is corrected for the gated tasks beside it: one in a plain run, two with needle."""
    plain = Project(tmp_path / "plain", {"same": {}}, tasks=("pddl-likelihood",))
    name = "tiny:same:pddl-likelihood"

    def confidence(of: Project, *arguments: str) -> float:
        outcome = of.run("suites", *arguments, ACBENCH_STORE=str(of.root / "store"))
        assert outcome.cases[name] == "passed", outcome.output
        found: float = outcome.results[name]["primary"]["confidence"]
        return found

    assert confidence(project) == confidence(plain) == 0.95
    assert confidence(project, "-k", "not needle") == 0.95
    assert confidence(project, "-k", "needle or likelihood") == pytest.approx(0.975)
