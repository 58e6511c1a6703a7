"""AgentBoard's Jericho task: text adventures on the Z-machine of the package ``jericho``."""

from acbench.tasks.jericho.samples import replay
from acbench.tasks.jericho.task import INFO, open_task
from acbench.tasks.jericho.upstream import row_data

__all__ = ["INFO", "open_task", "replay", "row_data"]
