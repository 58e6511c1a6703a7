"""``acbench score agent-web``: what recorded pages and answers are worth, by the scores of the web task.

``gold`` is a record as ``acbench.tasks.webarena.checking`` describes it, without the field that comes from the
agent; ``prediction`` is that field: ``current`` of a url, ``answer`` of a string, ``text`` of content, page and
action, the final ``answer`` of a trajectory. Records of kind mix and summary, and content with ``texts``, hold all they
need: their prediction is empty. The mode is the command's unless the record has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.protocol import Scored
from acbench.tasks.webarena.checking import check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.embeddings import Embedder
    from acbench.tasks.protocol import Prediction

FIELDS: Mapping[str, str] = {
    "url": "current",
    "string": "answer",
    "content": "text",
    "page": "text",
    "action": "text",
}
"""The field that a prediction is, by the kind of record."""
COMPLETE = ("mix", "summary")
"""Kinds that take nothing from the agent beside the record, as content does when it has ``texts``."""


def open_scorer(_variant: str, *, mode: str, embedder: Callable[[], Embedder]) -> WebScorer:
    """The scorer of web records; it compares no texts by meaning."""
    return WebScorer(mode)


class WebScorer:
    def __init__(self, mode: str) -> None:
        self._mode = mode

    def prepare(self, lines: Sequence[Prediction]) -> None:
        """Nothing to prepare: lines do not depend on each other."""

    def score(self, line: Prediction) -> Scored:
        """The numbers of ``check`` are scores, everything else it finds stands beside them.

        Outcome: success or failure where there is one, else scored, or unparsed for an action that is none.
        Raises DataError naming kind and field.
        """
        found = check(record_of(line, self._mode))
        scores = {
            name: _number(value) for name, value in found.items() if isinstance(value, bool | int | float)
        }
        rest = {name: value for name, value in found.items() if name not in scores}
        outcome = "unparsed" if found.get("error") else "scored"
        if isinstance(found.get("success"), bool):
            outcome = "success" if found["success"] else "failure"
        return Scored(line.id, scores, outcome, rest)


def record_of(line: Prediction, mode: str) -> dict[str, Any]:
    """The record with the prediction in its place. Raises DataError."""
    if not isinstance(line.gold, dict):
        raise DataError("field 'gold' must be a web record, an object with 'kind'")
    record = {"mode": mode, **line.gold}
    kind = record.get("kind")
    if kind in COMPLETE or (kind == "content" and "texts" in record):
        if line.prediction:
            raise DataError(f"a web record of kind {kind!r} takes no prediction: leave it empty")
        return record
    if kind == "trajectory":
        final = record.get("final")
        if not isinstance(final, dict):
            raise DataError("web record of kind 'trajectory': field 'final' must be an object")
        return {**record, "final": {**final, "answer": line.prediction}}
    return {**record, FIELDS.get(str(kind), "text"): line.prediction}


def _number(value: float) -> float:
    return int(value) if isinstance(value, bool) else value
