"""Scores of one reply, and the scorer of predictions made elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, DataError, did_you_mean
from acbench.tasks.protocol import Scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.protocol import Prediction

CORRECT, PARTIAL, WRONG, CUT, EMPTY = "correct", "partial", "wrong", "cut", "empty"
MODES = ("corrected", "upstream")

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_SECOND_HALF = re.compile(r"\bis (?:to )?(.+)", re.DOTALL)


def normalise(text: str) -> str:
    """Lower case, every run of non-alphanumeric characters as one blank, none at the ends."""
    return _NOT_ALPHANUMERIC.sub(" ", text.lower()).strip()


def keyword_recall(reply: str, keywords: Sequence[str]) -> float:
    """Share (0..1) of the keywords that stand in the reply; both are normalised."""
    text = normalise(reply)
    return sum(normalise(keyword) in text for keyword in keywords) / len(keywords)


def overlap(reply: str, expected: str) -> float:
    """Share (0..1) of the expected answer's distinct words in the reply: the older runners' heat-map score.

    Words are split at white space only, so stop words count and the last word carries its full stop.
    """
    wanted = set(expected.lower().split())
    return len(wanted & set(reply.lower().split())) / len(wanted)


def expected_answer(needle: str) -> str:
    """The needle's second half: what follows its first `is`; empty when there is none."""
    found = _SECOND_HALF.search(needle)
    return found.group(1).strip() if found else ""


def rouge1_x10(reply: str, needle: str) -> float:
    """10 x ROUGE-1 F1 (0..10) with stemming between the whole needle and the reply, 0 for an empty reply.

    The score that KVCache-Factory's runner stores. Raises ConfigError when rouge-score is not installed.
    """
    if not reply.strip():
        return 0.0
    return 10 * float(_rouge().score(needle, reply)["rouge1"].fmeasure)


@cache
def _rouge() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise ConfigError(
            "the needle test needs rouge-score; install ACBench with its extra: acbench[needle]"
        ) from error
    return RougeScorer(["rouge1"], use_stemmer=True)


def score_reply(reply: str, keywords: Sequence[str], expected: str, needle: str) -> dict[str, float]:
    """All metrics of a reply; ``overlap`` only with an expected answer."""
    recall = keyword_recall(reply, keywords)
    scores = {"keyword_recall": recall, "hit": float(recall == 1)}
    if expected:
        scores["overlap"] = overlap(reply, expected)
    return scores | {"rouge1_x10": rouge1_x10(reply, needle)}


def channel_of(reply: str, recall: float, *, cut: bool = False) -> str:
    """The one channel a reply belongs to; ``cut`` = it stopped at the token limit."""
    if recall == 1:
        return CORRECT
    if cut:
        return CUT
    if not reply.strip():
        return EMPTY
    return PARTIAL if recall else WRONG


class NeedleScorer:
    """Scorer of predictions made elsewhere. Raises ConfigError for an unknown mode."""

    def __init__(self, mode: str) -> None:
        if mode not in MODES:
            raise ConfigError(f"needle: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
        self._mode = mode

    def prepare(self, lines: Sequence[Prediction]) -> None:
        """Nothing is shared between lines."""

    def score(self, line: Prediction) -> Scored:
        return score_prediction(line, mode=self._mode)


def open_scorer(_variant: str, *, mode: str, embedder: object) -> NeedleScorer:
    """The scorer behind `acbench score needle`."""
    return NeedleScorer(mode)


def score_prediction(line: Prediction, *, mode: str) -> Scored:
    """Scores a reply made elsewhere: keyword_recall, hit, overlap and rouge1_x10.

    ``gold``: ``{"needle": str, "keywords": [str], "expected_answer": str}``; without the last one, overlap is
    against what follows the needle's first `is`, and is left out when the needle has none.
    ``mode`` `upstream` puts overlap first, `corrected` keyword_recall. Raises DataError naming a bad field.
    """
    needle, keywords, expected = _read_gold(line)
    scores = score_reply(line.prediction, keywords, expected, needle)
    if mode == "upstream":
        if "overlap" not in scores:
            raise _bad(
                line, "expected_answer", "mode upstream needs it: the needle has no ' is ' to split at"
            )
        scores = {"overlap": scores["overlap"], **scores}
    return Scored(line.id, scores, channel_of(line.prediction, scores["keyword_recall"]))


def _read_gold(line: Prediction) -> tuple[str, list[str], str]:
    gold = line.gold
    if not isinstance(gold, Mapping):
        raise DataError(f"needle: record {line.id!r}: gold must be an object, not {type(gold).__name__}")
    needle = _text(line, gold, "needle")
    keywords = gold.get("keywords")
    if not isinstance(keywords, list | tuple) or not keywords:
        raise _bad(line, "keywords", "must be a list with at least one keyword")
    if not all(isinstance(keyword, str) and normalise(keyword) for keyword in keywords):
        raise _bad(line, "keywords", "every keyword must be text with a letter or digit")
    given = gold.get("expected_answer") is not None
    expected = _text(line, gold, "expected_answer") if given else expected_answer(needle)
    return needle, list(keywords), expected


def _text(line: Prediction, gold: Mapping[str, Any], name: str) -> str:
    value = gold.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _bad(line, name, "must be text")
    return value


def _bad(line: Prediction, name: str, why: str) -> DataError:
    return DataError(f"needle: record {line.id!r}: gold field {name!r}: {why}")
