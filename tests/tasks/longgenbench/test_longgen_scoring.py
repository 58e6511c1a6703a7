"""Both scorers: the specification's table, header variants, number forms and hostile replies."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acbench.errors import ConfigError, DataError
from acbench.tasks.longgenbench import open_scorer
from acbench.tasks.longgenbench.aligned import align, blocks, closing_value, last_value, reference
from acbench.tasks.longgenbench.outcomes import OUTCOMES, has_loop, outcome_of, without_thought
from acbench.tasks.longgenbench.published import published_accuracy, read_letters, read_numbers
from acbench.tasks.protocol import Prediction

DATA = Path(__file__).parents[4] / "shared" / "data" / "longgenbench"
TWO = ["x\n#### 18", "y\n#### 5"]


def reply(first: str, second: str = "The answer is 5.") -> str:
    return f"Answer_9:\nx {first}\n\nAnswer_10:\nx {second}"


TABLE = [
    (reply("The answer is 18."), TWO, 1.0, 1.0),
    (reply("The answer is $18."), TWO, 0.0, 1.0),
    (reply("so it is eighteen."), TWO, 0.0, 0.5),
    ("Answer_10:\nx The answer is 5.", TWO, 0.0, 0.5),
    (reply("The answer is 18.0."), TWO, 1.0, 1.0),
    ("Answer_9:\nThe answer is 1,450,000", ["#### 1,450,000"], 1.0, 1.0),
    ("Answer_9:\nThe answer is 1450000", ["#### 1,450,000"], 0.0, 1.0),
    ("Answer_9:\nThe answer is 1,999", ["#### 1,450,000"], 1.0, 0.0),
    ("Answer_9:\nThe answer is -10", ["#### -10"], 0.0, 1.0),
]
LETTERS = [
    ("Answer_9:\nfirst line\nsecond line. The answer is (B)", 0.0, 1.0),
    ("Answer_9: The answer is (B) 4", 1.0, 1.0),
    ("Answer_9: The answer is B.", 0.0, 1.0),
]


@pytest.mark.parametrize(("text", "answers", "published", "aligned"), TABLE)
def test_numbers_of_the_specification(
    text: str, answers: list[str], published: float, aligned: float
) -> None:
    assert published_accuracy(text, answers, letters=False) == published
    assert align(text, answers, first=9, letters=False).accuracy == aligned


@pytest.mark.parametrize(("text", "published", "aligned"), LETTERS)
def test_letters_of_the_specification(text: str, published: float, aligned: float) -> None:
    assert published_accuracy(text, ["B"], letters=True) == published
    assert align(text, ["B"], first=9, letters=True).accuracy == aligned


@pytest.mark.parametrize(
    "header",
    [
        "Answer_9:",
        "answer 9:",
        "**Answer 9:**",
        "### Answer_9:",
        "> Answer_9 :",
        "* ANSWER_9**:",
        "  Answer9:",
    ],
)
def test_header_variants(header: str) -> None:
    assert align(f"{header}\nThe answer is 18.", ["#### 18"], first=9, letters=False).accuracy == 1


def test_a_header_inside_a_line_is_none() -> None:
    assert blocks("see Answer_9: above") == {}


def test_repeated_restarted_and_missing_numbers() -> None:
    text = "Answer_9:\nThe answer is 18.\nAnswer_9:\nThe answer is 1.\nAnswer_1:\nThe answer is 5.\n"
    found = align(text, TWO, first=9, letters=False)
    assert (found.right, found.found, found.parsed) == ((True, False), (True, False), (True, False))


def test_a_repeated_question_ends_a_block() -> None:
    text = "Answer_9:\nhm\nQuestion_10:\nwhat? The answer is 18.\nAnswer_10:\nThe answer is 5."
    found = align(text, TWO, first=9, letters=False)
    assert (found.right, found.found, found.parsed) == ((False, True), (True, True), (False, True))


@pytest.mark.parametrize(
    ("block", "value"),
    [
        ("The answer is 18", 18),
        ("the ANSWER IS: 18 dollars", 18),
        ("The answer is $1,234.50.", Decimal("1234.50")),
        ("The answer is **42**", 42),
        ("The answer is \\(7\\)", 7),
        ("The answer is -3 degrees", -3),
        ("The answer is €12", 12),
        ("The answer is\n\n  18 apples", 18),
        ("The answer is:\n18", 18),
        ("The answer is : \n \t\n 18", 18),
        ("The answer is\nThe answer is\n7", 7),
        ("The answer is:\n\n", None),
        ("The answer is unclear, the answer is 4", 4),
        ("The answer is unclear.\nThe answer is 4.", 4),
        ("The answer is 1,23", 1),
        ("no phrase 5", None),
        ("The answer is", None),
        ("The answer is " + "9" * 5000, None),
    ],
)
def test_closing_numbers(block: str, value: Any) -> None:
    assert closing_value(block, letters=False) == value


@pytest.mark.parametrize(
    ("block", "letter"),
    [
        ("The answer is (C).", "C"),
        ("The answer is C", "C"),
        ('The answer is: **"D"**', "D"),
        ("The answer is option (E)", "E"),
        ("The answer is Option B.", "B"),
        ("The answer is: ( option: [ B", "B"),
        ("The answer is\n(B)", "B"),
        ("The answer is optionB", None),
        ("The answer is Cat (A)", None),
        ("The answer is c", None),
        ("The answer is a C", None),
        ("The answer is (F)", None),
    ],
)
def test_closing_letters(block: str, letter: str | None) -> None:
    assert closing_value(block, letters=True) == letter


def test_lenient_reading_takes_the_last_value_where_no_phrase_parses() -> None:
    text = "Answer_9:\n4 and 5 make 1,018 -> 18\nAnswer_10:\nThe answer is 6, not 5"
    found = align(text, TWO, first=9, letters=False)
    assert (found.accuracy, found.accuracy_lenient, found.parsed_share) == (0, 0.5, 0.5)
    assert last_value("either (A) or (C), hm", letters=True) == "C"
    assert last_value("neither", letters=True) is None


def test_accuracy_by_fifth_of_ten_questions() -> None:
    text = "\n".join(f"Answer_{n}:\nThe answer is {n}." for n in range(1, 8))
    found = align(text, [f"#### {n}" for n in range(1, 11)], first=1, letters=False)
    assert found.by_fifth() == {1: 1.0, 2: 1.0, 3: 1.0, 4: 0.5, 5: 0.0}
    three = align(text, ["#### 1", "#### 2", "#### 9"], first=1, letters=False)
    assert three.by_fifth() == {1: 1.0, 2: 1.0, 4: 0.0}  # parts without a question are absent


def test_references() -> None:
    assert reference("a\n#### 1,450,000", letters=False) == 1450000
    assert reference("5 #### 3\n#### -10", letters=False) == -10
    with pytest.raises(ValueError, match="no number behind"):
        reference("#### many", letters=False)
    with pytest.raises(ValueError, match="not a letter"):
        reference("F", letters=True)


def test_loops_are_found_by_pieces_that_do_not_overlap() -> None:
    assert has_loop(["a"] * 100)
    assert not has_loop(["a"] * 99)
    assert has_loop([str(i % 7) for i in range(120)])
    assert not has_loop([str(i) for i in range(600)])
    assert not has_loop(["a"] * 100 + [str(i) for i in range(500)])  # only the last 500 tokens count


def test_outcomes_are_exclusive() -> None:
    right = align(reply("The answer is 18."), TWO, first=9, letters=False)
    half = align(reply("The answer is 1."), TWO, first=9, letters=False)
    part = align("Answer_9:\nhm", TWO, first=9, letters=False)
    none = align("no", TWO, first=9, letters=False)
    assert outcome_of("x", right, cut=True, loop=True) == "correct"
    assert outcome_of("x", half) == "complete"
    assert outcome_of("x", part) == "incomplete"
    assert outcome_of("x", part, cut=True) == "cut"
    assert outcome_of("x", part, cut=True, loop=True) == "loop"
    assert outcome_of("x", none) == "unparsed"
    assert outcome_of(" \n", none) == "empty"


def test_thoughts_are_removed() -> None:
    assert (
        without_thought("Answer_9: The answer is 1</think>\nAnswer_9: The answer is 18.")
        .strip()
        .endswith("18.")
    )
    assert without_thought("plain") == "plain"


PIECES = st.sampled_from(
    [
        "Answer_9:",
        "Answer_10:",
        "Question_9:",
        "The answer is",
        " 18",
        " (B)",
        "$",
        ",",
        "\n",
        "-",
        "۱",
        "\u2028",
        "*",
        "(",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)), st.booleans())
def test_no_reply_raises_and_scores_are_shares(text: str, letters: bool) -> None:
    answers = ["B", "C", "A"] if letters else ["#### 18", "#### 5", "#### -1"]
    found = align(text, answers, first=9, letters=letters)
    shares = [found.accuracy, found.completion, found.parsed_share, found.accuracy_lenient]
    assert all(0 <= share <= 1 for share in shares)
    assert found.accuracy <= found.parsed_share <= found.completion
    assert found.accuracy <= found.accuracy_lenient
    assert 0 <= published_accuracy(text, answers, letters=letters) <= 1
    assert outcome_of(text, found) in OUTCOMES


FRAGMENTS = st.sampled_from(
    [
        *(
            "Answer_9:",
            "Answer_10: ",
            "Answer_x:",
            "answer is ",
            "answer is (",
            "B",
            ")",
            "18",
            "\n",
            "\n\n",
            " ",
        ),
        *("\u2028", "answer is (C)", "answer is 5"),
    ]
)


@settings(max_examples=500)
@given(st.lists(FRAGMENTS, max_size=20).map("".join))
def test_one_pass_finds_what_the_published_patterns_find(reply: str) -> None:
    numbers = re.findall(r"Answer_\d+:\s*.*?answer is (\d+)", reply, re.DOTALL)
    assert read_numbers(reply) == numbers
    assert read_letters(reply) == re.findall(r"Answer_\d+:\s*.*?answer is \((.*?)\)", reply)


@pytest.mark.parametrize("letters", [False, True])
@pytest.mark.parametrize(
    "reply",
    [
        "Answer_9: x " * 25_000,
        "Answer_9: answer is " * 15_000,
        "Answer_9:\nThe answer is (\n" * 12_000,
        "Answer_9: " + "answer is (" * 27_000,
        "Answer_9: answer is " + "(" * 300_000,
        "Answer_9: answer is " + "\"' " * 100_000,
        "Answer_9: answer is " + "option " * 43_000,
        "Answer_9:\n" + "answer is\n" * 30_000,
        "Answer_9:\n" + "answer is " * 30_000,
        "Answer_9: answer is " + "1,000" * 60_000,
        "Answer_" + "9" * 300_000 + ": answer is 5",
        "Question_9:\n" * 25_000,
        "\n" * 300_000 + "Answer_9:",
    ],
    ids=lambda reply: reply[:30].replace("\n", "/"),
)
def test_replies_of_300_000_characters_take_no_time(reply: str, letters: bool) -> None:
    answers = ["B"] * 30 if letters else ["#### 5"] * 30
    begin = time.process_time()
    for mode in ("upstream", "corrected"):
        scorer = open_scorer("mmlu" if letters else "gsm8k", mode=mode, embedder=None)
        scorer.score(Prediction("p", {"answers": answers}, reply))
    assert time.process_time() - begin < 8  # a pattern that goes back takes minutes


# -- acbench score -----------------------------------------------------------------------------------


def test_scorer_takes_the_packed_record() -> None:
    prompt = "Question_1:\na\n\nQuestion_2:\nb\n\nQuestion_3:\nc\n\n"
    gold = {"prompt": prompt, "questions": ["b", "c"], "answers": TWO}
    line = Prediction("p", gold, "Answer_2:\nThe answer is 18.\nAnswer_3:\nThe answer is $5.")
    corrected = open_scorer("gsm8k", mode="corrected", embedder=None).score(line)
    assert corrected.scores == {"accuracy": 1.0, "accuracy_lenient": 1.0, "completion": 1.0, "parsed": 1.0}
    assert corrected.outcome == "correct"
    upstream = open_scorer("gsm8k", mode="upstream", embedder=None).score(line)
    assert upstream.scores == {"accuracy": 0.5}


def test_without_a_prompt_questions_start_at_the_published_number() -> None:
    line = Prediction("p", {"answers": ["A"]}, "Answer_6: The answer is (A)")
    assert open_scorer("csqa", mode="corrected", embedder=None).score(line).scores["accuracy"] == 1


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ("text", "gold must be the packed record"),
        ({}, "field 'answers' must be a list"),
        ({"answers": []}, "field 'answers' must be a list"),
        ({"answers": ["#### 1", 7]}, r"field 'answers'\[1\] must be text, not int"),
        ({"answers": ["many"]}, "no number behind ####"),
        ({"answers": ["#### 1"], "prompt": 3}, "field 'prompt' must be text"),
    ],
)
def test_malformed_gold_names_the_field(gold: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_scorer("gsm8k", mode="corrected", embedder=None).score(Prediction("p", gold, ""))


def test_unknown_mode_and_form() -> None:
    with pytest.raises(ConfigError, match="unknown mode 'upstraem'; did you mean 'upstream'"):
        open_scorer("gsm8k", mode="upstraem", embedder=None)
    with pytest.raises(ConfigError, match="did you mean 'gsm8k'"):
        open_scorer("gsm8", mode="corrected", embedder=None)


@pytest.mark.upstream
@pytest.mark.parametrize("name", ["gsm8k_30", "gsm8k_60", "mmlu_30", "csqa_40"])
def test_a_perfect_reply_to_every_packed_record(name: str) -> None:
    file = DATA / "packed" / f"{name}.jsonl"
    if not file.is_file():
        pytest.skip("needs the upstream data folder beside the checkout")
    form = name.partition("_")[0]
    letters = form != "gsm8k"
    scorer = open_scorer(form, mode="corrected", embedder=None)
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    for number, row in enumerate(rows):
        first = 9 if form == "gsm8k" else 6
        values = [a if letters else a.rpartition("####")[2].strip() for a in row["answers"]]
        shown = [f"({v})" if letters else v for v in values]
        text = "\n\n".join(f"Answer_{first + i}:\nx. The answer is {v}." for i, v in enumerate(shown))
        assert scorer.score(Prediction(str(number), row, text)).scores["accuracy"] == 1
    assert rows
