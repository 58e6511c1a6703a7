"""What a visit is worth: the specification's worked examples and values worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.errors import DataError
from acbench.tasks.webarena import check
from acbench.tasks.webarena.evaluation import Progress, read_evaluation
from acbench.tasks.webarena.scoring import (
    answer_match,
    content_match,
    exact_match,
    mixed,
    must_include,
    path_share,
    snippets_seen,
    tokens,
    url_match,
    url_progress,
)

H = "http://h.example"


@pytest.mark.parametrize(
    ("reference", "current", "value"),
    [
        (f"{H}/x/y", f"{H}/x", 0.5),
        (f"{H}/x/y", "http://g.example/x/y", 0),
        (f"{H}/x/y/z", f"{H}/q/x/z", 2 / 3),
        (f"{H}/s?q=1&p=2", f"{H}/s?q=1", (1 + 2 / 3) / 2),
        (f"{H}/s?q=1&p=2", f"{H}/s?q=1&p=3&r=4", 0.7),
        (f"{H}/s?q=1", f"{H}/s", 0.5),
        (H, f"{H}/any/where?q=1", 1),
        (f"{H}/", f"{H}", 1),
        (f"{H}/x/", f"{H}/x", 1),
        (f"{H}/x", f"{H}/x?extra=1", 1),
        (f"{H}/x", H, 0),
        (f"{H}?q=1", f"{H}/x?q=1", 1),
        (f"{H}/s?q=a+b", f"{H}/s?q=a%20b", 1),
        (f"{H}/a/b/c", f"{H}/c/b/a", 1 / 3),
        (f"{H}/x/y |OR| http://g.example/z", "http://g.example/z", 1),
        (f"{H}/x/y |OR| {H}/z", f"{H}/x", 0.5),
        (f"{H}/x", "about:blank", 0),
        (f"{H}/x", "http://[half", 0),
    ],
)
def test_progress_of_an_address(reference: str, current: str, value: float) -> None:
    """Worked example 13 first; then references without a path, other orders, alternatives and no addresses."""
    assert url_progress(reference, current) == pytest.approx(value)
    assert check({"kind": "url", "reference": reference, "current": current})["progress"] == pytest.approx(
        value
    )


@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=6))
def test_a_share_of_a_path_by_a_second_way(wanted: list[str], found: list[str]) -> None:
    """Longest common subsequence by trying all subsequences."""
    best = 0
    for mask in range(1 << len(wanted)):
        chosen = [part for n, part in enumerate(wanted) if mask >> n & 1]
        rest = iter(found)
        if all(part in rest for part in chosen):
            best = max(best, len(chosen))
    value = best / len(wanted) if wanted else 1.0
    assert path_share("".join(f"/{p}" for p in wanted), "".join(f"/{p}" for p in found)) == pytest.approx(
        value
    )


@pytest.mark.parametrize(
    ("reference", "current", "matches"),
    [
        (f"{H}/x", f"{H}/x/", True),
        (f"{H}/x", f"{H}/x/y?q=1", True),
        (f"{H}/x", f"{H}/y", False),
        (f"{H}/x?q=1", f"{H}/x?q=1&p=2", True),
        (f"{H}/x?q=1&p=2", f"{H}/x?q=1", False),
        (f"{H}/x?q=1", f"{H}/x?q=2", False),
        (f"{H}/a?q=1 |OR| {H}/b?q=2", f"{H}/b?q=1", True),
        (f"{H}/a |OR| {H}/b", f"{H}/b", True),
        (f"{H}/x", "http://[half", False),
    ],
)
def test_success_of_an_address(reference: str, current: str, matches: bool) -> None:
    assert url_match(reference, current) is matches


@pytest.mark.parametrize(
    ("url", "content", "snippets", "value"), [(0.5, 1, 2, 0.7), (1, 0, 1, 0.75), (0, 1, 3, 0.5)]
)
def test_the_mix_of_address_and_content(url: float, content: float, snippets: int, value: float) -> None:
    """Worked example 14 first."""
    assert mixed(url, content, snippets) == pytest.approx(value)
    record = {"kind": "mix", "url": url, "content": content, "snippets": snippets}
    assert check(record) == {"progress": pytest.approx(value)}


@pytest.mark.parametrize(
    ("references", "answer", "right"),
    [
        ({"must_include": ["3"]}, "13", False),
        ({"must_include": ["red", "blue"]}, "red", False),
        ({"exact_match": "Yes"}, "yes ", True),
        ({"must_include": ["red", "blue"]}, "Blue and RED.", True),
        ({"must_include": ["3"]}, "There are 3.", True),
        ({"must_include": ["3", "1"]}, "13", True),
        ({"must_include": ["33"]}, "1339", True),
        ({"exact_match": "Yes"}, '"yes"', True),
        ({"exact_match": "Yes"}, "@yes@", True),
        ({"exact_match": "Yes"}, "yes.", False),
        ({"exact_match": "a", "must_include": ["b"]}, "a", False),
        ({"fuzzy_match": ["anything"]}, "anything", False),
        ({"exact_match": "a", "fuzzy_match": ["a"]}, "a", False),
        ({"must_include": ["a"]}, "", False),
    ],
)
def test_answers(references: dict[str, Any], answer: str, right: bool) -> None:
    """Worked example 15 first; the rule of the token holds for a single reference of one character only."""
    assert answer_match(references, answer) is right
    record = {"kind": "string", "reference_answers": references, "answer": answer}
    assert check(record) == {"success": right}


@pytest.mark.parametrize("text", ["3", "(3)", "$3", "3%", "3, or so", "it is 3.", "3!", "'3'", '"3"', "3's", "a;3",
                                  "3: b", "3 items", "3? yes", "3...", "*3*", "3--4", "[3]"])  # fmt: skip
def test_a_number_that_stands_alone(text: str) -> None:
    assert must_include("3", text, as_token=True)


@pytest.mark.parametrize("text", ["13", "3.5", "1,3", "3/4", "3-5", "x=3", "3rd", "3:4", ""])
def test_a_number_that_is_part_of_a_word(text: str) -> None:
    assert not must_include("3", text, as_token=True)


def test_words_of_a_sentence() -> None:
    assert tokens("it's 3 (or 4), i think.") == ["it", "'s", "3", "(", "or", "4", ")", ",", "i", "think", "."]
    assert tokens("a. b.") == ["a", ".", "b", "."]


def test_exact_texts_lose_blanks_quotes_and_case() -> None:
    assert exact_match(" Blue ", '"BLUE"')
    assert not exact_match("blue", "blue green")


def test_snippets_and_their_alternatives() -> None:
    page = "  The Red HOUSE  "
    assert snippets_seen(["red", "blue", "tree |OR| house"], page) == [True, False, True]
    assert snippets_seen(["red", "tree |OR| house"], page, upstream=True) == [True, False]


def test_contents_of_a_target() -> None:
    assert content_match(("a & b", "x |OR| c"), None, "A &amp; B, c")
    assert not content_match(("a", "d"), None, "a")
    assert content_match(None, "a < b", "A &lt; B")
    assert not content_match(None, "a", "a b")


BOTH = {
    "eval_types": ["url_match", "program_html"],
    "reference_url": f"{H}/x/y",
    "program_html": [
        {"url": "last", "locator": "", "required_contents": {"must_include": ["one", "two"]}},
        {"url": "last", "locator": "", "required_contents": {"exact_match": "three"}},
    ],
}


def test_progress_keeps_the_best_address_and_everything_seen() -> None:
    """With three snippets the address weighs one half."""
    measure = Progress(read_evaluation(BOTH, "test"))
    assert measure.observe(f"{H}/x", ["one", ""]) == pytest.approx(0.25 + 0.5 / 3)
    assert measure.observe("http://g.example", ["", "three"]) == pytest.approx(0.25 + 1 / 3)
    assert measure.observe(f"{H}/x/y", ["", ""]) == pytest.approx(0.5 + 1 / 3)
    assert measure.observe(H, ["two", ""]) == pytest.approx(1)


def test_progress_of_contents_alone_and_of_an_answer_alone() -> None:
    only = read_evaluation({**BOTH, "eval_types": ["program_html"]}, "test")
    assert Progress(only).observe(f"{H}/x/y", ["two", ""]) == pytest.approx(1 / 3)
    answer = read_evaluation(
        {"eval_types": ["string_match"], "reference_answers": {"exact_match": "a"}}, "test"
    )
    measure = Progress(answer)
    assert measure.observe(f"{H}/x/y", []) == 0
    assert measure.answered(success=False) == 0
    assert measure.answered(success=True) == 1


def test_a_recorded_visit() -> None:
    turns = [{"url": f"{H}/x", "texts": ["one", ""]}, {"url": f"{H}/x/y", "texts": ["two", ""]}]
    final = {"url": f"{H}/x/y", "texts": ["one two", "three"], "answer": ""}
    found = check({"kind": "trajectory", "eval": BOTH, "turns": turns, "final": final})
    assert found["progress"] == pytest.approx([0.25 + 0.5 / 3, 0.5 + 1 / 3])
    assert found["success"] is True
    short = {**final, "texts": ["one", "three"]}
    assert check({"kind": "trajectory", "eval": BOTH, "turns": turns, "final": short})["success"] is False


def test_an_answer_and_an_address_are_both_needed() -> None:
    """Their product; but progress 1 is a success of its own."""
    wanted = {"eval_types": ["string_match", "url_match"], "reference_url": f"{H}/x/y",
              "reference_answers": {"must_include": ["red"]}}  # fmt: skip
    evaluation = read_evaluation(wanted, "test")
    assert evaluation.succeeded(f"{H}/x/y/z", "red", lambda _: "")
    assert not evaluation.succeeded(f"{H}/x", "red", lambda _: "")
    assert not evaluation.succeeded(f"{H}/x/y", "blue", lambda _: "")
    visit = {"kind": "trajectory", "eval": wanted, "turns": [{"url": f"{H}/x/y"}],
             "final": {"url": f"{H}/x/y", "answer": "blue"}}  # fmt: skip
    assert check(visit) == {"progress": [1.0], "final_progress": 1.0, "success": True}


def test_an_episode_that_failed_counts_nothing_and_is_listed() -> None:
    """Row 20 of the specification's table: failures neither drop out of the mean nor shift the difficulties."""
    episodes = [
        {"id": 0, "difficulty": "easy", "progress": 1.0, "success": 1},
        {"id": 1, "difficulty": "easy", "error": "the site did not answer"},
        {"id": 2, "difficulty": "easy", "progress": 0.5, "success": 0},
    ]
    found = check({"kind": "summary", "episodes": episodes})
    assert (found["progress"], found["success"], found["failed"]) == (0.5, pytest.approx(1 / 3), [1])
    assert found["easy"]["progress"] == 0.5
    assert found["hard"] == {"progress": None, "success": None}


def test_records_of_the_other_kinds() -> None:
    assert check({"kind": "content", "required": ["a", "b"], "texts": ["a", "", "c"]}) == {
        "seen": [True, False],
        "progress": 0.5,
    }
    assert check({"kind": "page", "required_contents": {"must_include": ["a"]}, "text": "A"}) == {
        "success": True
    }
    bare = {"kind": "action", "text": "click [7]"}
    assert check(bare)["action"] == {"verb": "click", "number": 7, "text": "", "enter": False}
    assert check({**bare, "mode": "upstream"})["action"] is None


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "unknown kind 'None'"),
        ({"kind": "urls"}, "unknown kind 'urls'.*url"),
        ({"kind": "url", "mode": "x"}, "'mode'"),
        ({"kind": "url", "reference": "a"}, "'url': field 'current'"),
        ({"kind": "string", "reference_answers": {}, "answer": ""}, "reference_answers"),
        ({"kind": "string", "reference_answers": {"must_inclde": []}, "answer": ""}, "must_include"),
        ({"kind": "content", "required": [3], "text": ""}, "'required'"),
        ({"kind": "mix", "url": "1", "content": 1, "snippets": 1}, "'url' must be a number"),
        ({"kind": "page", "required_contents": {}, "text": ""}, "required_contents"),
        ({"kind": "trajectory", "eval": BOTH, "turns": [{"url": H, "texts": []}], "final": {}}, "one text per target"),
        ({"kind": "trajectory", "eval": BOTH, "turns": [3], "final": {}}, "must be objects"),
    ],
)  # fmt: skip
def test_malformed_records_are_named(record: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check(record)
