"""Does calibration text occur in evaluation text? Word 13-grams, as the field's contamination checks use.

A shared run of 13 words is a shared passage, not a phrase. Words are compared in lower case without punctuation
(acbench.texts.words). Chinese and Japanese have no blanks: there a run of 26 characters is compared. A word takes about
two characters, so this is the same length of speech; 13 characters are a set phrase or an instruction ("please answer
the question from the passage above"), which unrelated texts share all the time.

Every run becomes a 64-bit hash. The hashes of the calibration set lie in one sorted array, texts are looked up one
after the other, and a hit is compared word by word, so a chance collision is never reported.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.errors import CompressionError
from acbench.texts.words import characters, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from acbench.tasks.protocol import Prompt, Sample, Task

    Hashes = NDArray[np.uint64]

WORDS = 13
CHARACTERS = 26
BASE = 0x9E3779B97F4A7C15
"""Odd, so that no position of a run loses a bit when it is multiplied (modulo 2^64)."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """One text that shares passages with one calibration document. ``runs``: how many of the text's 13-grams."""

    document: str
    sample: str
    excerpt: str
    runs: int


def ngrams(text: str) -> set[int]:
    """The 64-bit hashes of every run of 13 words, and of 26 Chinese or Japanese characters."""
    return {int(value) for units, length in _streams(text) for value in _hashes(units, length)}


def find_overlap(calibration: Mapping[str, str], texts: Iterable[tuple[str, str]]) -> tuple[Overlap, ...]:
    """Calibration documents (name -> content) against texts (name, content), one finding per pair of names.

    Texts are read once and not kept; a text that occurs again (a document that many samples share) is skipped.
    """
    index = _Index(calibration)
    found: dict[tuple[str, str], Overlap] = {}
    seen: set[bytes] = set()
    for sample, text in texts:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in seen:
            continue
        seen.add(digest)
        for document, excerpt in index.hits(text):
            known = found.get((document, sample))
            found[document, sample] = Overlap(
                document, sample, known.excerpt if known else excerpt, known.runs + 1 if known else 1
            )
    return tuple(found.values())


def refuse_overlap(overlaps: Iterable[Overlap], *, allowed: bool) -> tuple[str, ...]:
    """Raises CompressionError naming sample, document and the way out; gives notes instead when ``allowed``."""
    found = tuple(overlaps)
    if not found:
        return ()
    first = found[0]
    what = (
        f"calibration document {first.document!r} and sample {first.sample!r} share "
        f"{first.runs} passage{'s' if first.runs > 1 else ''} of {WORDS} words ({first.excerpt!r})"
    )
    more = f", and {len(found) - 1} more such pairs" if len(found) > 1 else ""
    if allowed:
        return (f"calibration leak allowed by calibration.allow_overlap: {what}{more}",)
    raise CompressionError(
        f"{what}{more}: the method would be calibrated on what it is judged by. Choose another calibration.source, or "
        "set calibration.allow_overlap = true to go on; it is recorded with the checkpoint"
    )


def task_texts(slug: str, task: Task, samples: Iterable[Sample]) -> Iterator[tuple[str, str]]:
    """All text of a task: every string of its samples' data and the first prompt of each, without chat template."""
    for sample in samples:
        name = f"{slug}/{sample.id}"
        for text in strings(sample.data):
            yield name, text
        prompt = task.open(sample).ask()
        if prompt is not None:
            for text in prompt_texts(prompt):
                yield name, text


def prompt_texts(prompt: Prompt) -> Iterator[str]:
    """What a prompt says. The model's template is left out: calibration dialogues share it by design."""
    yield from (message.content for message in prompt.messages)
    yield from (text for text in (prompt.text, prompt.prefill, prompt.continuation) if text)


def strings(value: Any) -> Iterator[str]:
    """Every string in nested mappings and lists, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(key)
            yield from strings(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from strings(item)


class _Index:
    """The runs of all calibration documents: sorted hashes, and where each one stands."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        self._streams: list[tuple[str, list[str], int]] = []
        parts: list[Hashes] = []
        owners: list[NDArray[np.int32]] = []
        starts: list[NDArray[np.int32]] = []
        for name, content in documents.items():
            for units, length in _streams(content):
                hashes = _hashes(units, length)
                if len(hashes):
                    owners.append(np.full(len(hashes), len(self._streams), dtype=np.int32))
                    starts.append(np.arange(len(hashes), dtype=np.int32))
                    parts.append(hashes)
                    self._streams.append((name, units, length))
        hashes = np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)
        rank = np.argsort(hashes, kind="stable")
        self._hashes = hashes[rank]
        self._owners = np.concatenate(owners)[rank] if owners else np.empty(0, dtype=np.int32)
        self._starts = np.concatenate(starts)[rank] if starts else np.empty(0, dtype=np.int32)

    def hits(self, text: str) -> Iterator[tuple[str, str]]:
        """Document and shared words of every run of ``text`` that a document holds, once per document."""
        if not len(self._hashes):
            return
        for units, length in _streams(text):
            hashes = _hashes(units, length)
            place = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
            for run in np.flatnonzero(self._hashes[place] == hashes):
                shared = units[run : run + length]
                for document in dict.fromkeys(self._holders(int(place[run]), shared)):
                    yield document, ("" if length == CHARACTERS else " ").join(shared)

    def _holders(self, place: int, shared: list[str]) -> Iterator[str]:
        """Documents that hold exactly these words, out of the entries with one hash."""
        value = self._hashes[place]
        while place < len(self._hashes) and self._hashes[place] == value:
            name, units, length = self._streams[self._owners[place]]
            start = self._starts[place]
            if length == len(shared) and units[start : start + length] == shared:
                yield name
            place += 1


def _streams(text: str) -> tuple[tuple[list[str], int], tuple[list[str], int]]:
    """The two readings of a text, each with the length of a run."""
    return (words(text), WORDS), (characters(text), CHARACTERS)


@lru_cache(maxsize=1 << 18)
def _unit_hash(unit: str) -> int:
    return int.from_bytes(
        hashlib.blake2b(unit.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
    )


def _hashes(units: list[str], length: int) -> Hashes:
    """Hash of every run of ``length`` units: sum of unit hash times a power of BASE, modulo 2^64."""
    runs = len(units) - length + 1
    if runs < 1:
        return np.empty(0, dtype=np.uint64)
    single = np.fromiter(map(_unit_hash, units), dtype=np.uint64, count=len(units))
    total = np.zeros(runs, dtype=np.uint64)
    factor = 1
    for offset in range(length):
        total += single[offset : offset + runs] * np.uint64(factor)
        factor = factor * BASE % (1 << 64)
    return total
