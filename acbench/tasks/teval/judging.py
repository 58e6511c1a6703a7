"""One way into all scorers: by the kind of the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.teval import instruct, joint, plan, strings
from acbench.tasks.teval.cleaning import clean
from acbench.tasks.teval.similarity import embeddable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from acbench.embeddings import Embedder
    from acbench.tasks.teval.columns import Column
    from acbench.tasks.teval.marks import Marks
    from acbench.tasks.teval.records import Record

METRICS = {"quality": "review_quality", "f1": "f1_score"}
"""Our short names -> the published scorer's."""


def judge(record: Record, answer: str, mode: str, embedder: Callable[[], Embedder]) -> Marks:
    """Scores a raw answer. Never raises because of the answer, whatever it is."""
    upstream = mode == "upstream"
    text = clean(answer, upstream=upstream)
    match record.kind:
        case "instruct":
            return instruct.score(record, text, upstream=upstream)
        case "plan":
            return plan.score(record, text, embedder(), upstream=upstream)
        case "joint":
            return joint.score(record, text, embedder(), upstream=upstream)
        case "reason":
            return strings.score_reason(record, text, embedder(), upstream=upstream)
        case "retrieve":
            return strings.score_retrieve(record, text, upstream=upstream)
        case "understand":
            return strings.score_understand(record, text, upstream=upstream)
        case _:
            return strings.score_review(record, text, upstream=upstream)


def texts(record: Record, answer: str, mode: str) -> list[str]:
    """All texts that judging this answer embeds, so that a run's texts go to the model in one batch."""
    return [embeddable(text) for text in _texts(record, answer, mode)]


def _texts(record: Record, answer: str, mode: str) -> list[str]:
    upstream = mode == "upstream"
    text = clean(answer, upstream=upstream)
    match record.kind:
        case "plan":
            return plan.texts(record, text, upstream=upstream)
        case "joint":
            return joint.texts(record, text, upstream=upstream)
        case "reason":
            return [text, record.gold["thought"]]
        case _:
            return []


def gold_text(record: Record) -> str:
    """The gold answer in the layout that the prompt asks for."""
    match record.kind:
        case "instruct":
            return instruct.gold_text(record)
        case "plan":
            return plan.gold_text(record)
        case "joint":
            return joint.gold_text(record)
        case "reason":
            return str(record.gold["thought"])
        case "retrieve":
            return str(record.gold["name"])
        case "understand":
            return str(record.gold["args"])
        case _:
            return f"Answer: {record.gold['answer']}"


def column_scores(column: Column, record: Record, scores: Mapping[str, float]) -> dict[str, float]:
    """The scores under the short names of a task: the column's value first, then its parts and parse_rate."""
    if column.kind == "instruct":
        layout, args = (scores[f"{record.format}_{name}_metric"] for name in ("format", "args_em"))
        return {"instruct": (layout + args) / 2, "format": layout, "args": args, "parse_rate": layout}
    wanted = (column.value, *column.parts, "parse_rate")
    named = {name: scores.get(METRICS.get(name, name)) for name in wanted}
    return {name: value for name, value in named.items() if value is not None}
