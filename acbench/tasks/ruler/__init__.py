"""Generated long-context probes in the manner of RULER (Hsieh et al., 2024), with own texts and wording.

Retrieval with several keys, values and queries, variable tracking and word counting: eleven kinds that need no
download. Lengths are prompt plus answer in tokens of the model; everything follows from a seed.
"""

from acbench.tasks.ruler.scoring import open_scorer
from acbench.tasks.ruler.task import open_task, task_info

__all__ = ["open_scorer", "open_task", "task_info"]
