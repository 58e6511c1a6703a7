"""The nine `worfbench-…` tasks: a task and what may be used for it in, a graph of sub-tasks out.

Own records, or a folder with the published ones; chain and graph score in the corrected or the published way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.embeddings import Embedder
    from acbench.tasks.protocol import PredictionScorer, Task, TaskContext, TaskInfo


def open_task(context: TaskContext, variant: str) -> Task:
    """Opens one of the nine. Raises ConfigError for wrong settings; data is read when samples are asked for."""
    from acbench.tasks.worfbench.task import WorkflowTask

    return WorkflowTask(context, variant)


def task_info(variant: str) -> TaskInfo:
    from acbench.tasks.worfbench.task import info_of

    return info_of(variant)


def open_scorer(variant: str, *, mode: str, embedder: Callable[[], Embedder]) -> PredictionScorer:
    """The scorer of predictions made elsewhere; it is the same for all nine and for ``variant`` = "" (any)."""
    from acbench.tasks.worfbench.scoring import WorkflowScorer

    del variant
    return WorkflowScorer(mode, embedder)
