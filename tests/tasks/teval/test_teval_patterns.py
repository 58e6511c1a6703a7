"""Template literals as patterns, against the engine they stand in for, and answers made to hang a scorer."""

from __future__ import annotations

import json
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from teval_stubs import EqualTexts, scored

from acbench.tasks.teval import ordering
from acbench.tasks.teval.instruct import LITERALS
from acbench.tasks.teval.loading import LoadError, first_mapping, loose_load, read_value
from acbench.tasks.teval.patterns import groups_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LITERAL = st.lists(
    st.sampled_from(["a", "b", ".", "[ab]", "(a)", "(a|b)", "(b?)", "a*", "b+", "^", ""]), max_size=3
)
PLAIN = LITERAL.map("".join)
BARRED = st.lists(st.sampled_from(["a", "b", "|", ".", "c?"]), max_size=4).map("".join)
ODD = st.lists(st.sampled_from(["a", "b", "$", "\\\\s", "(?=a)", "a*b*", "(a|b)", "[ab]"]), max_size=2).map(
    "".join
)
TEXT = st.text(alphabet="abc\n", max_size=10)


@settings(max_examples=250)
@given(
    st.one_of(
        st.tuples(PLAIN, PLAIN, PLAIN, PLAIN),
        st.tuples(BARRED, BARRED, BARRED, BARRED),
        st.tuples(ODD, ODD, ODD, ODD),
    ),
    TEXT,
)
def test_patterns_match_as_the_engine_matches(literals: tuple[str, ...], text: str) -> None:
    try:
        groups = groups_of(literals, text)
    except re.error:
        assume(False)
    found = re.search("(.*)".join(literals), text, re.DOTALL)
    assert groups == (None if found is None else [group or "" for group in found.groups()])


@pytest.mark.parametrize(
    ("literals", "answer", "values"),
    [
        pytest.param(
            ("<|t|>", "\n", "<|a|>", "\n", "<|p|>", ""), "<|t|>g\n<|a|>A.b\n<|p|>{'n': 1}", (1, 0), id="bars"
        ),
        pytest.param(
            ("Aim?", "\n", "Call?", "\n", "With?", ""), "Aim?g\nCall?A.b\nWith?{'n': 1}", (1, 0), id="marks"
        ),
        pytest.param(("[t]", "\n", "[a]", "\n", "[p]", ""), "[t]g\n[a]A.b\n[p]{'n': 1}", (0, 0), id="sets"),
        pytest.param(("1. ", "\n", "2. ", "\n", "3. ", ""), "1. g\n2. A.b\n3. {'n': 1}", (1, 1), id="dots"),
    ],
)
def test_literals_with_special_signs(literals: Any, answer: str, values: tuple[float, float]) -> None:
    # worked out by hand: with bars the pattern's first alternative is `<`, which has no group at all; `Call?` leaves
    # its mark to the group behind it, so that neither name nor arguments can be read; `[t]` is the letter t
    record = _instruct(literals)
    found = scored("instruct_str", record, answer, "upstream").scores
    assert (found["string_format_metric"], found["string_args_em_metric"]) == values
    assert scored("instruct_str", record, answer, "corrected").scores["string_args_em_metric"] == 1


def _instruct(literals: Any) -> dict[str, Any]:
    template = dict(zip(LITERALS, literals, strict=True))
    truth = {"action": "A.b", "args": {"n": 1}}
    return {"template": template, "meta_data": {"response_format": "string"}, "ground_truth": truth}


SIZE = 100_000
HOSTILE = {
    "signs": "x" * SIZE,
    "lists": "[" * SIZE,
    "objects": '{"a":' * (SIZE // 5),
    "many lists": "[1]," * (SIZE // 4),
    "nested lists": "[" * 90 + "1," * (SIZE // 2) + "]" * 90,
    "nested garbage": "[" * 100 + "{'a': 1}," * (SIZE // 10),
    "deep": "[" * 5000 + "]" * 5000,
    "signs of a sum": "[" + "-" * SIZE + "1]",
    "digits": "[" + "9" * SIZE + "]",
    "quotes": "[\"'" * (SIZE // 3),
    "answers": "answer " * (SIZE // 7),
    "blanks": "answer A" + " " * SIZE,
    "layout": "g:\nn:\na:" * (SIZE // 9),
    "tools": "A.b. " * (SIZE // 5),
}
CALL = {"thought": "t", "name": "A.b", "args": {"n": 1}}
PLAN = [{"id": 0, "prev": [], "name": "A.b", "args": {"n": 1}}]
RECORDS: dict[str, Any] = {
    "instruct_str": _instruct(("g:", "\n", "n:", "\n", "a:", "!")),
    "instruct_json": {
        "template": {"thought": "t", "action": "n", "args": "a"},
        "ground_truth": {"action": "A.b", "args": {}},
    },
    "plan_str": {"meta": {"prompt_type": "str", "API_list": ["A.b"]}, "ground_truth": PLAN},
    "plan_json": {"meta": {"prompt_type": "json"}, "ground_truth": PLAN},
    "reason_json": {"ground_truth": CALL},
    "retrieve_str": {"ground_truth": CALL},
    "understand_str": {"ground_truth": {"args": "x"}},
    "review": {"ground_truth": {"answer": "B"}},
}


@contextmanager
def patience(seconds: float = 60.0) -> Iterator[None]:
    """Ends what hangs. Each of these takes a fraction of a second; what they guard against takes hours."""

    def give_up(_signal: int, _frame: object) -> None:
        raise AssertionError(f"still not done after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("column", RECORDS)
def test_no_answer_hangs_a_scorer(column: str) -> None:
    for text in HOSTILE.values():
        for mode in ("upstream", "corrected"):
            with patience():
                scored(column, RECORDS[column], text, mode)


@pytest.mark.parametrize(
    "literal", ["(a+)+$", "(x+x+)+y", ".*", "(.*)*", "a{1,500}", "(?=a)", "|", "x?", r"\w+\s+"]
)
def test_no_template_hangs_a_scorer(literal: str) -> None:
    record = _instruct((literal, literal, "", literal, "", "!"))
    for text in ("a" * 40 + "b", "x" * 10_000, "a x " * 50_000, "|" * SIZE):
        with patience():
            outcome = scored("instruct_str", record, text, "upstream").outcome
        assert outcome in ("ok", "repaired", "unparsed", "upstream_error")


def test_ten_thousand_steps() -> None:
    class Same(EqualTexts):
        def encode(self, texts: Any) -> Any:
            return np.ones((len(texts), 1), dtype=np.float32)

    gold = [{"id": i, "prev": [], "name": "A.b", "args": {}} for i in range(20)]
    text = json.dumps([{"id": i, "name": "A.b", "args": "{}"} for i in range(10_000)])
    for mode in ("upstream", "corrected"):
        with patience():
            found = scored("plan_json", {"meta": {}, "ground_truth": gold}, text, mode, embedder=Same).scores
        assert 0 < found["precision"] <= 20 / 10_000


def test_a_large_matching_has_the_weight_of_the_published_one(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = np.random.default_rng(0).uniform(0.5, 1, (30, 12))
    small = ordering.graph_matching(matrix, 0.8)
    monkeypatch.setattr(ordering, "LARGE", 1)
    assert ordering.graph_matching(matrix, 0.8) == small


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.booleans())
def test_json_and_literals_are_read_alike(value: Any, ascii_only: bool) -> None:
    assert read_value(json.dumps(value, ensure_ascii=ascii_only)) == value
    assert read_value(repr(value)) == value


def test_the_published_loading_asks_for_a_literal_first() -> None:
    # an escaped slash: a literal keeps the backslash, JSON drops it; two escapes are one emoji in JSON alone
    text = r'["a\/b \ud83d\ude00"]'
    assert loose_load(text).value == [r"a\/b" + " \ud83d\ude00"]
    assert read_value(text) == ["a/b \N{GRINNING FACE}"]


def test_plain_means_nothing_had_to_be_left_out() -> None:
    assert loose_load('{"a": 1}', "{", "}") == ({"a": 1}, True)
    assert loose_load('x {"a": 1}', "{", "}") == ({"a": 1}, False)
    assert loose_load("{'a': true}", "{", "}") == ({"a": True}, False)
    assert first_mapping('{"a": 1}') == ({"a": 1}, True)
    assert first_mapping('{b} {"a": 1}') == ({"a": 1}, False)
    with pytest.raises(LoadError):
        first_mapping("{" * 1000)
