"""LongGenBench: K independent questions in one prompt, all to be answered in one long reply.

Three forms: ``gsm8k`` (numbers), ``mmlu`` and ``csqa`` (letters). Embedded questions are our own; a user's folder
may hold the raw sets, which are packed here, or prompts that are packed already. Paper: Liu et al.,
"LongGenBench" (2024); the published scores follow SCOPE's port of it.
"""

from acbench.tasks.longgenbench.prediction import open_scorer
from acbench.tasks.longgenbench.task import open_task, task_info

__all__ = ["open_scorer", "open_task", "task_info"]
