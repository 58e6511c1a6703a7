"""Builds the prompts: one cell is a passage of haystack with a needle in it, sized to the token.

Everything about a cell follows from (seed, length, depth, repeat), so that it can be rebuilt alone. All
depths of one (length, repeat) read the same haystack from the same place on: their prompts share a prefix up
to the shallower needle, which an engine with prefix caching does not compute twice.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, DataError
from acbench.tasks.needle.insertion import insert_needle, nearest_position
from acbench.tasks.needle.needles import NEEDLES
from acbench.tasks.needle.scoring import normalise
from acbench.tasks.protocol import Message, Prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.needle.haystack import Corpus, Passage
    from acbench.tasks.needle.needles import Needle
    from acbench.tasks.protocol import Renderer

ATTEMPTS = 8
WHOLE_WORD_ATTEMPTS = 3
"""After these the document may end inside a word; only a very long word needs it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One built cell. ``real_depth``: per cent of the haystack's tokens in front of the needle."""

    message: str
    real_depth: float
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Built:
    """A whole question and where its sentences really stand, in per cent of the haystack's tokens."""

    message: str
    real_depths: tuple[float, ...]
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class _Document:
    text: str
    real_depths: tuple[float, ...]


def draw(n: int, *parts: object) -> int:
    """A number below ``n`` that depends on ``parts`` only."""
    key = "/".join(str(part) for part in ("needle", *parts))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % n


def usable_needles(haystack: str) -> tuple[Needle, ...]:
    """The needles none of whose keywords stands in the haystack. Raises DataError when there is none."""
    text = normalise(haystack)
    usable = tuple(needle for needle in NEEDLES if not any(word in text for word in needle.keywords))
    if not usable:
        raise DataError("needle: the haystack holds a keyword of every needle; use another haystack")
    return usable


def needle_of(needles: Sequence[Needle], seed: int, length: int, depth: float, repeat: int) -> Needle:
    """The needle of a cell; its repeats get different ones as long as there are enough."""
    first = draw(len(needles), seed, length, depth)
    return needles[(first + repeat - 1) % len(needles)]


def paragraph_of(corpus: Corpus, seed: int, length: int, repeat: int) -> int:
    """The paragraph at which the haystack of a (length, repeat) begins."""
    return draw(len(corpus.paragraphs), "haystack", seed, length, repeat)


def user_message(document: str, question: str) -> str:
    """The whole question; the document stands in front so that prompts share a prefix."""
    return (
        f"<document>\n{document}\n</document>\n\n"
        "Answer the question with what the document above says, and with nothing else. "
        f"One short sentence is enough.\n\nQuestion: {question}"
    )


def build_cell(renderer: Renderer, passage: Passage, needle: Needle, length: int, depth: float) -> Cell:
    """Builds the prompt of at most ``length`` tokens and at least 99 % of it, template included.

    Raises ConfigError when the length leaves no room for a document, DataError when the guard finds the
    needle twice or a keyword elsewhere.
    """
    built = build_document(renderer, passage, [(depth, needle.sentence)], needle.question, length)
    check_needle(built.message, needle.sentence, needle.keywords)
    return Cell(built.message, built.real_depths[0], built.prompt_tokens)


def build_document(
    renderer: Renderer, passage: Passage, plants: Sequence[tuple[float, str]], question: str, length: int
) -> Built:
    """Plants (depth in per cent, sentence) pairs in a document of the size that fills the prompt's ``length``.

    Raises ConfigError when the length leaves no room for a document.
    """
    low = math.ceil(length * 0.99)
    aim = length - (length - low) // 3
    tokens = aim - _count(renderer, user_message("\n".join(sentence for _, sentence in plants), question))
    for attempt in range(ATTEMPTS):
        if tokens < 1:
            raise ConfigError(f"task needle: lengths: {length} tokens leave no room around the needle")
        whole_words = attempt < WHOLE_WORD_ATTEMPTS
        document = _document(passage, tokens, plants, whole_words=whole_words)
        message = user_message(document.text, question)
        count = _count(renderer, message)
        if low <= count <= length:
            return Built(message, document.real_depths, count)
        tokens = min(tokens + (aim if count < low else length) - count, len(passage.ends))
    raise DataError(f"needle: no cut of the haystack gives a prompt of {low} to {length} tokens")


def check_needle(message: str, needle: str, keywords: Sequence[str]) -> None:
    """Raises DataError unless the needle stands there once and its keywords nowhere else."""
    found = message.count(needle)
    if found != 1:
        raise DataError(f"needle: the needle occurs {found} times in the prompt: {needle!r}")
    rest = normalise(message.replace(needle, "\n"))
    for keyword in keywords:
        if normalise(keyword) in rest:
            raise DataError(
                f"needle: keyword {keyword!r} also occurs outside the needle; use another haystack or seed"
            )


def _document(
    passage: Passage, tokens: int, plants: Sequence[tuple[float, str]], *, whole_words: bool
) -> _Document:
    """Places are chosen in the text without needles, so that one needle does not move the next."""
    end = passage.ends[tokens - 1]
    if whole_words:
        end = _word_end(passage.text, end)
    total = bisect_right(passage.ends, end)
    inside = bisect_left(passage.boundaries, end)
    positions = [*passage.positions[:inside], total]
    places: list[tuple[int, str]] = []
    real_depths = []
    for depth, sentence in plants:
        chosen = nearest_position(positions, depth, total)
        places.append((passage.boundaries[chosen] if chosen < inside else end, sentence))
        real_depths.append(round(100 * positions[chosen] / total, 2) if total else 0.0)
    text = passage.text[:end]
    for at, sentence in sorted(
        places, key=lambda place: -place[0]
    ):  # from the end, so that places stay valid
        text = insert_needle(text, at, sentence)
    return _Document(text, tuple(real_depths))


def _word_end(text: str, end: int) -> int:
    if end >= len(text) or text[end].isspace():
        return end
    cut = end
    while cut > 0 and not text[cut - 1].isspace():
        cut -= 1
    return len(text[:cut].rstrip()) or end


def _count(renderer: Renderer, message: str) -> int:
    return len(renderer.render(Prompt(messages=(Message("user", message),))))
