"""The registry: every slug leads to code, every family is complete, the spellings of other sources are known."""

from __future__ import annotations

import pytest

from acbench.config import load_catalogue
from acbench.errors import ConfigError
from acbench.tasks.registry import ALIASES, LONGBENCH, SCORERS, T_EVAL, TASKS, open_scorer, task_info


@pytest.mark.parametrize("slug", TASKS)
def test_every_task_describes_itself_under_its_slug(slug: str) -> None:
    info = task_info(slug)
    entry = load_catalogue().tasks[slug]
    assert (info.slug, info.capability) == (slug, entry.capability)
    assert len({metric.name for metric in info.metrics}) == len(info.metrics)
    assert len(set(info.channels)) == len(info.channels)


def test_catalogue_and_registry_name_the_same_tasks() -> None:
    ready = {slug for slug, entry in load_catalogue().tasks.items() if not entry.planned}
    assert ready == set(TASKS)


def test_sizes_of_the_families() -> None:
    assert (len(T_EVAL), len(LONGBENCH)) == (11, 21)


@pytest.mark.parametrize("slug", SCORERS)
@pytest.mark.parametrize("mode", ["corrected", "upstream"])
def test_every_scorer_opens(slug: str, mode: str) -> None:
    def embedder() -> None:
        raise AssertionError("an embedding model is opened only when texts are compared")

    assert hasattr(open_scorer(slug, mode=mode, embedder=embedder), "score")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["longbench-passage_retrieval_en", "longbench-repobench_p", "t-eval-plan-string", "worfbench-seal_tools"],
)
def test_spellings_of_other_sources(name: str) -> None:
    assert ALIASES[name] in SCORERS


def test_tasks_that_need_an_environment_cannot_be_scored_from_text() -> None:
    with pytest.raises(ConfigError, match="cannot score single predictions"):
        open_scorer("pddl", mode="corrected", embedder=None)  # type: ignore[arg-type]
