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
    united: set[str] = set()
    for x in theirs:
        for y in ours:
            united |= common_words(x, y)
    precision = len(united) / len({word for sentence in ours for word in sentence})
    recall = len(united) / len({word for sentence in theirs for word in sentence})
    return 2.0 * (precision * recall / (precision + recall + EPSILON))


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
    """The table by rows, then the read-back from its end: up only if that is strictly longer, else left."""
    rows = [[0] * (len(y) + 1)]
    for word in x:
        above, row, left = rows[-1], [0], 0
        for j, other in enumerate(y):
            if word == other:
                left = above[j] + 1
            elif above[j + 1] > left:
                left = above[j + 1]
            row.append(left)
        rows.append(row)
    found: set[str] = set()
    i, j = len(x), len(y)
    while i and j:
        if x[i - 1] == y[j - 1]:
            found.add(x[i - 1])
            i, j = i - 1, j - 1
        elif rows[i - 1][j] > rows[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found
