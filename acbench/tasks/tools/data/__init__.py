"""The embedded packs of the tool tasks: questions drawn with a seed, answers computed, plans replayed."""

from acbench.tasks.tools.data.drafts import LEVELS, Generated
from acbench.tasks.tools.data.drawing import generate

__all__ = ["LEVELS", "Generated", "generate"]
