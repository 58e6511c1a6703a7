"""What a set measures and which outcomes an answer can have."""

from __future__ import annotations

from acbench.tasks.longbench.sets import set_of
from acbench.tasks.protocol import TOO_LONG, Metric, TaskInfo
from acbench.tasks.single import GOLD_LOGLIK

VERSION = 1
SCORE, SCORE_UPSTREAM = "score", "score_upstream"
FULL, PARTIAL, ZERO, EMPTY, CUT = "full", "partial", "zero", "empty", "cut"
CHANNELS = (FULL, PARTIAL, ZERO, EMPTY, CUT, TOO_LONG)
NEARLY_ONE = 1 - 1e-6
"""ROUGE-L of equal texts stays below 1 by its epsilon."""

TITLES = {
    "qa_f1": "Word F1",
    "qa_f1_zh": "Word F1 (Chinese)",
    "rouge": "ROUGE-L",
    "rouge_zh": "ROUGE-L (Chinese)",
    "classification": "Label found",
    "count": "Right count",
    "retrieval": "Right paragraph",
    "retrieval_zh": "Right paragraph",
    "code": "Code similarity",
}


def set_info(variant: str, *, likelihood: bool) -> TaskInfo:
    """The set's TaskInfo. Raises ConfigError for an unknown set.

    ``score`` is in the task's mode, ``score_upstream`` is always the published scorer's (see ``modes``).
    """
    found = set_of(variant)
    title = TITLES[found.metric]
    metrics = (Metric(SCORE, title), Metric(SCORE_UPSTREAM, f"{title}, published scorer"))
    return TaskInfo(
        slug=found.slug,
        title=f"LongBench {found.name}",
        capability="long_context",
        version=VERSION,
        metrics=(*metrics, GOLD_LOGLIK) if likelihood else metrics,
        channels=CHANNELS,
    )


def channel_of(text: str, score: float, *, cut: bool = False) -> str:
    """The one outcome of an answer; ``cut`` = it reached the token limit inside the part that is scored."""
    if score >= NEARLY_ONE:
        return FULL
    if cut:
        return CUT
    if not text.strip():
        return EMPTY
    return PARTIAL if score > 0 else ZERO
