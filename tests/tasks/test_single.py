"""The single-turn episode: one answer, then the gold answer's likelihood behind the same prompt."""

from __future__ import annotations

import math

import pytest

from acbench.engines.protocol import Sampling
from acbench.errors import DataError, EngineError
from acbench.tasks.protocol import Grade, Prompt, Reply
from acbench.tasks.single import SingleTurn

PROMPT = Prompt(text="2 + 2 =", sampling=Sampling(max_tokens=7))


def episode(gold: str = "4") -> SingleTurn:
    return SingleTurn(PROMPT, lambda reply: Grade({"right": float(reply.text == "4")}, "done"), gold=gold)


def test_asks_the_answer_then_its_likelihood() -> None:
    played = episode()
    assert played.ask() == played.ask() == PROMPT
    played.tell(Reply("4"))
    scored = played.ask()
    assert scored is not None
    assert (scored.text, scored.continuation) == ("2 + 2 =", "4")
    played.tell(Reply("", "scored", logprobs=(-1.0, -2.0, -6.0)))
    assert played.ask() is None
    grade = played.grade()
    assert (dict(grade.scores), grade.channel) == ({"right": 1.0, "gold_loglik": -3.0}, "done")


def test_without_gold_there_is_one_question() -> None:
    played = episode(gold="")
    played.tell(Reply("5"))
    assert played.ask() is None
    assert dict(played.grade().scores) == {"right": 0.0}


def test_a_prompt_that_does_not_fit_has_no_score_and_a_long_gold_costs_only_its_own() -> None:
    played = episode()
    played.tell(Reply("", "too_long"))
    assert played.ask() is None
    assert (played.grade().state, dict(played.grade().scores)) == ("too_long", {})
    played = episode()
    played.tell(Reply("4"))
    played.tell(Reply("", "too_long"))
    assert dict(played.grade().scores) == {"right": 1.0}


@pytest.mark.parametrize("logprobs", [(), (math.nan,), (-math.inf,)])
def test_unusable_logprobs_are_an_engine_error(logprobs: tuple[float, ...]) -> None:
    played = episode()
    played.tell(Reply("4"))
    played.tell(Reply("", "scored", logprobs=logprobs))
    with pytest.raises(EngineError, match="no finite log-probabilities"):
        played.grade()


def test_the_order_of_calls_is_checked() -> None:
    played = episode(gold="")
    with pytest.raises(DataError, match="not over"):
        played.grade()
    played.tell(Reply("4"))
    with pytest.raises(DataError, match="after the episode's end"):
        played.tell(Reply("4"))
