"""Scores predictions made elsewhere, for `acbench score t-eval-<column>`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.errors import DataError
from acbench.tasks.protocol import Scored
from acbench.tasks.teval.columns import column_of
from acbench.tasks.teval.judging import judge, texts
from acbench.tasks.teval.marks import check_mode
from acbench.tasks.teval.records import read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.embeddings import Embedder
    from acbench.tasks.protocol import Prediction
    from acbench.tasks.teval.records import Record


class ColumnScorer:
    """``gold`` of a line is the upstream record (``origin_prompt`` may be absent), ``prediction`` the raw text.

    Instruct and plan records are read in the format they state themselves.
    """

    def __init__(self, variant: str, mode: str, embedder: Callable[[], Embedder]) -> None:
        self._column = column_of(variant)
        self._mode = check_mode(mode)
        self._embedder = embedder

    def prepare(self, lines: Sequence[Prediction]) -> None:
        """Embeds the texts of all lines in one batch; malformed lines are left to ``score``."""
        if not self._column.embeds:
            return
        wanted: list[str] = []
        for line in lines:
            try:
                wanted += texts(self._read(line), line.prediction, self._mode)
            except DataError:
                continue
        if wanted:
            self._embedder().encode(list(dict.fromkeys(wanted)))

    def score(self, line: Prediction) -> Scored:
        """The published scorer's metrics. Raises DataError naming record and field of a malformed gold."""
        marks = judge(self._read(line), line.prediction, self._mode, self._embedder)
        return Scored(line.id, dict(marks.scores), marks.outcome)

    def _read(self, line: Prediction) -> Record:
        if not isinstance(line.prediction, str):
            raise DataError(f"t-eval: record {line.id!r}: the prediction must be text")
        return read_record(line.id, line.gold, self._column.kind, self._column.format, with_prompt=False)
