"""AgentBoard's BabyAI task: instructions followed by text commands in the grid worlds of ``minigrid``."""

from acbench.tasks.babyai.samples import replay
from acbench.tasks.babyai.task import INFO, open_task
from acbench.tasks.babyai.upstream import row_data

__all__ = ["INFO", "open_task", "replay", "row_data"]
