"""Scores: which references the answer names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, DataError, did_you_mean
from acbench.tasks.protocol import Scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.protocol import Prediction

CORRECT, PARTIAL, WRONG, CUT, EMPTY = "correct", "partial", "wrong", "cut", "empty"
MODES = ("corrected", "upstream")


def substring_recall(reply: str, references: Sequence[str]) -> float:
    """The published score: share (0..1) of the references that stand anywhere in the reply, whatever the case."""
    text = reply.lower()
    return sum(reference.lower() in text for reference in references) / len(references)


def strict_recall(reply: str, references: Sequence[str]) -> float:
    """As the published score, but a reference must not be part of a longer word or number."""
    found = (
        re.search(rf"(?<![0-9A-Za-z]){re.escape(reference)}(?![0-9A-Za-z])", reply, re.IGNORECASE)
        for reference in references
    )
    return sum(match is not None for match in found) / len(references)


def channel_of(reply: str, recall: float, *, cut: bool = False) -> str:
    """The one outcome of a reply. An answer that names everything counts, even when it was cut after that."""
    if recall == 1:
        return CORRECT
    if not reply.strip():
        return EMPTY
    if recall:
        return PARTIAL
    return CUT if cut else WRONG


class Scorer:
    """``gold``: ``{"references": [text, ...]}``. Mode upstream counts substrings, corrected whole words.

    Raises ConfigError for an unknown mode.
    """

    def __init__(self, mode: str) -> None:
        if mode not in MODES:
            raise ConfigError(f"ruler: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
        self._mode = mode

    def prepare(self, lines: Sequence[Prediction]) -> None:
        """Nothing is shared between lines."""

    def score(self, line: Prediction) -> Scored:
        references = line.gold.get("references") if isinstance(line.gold, Mapping) else None
        if (
            not isinstance(references, list)
            or not references
            or not all(isinstance(r, str) and r for r in references)
        ):
            raise DataError(f"record {line.id!r}: gold field 'references' must be a list of texts")
        strict, loose = (
            strict_recall(line.prediction, references),
            substring_recall(line.prediction, references),
        )
        recall = loose if self._mode == "upstream" else strict
        scores = {"recall": recall, "all_found": float(recall == 1)}
        return Scored(line.id, scores, channel_of(line.prediction, recall))


def open_scorer(_variant: str, *, mode: str, embedder: object) -> Scorer:
    """The scorer behind `acbench score ruler-<kind>`."""
    return Scorer(mode)
