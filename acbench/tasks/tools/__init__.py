"""AgentBoard's tool tasks: Tool-Query (weather, movie, academia) and Tool-Operation (todo, sheet)."""

from acbench.tasks.tools.play import replay
from acbench.tasks.tools.task import open_task, task_info
from acbench.tasks.tools.upstream import row_data

__all__ = ["open_task", "replay", "row_data", "task_info"]
