"""Scores answers that were made elsewhere (`acbench score longbench-<set>`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.longbench.info import SCORE, channel_of
from acbench.tasks.longbench.metrics import TARGET, score_answer, target_number
from acbench.tasks.longbench.modes import check_mode
from acbench.tasks.longbench.requirements import require_libraries
from acbench.tasks.longbench.sets import set_of
from acbench.tasks.protocol import Scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.longbench.sets import LongBenchSet
    from acbench.tasks.protocol import Prediction


class LongBenchScorer:
    """Scores one line at a time and keeps none.

    ``gold``: ``{"answers": [text], "all_classes": [text] or null}``. ``mode``: see ``modes``; `upstream` gives
    the published scorer's value before the mean and its rounding.
    """

    def __init__(self, variant: str, mode: str) -> None:
        self._set = set_of(variant)
        self._mode = check_mode(mode)
        require_libraries(self._set)

    def prepare(self, lines: Sequence[Prediction]) -> None:
        """Nothing is done in batches here."""

    def score(self, line: Prediction) -> Scored:
        """``{"score": 0..1}``. Raises DataError naming the field when ``gold`` is malformed."""
        where = f"{self._set.slug}: record {line.id!r}"
        if not isinstance(line.gold, Mapping):
            raise DataError(f"{where}: gold must be an object, not {type(line.gold).__name__}")
        answers, classes = read_gold(self._set, line.gold, where)
        score = score_answer(self._set, line.prediction, answers, classes, self._mode)
        return Scored(line.id, {SCORE: score}, channel_of(line.prediction, score))


def read_gold(
    which: LongBenchSet, record: Mapping[str, Any], where: str
) -> tuple[list[str], list[str] | None]:
    """The references and labels of a record. Raises DataError that begins with ``where``."""
    if "answers" not in record:
        raise DataError(f"{where}: field 'answers' is missing")
    answers = text_list(record["answers"], "answers", where)
    classes = record.get("all_classes")
    labels = None if classes is None else text_list(classes, "all_classes", where)
    if which.metric == "classification" and not labels:
        raise DataError(f"{where}: field 'all_classes' must list the labels of {which.name}")
    if which.metric in TARGET:
        for answer in answers:
            if target_number(which.metric, answer) is None:
                raise DataError(f"{where}: field 'answers': {answer!r} names no paragraph by number")
    return answers, labels


def text_list(value: Any, field: str, where: str) -> list[str]:
    """Gives a list of texts back. Raises DataError when it is something else."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise DataError(f"{where}: field {field!r} must be a list of texts")
    return list(value)
