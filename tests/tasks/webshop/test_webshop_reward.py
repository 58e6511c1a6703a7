"""Reward and progress, with the worked examples 11 and 12 of the specification."""

from __future__ import annotations

from itertools import product as combinations_of
from random import Random

import pytest
from webshop_stubs import environment, product, wanted

from acbench.errors import ConfigError
from acbench.tasks.webshop.colours import plain_colours
from acbench.tasks.webshop.progress import Progress
from acbench.tasks.webshop.reward import (
    alike_options,
    best_reward,
    has_attribute,
    reward,
    title_overlap,
    type_factor,
)

pytest.importorskip("rapidfuzz", reason="the longbench extra is not installed")

ELSEWHERE = {"query": "umbrella", "category": "Garden › Shade"}


def test_example_11() -> None:
    """|A| = 1, |O| = 2."""
    assert reward(wanted(), product(), ["red", "large"]) == 1
    assert reward(wanted(), product(), []) == 0.5
    assert reward(wanted(), product(price=50.01), ["red", "large"]) == 0.75
    quarter = product(name="coat", **ELSEWHERE)
    four_nouns = wanted(name="Weldon rain winter coat")
    assert title_overlap(four_nouns.name, quarter.name) == 0.25
    assert type_factor(four_nouns, quarter) == 1
    assert reward(four_nouns, quarter, []) == 0.5
    assert reward(wanted(), product(name="Oakby umbrella", **ELSEWHERE), ["red", "large"]) == 0


def test_example_12() -> None:
    env = environment()
    assert env.progress == 0
    assert env.step("search[coat]").progress == pytest.approx(1 / 3)
    assert env.step("click[T1]").progress == pytest.approx(2 / 3)
    env.step("click[red]")
    step = env.step("click[Buy Now]")
    assert env.reward == 0.75
    assert round(step.progress, 4) == 0.9167
    assert (step.done, env.success) == (True, False)


@pytest.mark.parametrize(
    ("nouns", "shared", "same_query", "same_category", "factor"),
    [
        (5, 1, False, False, 0.5),  # 0.2 is not above 0.2
        (5, 2, False, False, 1.0),
        (5, 1, True, False, 1.0),
        (5, 1, False, True, 1.0),
        (10, 1, False, False, 0.5),  # 0.1 is not below 0.1
        (11, 1, True, True, 0.1),
        (5, 0, True, True, 0.0),
    ],
)
def test_type_factor(nouns: int, shared: int, same_query: bool, same_category: bool, factor: float) -> None:
    words = ["coat", "hat", "shoe", "belt", "lamp", "pan", "mug", "rug", "bag", "tie", "cup"][:nouns]
    title = " ".join(words[:shared]) or "umbrella"
    want = wanted(name=" ".join(words))
    other = {} if same_query else {"query": "umbrella"}
    # One shared part is not enough, two are.
    path = "Tops › Clothing › Hats" if same_category else "Clothing › Hats"
    assert type_factor(want, product(name=title, category=path, **other)) == factor


def test_a_title_without_nouns_overlaps_by_a_fifth() -> None:
    assert title_overlap("41 / 7", "Weldon coat") == 0.2


def test_attributes_by_likeness_or_in_the_texts() -> None:
    assert has_attribute(product(attributes=("proof of wind", "quick-drying")), "Quick Drying")
    assert has_attribute(product(attributes=(), bullets=("It is Windproof.",)), "windproof")
    assert has_attribute(product(attributes=(), description="windproof"), "WINDPROOF")
    assert has_attribute(product(attributes=()), "rain")
    assert not has_attribute(product(), "waterproof")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("charred wood", "charred wood"),
        ("navy blue", "navy"),
        ("Dark Red", "red"),
        ("black/white", "black white"),
        ("black and red", "black red"),
        ("Gray", "grey"),
        ("size 41", "size 41"),
    ],
)
def test_colours_are_matched_as_words(text: str, plain: str) -> None:
    assert plain_colours(text) == plain


def test_options_alike() -> None:
    assert alike_options("red", "dark red")
    assert not alike_options("blue", "navy blue")
    assert not alike_options("red", "charred wood")
    assert alike_options("Large", "large")
    assert not alike_options("small", "large")


def test_the_best_purchase_is_the_true_maximum() -> None:
    """Against all combinations, for a hundred small products; the last combination is often not the best."""
    rng = Random(3)
    words = ["red", "large", "oak", "warm", "long", "mint"]
    differs = 0
    for _ in range(100):
        options = {f"g{n}": tuple(rng.sample(words, rng.randint(1, 4))) for n in range(rng.randint(1, 4))}
        want, item = wanted(options=tuple(rng.sample(words, rng.randint(0, 4)))), product(options=options)
        every = [reward(want, item, chosen) for chosen in combinations_of(*options.values())]
        assert best_reward(want, item) == max(every)
        differs += every[-1] != max(every)
    assert differs > 10


def test_one_value_meets_several_wants() -> None:
    want = wanted(options=("red", "large", "wool"))
    assert best_reward(want, product(options={"kind": ("red", "large wool")})) == 4 / 5


def test_many_options_do_not_explode() -> None:
    """Forty groups of forty values: the product of their sizes has 64 digits."""
    values = tuple(f"value {n}x" for n in range(38))
    options = {f"group {n}": (*values, "red" if n == 7 else "plain", "large") for n in range(40)}
    assert best_reward(wanted(), product(options=options)) == 1


def test_too_many_wants_are_named() -> None:
    with pytest.raises(ConfigError, match="13 options"):
        best_reward(wanted(options=tuple(f"o{n}" for n in range(13))), product())


def test_no_price_limit() -> None:
    assert reward(wanted(price_upper=None), product(price=1e9), ["red", "large"]) == 1


def test_progress_only_rises() -> None:
    progress = Progress(wanted())
    progress.listed([product()])
    progress.listed([product(name="umbrella", **ELSEWHERE)])
    progress.listed([])
    assert progress.value == pytest.approx(1 / 3)
    progress.opened(product(attributes=(), price=99))
    assert progress.value == pytest.approx((1 + 0.5) / 3)
    progress.opened(product(name="umbrella", **ELSEWHERE))
    assert progress.value == pytest.approx((1 + 0.5) / 3)
