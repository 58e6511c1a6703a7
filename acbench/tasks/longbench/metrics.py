"""From an answer and its references to a score (specification, sections 5.0 and 5.4 to 5.6)."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

from acbench.tasks.longbench.f1 import qa_f1, qa_f1_zh
from acbench.tasks.longbench.modes import code_line, first_line, plain_digits
from acbench.tasks.longbench.rouge import rouge_l, rouge_l_zh

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.tasks.longbench.sets import LongBenchSet

PAIRWISE: dict[str, Callable[[str, str], float]] = {
    "qa_f1": qa_f1,
    "qa_f1_zh": qa_f1_zh,
    "rouge": rouge_l,
    "rouge_zh": rouge_l_zh,
}
TARGET = {"retrieval": re.compile(r"Paragraph (\d+)"), "retrieval_zh": re.compile(r"段落(\d+)")}
_NUMBER = re.compile(r"\d+")


def score_answer(
    which: LongBenchSet, prediction: str, answers: Sequence[str], classes: Sequence[str] | None, mode: str
) -> float:
    """The score (0..1) of one answer: the best over all references, 0 without any.

    ``classes``: the labels, for the classification sets. References of the retrieval sets must hold a target
    (``target_number``); they are checked where records are read.
    """
    text = plain_digits(scored_part(which, prediction, mode), mode)
    labels = [plain_digits(label, mode) for label in classes or ()]
    references = [plain_digits(answer, mode) for answer in answers]
    return max((_score(which.metric, text, reference, labels) for reference in references), default=0.0)


def scored_part(which: LongBenchSet, prediction: str, mode: str) -> str:
    """The part of an answer that is scored: its first line, its first line of code, or all of it."""
    if which.first_line:
        return first_line(prediction, mode)
    return code_line(prediction, mode) if which.metric == "code" else prediction


def _score(metric: str, prediction: str, reference: str, labels: Sequence[str]) -> float:
    if metric in PAIRWISE:
        return PAIRWISE[metric](prediction, reference)
    if metric == "classification":
        return label_score(prediction, reference, labels)
    if metric == "code":
        return similarity(prediction, reference) / 100
    return number_share(prediction, target_number(metric, reference) or "")


def label_score(prediction: str, reference: str, labels: Sequence[str]) -> float:
    """1/n when the reference is among the n labels found; labels inside the reference do not count."""
    found = [
        label for label in labels if label in prediction and not (label in reference and label != reference)
    ]
    return 1 / len(found) if reference in found else 0.0


def target_number(metric: str, reference: str) -> str | None:
    """The number that the retrieval and count sets ask for; None when the reference names none."""
    if metric == "count":
        return reference
    found = TARGET[metric].search(reference)
    return found.group(1) if found else None


def number_share(prediction: str, target: str) -> float:
    """Share (0..1) of the prediction's numbers that equal the target as text; 0 without any number."""
    numbers = _NUMBER.findall(prediction)
    return numbers.count(target) / len(numbers) if numbers else 0.0


def similarity(line: str, reference: str) -> int:
    """Similarity (0..100, a whole number) by insertions and deletions; indentation counts."""
    if line == reference:
        return 100
    if not line or not reference:
        return 0
    return round(float(import_module("rapidfuzz.fuzz").ratio(line, reference)))
