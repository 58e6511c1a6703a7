"""Replies of 300,000 characters: no scorer raises, hangs or fills the memory."""

from __future__ import annotations

import random
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from acbench.tasks.longbench.metrics import score_answer
from acbench.tasks.longbench.modes import MODES
from acbench.tasks.longbench.rouge import rouge_l
from acbench.tasks.longbench.segmentation import LONGEST_RUN, segment
from acbench.tasks.longbench.sets import SETS

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 300_000
SECONDS = 20.0
"""Of processor time: several times what a slow machine needs, and far below what a square law would take."""
GOLD = {
    "qa_f1": "the cat 7",
    "rouge": "w1 w5 cat. sat on the mat. " * 50,
    "qa_f1_zh": "厦门大学",
    "rouge_zh": "会议讨论预算安排。" * 20,
    "classification": "Date",
    "count": "7",
    "retrieval": "Paragraph 7",
    "retrieval_zh": "段落7",
    "code": "    return self.x",
}
BY_METRIC = {which.metric: name for name, which in SETS.items()}
REPLIES = {
    "full stops": ". " * (SIZE // 2),
    "short sentences": "a w1 c. " * (SIZE // 8),
    "different sentences": ". ".join(f"w{i % 4001} w{i % 97} b" for i in range(SIZE // 13)),
    "fences": "```\n" * (SIZE // 4),
    "digits": "７ 7 " * (SIZE // 4),
    "surrogates": "\ud800x " * (SIZE // 3),
    "NUL": "\0a " * (SIZE // 3),
    "line separators": "a\u2028b\u2029\x85" * (SIZE // 5),
    "newlines": "\n" * SIZE,
}


@pytest.fixture
def within_bounds() -> Iterator[None]:
    begin = time.process_time()
    yield
    assert time.process_time() - begin < SECONDS


@pytest.mark.usefixtures("within_bounds")
@pytest.mark.parametrize("metric", sorted(BY_METRIC))
@pytest.mark.parametrize("reply", sorted(REPLIES))
def test_long_replies(metric: str, reply: str) -> None:
    which, text = SETS[BY_METRIC[metric]], REPLIES[reply]
    if which.language == "zh":
        text = text[: SIZE // 10]  # segmentation takes some 10 microseconds a character
    for mode in MODES:
        assert 0 <= score_answer(which, text, [GOLD[metric]], ["Date", "State"], mode) <= 1


@pytest.mark.usefixtures("within_bounds")
def test_two_sentences_of_20_000_words_take_50_mb() -> None:
    """Every word stands on both sides, in another order: nothing can be left out of the table."""
    rng = random.Random(0)
    words = [f"w{i}" for i in range(20_000)]
    shuffled = rng.sample(words, len(words))
    tracemalloc.start()
    try:
        score = rouge_l(" ".join(words), " ".join(shuffled))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150e6
    # the longest common subsequence of a random permutation has about 2 sqrt(n) words
    assert score == pytest.approx(2 * 20_000**0.5 / 20_000, rel=0.2)


@pytest.mark.usefixtures("within_bounds")
def test_one_character_for_ever_is_segmented_in_pieces() -> None:
    text = "的" * 60_000 + "，会议"
    words = segment(text)
    assert "".join(words) == text
    assert words[-2:] == ("，", "会议")


def test_usual_lengths_are_not_cut() -> None:
    whole = "会议" * (LONGEST_RUN // 2 - 1)
    assert set(segment(whole)) == {"会议"}
    # one character more in front and the pair at the limit is cut in two
    assert {"会", "议"} <= set(segment("的" + "会议" * LONGEST_RUN))
