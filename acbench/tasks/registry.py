"""Tasks by slug. Importing this loads no task; a task's module is imported when it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from acbench.tasks.protocol import PredictionScorer, Task, TaskContext, TaskInfo


@dataclass(frozen=True, slots=True)
class Entry:
    """``module`` has the named factory ``(TaskContext) -> Task``, a TaskInfo and, where there is one, a scorer."""

    module: str
    factory: str = "open_task"
    info: str = "INFO"
    scorer: str = ""


TASKS: dict[str, Entry] = {
    "needle": Entry("acbench.tasks.needle", scorer="score_prediction"),
    "pddl": Entry("acbench.tasks.pddl"),
    "pddl-likelihood": Entry("acbench.tasks.pddl", factory="open_likelihood", info="LIKELIHOOD_INFO"),
}


def register(slug: str, entry: Entry) -> None:
    """Adds a task from outside (hook ``pytest_acbench_tasks``)."""
    TASKS[slug] = entry


def _entry(slug: str) -> Entry:
    if slug not in TASKS:
        raise ConfigError(f"unknown task {slug!r}; {did_you_mean(slug, TASKS)}")
    return TASKS[slug]


def open_task(slug: str, context: TaskContext) -> Task:
    entry = _entry(slug)
    task: Task = getattr(import_module(entry.module), entry.factory)(context)
    return task


def task_info(slug: str) -> TaskInfo:
    entry = _entry(slug)
    info: TaskInfo = getattr(import_module(entry.module), entry.info)
    return info


def prediction_scorer(slug: str) -> PredictionScorer:
    """The scorer of predictions made elsewhere; ConfigError for tasks that cannot be scored from text alone."""
    entry = _entry(slug)
    if not entry.scorer:
        able = [name for name, known in TASKS.items() if known.scorer]
        raise ConfigError(f"task {slug!r} cannot score single predictions; {did_you_mean(slug, able)}")
    scorer: PredictionScorer = getattr(import_module(entry.module), entry.scorer)
    return scorer
