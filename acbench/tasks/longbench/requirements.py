"""Libraries that only some sets need; asked for when a set is opened, not when its first answer is scored."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from acbench.errors import ConfigError

if TYPE_CHECKING:
    from acbench.tasks.longbench.sets import LongBenchSet

LIBRARIES = {"qa_f1_zh": "jieba", "rouge_zh": "jieba", "code": "rapidfuzz"}
"""By metric."""


def require_libraries(which: LongBenchSet) -> None:
    """Raises ConfigError when the set's metric needs a library that is not installed."""
    library = LIBRARIES.get(which.metric)
    if library is not None and find_spec(library) is None:
        raise ConfigError(
            f"LongBench {which.name} is scored with {library}, which is not installed; "
            "install ACBench with its extra: acbench[longbench]"
        )
