"""Builds one question at a given size, and finds the largest size that fits a length.

A builder makes the whole question for a size; the search is over sizes, so a prompt is never cut. Depths of
planted sentences are drawn from 40 equal steps without repetition.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import count, pairwise
from typing import TYPE_CHECKING

from acbench.tasks.needle.haystack import haystack_text
from acbench.tasks.needle.insertion import sentence_boundaries
from acbench.tasks.ruler.material import (
    ADJECTIVES,
    COMMON,
    DRAW,
    NOUNS,
    coded_words,
    names,
    word_keys,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.tasks.ruler.kinds import Kind

DEPTHS = 40
HOPS = 4
ZIPF = 2.0
CODED_VOCABULARY = 60
TOP = 3
LISTED = 10
LONG_LIST = 4096
"""From this length on the list names 10 words 30 times and the others 3 times; below, 10 times and once."""
MOST_NEEDLES = 40_000


@dataclass(frozen=True, slots=True)
class Question:
    """``prefill``: the beginning of the answer; ``references``: everything the answer must name."""

    message: str
    prefill: str
    references: tuple[str, ...]


def largest(count: Callable[[int], int], room: int, most: int) -> int:
    """The largest size from 1 to ``most`` whose token count is at most ``room``; 0 when not even 1 fits."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if count(middle) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def builder(kind: Kind, length: int, seed: str) -> tuple[Callable[[int], Question], int]:
    """The builder of one sample and its largest size. Everything follows from ``seed``."""
    if kind.haystack == "chain":
        return _chain(seed, 8 * length), 8 * length
    if kind.haystack == "list":
        return _list(seed, length), len(COMMON) + len(ADJECTIVES) * len(NOUNS) - LISTED
    if kind.haystack == "coded":
        return _coded(seed), length
    if kind.haystack == "needles":
        return _among_needles(kind, seed), min(MOST_NEEDLES, max(1, length // 4))
    return _retrieval(kind, seed, 8 * length), 8 * length


# -- retrieval ---------------------------------------------------------------------------------------


def _statement(key: str, value: str) -> str:
    return f"The secret code kept under {key} is {value}."


def _ask(document: str, keys: Sequence[str], values: int) -> tuple[str, str]:
    shown = ", ".join(keys)
    many = len(keys) * values > 1
    what = (
        f"Which secret codes are kept under {shown}" if many else f"Which secret code is kept under {shown}"
    )
    message = (
        "Somewhere in the text below secret codes are written down. Keep them in mind; you will be asked for them.\n"
        f"<text>\n{document}\n</text>\n{what} according to the text?" + (" Name all of them." if many else "")
    )
    prefill = f"The secret {'codes' if many else 'code'} kept under {shown} {'are' if many else 'is'}"
    return message, prefill


def _facts(kind: Kind, rng: random.Random) -> tuple[list[str], list[str], list[str]]:
    """Statements to plant, the keys asked for and their values."""
    keys = DRAW[kind.key](kind.keys, rng)
    values = DRAW[kind.value](kind.keys * kind.values, rng)
    asked = rng.sample(keys, kind.queries)
    rows = [(key, values[i * kind.values + j]) for i, key in enumerate(keys) for j in range(kind.values)]
    return [_statement(*row) for row in rows], asked, [value for key, value in rows if key in asked]


def _noise(characters: int) -> str:
    text = haystack_text("noise", 0, None) + "\n\n"
    return text * (characters // len(text) + 1)


def _retrieval(kind: Kind, seed: str, most: int) -> Callable[[int], Question]:
    """Size = characters of haystack."""
    rng = random.Random(seed)
    statements, asked, values = _facts(kind, rng)
    depths = [100 * d / (DEPTHS - 1) for d in rng.sample(range(DEPTHS), len(statements))]
    if kind.haystack == "noise":
        text = _noise(most)
    else:
        prose = haystack_text("synthetic", 0, None)
        start = _paragraph_start(prose, rng)
        text = prose[start:] + "\n\n" + prose[:start]

    def build(size: int) -> Question:
        message, prefill = _ask(plant(_whole_sentences(text, size), statements, depths), asked, kind.values)
        return Question(message, prefill, tuple(values))

    return build


def _paragraph_start(text: str, rng: random.Random) -> int:
    return text.find("\n\n", rng.randrange(len(text) // 2)) + 2


def _whole_sentences(text: str, size: int) -> str:
    cut = text[:size]
    ends = sentence_boundaries(cut)
    return cut[: ends[-1]].rstrip() if ends and ends[-1] else ""


def plant(text: str, statements: Sequence[str], depths: Sequence[float]) -> str:
    """Puts each statement behind the sentence end nearest to its depth (per cent of the characters).

    Those that share a place keep their order: a variable must not be used before it has a value.
    """
    ends = [0, *sentence_boundaries(text), len(text)]
    places = [min(ends, key=lambda end: abs(end - depth / 100 * len(text))) for depth in depths]
    for place, _, statement in sorted(zip(places, count(), statements, strict=False), reverse=True):
        text = f"{text[:place].rstrip()} {statement} {text[place:].lstrip()}".strip()
    return text


def _among_needles(kind: Kind, seed: str) -> Callable[[int], Question]:
    """Size = number of statements, one of which is asked for; nothing else is in the text."""

    def build(size: int) -> Question:
        rng = random.Random(seed)
        keys, values = DRAW[kind.key](size, rng), DRAW[kind.value](size, rng)
        chosen = rng.randrange(size)
        lines = [_statement(key, value) for key, value in zip(keys, values, strict=True)]
        message, prefill = _ask("\n".join(lines), [keys[chosen]], 1)
        return Question(message, prefill, (values[chosen],))

    return build


# -- variable tracking -------------------------------------------------------------------------------


def _links(variables: Sequence[str], value: str) -> list[str]:
    pairs = pairwise(variables)
    return [f"LET {variables[0]} = {value}.", *(f"LET {new} = {old}." for old, new in pairs)]


def _chain_question(text: str, value: str) -> str:
    return (
        f"<text>\n{text}\n</text>\nWhich variables hold the value {value} in the end? Follow the assignments."
    )


def _chain(seed: str, most: int) -> Callable[[int], Question]:
    """One chain of four hops in noise; size = characters of noise. A worked example stands in front."""
    rng = random.Random(seed)
    drawn = names(2 * (HOPS + 1), rng)
    variables, example = drawn[: HOPS + 1], drawn[HOPS + 1 :]
    value, other = map(str, rng.sample(range(10_000, 100_000), 2))
    depths = sorted(100 * d / (DEPTHS - 1) for d in rng.sample(range(DEPTHS), HOPS + 1))
    noise = _noise(most)
    shown = _chain_question(" ".join(_links(example, other)), other)

    def build(size: int) -> Question:
        text = plant(_whole_sentences(noise, size), _links(variables, value), depths)
        message = (
            "Each LET line gives a variable a number or the value of another variable.\n\n"
            f"Example:\n{shown}\nAnswer: {', '.join(example)}\n\nNow this one:\n{_chain_question(text, value)}"
        )
        return Question(message, "Answer:", tuple(variables))

    return build


# -- counting words ----------------------------------------------------------------------------------


def _list(seed: str, length: int) -> Callable[[int], Question]:
    """Size = number of other words in the list."""
    often, seldom = (30, 3) if length >= LONG_LIST else (10, 1)
    rng = random.Random(seed)
    words = rng.sample(COMMON, len(COMMON)) + word_keys(
        len(ADJECTIVES) * len(NOUNS), rng
    )  # long lists need pairs
    common = words[:LISTED]

    def build(size: int) -> Question:
        entries = common * often + words[LISTED : LISTED + size] * seldom
        random.Random(f"{seed}/{size}").shuffle(entries)
        shown = " ".join(f"{i}. {word}" for i, word in enumerate(entries, start=1))
        message = (
            "Below is a numbered list of words. Some words come up much more often than the others.\n"
            f"<list>\n{shown}\n</list>\nWhich {LISTED} words come up most often in the list?"
        )
        return Question(message, f"The {LISTED} most frequent words are:", tuple(common))

    return build


def zipf_counts(total: int, ranks: int, exponent: float = ZIPF) -> list[int]:
    """How often each rank comes up among about ``total`` words; the first ``TOP`` counts strictly fall."""
    weights = [rank**-exponent for rank in range(1, ranks + 1)]
    counts = [round(total * weight / sum(weights)) for weight in weights]
    for rank in range(TOP, 0, -1):  # ties at the top would leave the question open
        counts[rank - 1] = max(counts[rank - 1], counts[rank] + 1)
    return counts


def _coded(seed: str) -> Callable[[int], Question]:
    """Size = number of words of the text."""
    words = coded_words(CODED_VOCABULARY, random.Random(seed))

    def build(size: int) -> Question:
        counts = zipf_counts(size, len(words))
        entries = [word for word, count in zip(words, counts, strict=True) for _ in range(count)]
        random.Random(f"{seed}/{size}").shuffle(entries)
        message = (
            "The text below is written in code words that mean nothing. Find out which of them it uses most.\n"
            f"<text>\n{' '.join(entries)}\n</text>\nWhich {TOP} code words come up most often?"
        )
        return Question(message, f"The {TOP} most frequent code words are:", tuple(words[:TOP]))

    return build
