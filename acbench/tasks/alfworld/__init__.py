"""AgentBoard's AlfWorld task: household goals in text worlds of the packages ``alfworld`` and ``textworld``."""

from acbench.tasks.alfworld.samples import replay, row_data
from acbench.tasks.alfworld.task import INFO, open_task

__all__ = ["INFO", "open_task", "replay", "row_data"]
