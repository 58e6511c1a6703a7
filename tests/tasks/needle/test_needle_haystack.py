"""Haystack sources and the list of needles."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from needle_stubs import SHARED, PieceRenderer

from acbench.errors import DataError
from acbench.tasks.needle.haystack import folder_text, haystack_text, synthetic_paragraphs, tokenized
from acbench.tasks.needle.needles import DISTRACTORS, NEEDLES
from acbench.tasks.needle.scoring import keyword_recall, normalise

if TYPE_CHECKING:
    from pathlib import Path

EVERY_NEEDLE = NEEDLES + DISTRACTORS
KEYWORDS = [keyword for needle in EVERY_NEEDLE for keyword in needle.keywords]


def test_needles_are_distinct() -> None:
    assert len(NEEDLES) == 40
    assert len({needle.city for needle in EVERY_NEEDLE}) == len(EVERY_NEEDLE)
    assert len({needle.place for needle in EVERY_NEEDLE}) == len(EVERY_NEEDLE)
    assert not [(a, b) for a, b in combinations(KEYWORDS, 2) if a in b or b in a]


@pytest.mark.parametrize("needle", EVERY_NEEDLE, ids=lambda needle: needle.city)
def test_only_the_own_answer_holds_the_keywords(needle: object) -> None:
    me = next(n for n in EVERY_NEEDLE if n == needle)
    assert len(me.keywords) == 3
    assert keyword_recall(me.answer, me.keywords) == 1
    assert keyword_recall(me.question, me.keywords) == 0
    assert all(keyword_recall(other.sentence, me.keywords) == 0 for other in EVERY_NEEDLE if other != me)


def test_synthetic_is_long_varied_and_free_of_keywords() -> None:
    paragraphs = synthetic_paragraphs(0)
    assert sum(len(text.split()) for text in paragraphs) >= 200_000
    assert len(set(paragraphs)) == len(paragraphs)
    assert {text.count(".") for text in paragraphs} == {3, 4, 5, 6, 7}
    text = normalise(" ".join(paragraphs))
    assert [keyword for keyword in KEYWORDS if keyword in text] == []
    assert [needle.city for needle in EVERY_NEEDLE if normalise(needle.city) in text] == []


def test_synthetic_follows_the_seed() -> None:
    first = haystack_text("synthetic", 1, None)
    synthetic_paragraphs.cache_clear()
    assert haystack_text("synthetic", 1, None) == first
    assert haystack_text("synthetic", 2, None) != first


def test_distractors_are_other_cities() -> None:
    text = haystack_text("distractor", 0, None)
    assert all(needle.sentence in text for needle in DISTRACTORS)
    assert not any(needle.sentence in text for needle in NEEDLES)


def test_every_word_of_a_slot_fits_its_sentences() -> None:
    """`goods` are one or many ("the wool were"), and some feelings bring their own quantity ("little some")."""
    text = haystack_text("synthetic", 0, None)
    for mistake in ("were dried", "little some", "little little", "little great", "little mild"):
        assert mistake not in text


def test_noise_repeats_few_sentences() -> None:
    text = haystack_text("noise", 0, None)
    assert len(set(text.replace("\n\n", " ").split(". "))) <= 8


def test_folder_is_sorted_and_joined_with_a_blank_line(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("second\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text("first", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    (tmp_path / "notes.md").write_text("not this", encoding="utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c.txt").write_text("third", encoding="utf-8")
    assert folder_text(tmp_path) == "first\n\nsecond\n\nthird"


def test_folder_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none was given"):
        folder_text(None)
    with pytest.raises(DataError, match="does not exist"):
        folder_text(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"no \.txt"):
        folder_text(tmp_path)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(DataError, match="UTF-8"):
        folder_text(tmp_path)


def test_a_text_is_tokenized_once_for_each_renderer() -> None:
    one, other = PieceRenderer(), PieceRenderer()
    assert tokenized(one, "a b. c") is tokenized(one, "a b. c")
    assert tokenized(other, "a b. c") is not tokenized(one, "a b. c")
    assert (one.offset_calls, other.offset_calls) == (1, 1)


def test_renderer_without_tokens_is_an_error() -> None:
    with pytest.raises(DataError, match="no tokens"):
        tokenized(SHARED, "")


def test_passage_begins_at_a_paragraph_and_goes_round() -> None:
    corpus = tokenized(PieceRenderer(), "A b. C d.\n\nE f.")
    assert corpus.paragraphs == [0, 11]
    # E, f, stop; the blank line; A, b, stop, C
    passage = corpus.passage(1, 8)
    assert passage.text == "E f.\n\nA b. C"
    assert passage.ends == [1, 3, 4, 6, 7, 9, 10, 12]
    assert passage.boundaries == [0, 4, 10]
    assert passage.positions == [0, 3, 7]


def test_passage_longer_than_the_whole_text() -> None:
    passage = tokenized(PieceRenderer(), "A b.").passage(0, 11)
    assert passage.text == "A b.\n\nA b.\n\nA b."
    assert len(passage.ends) == 11
