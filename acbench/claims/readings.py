"""Pieces of what the published tables give: relative changes against the 16-bit row, and where they point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.claims.findings import Figure
from acbench.claims.formats import figure as shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.claims.findings import Standing
    from acbench.claims.published import Published

    Score = Callable[[Published, str, str], float | None]

BILLIONS = {"Qwen2.5-7B": 7.6, "Qwen2.5-14B": 14.8, "Qwen2.5-32B": 32.8}
DISTILLED = (
    "DeepSeek-R1-Distill-Qwen-7B",
    "DeepSeek-R1-Distill-Qwen-1.5B",
    "DeepSeek-R1-Distill-Llama-8B",
)


def standing(supporting: int, of: int) -> Standing:
    """By how many of the printed numbers agree with the claim."""
    if of == 0:
        return "cannot say"
    return "support" if supporting == of else "contradict" if supporting == 0 else "mixed"


def relative_changes(
    published: Published, benchmark: str, base_name: str, score: Score, compressions: Sequence[str]
) -> list[Figure]:
    """Relative changes against the same model's 16-bit row, models in the order of the table."""
    found = []
    for model in published.models(benchmark):
        base = score(published, model, base_name)
        for compression in published.compressions(benchmark, model):
            value = score(published, model, compression) if compression in compressions else None
            if base and value is not None:
                found.append(Figure(f"{model} {compression}", value / base - 1, "share"))
    return found


def listed(figures: Sequence[Figure]) -> str:
    return "; ".join(f"{f.label} {shown(f)}" for f in figures if not f.left_out)
