"""Scores: the worked examples of the specification, channels, and gold records."""

from __future__ import annotations

from typing import Any

import pytest

from acbench.errors import ConfigError, DataError
from acbench.tasks.needle import open_scorer, score_prediction
from acbench.tasks.needle.scoring import channel_of, expected_answer, normalise
from acbench.tasks.protocol import Prediction

ANSWER = "eat a sandwich and sit in Dolores Park on a sunny day."
NEEDLE = f"\nThe best thing to do in San Francisco is {ANSWER}\n"
GOLD = {"needle": NEEDLE, "keywords": ["sandwich", "dolores park", "sunny"]}

WORKED = [
    (ANSWER, 1.0, 1.0, 7.2727),
    ("Eat a sandwich and sit in Dolores Park on a sunny day", 0.9091, 1.0, 7.2727),
    (NEEDLE.strip(), 1.0, 1.0, 10.0),
    ("eat a sandwich", 0.2727, 0.3333, 2.5),
    ("sit in Dolores Park", 0.3636, 0.3333, 3.2),
    ("a and in on", 0.3636, 0.0, 3.2),
    ("I do not know.", 0.0, 0.0, 0.8),
    ("Visit the Golden Gate Bridge and walk on a sunny day in the park.", 0.4545, 0.3333, 4.5714),
    ("", 0.0, 0.0, 0.0),
]


def scored(reply: str, gold: Any = GOLD, mode: str = "corrected") -> Any:
    return score_prediction(Prediction("p1", gold, reply), mode=mode)


@pytest.mark.parametrize(("reply", "overlap", "recall", "rouge"), WORKED)
def test_worked_examples(reply: str, overlap: float, recall: float, rouge: float) -> None:
    scores = scored(reply).scores
    assert scores["overlap"] == pytest.approx(overlap, abs=5e-5)
    assert scores["keyword_recall"] == pytest.approx(recall, abs=5e-5)
    assert scores["rouge1_x10"] == pytest.approx(rouge, abs=5e-5)
    assert scores["hit"] == (1.0 if recall == 1 else 0.0)


def test_mode_decides_which_score_is_first() -> None:
    assert list(scored(ANSWER).scores) == ["keyword_recall", "hit", "overlap", "rouge1_x10"]
    assert list(scored(ANSWER, mode="upstream").scores) == ["overlap", "keyword_recall", "hit", "rouge1_x10"]


def test_unknown_mode() -> None:
    with pytest.raises(ConfigError, match="upstream"):
        open_scorer("", mode="upstrem", embedder=None)


def test_outcomes() -> None:
    assert [scored(reply).outcome for reply in (ANSWER, "a sandwich", "no idea", " \n")] == [
        "correct",
        "partial",
        "wrong",
        "empty",
    ]


def test_cut_counts_only_without_full_recall() -> None:
    assert channel_of("well, let me think", 0.0, cut=True) == "cut"
    assert channel_of("the sandwich", 1 / 3, cut=True) == "cut"
    assert channel_of(ANSWER, 1.0, cut=True) == "correct"


def test_keywords_are_found_across_punctuation_and_case() -> None:
    reply = "SANDWICH! Then: Dolores-Park\n(it is 'sunny')"
    assert scored(reply).scores["keyword_recall"] == 1.0
    assert normalise("  A__b--C ") == "a b c"


def test_expected_answer_is_the_needles_second_half() -> None:
    assert expected_answer(NEEDLE) == ANSWER
    assert expected_answer("The plan is to leave. It is late.") == "leave. It is late."
    assert expected_answer("This list has no such verb.") == ""


def test_given_expected_answer_is_used_and_its_absence_leaves_overlap_out() -> None:
    gold = {"needle": "Go to Rome.", "keywords": ["rome"]}
    assert "overlap" not in scored("rome", gold).scores
    assert scored("go rome", {**gold, "expected_answer": "go to Rome now"}).scores["overlap"] == 0.5
    with pytest.raises(DataError, match="expected_answer"):
        scored("rome", gold, mode="upstream")


@pytest.mark.parametrize(
    ("gold", "field"),
    [
        ("a sentence", "gold"),
        ({"keywords": ["x"]}, "needle"),
        ({"needle": "", "keywords": ["x"]}, "needle"),
        ({"needle": "n"}, "keywords"),
        ({"needle": "n", "keywords": []}, "keywords"),
        ({"needle": "n", "keywords": "sandwich"}, "keywords"),
        ({"needle": "n", "keywords": ["ok", 3]}, "keywords"),
        ({"needle": "n", "keywords": ["?!"]}, "keywords"),
        ({"needle": "n", "keywords": ["x"], "expected_answer": " "}, "expected_answer"),
    ],
)
def test_malformed_gold_names_record_and_field(gold: Any, field: str) -> None:
    with pytest.raises(DataError, match=f"p1.*{field}"):
        scored("reply", gold)
