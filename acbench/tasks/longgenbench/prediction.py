"""The scorer of replies made elsewhere: `acbench score longgenbench-<form>`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, DataError, did_you_mean
from acbench.tasks.longgenbench.aligned import align, reference
from acbench.tasks.longgenbench.forms import form_of
from acbench.tasks.longgenbench.outcomes import outcome_of, without_thought
from acbench.tasks.longgenbench.published import published_accuracy
from acbench.tasks.protocol import Scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.protocol import Prediction

MODES = ("corrected", "upstream")
_HEADER = re.compile(r"^Question_([0-9]{1,9}):", re.MULTILINE)


class Scorer:
    """``gold`` is a packed record: ``answers``, and ``prompt`` for the number of the first question.

    ``corrected``: accuracy, accuracy_lenient, completion, parsed. ``upstream``: accuracy of the published scorer.
    All are shares (0..1).
    """

    def __init__(self, variant: str, mode: str) -> None:
        if mode not in MODES:
            raise ConfigError(f"longgenbench: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
        self._form = form_of(variant)
        self._mode = mode

    def prepare(self, lines: Sequence[Prediction]) -> None:
        """Nothing is shared between lines."""

    def score(self, line: Prediction) -> Scored:
        answers, first = self._gold(line)
        letters = self._form.letters
        reply = line.prediction
        if self._mode == "upstream":
            scores = {"accuracy": published_accuracy(reply, answers, letters=letters)}
            return Scored(
                line.id, scores, outcome_of(reply, align(reply, answers, first=first, letters=letters))
            )
        reply = without_thought(reply)
        found = align(reply, answers, first=first, letters=letters)
        scores = {
            "accuracy": found.accuracy,
            "accuracy_lenient": found.accuracy_lenient,
            "completion": found.completion,
            "parsed": found.parsed_share,
        }
        return Scored(line.id, scores, outcome_of(reply, found))

    def _gold(self, line: Prediction) -> tuple[list[str], int]:
        if not isinstance(line.gold, Mapping):
            raise DataError(
                f"record {line.id!r}: gold must be the packed record, not {type(line.gold).__name__}"
            )
        answers = read_answers(
            line.gold.get("answers"), f"record {line.id!r}: gold", letters=self._form.letters
        )
        prompt = line.gold.get("prompt", "")
        if not isinstance(prompt, str):
            raise DataError(f"record {line.id!r}: gold field 'prompt' must be text")
        return answers, first_number(prompt, len(answers), self._form.first)


def read_answers(answers: object, where: str, *, letters: bool) -> list[str]:
    """The checked references of a packed record. Raises DataError naming the entry."""
    if not isinstance(answers, list) or not answers:
        raise DataError(f"{where} field 'answers' must be a list with at least one reference")
    for position, answer in enumerate(answers):
        if not isinstance(answer, str):
            raise DataError(f"{where} field 'answers'[{position}] must be text, not {type(answer).__name__}")
        try:
            reference(answer, letters=letters)
        except ValueError as error:
            raise DataError(f"{where} field 'answers'[{position}]: {error}") from error
    return answers


def first_number(prompt: str, count: int, default: int) -> int:
    """Number of the first of ``count`` questions: the prompt's last headers, ``default`` without a prompt."""
    numbers = [int(number) for number in _HEADER.findall(prompt)]
    return numbers[-count] if len(numbers) >= count else default


def open_scorer(variant: str, *, mode: str, embedder: object) -> Scorer:
    """The scorer of one form. Raises ConfigError for an unknown form or mode."""
    return Scorer(variant, mode)
