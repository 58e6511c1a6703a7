"""AgentBoard's ScienceWorld task: experiments in the text worlds of the package ``scienceworld`` (Java)."""

from acbench.tasks.scienceworld.samples import replay
from acbench.tasks.scienceworld.task import INFO, open_task
from acbench.tasks.scienceworld.upstream import row_data

__all__ = ["INFO", "open_task", "replay", "row_data"]
