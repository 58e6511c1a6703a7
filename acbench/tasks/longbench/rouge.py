"""ROUGE-L as the `rouge` package 1.0.1 computes it (specification, section 5.3), without its recursion.

It is not the usual ROUGE-L: full stops split sentences, words are counted once, and the subsequences of all
pairs of sentences are united before they are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.longbench.segmentation import segment

if TYPE_CHECKING:
    from collections.abc import Sequence

EPSILON = 1e-8
Sentence = tuple[str, ...]


def rouge_l(prediction: str, reference: str) -> float:
    """F (0..1) of the united longest common subsequences; equal texts reach 1 but for an epsilon of 1e-8."""
    ours, theirs = split_sentences(prediction), split_sentences(reference)
    if not ours or not theirs:
        return 0.0
    our_words = {word for sentence in ours for word in sentence}
    their_words = {word for sentence in theirs for word in sentence}
    united = _united(ours, theirs, our_words & their_words)
    precision, recall = len(united) / len(our_words), len(united) / len(their_words)
    return 2.0 * (precision * recall / (precision + recall + EPSILON))


def _united(ours: Sequence[Sentence], theirs: Sequence[Sentence], shared: set[str]) -> set[str]:
    """The words of all pairs of sentences. Pairs that can add none are left out: there may be very many of them."""
    united: set[str] = set()
    different = [(sentence, set(sentence) & shared) for sentence in dict.fromkeys(theirs)]
    for y in dict.fromkeys(ours):
        open_words = (set(y) & shared) - united
        for x, words in different:
            if not open_words.isdisjoint(words):
                united |= common_words(x, y)
                open_words -= united
    return united


def rouge_l_zh(prediction: str, reference: str) -> float:
    """The same over Chinese words; `。` ends no sentence."""
    return rouge_l(" ".join(segment(prediction)), " ".join(segment(reference)))


def split_sentences(text: str) -> list[Sentence]:
    """Pieces between full stops as words; a piece of white space only is one empty word."""
    return [tuple(" ".join(piece.split()).split(" ")) for piece in text.split(".") if piece]


def common_words(x: Sequence[str], y: Sequence[str]) -> set[str]:
    """The words of one longest common subsequence, with the package's choice among several.

    Words that stand on one side only are dropped first: that changes no choice, and the table is far smaller.
    """
    in_both = set(x) & set(y)
    if not in_both:
        return set()
    return subsequence_words([w for w in x if w in in_both], [w for w in y if w in in_both])


def subsequence_words(x: Sequence[str], y: Sequence[str]) -> set[str]:
    """The words of the subsequence that the package reads back from its table of lengths.

    It goes from the end: equal words are taken; else up (x loses a word) if the length there is strictly larger,
    else left. A row of the table is kept as the bits of one number, as in Hyyrö's bit-parallel algorithm: bit j is
    0 where the length grows from column j to j + 1. Two words that differ do not make it grow, so it grows there
    exactly if the length above is larger than the one to the left. Memory: len(x) * len(y) / 8 bytes, 50 MB for
    two sentences of 20,000 words.
    """
    places: dict[str, int] = {}
    for j, word in enumerate(y):
        places[word] = places.get(word, 0) | 1 << j
    every = (1 << len(y)) - 1
    row, rows = every, [every]
    for word in x:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & every
        rows.append(row)
    found: set[str] = set()
    i, j = len(x), len(y)
    while i and j:
        if x[i - 1] == y[j - 1]:
            found.add(x[i - 1])
            i, j = i - 1, j - 1
        elif rows[i] >> (j - 1) & 1:
            j -= 1
        else:
            i -= 1
    return found
