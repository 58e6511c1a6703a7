"""Where the needle goes, worked out by hand for both algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from needle_stubs import WordTokens

from acbench.tasks.needle.insertion import (
    insert_needle,
    nearest_position,
    sentence_boundaries,
    token_positions,
    upstream_context,
    upstream_haystack,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_boundaries_are_sentence_ends_and_blank_lines() -> None:
    #       0        8                25       32     38
    text = 'One two. Three four five! "Six?" Seven\n\nEight'
    assert sentence_boundaries(text) == [0, 8, 25, 32, 38]


@pytest.mark.parametrize("text", ["", "no stop here", "v1.2.3 and a.b", "ends with a stop."])
def test_text_without_inner_boundary(text: str) -> None:
    assert sentence_boundaries(text) == [0]


def test_sentence_end_before_a_blank_line_counts_once() -> None:
    assert sentence_boundaries("A b. \n\nC") == [0, 4]
    assert sentence_boundaries("A b.\n  \nC") == [0, 4]


def test_positions_count_whole_tokens_before_the_boundary() -> None:
    # tokens "One", " two", ".", " Six" end at 3, 7, 8, 12; a boundary inside a token does not count it
    assert token_positions([0, 5, 8, 12], [3, 7, 8, 12]) == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("depth", "index"),
    [(0, 0), (19, 0), (20, 0), (21, 1), (50, 1), (60, 1), (61, 2), (80, 2), (90, 2), (91, 3), (100, 3)],
)
def test_nearest_boundary_in_both_directions(depth: float, index: int) -> None:
    # candidates after 0, 4, 8 and 10 of 10 tokens; halfway between two (20, 60, 90 %) the earlier one wins
    assert nearest_position([0, 4, 8, 10], depth, 10) == index


def test_nearest_without_any_boundary() -> None:
    assert [nearest_position([0, 10], depth, 10) for depth in (0, 40, 60, 100)] == [0, 0, 1, 1]
    assert nearest_position([0], 70, 10) == 0


def test_needle_gets_its_own_line() -> None:
    assert insert_needle("A b. C d.", 4, "N.") == "A b.\nN.\nC d."
    assert insert_needle("A b. C d.", 0, "N.") == "N.\nA b. C d."
    assert insert_needle("A b. C d.", 9, "N.") == "A b. C d.\nN."
    assert insert_needle("A b.\n\nC d.", 4, "N.") == "A b.\nN.\nC d."


# 300 words, every fourth a full stop: w0 w1 w2 . w4 w5 w6 . w8 w9 w10 . ...
WORDS = ["." if i % 4 == 3 else f"w{i}" for i in range(300)]


@pytest.mark.parametrize(
    ("depth", "at"),
    # 212 - 200 tokens of room, 2 of them for the needle: 10 are left, with stops at 3 and 7
    [(0, 0), (30, 0), (40, 4), (50, 4), (79, 4), (80, 8), (99, 8), (100, 10)],
)
def test_upstream_walks_back_to_a_full_stop(depth: float, at: int) -> None:
    tokens = WordTokens()
    stop = tokens.encode(".")
    context = upstream_context(
        " ".join(WORDS),
        "N1 N2",
        length=212,
        depth=depth,
        encode=tokens.encode,
        decode=tokens.decode,
        sentence_ends=stop,
    )
    assert context.split(" ") == [*WORDS[:at], "N1", "N2", *WORDS[at:10]]


def test_upstream_without_a_full_stop_goes_to_the_front() -> None:
    tokens = WordTokens()
    context = upstream_context(
        "a b c d e f", "N", length=206, depth=90, encode=tokens.encode, decode=tokens.decode, sentence_ends=()
    )
    assert context == "N a b c d e"


def test_upstream_rounds_the_depth_before_the_position() -> None:
    """50 tokens at 58 %: 50 * (58 / 100) is 28.999..., so the stop that is token 29 lies behind the place."""
    tokens = WordTokens()
    words = [f"w{i}" for i in range(50)]
    words[28] = words[9] = "."
    text = " ".join(words)
    context = upstream_context(
        text,
        "N",
        length=251,
        depth=58,
        encode=tokens.encode,
        decode=tokens.decode,
        sentence_ends=tokens.encode("."),
    )
    assert context.split(" ") == [*words[:10], "N", *words[10:]]


def test_upstream_leaves_a_haystack_that_is_short_enough_as_it_is() -> None:
    """Only what is cut is decoded; a tokenizer that loses characters would change the rest."""
    tokens = WordTokens()

    def lossy(ids: Sequence[int]) -> str:
        return tokens.decode(ids).removeprefix("a ")

    context = upstream_context(
        "a a b", "N", length=204, depth=100, encode=tokens.encode, decode=lossy, sentence_ends=()
    )
    assert context == "a b N"  # decoded once, not twice
    with pytest.raises(ValueError, match="no room for the needle"):
        upstream_context(
            "a a b", "N", length=200, depth=0, encode=tokens.encode, decode=lossy, sentence_ends=()
        )


def test_upstream_haystack_is_glued_and_repeated() -> None:
    tokens = WordTokens()
    # "a b" + "c" = "a bc": two tokens; glued again "a bca bc": three; once more: four
    assert upstream_haystack(["a b", "c"], 2, tokens.encode) == "a bc"
    assert upstream_haystack(["a b", "c"], 4, tokens.encode) == "a bca bca bc"
    with pytest.raises(ValueError, match="no text"):
        upstream_haystack(["", ""], 4, tokens.encode)
