"""Scores of the published tables by benchmark, with copies, placeholders and suspect rows kept out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acbench.claims.published import Published, TableRow

T_EVAL, WORFBENCH, LONGBENCH = "T-Eval", "WorfBench", "LongBench"
LONGGENBENCH, AGENTBOARD, NEEDLE = "LongGenBench", "AgentBoard", "Needle-in-a-Haystack"
PAIRED_ABILITIES = ("Instruct", "Plan", "Reason", "Retrieve", "Understand")
FULL_PRECISION = ("FP16", "Base")
FOUR_BIT = ("AWQ", "GPTQ", "AWQ(INT4)", "GPTQ(INT4)", "GPTQ(W4)")
PRUNED = tuple(
    f"{method}({pattern})" for method in ("Mag", "Wanda", "SparseGPT") for pattern in ("Un", "2:4")
)
SUSPECT = (
    "suspect_half_score_row",
    "suspect_empty_generation_pattern",
    "row_truncated_alignment_assumed_left",
    "sentinel_not_a_score",
)
"""Flags of rows that hold no measurement one could compare with."""


def is_copy(row: TableRow) -> bool:
    """Whether a row repeats another one. Of a pair with the 16-bit row that one is the measurement."""
    return row.flag.startswith("identical_to_") and row.compression not in FULL_PRECISION


def overall(published: Published, model: str, compression: str, *, copies: bool = False) -> float | None:
    """T-Eval's printed overall (mean of eleven columns), points 0..100; None for copies unless asked for."""
    row = published.find(T_EVAL, model, compression)
    if row is None or (is_copy(row) and not copies):
        return None
    return row.values["Overall/overall_mean11"]


def ability(published: Published, model: str, compression: str, form: str) -> float | None:
    """Mean of the five abilities that exist as ``string`` and ``json``; None without a usable row."""
    row = published.find(T_EVAL, model, compression)
    if row is None or is_copy(row):
        return None
    return mean(row.values[f"{name}/score_{form}"] for name in PAIRED_ABILITIES)


def workflow(published: Published, model: str, compression: str) -> float | None:
    """WorfBench's average F1, share 0..1."""
    row = published.find(WORFBENCH, model, compression)
    return row.values["Average/f1"] if row else None


def agent(
    published: Published, model: str, compression: str, metric: str = "progress_rate_pct"
) -> float | None:
    """AgentBoard's mean over its five tasks, per cent. A row that is zero throughout is zero however it is read."""
    row = published.find(AGENTBOARD, model, compression)
    if row is None:
        return None
    if not any(row.values.values()):
        return 0.0
    return mean(value for name, value in row.values.items() if name.endswith(metric))


def longbench(published: Published, model: str, compression: str, task: str = "") -> float | None:
    """LongBench's mean over the 18 columns all tables share, or one column; None where row is suspect or cell blank."""
    row = published.find(LONGBENCH, model, compression)
    if row is None or row.flag in SUSPECT:
        return None
    if not task:
        return mean(value for name, value in row.values.items() if not name.startswith("RB-P/"))
    return next((value for name, value in row.values.items() if name.startswith(f"{task}/")), None)


def longgen(published: Published, model: str, compression: str, task: str) -> float | None:
    """LongGenBench accuracy of ``GSM8K`` or ``MMLU``, per cent."""
    row = published.find(LONGGENBENCH, model, compression)
    return row.values.get(f"{task}/accuracy") if row else None


def recall(published: Published, model: str, compression: str, band: str = "mean_le_32000") -> float | None:
    """Mean word recall of the needle heat map in a band of lengths, share 0..1."""
    row = published.find(NEEDLE, model, compression)
    return row.values[f"{band}/word_recall"] if row else None


def mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
