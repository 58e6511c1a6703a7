"""The `needle` task: a planted sentence must be given back out of a long unrelated text.

One sample is one cell of a grid of prompt lengths and depths. Own needles, own haystack prose and own
prompt; a user's folder can be the haystack instead. ``insertion.upstream_context`` rebuilds the contexts of
the older runners for comparison; the task itself does not use it.
"""

from acbench.tasks.needle.multi import MULTI_INFO, open_multi
from acbench.tasks.needle.scoring import open_scorer, score_prediction
from acbench.tasks.needle.task import INFO, open_task

__all__ = ["INFO", "MULTI_INFO", "open_multi", "open_scorer", "open_task", "score_prediction"]
