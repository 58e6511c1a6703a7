"""T-Eval: the eleven columns of the published table as tasks `t-eval-<column>`, and their scorer.

The embedded pack is made from our own tool catalogue (acbench.tasks.toolbox); a folder with the published files
takes its place. reason, retrieve and understand in json are three readings of one generation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.embeddings import Embedder
    from acbench.tasks.protocol import PredictionScorer, Task, TaskContext, TaskInfo

__all__ = ["open_scorer", "open_task", "task_info"]


def open_task(context: TaskContext, variant: str) -> Task:
    """Opens the task of one column (`plan_json`). Raises ConfigError for wrong settings."""
    from acbench.tasks.teval.task import ColumnTask

    return ColumnTask(context, variant)


def task_info(variant: str) -> TaskInfo:
    """What a column measures. Raises ConfigError for an unknown column."""
    from acbench.tasks.teval.info import info_of

    return info_of(variant)


def open_scorer(variant: str, *, mode: str, embedder: Callable[[], Embedder]) -> PredictionScorer:
    """The scorer of predictions for a column, in mode ``corrected`` or ``upstream``."""
    from acbench.tasks.teval.scorer import ColumnScorer

    return ColumnScorer(variant, mode, embedder)
