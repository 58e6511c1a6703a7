"""LongBench v1: 21 sets of long contexts in English, Chinese and code.

One task per set. Real records are read from a folder of the user; without one, an embedded pack with records
of the same 21 kinds is generated. Importing this package loads no tokenizer, no segmenter and no data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.embeddings import Embedder
    from acbench.tasks.protocol import PredictionScorer, Task, TaskContext, TaskInfo

__all__ = ["open_scorer", "open_task", "task_info"]


def open_task(context: TaskContext, variant: str) -> Task:
    """Opens one set, by its name with underscores. Raises ConfigError for wrong settings."""
    from acbench.tasks.longbench.task import LongBenchTask

    return LongBenchTask(context, variant)


def task_info(variant: str) -> TaskInfo:
    """What is known about a set before it is opened; likelihood is on, as it is for the embedded pack."""
    from acbench.tasks.longbench.info import set_info

    return set_info(variant, likelihood=True)


def open_scorer(variant: str, *, mode: str, embedder: Callable[[], Embedder]) -> PredictionScorer:
    """The scorer of answers made elsewhere; it compares no texts by meaning, so ``embedder`` is unused."""
    from acbench.tasks.longbench.scoring import LongBenchScorer

    del embedder
    return LongBenchScorer(variant, mode)
