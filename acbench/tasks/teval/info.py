"""What every column's task tells about itself."""

from __future__ import annotations

from acbench.tasks.protocol import TOO_LONG, Metric, TaskInfo
from acbench.tasks.single import GOLD_LOGLIK
from acbench.tasks.teval.columns import CAPABILITY, VERSION, Column, column_of
from acbench.tasks.teval.marks import CUT, UNPARSED

CORRECT, PARTIAL, WRONG = "correct", "partial", "wrong"
CHANNELS = (CORRECT, PARTIAL, WRONG, CUT, UNPARSED, TOO_LONG)
"""A partition, asked in this order: ``correct`` by the column's value; else ``cut`` when generation stopped at the
token limit; else ``unparsed``; else ``partial`` when something is right, and ``wrong``. Whether an answer was
repaired is a matter of its own and stands in the details."""
THOUGHT_CORRECT, THOUGHT_PARTIAL = 0.8, 0.4
"""A cosine is hardly ever 1: from these on a thought counts as correct and as partly correct."""
TITLES = {
    "instruct": "Format and arguments",
    "format": "Format",
    "args": "Arguments",
    "f1": "Plan F1",
    "precision": "Plan precision",
    "recall": "Plan recall",
    "plan_partial_order": "Plan F1, independent calls in any order",
    "thought": "Similarity of the thought",
    "name": "Tool name",
    "quality": "Choice",
    "parse_rate": "Answers that could be read",
}


def info_of(variant: str) -> TaskInfo:
    """The TaskInfo of a column; ConfigError for an unknown one."""
    column = column_of(variant)
    names = (column.value, *column.parts, "parse_rate")
    metrics = [Metric(name, TITLES[name], binary=_binary(column, name)) for name in names]
    published = Metric(
        f"{column.value}_upstream", f"{TITLES[column.value]} (published scorer)", binary=column.binary
    )
    return TaskInfo(
        slug=column.slug,
        title=f"T-Eval: {column.title}",
        capability=CAPABILITY,
        version=VERSION,
        metrics=(*metrics, published, GOLD_LOGLIK),
        channels=CHANNELS,
        generation=column.generation,
    )


def channel_of(column: Column, value: float, *, parsed: bool, cut: bool) -> str:
    """The one channel of an answer, from the column's value (0..1)."""
    cosine = column.value == "thought"
    if value >= (THOUGHT_CORRECT if cosine else 1 - 1e-4):
        return CORRECT
    if cut:
        return CUT
    if not parsed:
        return UNPARSED
    return PARTIAL if value >= (THOUGHT_PARTIAL if cosine else 1e-9) else WRONG


def _binary(column: Column, name: str) -> bool:
    return name in ("parse_rate", "format", "name") or (column.binary and name == column.value)
