"""AgentBoard's PDDL task: planning problems played in a text world, and its likelihood twin."""

from acbench.tasks.pddl.likelihood import LIKELIHOOD_INFO, open_likelihood
from acbench.tasks.pddl.samples import replay
from acbench.tasks.pddl.task import INFO, open_task

__all__ = ["INFO", "LIKELIHOOD_INFO", "open_likelihood", "open_task", "replay"]
