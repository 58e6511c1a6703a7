"""Longer, cut and repeating answers, worked out by hand."""

from __future__ import annotations

from acbench import lengths
from acbench.records import SampleRecord, Turn


def record(*turns: Turn) -> SampleRecord:
    return SampleRecord("s", "L1", "", turns, {}, "ok", "ok")


def turn(text: str, tokens: int, reason: str = "stop") -> Turn:
    return Turn("h", text, reason, 10, tokens)


def test_ratios_are_by_sample_and_shares_by_answer() -> None:
    base = [record(turn("one two", 2), turn("three", 2)), record(turn("a b c d e", 10))]
    other = [record(turn("one two", 4), turn("three", 4)), record(turn("x x x x x x", 5, "length"))]
    assert lengths.facts(base, other) == {
        "Answer tokens a sample": "7.0 → 6.5 (1.25 times as many, mean of samples)",  # 8/4 and 5/10
        "Answers cut at their limit": "0.0 % → 33.3 %",
        # two answers have no 4-gram; the third of base has two different ones, the other's three are one
        "Repeated word 4-grams": "0.0 % → 22.2 %",
    }


def test_an_empty_answer_of_base_has_no_ratio() -> None:
    found = lengths.facts([record(turn("", 0))], [record(turn("a", 3))])
    assert found["Answer tokens a sample"] == "0.0 → 3.0"
    assert found["Answers cut at their limit"] == "no answer → 0.0 %"


def test_scored_texts_are_no_answers() -> None:
    scored = [record(turn("", 0, "scored"))]
    assert lengths.facts(scored, scored) == {}
