"""Hooks of ACBench: the extension points for tasks, recipes, verdicts and sinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.cases import Case, ModelSpec, Recipe, TaskEntry
    from acbench.records import CaseResult
    from acbench.tasks.registry import Entry


@pytest.hookspec
def pytest_acbench_models(config: pytest.Config) -> Mapping[str, ModelSpec] | None:
    """Models to add to the catalogue, by slug. Called once, before the matrix is built."""


@pytest.hookspec
def pytest_acbench_compressions(config: pytest.Config) -> Mapping[str, Recipe] | None:
    """Recipes to add to the catalogue, by slug."""


@pytest.hookspec
def pytest_acbench_tasks(config: pytest.Config) -> Mapping[str, tuple[TaskEntry, Entry]] | None:
    """Tasks to add, by slug: the catalogue entry and where the code is."""


@pytest.hookspec(firstresult=True)
def pytest_acbench_verdict(config: pytest.Config, case: Case, result: CaseResult) -> CaseResult | None:
    """Replaces the result of a case before it is reported; the first answer that is not None wins."""


@pytest.hookspec
def pytest_acbench_result(config: pytest.Config, item: pytest.Item, result: CaseResult) -> None:
    """A case was judged. Called in the process and during the call phase of its test."""


@pytest.hookspec(firstresult=True)
def pytest_acbench_environment(config: pytest.Config) -> Mapping[str, str] | None:
    """Facts for the report's environment page."""


@pytest.hookspec
def pytest_acbench_finished(config: pytest.Config, results: list[CaseResult], run_dir: Any) -> None:
    """All cases of the session are judged. Called once, in the controller."""
