"""AgentBoard's WebShop task: finding and buying what was asked for in a simulated shop."""

from acbench.tasks.webshop.samples import replay
from acbench.tasks.webshop.task import INFO, open_task
from acbench.tasks.webshop.upstream import row_data

__all__ = ["INFO", "open_task", "replay", "row_data"]
