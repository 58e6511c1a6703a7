"""Pages, actions and messages of the shop, and its behaviour under hostile input."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webshop_stubs import environment, pack_samples, product

from acbench.tasks.webshop.environment import (
    BOUGHT_RIGHT,
    BOUGHT_WRONG,
    NO_SUCH_PAGE,
    NO_WORDS,
    SEARCH_LATER,
    USAGE,
)
from acbench.tasks.webshop.samples import environment_for

pytest.importorskip("rapidfuzz", reason="the longbench extra is not installed")


def many(n: int) -> Any:
    return environment(*(product(f"T{i}", name=f"coat {'x' * i}") for i in range(1, n + 1)))


def test_the_way_to_a_purchase() -> None:
    env = environment()
    assert "[Search]" in env.first_observation()
    assert env.step("search[rain coat]").observation == (
        "[Back to Search]\nPage 1 (total results: 1)\n[T1]\nWeldon rain coat\n$40.00"
    )
    assert env.step("click[T1]").observation == (
        "[Back to Search]\n[< Prev]\ncolor: [red] [blue]\nsize: [small] [large]\nWeldon rain coat\n"
        "Price: $40.00\n[Description] [Features] [Reviews] [Attributes]\n[Buy Now]"
    )
    assert env.step("click[red]").observation == "Chosen: color = red."
    assert env.step("click[Attributes]").observation == "[Back to Search]\n[< Prev]\nAttributes:\n- windproof"
    back = env.step("click[< Prev]")
    assert "color: [[red]] [blue]" in back.observation
    env.step("click[large]")
    end = env.step("click[Buy Now]")
    assert (end.observation, end.progress, end.done, env.success) == (BOUGHT_RIGHT, 1.0, True, True)
    late = env.step("click[Buy Now]")
    assert (late.observation, late.valid, late.done) == (BOUGHT_RIGHT, False, True)


def test_a_wrong_purchase_says_so_and_stays_said() -> None:
    env = environment()
    for action in ("search[coat]", "click[T1]"):
        env.step(action)
    assert env.step("click[Buy Now]").observation == BOUGHT_WRONG
    assert env.step("search[coat]").observation == BOUGHT_WRONG
    assert (env.success, env.reward) == (False, 0.5)


def test_a_later_choice_of_a_group_replaces_the_first() -> None:
    env = environment()
    for action in (
        "search[coat]",
        "click[T1]",
        "click[blue]",
        "click[red]",
        "click[large]",
        "click[Buy Now]",
    ):
        env.step(action)
    assert env.success


def test_choices_are_forgotten_when_the_item_is_left() -> None:
    env = environment()
    for action in ("search[coat]", "click[T1]", "click[red]", "click[< Prev]"):
        env.step(action)
    assert "[red]" in env.step("click[T1]").observation
    assert "[[red]]" not in env.step("click[Description]").observation


def test_results_have_five_pages_of_three() -> None:
    env = many(60)
    first = env.step("search[coat]").observation
    assert "Page 1 (total results: 15)" in first
    assert first.count("$") == 3
    assert "[< Prev]" not in first
    below = env.step("click[< Prev]")
    assert (below.observation, below.valid) == (NO_SUCH_PAGE, False)
    for number in (2, 3, 4, 5):
        assert f"Page {number} " in env.step("click[Next >]").observation
    beyond = env.step("click[Next >]")
    assert (beyond.observation, beyond.valid) == (NO_SUCH_PAGE, False)
    assert "Page 4 " in env.step("click[prev]").observation


def test_the_last_page_may_come_earlier() -> None:
    env = many(4)
    env.step("search[coat]")
    assert "[Next >]" not in env.step("click[next]").observation
    assert env.step("click[Next >]").observation == NO_SUCH_PAGE
    assert "Page 1 (total results: 0)" in environment().step("search[zebra]").observation


@pytest.mark.parametrize(
    ("line", "message", "understood"),
    [
        ("", USAGE, False),
        ("buy the coat", USAGE, False),
        ("click", USAGE, False),
        ("search[coat", USAGE, True),
        ("search[]", NO_WORDS, True),
        ("search[  ]", NO_WORDS, True),
        ("click[T1]", "There is nothing named 'T1' to click here.\n", True),
        ("click[Search]", "There is nothing named 'Search' to click here.\n", True),
    ],
)
def test_messages_on_the_start_page(line: str, message: str, understood: bool) -> None:
    step = environment().step(line)
    assert step.observation.startswith(message)
    assert (step.valid, step.understood, step.progress, step.done) == (False, understood, 0.0, False)


def test_searching_elsewhere_and_clicking_what_is_not_there() -> None:
    env = environment()
    page = env.step("search[coat]").observation
    assert env.step("search[hat]").observation == SEARCH_LATER
    refused = env.step("click[T2]")
    assert refused.observation == f"There is nothing named 'T2' to click here.\n{page}"
    assert env.step("click[T1]").valid


@pytest.mark.parametrize(
    "line",
    ["I will search[rain coat] now", "SEARCH[coat]", "search [ coat ]", "x click search[coat] click[T1]"],
)
def test_an_action_begins_at_its_first_verb_with_bracket(line: str) -> None:
    assert "[T1]" in environment().step(line).observation


def test_clicks_do_not_mind_case_and_blanks() -> None:
    env = environment()
    for line in ("search[coat]", "click[t1]", "click[ RED ]", "click[buy  now]"):
        assert env.step(line).valid
    assert env.reward == 0.75


def test_two_shoppers_share_nothing() -> None:
    sample = pack_samples(levels=[2], per_level=1)[0]
    one, other = (environment_for(sample.data, show_actions=False) for _ in range(2))
    for action in sample.data["plan"]:
        one.step(action)
    assert (one.success, other.progress, other.done) == (True, 0.0, False)
    assert other.step(sample.data["plan"][0]).valid


def test_shown_actions_can_all_be_carried_out() -> None:
    env = environment(show_actions=True)
    assert env.first_observation().endswith("You can do one of these:\n- search[words]")
    for action in ("search[coat]", "click[T1]", "click[Features]"):
        env.step(action)
        for choice in env.choices():
            assert choice[6:-1] in env.step("click[no such thing]").observation


NASTY = [
    "search[", "click[", "search[]", "click[]", "search[" * 400, "click[[red]]", "click[]]]", "search[coat] click[T1]",
    "search[__import__('os').system('touch pwned')]", "click[{0.__class__}]", "search[%s%n]", "search[\x00]",
    "search[(a+)+$]", "search[" + "a " * 3000 + "]", "click[" + "(" * 5000 + "]", "search[\ud83d\ude00 ٣ ﬀ]",
    "search[lamp]", "search[boot]", "click[Next >]", "click[< Prev]", "click[Back to Search]", "click[P0001]",
    "click[Description]", "click[Features]", "click[Reviews]", "click[Attributes]", "click[Buy Now]", "click[black]",
    "click[small]", "reset[]", "click[P0123]", "search[the of]", "click[\u2028]", "search[a\nb]", "\ud800", "click[İ]",
]  # fmt: skip
LINES = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=60), st.text(max_size=30).map(lambda text: f"click[{text}]"),
    st.text(max_size=30).map(lambda text: f"search[{text}]"), st.integers(0, 20).map(lambda n: f"#{n}"),
)  # fmt: skip
EXAMPLES, CALLS = 250, 10
"""2,500 lines and more."""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(LINES, min_size=CALLS, max_size=CALLS + 8))
def test_hostile_lines_never_raise_and_never_lower_progress(lines: list[str]) -> None:
    """A line "#n" stands for the n-th of the actions that are possible, to get deeper into the shop."""
    env = environment_for(pack_samples(levels=[3], per_level=1)[0].data, show_actions=False)
    best = 0.0
    for written in lines:
        line, choices = written, env.choices()
        if re.fullmatch(r"#[0-9]{1,2}", written) and choices:
            line = choices[int(written[1:]) % len(choices)].replace("[words]", "[lantern]")
        before = env.done
        step = env.step(line)
        assert isinstance(step.observation, str)
        assert step.observation
        assert best <= step.progress <= 1
        assert step.done >= before
        assert not (before and step.valid)
        if not step.valid and not before:
            known = (USAGE, SEARCH_LATER, NO_WORDS, NO_SUCH_PAGE, "There is nothing named '")
            assert step.observation.startswith(known)
        best = step.progress
    assert not Path("pwned").exists()
