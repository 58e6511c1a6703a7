"""Cuts in the middle: never over the budget, both ends kept, no character split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from longbench_stubs import PIECES, ByteRenderer, PieceRenderer

from acbench.tasks.longbench.prompts import as_prompt, fill
from acbench.tasks.longbench.sets import SETS
from acbench.tasks.longbench.truncation import Fitted, fit_context, fit_prompt, keep_ends

if TYPE_CHECKING:
    from acbench.tasks.protocol import Prompt

TEMPLATE = "Read.\n{context}\nQuestion: {input}"
CHAT = SETS["qasper"]


def wrap(text: str) -> Prompt:
    return as_prompt(CHAT, text)


def fitted(
    context: str, question: str, budget: int, renderer: PieceRenderer | ByteRenderer = PIECES
) -> Fitted:
    return fit_context(renderer, wrap, lambda text: fill(TEMPLATE, text, question), context, budget)


def test_what_fits_is_not_touched() -> None:
    found = fitted("a b c", "why", 100)
    assert found == Fitted("Read.\na b c\nQuestion: why", found.original_tokens, found.original_tokens)
    assert not found.cut


def test_first_half_is_rounded_up() -> None:
    context = "0123456789"
    # 10 digits, a piece each: everything else has 5 + len(pieces) tokens
    rest = len(PIECES.render(wrap(fill(TEMPLATE, "", "why"))))
    found = fitted(context, "why", rest + 5)
    assert found.text == "Read.\n01289\nQuestion: why"
    assert (found.original_tokens, found.kept_tokens, found.cut) == (rest + 10, rest + 5, True)
    assert fitted(context, "why", rest + 4).text == "Read.\n0189\nQuestion: why"
    assert fitted(context, "why", rest + 1).text == "Read.\n0\nQuestion: why"
    assert fitted(context, "why", rest).text == "Read.\n\nQuestion: why"


def test_what_cannot_fit_says_so() -> None:
    found = fitted("a b c", "why", 3)
    assert (found.fits, found.text) == (False, "")
    assert found.original_tokens > 3


CONTEXTS = st.text("ab 7.的龘é\n{}", max_size=120)


@given(CONTEXTS, st.text("ab?的", max_size=20), st.integers(1, 160), st.booleans())
def test_never_over_the_budget_and_the_question_stays(
    context: str, question: str, budget: int, bytewise: bool
) -> None:
    renderer = ByteRenderer() if bytewise else PIECES
    found = fitted(context, question, budget, renderer)
    least = len(renderer.render(wrap(fill(TEMPLATE, "", question))))
    if not found.fits:
        assert least > budget
        return
    count = len(renderer.render(wrap(found.text)))
    assert count == found.kept_tokens <= budget
    assert found.text.endswith(f"\nQuestion: {question}")
    kept = found.text.removeprefix("Read.\n").removesuffix(f"\nQuestion: {question}")
    # both ends are the context's own, in whole characters
    assert any(context.startswith(kept[:i]) and context.endswith(kept[i:]) for i in range(len(kept) + 1))
    if found.original_tokens <= budget:
        assert kept == context


def test_little_more_than_needed_is_cut() -> None:
    context = "".join(f"word{i} " for i in range(500))
    found = fitted(context, "why", 300)
    assert 295 <= found.kept_tokens <= 300
    assert found.text.startswith("Read.\nword0 word1 ")
    assert found.text.endswith("word499 \nQuestion: why")


def test_characters_of_several_tokens_are_dropped_whole() -> None:
    spans = ByteRenderer().offsets("的确是")
    assert spans == [(0, 1)] * 3 + [(1, 2)] * 3 + [(2, 3)] * 3
    # a cut inside a character leaves it out on both sides
    assert keep_ends("的确是", spans, 4, 2) == "的"
    assert keep_ends("的确是", spans, 3, 3) == "的是"
    assert keep_ends("的确是", spans, 2, 4) == "是"
    assert keep_ends("的确是", spans, 0, 0) == ""
    assert keep_ends("的确是", spans, 5, 4) == "的确是"


def test_overlapping_spans() -> None:
    # a token that ends inside a character, as byte-level tokenizers make them
    spans = [(0, 2), (1, 2), (1, 3), (2, 3)]
    assert keep_ends("ab的", spans, 1, 0) == "a"
    assert keep_ends("ab的", spans, 0, 1) == ""
    assert keep_ends("ab的", spans, 2, 1) == "a"


@pytest.mark.parametrize(("limit", "kept"), [(10, "0123456789"), (7, "012789"), (6, "012789"), (2, "09")])
def test_whole_prompt_keeps_two_halves_rounded_down(limit: int, kept: str) -> None:
    found = fit_prompt(PIECES, wrap, "0123456789", limit, 1000)
    assert found.text == kept
    assert found.original_tokens == 15  # five of the template
    assert found.kept_tokens == len(kept) + 5


def test_whole_prompt_shrinks_to_the_window() -> None:
    found = fit_prompt(PIECES, wrap, "0123456789", 10, 11)
    assert (found.text, found.kept_tokens) == ("012789", 11)
    assert not fit_prompt(PIECES, wrap, "0123456789", 10, 5).fits
