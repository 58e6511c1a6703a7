"""BM25 ranking of short texts."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

K1, B = 0.9, 0.4
"""How fast repetition saturates, and how much length counts (specification, section 5.6)."""

_WORDS = """
a an and are as at be but by for from has have i if in into is it its me my no not of on or please
so some than that the their then there these they this to up want was will with would you
"""
STOP_WORDS = frozenset(_WORDS.split())
_WORD = re.compile(r"[a-z0-9]+")
_LONG_ENOUGH_TO_FOLD = 4


def terms(text: str) -> list[str]:
    """Lower-case words and numbers without stop words; a plural's "s" is dropped ("boots" finds "boot")."""
    return [_folded(word) for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


def _folded(word: str) -> str:
    plural = len(word) >= _LONG_ENOUGH_TO_FOLD and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


class Ranking:
    """An inverted index with the weight of every (term, text) settled beforehand.

    Weight = idf × f / (f + k1 (1 - b + b × length / mean length)), idf = ln(1 + (N - n + 0.5) / (n + 0.5)).
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(terms(text)) for text in texts]
        lengths = [count.total() for count in counted]
        mean = sum(lengths) / len(lengths) if lengths else 0.0
        found_in: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, count in enumerate(counted):
            for term, times in count.items():
                found_in[term].append((number, times))
        self._weights: dict[str, list[tuple[int, float]]] = {}
        for term, places in found_in.items():
            idf = math.log(1 + (len(texts) - len(places) + 0.5) / (len(places) + 0.5))
            self._weights[term] = [
                (number, idf * times / (times + K1 * (1 - B + B * lengths[number] / mean)))
                for number, times in places
            ]

    def scores(self, query: str) -> dict[int, float]:
        """Number of the text -> score, of all texts that share a term; a repeated term counts again."""
        scores: dict[int, float] = defaultdict(float)
        for term, times in Counter(terms(query)).items():
            for number, weight in self._weights.get(term, ()):
                scores[number] += times * weight
        return dict(scores)

    def best(self, query: str, most: int) -> list[int]:
        """Numbers of at most ``most`` texts, the best first; of equals the first text."""
        scores = self.scores(query)
        return sorted(scores, key=lambda number: (-scores[number], number))[:most]
