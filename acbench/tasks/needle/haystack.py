"""Haystacks: where the long text comes from, and its tokens, counted once per renderer."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING

from acbench.errors import DataError
from acbench.tasks.needle.insertion import sentence_boundaries, token_positions
from acbench.tasks.needle.needles import DISTRACTORS
from acbench.tasks.needle.words import NOISE, SLOTS, TEMPLATES

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.tasks.protocol import Renderer

SOURCES = ("synthetic", "dir", "noise", "distractor")
BLANK_LINE = "\n\n"
SYNTHETIC_WORDS = 200_000
"""Words of the synthetic haystack; no usual tokenizer makes fewer tokens than words."""
NOISE_PARAGRAPHS = 200
DISTRACTOR_EVERY = 3
"""Every how many paragraphs one near-needle stands."""
CORPORA_KEPT = 4

_PARSED = tuple(
    tuple((literal, slot) for literal, slot, _, _ in Formatter().parse(template)) for template in TEMPLATES
)
_kept: dict[tuple[int, str], tuple[Renderer, Corpus]] = {}


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of haystack: the text, where its tokens end and where a needle may go.

    ``ends``: character position behind each token. ``boundaries``: character positions of sentence ends and
    blank lines, with 0; ``positions``: the number of tokens before each of them.
    """

    text: str
    ends: list[int]
    boundaries: list[int]
    positions: list[int]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A whole haystack, tokenized once. ``paragraphs``: character positions where paragraphs begin."""

    text: str
    ends: list[int]
    paragraphs: list[int]

    def passage(self, paragraph: int, tokens: int) -> Passage:
        """Gives ``tokens`` tokens from that paragraph on, going round to the beginning where needed."""
        begin = self.paragraphs[paragraph]
        first = bisect_right(self.ends, begin)
        parts = [self.text[begin:]]
        ends = [end - begin for end in self.ends[first : first + tokens]]
        length = len(parts[0])
        while len(ends) < tokens:
            length += len(BLANK_LINE)
            ends.append(length)
            ends.extend(end + length for end in self.ends[: tokens - len(ends)])
            parts.append(self.text)
            length += len(self.text)
        text = BLANK_LINE.join(parts)[: ends[-1]]
        boundaries = sentence_boundaries(text)
        return Passage(text, ends, boundaries, token_positions(boundaries, ends))


def haystack_text(source: str, seed: int, data_dir: Path | None) -> str:
    """Gives the whole text of a source. Raises DataError when the user's folder has no text."""
    if source == "dir":
        return folder_text(data_dir)
    if source == "noise":
        return BLANK_LINE.join([NOISE] * NOISE_PARAGRAPHS)
    paragraphs = synthetic_paragraphs(seed)
    if source == "distractor":
        paragraphs = with_distractors(paragraphs)
    return BLANK_LINE.join(paragraphs)


def folder_text(folder: Path | None) -> str:
    """Joins the ``*.txt`` files of a folder and its subfolders, sorted by path, with a blank line."""
    if folder is None:
        raise DataError("needle: haystack 'dir' needs a data folder and none was given")
    if not folder.is_dir():
        raise DataError(f"needle: haystack folder {folder} does not exist; give a folder with .txt files")
    files = sorted(folder.rglob("*.txt"), key=lambda path: path.relative_to(folder).as_posix())
    try:
        texts = [path.read_text(encoding="utf-8").strip() for path in files]
    except UnicodeDecodeError as error:
        raise DataError(f"needle: a .txt file in {folder} is not UTF-8: {error}") from error
    text = BLANK_LINE.join(text for text in texts if text)
    if not text:
        raise DataError(f"needle: haystack folder {folder} has no .txt file with text in it")
    return text


@lru_cache(maxsize=4)
def synthetic_paragraphs(seed: int) -> tuple[str, ...]:
    """Makes at least SYNTHETIC_WORDS words of prose, the same for the same seed, no paragraph twice."""
    rng = random.Random(f"needle haystack {seed}")
    paragraphs: dict[str, None] = {}
    words = 0
    while words < SYNTHETIC_WORDS:
        paragraph = " ".join(_sentence(rng) for _ in range(3 + _draw(rng, 5)))
        if paragraph not in paragraphs:
            paragraphs[paragraph] = None
            words += paragraph.count(" ") + 1
    return tuple(paragraphs)


def with_distractors(paragraphs: tuple[str, ...]) -> tuple[str, ...]:
    """Ends every third paragraph with a near-needle about another city."""
    return tuple(
        f"{text} {DISTRACTORS[i // DISTRACTOR_EVERY % len(DISTRACTORS)].sentence}"
        if i % DISTRACTOR_EVERY == 0
        else text
        for i, text in enumerate(paragraphs)
    )


def tokenized(renderer: Renderer, text: str) -> Corpus:
    """Tokenizes a haystack, once for each renderer object; the last few are kept."""
    key = (id(renderer), text)
    if key not in _kept:
        while len(_kept) >= CORPORA_KEPT:
            del _kept[next(iter(_kept))]
        # the renderer is kept with its corpus: as long as it lives, no other object has its id
        _kept[key] = (renderer, _tokenize(renderer, text))
    return _kept[key][1]


def _tokenize(renderer: Renderer, text: str) -> Corpus:
    ends = [end for _, end in renderer.offsets(text)]
    if not ends:
        raise DataError("needle: the tokenizer gives no tokens for the haystack")
    paragraphs = [0]
    while (gap := text.find(BLANK_LINE, paragraphs[-1])) >= 0:
        begin = gap + len(BLANK_LINE)
        while begin < len(text) and text[begin].isspace():
            begin += 1
        paragraphs.append(begin)
    return Corpus(text, ends, paragraphs)


def _sentence(rng: random.Random) -> str:
    parts: list[str] = []
    for literal, slot in _PARSED[_draw(rng, len(_PARSED))]:
        parts.append(literal)
        if slot:
            choices = SLOTS[slot]
            parts.append(choices[_draw(rng, len(choices))])
    return "".join(parts)


def _draw(rng: random.Random, n: int) -> int:
    # random() is the one draw Python promises to keep between versions
    return int(rng.random() * n)
