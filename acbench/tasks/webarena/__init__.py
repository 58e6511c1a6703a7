"""AgentBoard's WebArena task: goals on six web sites that live in this process, through a browser's actions."""

from acbench.tasks.webarena.checking import check
from acbench.tasks.webarena.samples import replay
from acbench.tasks.webarena.task import INFO, open_task
from acbench.tasks.webarena.upstream import row_data

__all__ = ["INFO", "check", "open_task", "replay", "row_data"]
