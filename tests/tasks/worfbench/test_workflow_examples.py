"""The worked examples of the specification, in both modes."""

from __future__ import annotations

import pytest
from workflow_stubs import chain, score, text_of, triples

A, B, C, D = (
    "boil water in the kettle",
    "feed the neighbour cat",
    "send the quarterly report",
    "paint the garden fence",
)
E, F, G, H = (
    "tune the old guitar",
    "book a dentist appointment",
    "water the tomato plants",
    "repair the bicycle tyre",
)
JOINED = [("START", 1), ("START", 2), (1, 3), (2, 3), (3, "END")]
JOIN = text_of([A, B, C], JOINED)
PARALLEL = text_of([A, B, C, D], [*(("START", i) for i in range(1, 5)), *((i, "END") for i in range(1, 5))])
SHUFFLED = text_of([C, A, B], [("START", 2), ("START", 3), (2, 1), (3, 1), (1, "END")])
ALL = chain([A, B, C, D, E, F, G, H])
NO = (0, 0, 0)
ONE = (1, 1, 1)


def same(value: float) -> tuple[float, float, float]:
    return (value, value, value)


W2, W5 = (1, 2 / 3, 0.8), (0.5, 1 / 3, 0.4)
EXAMPLES = {
    "W1": (JOIN, text_of([B, A, C], JOINED), ONE, ONE, ONE, ONE),
    "W2": (JOIN, chain([A, B]), W2, (0.5, 0.4, 4 / 9), W2, (0.5, 0.4, 4 / 9)),
    "W3": (JOIN, SHUFFLED, same(2 / 3), same(0.4), same(2 / 3), ONE),
    "W4": (chain([A, B, C, D]), chain([B, A, D, C]), same(0.5), ONE, same(0.5), NO),
    "W5": (JOIN, chain([D, E]), W5, (0.25, 0.2, 2 / 9), NO, NO),
    "W6": (ALL, ALL, (1, 0.8, 8 / 9), ONE, ONE, ONE),
    "W7": (PARALLEL, PARALLEL, same(0.75), ONE, ONE, ONE),
    "W8": (chain([A, B, C]), chain([C, B, A]), same(1 / 3), ONE, same(1 / 3), NO),
    "W9": (JOIN, f"{JOIN}\n1. {D}\n2. {E}", (0.6, 1, 0.75), (4 / 7, 0.8, 2 / 3), ONE, ONE),
    "W10": (
        JOIN,
        JOIN.replace("1:", "1)").replace("2:", "2)").replace("3:", "3)"),
        NO,
        (0.5, 0.2, 2 / 7),
        ONE,
        ONE,
    ),
    "W11": (JOIN, JOIN[: JOIN.index("END)")], ONE, same(0.8), ONE, same(0.8)),
    "W12": (
        chain([A, B, C]),
        chain([E, A, B, C]),
        (0.75, 1, 6 / 7),
        (0.5, 0.6, 6 / 11),
        (0.75, 1, 6 / 7),
        (2 / 3, 0.8, 8 / 11),
    ),
    "W13": (JOIN, JOIN[: JOIN.index("\nEdge")], NO, NO, NO, NO),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_example(name: str) -> None:
    gold, prediction, *expected = EXAMPLES[name]
    found = [*triples(gold, prediction, "upstream"), *triples(gold, prediction, "corrected")]
    for triple, wanted in zip(found, expected, strict=True):
        assert triple == pytest.approx(wanted)


def test_outcomes() -> None:
    outcomes = {name: score(gold, prediction).outcome for name, (gold, prediction, *_) in EXAMPLES.items()}
    assert outcomes == {
        **dict.fromkeys(("W1", "W6", "W7", "W9", "W10"), "correct"),
        **dict.fromkeys(("W2", "W3", "W4", "W8", "W11", "W12"), "partial"),
        "W5": "wrong",
        "W13": "unparsed",
    }
    gold, prediction, *_ = EXAMPLES["W10"]
    assert score(gold, prediction, "upstream").outcome == "error_chain"
