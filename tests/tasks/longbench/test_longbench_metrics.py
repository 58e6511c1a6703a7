"""Metrics: the specification's worked examples in both modes, oracles and properties."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acbench.errors import ConfigError, DataError
from acbench.tasks.longbench import open_scorer
from acbench.tasks.longbench import segmentation as segmentation_module
from acbench.tasks.longbench.f1 import qa_f1
from acbench.tasks.longbench.metrics import label_score, similarity
from acbench.tasks.longbench.modes import MODES, code_line, first_line, plain_digits
from acbench.tasks.longbench.rouge import common_words, rouge_l, split_sentences, subsequence_words
from acbench.tasks.longbench.segmentation import segment
from acbench.tasks.longbench.sets import SETS
from acbench.tasks.protocol import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    PACKAGE: Any = import_module("rouge").Rouge(metrics=["rouge-l"])

FENCE = "```"
LABELS = ["Date", "City", "State", "Statement about food", "Number of something"]


def score(
    variant: str,
    prediction: str,
    answers: Sequence[str],
    *,
    mode: str = "upstream",
    classes: Sequence[str] | None = None,
) -> float:
    gold = {"answers": list(answers), "all_classes": None if classes is None else list(classes)}
    scorer = open_scorer(variant, mode=mode, embedder=_no_embedder)
    return float(scorer.score(Prediction("r", gold, prediction)).scores["score"])


def _no_embedder() -> Any:
    raise AssertionError("these metrics compare no texts by meaning")


# number, set, prediction, references, upstream, corrected where it differs
WORKED: list[tuple[int, str, str, list[str], float, float | None]] = [
    (1, "narrativeqa", "The Eiffel Tower!", ["eiffel tower"], 1.0, None),
    (2, "narrativeqa", "It is in Paris, France", ["Paris"], 0.333333, None),
    (3, "qasper", "UT", ["University of Toronto", "UT"], 1.0, None),
    (4, "hotpotqa", "1990–1995", ["1990-1995"], 0.0, None),
    (5, "musique", "well-known", ["well known"], 0.0, None),
    (6, "2wikimqa", "3.14", ["314"], 1.0, None),
    (7, "multifieldqa_en", "the", ["the"], 0.0, None),
    (8, "triviaqa", " \nParis", ["Paris"], 0.0, 1.0),
    (
        9,
        "multifieldqa_zh",
        "2012年增长25.89%。",
        ["2012年，铜仁市的财政总收入增长了25.89%。"],
        0.615385,
        None,
    ),
    (10, "multifieldqa_zh", "答案是：厦门大学", ["厦门大学。"], 0.5, None),
    (11, "multifieldqa_zh", "GDP 增长 10.5%", ["GDP增长10.5%。"], 1.0, None),
    (12, "multifieldqa_zh", "１２３", ["123"], 0.0, 1.0),
    (13, "gov_report", "The cat sat on the mat", ["the cat is on the mat"], 0.727273, None),
    (14, "qmsum", "a a a a", ["a b"], 0.666667, None),
    (15, "multi_news", "a b c. a d e", ["a b d"], 0.75, None),
    (16, "samsum", "x y z w", ["w z y x"], 0.25, None),
    (17, "gov_report", "a b. ", ["c d. "], 0.333333, None),
    (18, "gov_report", "Bob is late. He runs", ["He runs. Bob is late"], 1.0, None),
    (19, "gov_report", "cat, dog", ["cat dog"], 0.5, None),
    (20, "vcsum", "会议讨论了预算和人员安排", ["会议讨论预算安排"], 0.727273, None),
    (21, "trec", "Date or City", ["Date"], 0.5, None),
    (22, "trec", "Statement about food", ["State"], 1.0, None),
    (23, "lsht", "number of something", ["Number of something"], 0.0, None),
    (24, "passage_retrieval_en", "Paragraph 7 because it lists 3 films", ["Paragraph 7"], 0.5, None),
    (25, "passage_retrieval_en", "07", ["Paragraph 7"], 0.0, None),
    (26, "passage_retrieval_zh", "1, 2, 3, 4, 5, 6, 7", ["段落7"], 0.142857, None),
    (27, "passage_count", "There are 12 unique paragraphs out of 20", ["12"], 0.5, None),
    (28, "lcc", "\n    return self.x\n    y=1", ["    return self.x"], 1.0, None),
    (29, "lcc", "return self.x", ["    return self.x"], 0.87, None),
    (30, "repobench_p", f"{FENCE}\n    return self.x", ["    return self.x"], 1.0, None),
    (31, "repobench_p", f"{FENCE}\n\n    return self.x", ["    return self.x"], 0.0, 1.0),
    (32, "lcc", "    return self.x  # ok", ["    return self.x"], 0.0, None),
    (33, "lcc", "public int getId() {", ["return this.id;"], 0.29, None),
    (34, "lcc", "ababab", ["aaaaab"], 0.67, None),
]
WORKED_LABELS = {21: LABELS, 22: ["State"], 23: LABELS}


@pytest.mark.parametrize("case", WORKED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_worked_examples(case: tuple[int, str, str, list[str], float, float | None]) -> None:
    number, variant, prediction, answers, upstream, corrected = case
    classes = WORKED_LABELS.get(number)
    ours = score(variant, prediction, answers, classes=classes)
    assert ours == pytest.approx(upstream, abs=6e-7)
    wanted = ours if corrected is None else corrected
    assert score(variant, prediction, answers, classes=classes, mode="corrected") == pytest.approx(wanted)


def test_the_epsilon_of_rouge_is_kept() -> None:
    # p = r = 1: 2 / (2 + 1e-8)
    assert score("gov_report", "a b c", ["a b c"]) == 2 * (1 / (2 + 1e-8))
    assert score("gov_report", "a b c", ["a b c"]) < 1


def test_labels_inside_the_reference_are_all_dropped() -> None:
    # the published code, which removes while it walks, gives 0.5 here
    assert label_score("ABC", "ABC", ["A", "AB", "ABC"]) == 1.0
    assert label_score("AB", "ABC", ["A", "AB", "ABC"]) == 0.0
    # the reference itself is no proper part of itself, a label around it stays
    assert label_score("xABCx", "ABC", ["ABC", "xABCx"]) == 0.5


def test_long_texts_without_full_stops_do_not_fail() -> None:
    # every word of the shorter text in order: 1,100 common of 1,500 and 1,100 distinct words
    prediction = " ".join(f"w{i}" for i in range(1500))
    reference = " ".join(f"w{i}" for i in range(400, 1500))
    p, r = 1100 / 1500, 1.0
    assert rouge_l(prediction, reference) == pytest.approx(2 * p * r / (p + r + 1e-8), abs=1e-12)
    assert rouge_l(prediction, reference) == pytest.approx(0.846, abs=5e-4)


def test_best_reference_counts_and_none_is_zero() -> None:
    assert score("triviaqa", "b c", ["x", "b", "b c"]) == 1.0
    assert score("triviaqa", "b c", []) == 0.0
    assert score("gov_report", "", ["a"]) == 0.0
    assert score("gov_report", "...", ["a"]) == 0.0


def test_first_line_rule() -> None:
    assert first_line("\n\nParis\nRome", "upstream") == "Paris"
    assert first_line(" \nParis", "upstream") == " "
    assert first_line("Paris\r\nRome", "upstream") == "Paris\r"
    assert first_line(" \n\tParis\nRome", "corrected") == "Paris"
    # only sets of the list have it: elsewhere all lines count
    assert score("narrativeqa", "Rome\nParis", ["Paris"]) == pytest.approx(2 / 3)
    assert score("triviaqa", "Rome\nParis", ["Paris"]) == 0.0


@pytest.mark.parametrize(
    ("text", "upstream", "corrected"),
    [
        ("x = 1", "x = 1", "x = 1"),
        ("   \nx = 1", "   ", "x = 1"),
        ("```python\nx = 1", "x = 1", "x = 1"),
        ("```\npython\nx = 1", "python", "x = 1"),
        ("```\n\n  Java \nx = 1", "", "x = 1"),
        ("python\nx = 1", "python", "python"),
        ("# note\n// note\n`x`\ny", "y", "y"),
        ("see http://a.b\ny", "y", "y"),
        ("# only", "", ""),
        ("", "", ""),
        ("```\nx\npython", "x", "x"),
        ("```\npython\npython", "python", "python"),
    ],
)
def test_code_line(text: str, upstream: str, corrected: str) -> None:
    assert code_line(text, "upstream") == upstream
    assert code_line(text, "corrected") == corrected


def test_full_width_digits_only_in_corrected_mode() -> None:
    assert plain_digits("０９９a", "corrected") == "099a"
    assert plain_digits("０９９a", "upstream") == "０９９a"
    assert score("passage_retrieval_en", "７", ["Paragraph 7"]) == 0.0
    assert score("passage_retrieval_en", "７", ["Paragraph 7"], mode="corrected") == 1.0


def indel(a: str, b: str) -> int:
    """Least number of insertions and deletions, by the plain recurrence."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        before, row = row, [i]
        for j, y in enumerate(b, start=1):
            row.append(before[j - 1] if x == y else 1 + min(before[j], row[j - 1]))
    return row[-1]


@given(st.text("ab (_\n", max_size=30), st.text("ab (_\n", max_size=30))
def test_similarity_is_the_rounded_indel_ratio(a: str, b: str) -> None:
    if a == b or not a or not b:
        assert similarity(a, b) == (100 if a == b else 0)
        return
    exact = 100 * (1 - indel(a, b) / (len(a) + len(b)))
    # at a tie the last bit decides which neighbour is taken
    assert similarity(a, b) == round(exact) or abs(exact % 1 - 0.5) < 1e-9


WORDS = st.lists(
    st.sampled_from(["a", "b", "c", "d", "e.", ".", " ", "\t", "f,", "..", "\u2028"]), max_size=25
)


@settings(max_examples=300)
@given(WORDS, WORDS)
@example(["a"], [" "])
def test_rouge_equals_the_package(prediction: list[str], reference: list[str]) -> None:
    ours, theirs = " ".join(prediction), " ".join(reference)
    try:
        expected = PACKAGE.get_scores([ours], [theirs], avg=True)["rouge-l"]["f"]
    except ValueError:  # the package refuses texts without a sentence
        expected = 0.0
    assert rouge_l(ours, theirs) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=300)
@given(st.lists(st.sampled_from("abcdefg"), max_size=14), st.lists(st.sampled_from("cdefghi"), max_size=14))
def test_dropping_one_sided_words_changes_nothing(x: list[str], y: list[str]) -> None:
    assert common_words(x, y) == subsequence_words(x, y)


def words_by_the_table(x: list[str], y: list[str]) -> set[str]:
    """The specification's read-back over a whole table of lengths."""
    table = [[0] * (len(y) + 1) for _ in range(len(x) + 1)]
    for i, first in enumerate(x, start=1):
        for j, second in enumerate(y, start=1):
            table[i][j] = (
                table[i - 1][j - 1] + 1 if first == second else max(table[i - 1][j], table[i][j - 1])
            )
    i, j, found = len(x), len(y), set()
    while i and j:
        if x[i - 1] == y[j - 1]:
            found.add(x[i - 1])
            i, j = i - 1, j - 1
        elif table[i - 1][j] > table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found


@settings(max_examples=400)
@given(st.lists(st.sampled_from("abcdef"), max_size=20), st.lists(st.sampled_from("abcdef"), max_size=20))
def test_rows_of_bits_read_back_the_same_words_as_a_table(x: list[str], y: list[str]) -> None:
    assert subsequence_words(x, y) == words_by_the_table(x, y)


@settings(max_examples=200)
@given(WORDS, WORDS)
def test_pairs_that_are_left_out_add_no_word(prediction: list[str], reference: list[str]) -> None:
    ours, theirs = (split_sentences(" ".join(words)) for words in (prediction, reference))
    united = {word for x in theirs for y in ours for word in words_by_the_table(list(x), list(y))}
    n, m = (len({word for sentence in side for word in sentence}) for side in (ours, theirs))
    p, r = (len(united) / n, len(united) / m) if ours and theirs else (0.0, 0.0)
    expected = 2 * p * r / (p + r + 1e-8)
    assert rouge_l(" ".join(prediction), " ".join(reference)) == pytest.approx(expected, abs=1e-12)


def test_sentences() -> None:
    assert split_sentences("a  b.c. ") == [("a", "b"), ("c",), ("",)]
    assert split_sentences("..") == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("variant", sorted(SETS))
def test_a_perfect_answer_scores_one(variant: str, mode: str) -> None:
    metric = SETS[variant].metric
    answer = {
        "count": "7",
        "retrieval": "Paragraph 7",
        "retrieval_zh": "段落7",
        "classification": "City",
        "qa_f1_zh": "厦门大学",
        "rouge_zh": "会议讨论了预算",
    }.get(metric, "return total")
    found = score(variant, answer, ["Paragraph 1 段落1", answer], mode=mode, classes=LABELS)
    assert found == pytest.approx(1.0, abs=1e-8)


ANY_TEXT = st.text(st.characters(), max_size=40) | st.text("`#/\n 0７段落Paragraph1的。.%", max_size=40)


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT, ANY_TEXT, st.sampled_from(sorted(SETS)), st.sampled_from(MODES))
def test_no_text_makes_a_scorer_raise(prediction: str, answer: str, variant: str, mode: str) -> None:
    target = {"retrieval": "Paragraph 3", "retrieval_zh": "段落3"}.get(SETS[variant].metric, answer)
    found = score(variant, prediction, [target, target + "."], mode=mode, classes=["a", answer])
    assert 0 <= found <= 1


@given(st.text("ab c.", max_size=20), st.lists(st.text("ab c.", max_size=20), max_size=4))
def test_the_score_is_the_maximum(prediction: str, answers: list[str]) -> None:
    each = [qa_f1(prediction, answer) for answer in answers]
    assert score("narrativeqa", prediction, answers) == max(each, default=0.0)


def test_lone_surrogates_do_not_raise() -> None:
    for variant in ("narrativeqa", "vcsum", "lcc", "multifieldqa_zh", "passage_count"):
        assert 0 <= score(variant, "\ud83d 的", ["\ude00的"]) <= 1


@pytest.mark.parametrize(
    ("variant", "gold", "message"),
    [
        ("qasper", ["x"], "must be an object"),
        ("qasper", {}, "'answers' is missing"),
        ("qasper", {"answers": "x"}, "'answers' must be a list of texts"),
        ("qasper", {"answers": [1]}, "'answers' must be a list of texts"),
        ("trec", {"answers": ["x"], "all_classes": None}, "'all_classes' must list the labels"),
        ("trec", {"answers": ["x"], "all_classes": "x"}, "'all_classes' must be a list"),
        ("passage_retrieval_en", {"answers": ["7"]}, "names no paragraph"),
        ("passage_retrieval_zh", {"answers": ["Paragraph 7"]}, "names no paragraph"),
    ],
)
def test_malformed_gold_is_an_error(variant: str, gold: Any, message: str) -> None:
    scorer = open_scorer(variant, mode="corrected", embedder=_no_embedder)
    with pytest.raises(DataError, match=f"record 'r7'.*{message}"):
        scorer.score(Prediction("r7", gold, "x"))


def test_unknown_set_and_mode() -> None:
    with pytest.raises(ConfigError, match="'hotpotqa'"):
        open_scorer("hotpot", mode="upstream", embedder=_no_embedder)
    with pytest.raises(ConfigError, match="'upstream'"):
        open_scorer("hotpotqa", mode="upstraem", embedder=_no_embedder)


def test_outcomes() -> None:
    scorer = open_scorer("narrativeqa", mode="corrected", embedder=_no_embedder)
    gold = {"answers": ["red barn"], "all_classes": None}
    texts = ("Red barn", "barn", "house", " \n")
    found = [scorer.score(Prediction("r", gold, text)).outcome for text in texts]
    assert found == ["full", "partial", "zero", "empty"]


def test_segmenter_neither_reads_nor_writes_a_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "jieba.cache").write_bytes(b"not a dictionary")
    segmentation_module._tokenizer.cache_clear()
    assert segmentation_module._tokenizer().FREQ["会议"] > 0
    assert segment("会议讨论了预算") == ("会议", "讨论", "了", "预算")
    assert (tmp_path / "jieba.cache").read_bytes() == b"not a dictionary"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("variant", "library"), [("vcsum", "jieba"), ("lcc", "rapidfuzz")])
def test_a_missing_library_names_the_extra(
    variant: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acbench.tasks.longbench.requirements.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=rf"{library}.*acbench\[longbench\]"):
        open_scorer(variant, mode="upstream", embedder=_no_embedder)
    open_scorer("narrativeqa", mode="upstream", embedder=_no_embedder)
