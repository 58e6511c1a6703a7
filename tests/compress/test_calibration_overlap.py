"""Word 13-grams against a brute force, planted passages, and the message that refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.compress.overlap import (
    Overlap,
    find_overlap,
    ngrams,
    prompt_texts,
    refuse_overlap,
    strings,
    task_texts,
)
from acbench.errors import CompressionError
from acbench.tasks.protocol import Message, Prompt, Sample

PASSAGE = "one two three four five six seven eight nine ten eleven twelve thirteen"
CHINESE = "海拔四千二百米的邮局只有一间屋子一张柜台一个邮政员"
"""25 characters: one less than a run."""


def runs_of(text: str) -> set[tuple[str, ...]]:
    """By definition: every 13 successive words, every 26 successive Chinese characters, of ASCII plus CJK text."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    signs = re.findall("[\u4e00-\u9fff]", text)
    return {tuple(words[i : i + 13]) for i in range(len(words) - 12)} | {
        tuple(signs[i : i + 26]) for i in range(len(signs) - 25)
    }


few_words = st.lists(st.sampled_from(["a", "b", "Ab", "x1", "一", "二", "三"]), max_size=60).map(" ".join)
punctuated = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "Cc", "d9", "一", "二"]),
        st.sampled_from([" ", ", ", "-", "\n", "_", "。"]),
    ),
    max_size=60,
).map(lambda pairs: "".join(word + gap for word, gap in pairs))


@given(few_words | punctuated)
def test_one_hash_for_every_different_run(text: str) -> None:
    hashes = ngrams(text)
    assert len(hashes) == len(runs_of(text))
    assert all(0 <= value < 1 << 64 for value in hashes)


@given(few_words | punctuated, few_words | punctuated)
def test_shared_hashes_are_shared_runs(first: str, second: str) -> None:
    assert len(ngrams(first) & ngrams(second)) == len(runs_of(first) & runs_of(second))


@given(few_words | punctuated, few_words | punctuated)
def test_an_overlap_is_found_exactly_when_a_run_is_shared(first: str, second: str) -> None:
    assert bool(find_overlap({"document": first}, [("sample", second)])) == bool(
        runs_of(first) & runs_of(second)
    )


def test_twelve_words_are_no_passage_and_thirteen_are() -> None:
    twelve = PASSAGE.rpartition(" ")[0]
    assert find_overlap({"d": f"before {twelve} after"}, [("s", f"other {twelve} words")]) == ()
    assert find_overlap({"d": f"before {PASSAGE} after"}, [("s", f"other {PASSAGE} words")]) == (
        Overlap("d", "s", PASSAGE, 1),
    )


def test_case_punctuation_and_line_breaks_do_not_hide_a_passage() -> None:
    dressed = PASSAGE.upper().replace(" ", ",\n\t").replace("SEVEN", "“Seven”")
    (found,) = find_overlap({"d": PASSAGE}, [("s", dressed)])
    assert found.excerpt == PASSAGE


def test_full_width_letters_are_letters() -> None:
    wide = PASSAGE.translate({code: code + 0xFEE0 for code in range(ord("a"), ord("z") + 1)})
    assert wide != PASSAGE
    assert find_overlap({"d": PASSAGE}, [("s", wide)])


def test_chinese_is_compared_by_26_characters() -> None:
    assert len(CHINESE) == 25
    assert find_overlap({"d": f"前{CHINESE}"}, [("s", f"后{CHINESE}")]) == ()
    (found,) = find_overlap({"d": f"前{CHINESE}，每"}, [("s", f"后{CHINESE}每。")])
    assert found == Overlap("d", "s", f"{CHINESE}每", 1)


def test_every_pair_is_named_once_with_its_number_of_runs() -> None:
    longer = f"{PASSAGE} fourteen fifteen"
    found = find_overlap(
        {"first": longer, "second": f"x {PASSAGE}"}, [("s1", longer), ("s2", f"y {PASSAGE} z")]
    )
    assert {(overlap.document, overlap.sample): overlap.runs for overlap in found} == {
        ("first", "s1"): 3,
        ("second", "s1"): 1,
        ("first", "s2"): 1,
        ("second", "s2"): 1,
    }


def test_a_text_that_many_samples_share_is_read_once() -> None:
    found = find_overlap({"d": PASSAGE}, [("s1", PASSAGE), ("s2", PASSAGE)])
    assert [overlap.sample for overlap in found] == ["s1"]


def test_texts_are_streamed_and_an_empty_calibration_overlaps_with_nothing() -> None:
    assert find_overlap({}, iter([("s", PASSAGE)])) == ()
    assert find_overlap({"d": PASSAGE}, iter([])) == ()
    assert find_overlap({"d": "too short"}, iter([("s", PASSAGE)])) == ()


def test_equal_hashes_with_other_words_are_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acbench.compress.overlap._unit_hash", lambda _unit: 1)
    assert find_overlap({"d": PASSAGE}, [("s", PASSAGE.replace("seven", "seventy"))]) == ()
    assert find_overlap({"d": PASSAGE}, [("s", PASSAGE)])


def test_all_strings_of_nested_data() -> None:
    data: Any = {"a": ["b", {"c": ("d", 1, None, True)}], "e": {"f": "g"}}
    assert sorted(strings(data)) == list("abcdefg")


def test_all_parts_of_a_prompt() -> None:
    prompt = Prompt(messages=(Message("system", "a"), Message("user", "b")), prefill="c", continuation="d")
    assert list(prompt_texts(prompt)) == ["a", "b", "c", "d"]
    assert list(prompt_texts(Prompt(text="e"))) == ["e"]


class OneQuestion:
    def open(self, sample: Sample) -> OneQuestion:
        self.sample = sample
        return self

    def ask(self) -> Prompt:
        return Prompt(messages=(Message("user", f"Read this: {PASSAGE}"),))


def test_a_passage_that_only_the_prompt_holds_is_found() -> None:
    samples = [Sample("q1", {"question": "short"})]
    texts = list(task_texts("quiz", OneQuestion(), samples))  # type: ignore[arg-type]
    assert texts == [("quiz/q1", "question"), ("quiz/q1", "short"), ("quiz/q1", f"Read this: {PASSAGE}")]
    (found,) = find_overlap({"d": PASSAGE}, texts)
    assert found.sample == "quiz/q1"


def test_a_leak_is_refused_and_may_be_allowed() -> None:
    found = (Overlap("pack/a", "quiz/q1", "the shared words", 3), Overlap("pack/b", "quiz/q2", "others", 1))
    with pytest.raises(CompressionError) as caught:
        refuse_overlap(found, allowed=False)
    message = str(caught.value)
    for part in ("'pack/a'", "'quiz/q1'", "3 passages of 13 words", "'the shared words'", "1 more"):
        assert part in message
    assert "calibration.allow_overlap = true" in message
    (note,) = refuse_overlap(found, allowed=True)
    assert note.startswith(
        "calibration leak allowed by calibration.allow_overlap: calibration document 'pack/a'"
    )
    assert refuse_overlap((), allowed=False) == ()
