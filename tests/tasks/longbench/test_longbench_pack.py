"""The embedded pack: 21 kinds, gold read back out of the context, lengths in tokens, end to end."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from longbench_stubs import PIECES, play, task

from acbench.errors import ConfigError, DataError
from acbench.tasks.longbench.metrics import score_answer
from acbench.tasks.longbench.pack import KINDS
from acbench.tasks.longbench.pack.building import Draft, Item, fill_up, fresh, joined
from acbench.tasks.longbench.pack.checking import READERS, check_gold
from acbench.tasks.longbench.pack.draws import Draws
from acbench.tasks.longbench.sets import SETS

LENGTHS = [512, 1024]
VARIANTS = sorted(SETS)


def item_of(variant: str, seed: int, index: int, fillers: int = 25) -> Item:
    """A record made without any tokenizer: its planted blocks and so many others."""
    draws = Draws("test", variant, seed, index)
    draft = KINDS[variant](draws, hard=index % 2 == 1, index=index)
    item = fill_up(draft, draws, fillers, lambda _: 6, lambda _: 0)
    assert item is not None
    return item


def test_every_set_has_a_kind_and_a_reader() -> None:
    assert set(KINDS) == set(READERS) == set(SETS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gold_can_be_read_out_of_the_context(variant: str) -> None:
    answers = set()
    for seed in range(25):
        for index in range(4):
            item = item_of(variant, seed, index, fillers=10 + 30 * index)
            check_gold(variant, f"{seed}-{index}", item)
            answers.add(item.answers[0])
    # answers vary: nobody scores by saying always the same
    assert len(answers) >= {"lsht": 6, "trec": 6}.get(variant, 8)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_check_refuses_another_answer(variant: str) -> None:
    item = item_of(variant, 0, 0)
    with pytest.raises(DataError, match=f"{variant}: record r: the context leads to"):
        check_gold(variant, "r", item._replace(answers=("something else",)))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_perfect_answer_scores_one_in_both_modes(variant: str) -> None:
    for index in range(6):
        item = item_of(variant, 1, index)
        for mode in ("corrected", "upstream"):
            score = score_answer(SETS[variant], item.answers[0], item.answers, item.classes, mode)
            assert score == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("variant", VARIANTS)
def test_end_to_end_gold_scores_one_and_silence_zero(variant: str) -> None:
    opened = task(variant, lengths=LENGTHS, per_length=2)
    samples = opened.samples()
    assert len(samples) == 4
    for sample in samples:
        right = play(opened, sample, sample.data["answers"][0])
        assert right.scores["score"] == pytest.approx(1, abs=1e-7)
        assert right.scores["score_upstream"] == pytest.approx(1, abs=1e-7)
        assert (right.channel, right.state, right.scores["gold_loglik"]) == ("full", "ok", -1.0)
        silent = play(opened, sample, "")
        assert (silent.scores["score"], silent.scores["score_upstream"]) == (0.0, 0.0)
        assert silent.channel == "empty"
        assert {right.channel, silent.channel} <= set(opened.info.channels)
        assert [metric.name for metric in opened.info.metrics] == list(right.scores)


@pytest.mark.parametrize("variant", VARIANTS)
def test_lengths_are_kept_and_used(variant: str) -> None:
    opened = task(variant, lengths=LENGTHS, per_length=4)
    for sample in opened.samples():
        length = {"512": 512, "1K": 1024}[sample.level]
        prompt = opened.open(sample).ask()
        assert prompt is not None
        tokens = len(PIECES.render(prompt))
        assert tokens == sample.estimated_prompt_tokens
        # what is left is smaller than the smallest block that was tried
        assert 0.6 * length < tokens <= length
        assert not sample.data["truncated"]


def test_no_mother_is_younger_than_her_child() -> None:
    pairs = 0
    for seed in range(10):
        for index in range(2):
            context = item_of("2wikimqa", seed, index, fillers=240).context
            born = dict(re.findall(r"(\w+ \w+) \(born (\d+)\)", context))
            for child, mother in re.findall(r"The mother of (.+?) was (.+?)\.", context):
                if mother in born:
                    pairs += 1
                    assert int(born[child]) - int(born[mother]) > 15
    assert pairs > 50


def test_java_files_are_named_after_their_class_and_can_be_called() -> None:
    context = item_of("repobench_p", 0, 2).context
    files = re.findall(r"(?m)^yard/\w+/(\w+)\.java\npublic class (\w+) \{\n    (\w+) static int run", context)
    assert len(files) > 5
    assert all(name == of_class and access == "public" for name, of_class, access in files)


def test_same_settings_same_samples() -> None:
    first = task("musique", lengths=LENGTHS).samples()
    assert first == task("musique", lengths=LENGTHS).samples()
    assert first != task("musique", lengths=LENGTHS, seed=1).samples()
    # a record does not depend on the others
    alone = {s.id: s for s in task("musique", lengths=[512], per_length=2).samples()}
    whole = {s.id: s for s in first}
    assert all(whole[name] == sample for name, sample in alone.items())
    assert len(first) == 16
    assert {s.id.rsplit("-", 1)[1] for s in first} == {"easy", "hard"}
    json.dumps([dict(s.data) for s in first])


def test_default_lengths_are_those_that_fit() -> None:
    assert {s.level for s in task("hotpotqa", 4096, per_length=1).samples()} == {"512", "1K", "2K"}
    # 2,048 prompt tokens and 32 new ones need 2,080
    assert {s.level for s in task("hotpotqa", 2079, per_length=1).samples()} == {"512", "1K"}
    assert {s.level for s in task("hotpotqa", 2080, per_length=1).samples()} == {"512", "1K", "2K"}
    with pytest.raises(ConfigError, match="none of the lengths 512, 1024, 2048 fits a window of 500"):
        task("hotpotqa", 500).samples()
    with pytest.raises(ConfigError, match="lengths: 4096 tokens and 32 new ones do not fit a window of 4096"):
        task("hotpotqa", 4096, lengths=[4096]).samples()
    with pytest.raises(ConfigError, match="lengths: 128 tokens have no room"):
        task("narrativeqa", 4096, lengths=[128]).samples()


def test_long_contexts() -> None:
    (sample,) = task("2wikimqa", 40_000, lengths=[32_768], per_length=1).samples()
    assert (sample.level, sample.estimated_prompt_tokens > 32_000) == ("32K", True)


def test_summaries_of_the_pack_need_fewer_tokens() -> None:
    opened = task("gov_report", lengths=[512], per_length=1)
    prompt = opened.open(opened.samples()[0]).ask()
    assert prompt is not None
    assert prompt.sampling.max_tokens == 192


def test_limit_also_bounds_the_pack() -> None:
    samples = task("lcc", lengths=LENGTHS, per_length=6, limit=3).samples()
    assert sorted(sample.level for sample in samples) == ["1K"] * 3 + ["512"] * 3


def test_prompts_give_nothing_away_but_the_context() -> None:
    for variant in ("narrativeqa", "hotpotqa", "musique", "gov_report", "multifieldqa_zh"):
        for index in range(4):
            item = item_of(variant, 3, index)
            # the answer may name one of two things compared; otherwise the question does not hold it
            if not item.question.startswith("Which was opened first"):
                assert item.answers[0] not in item.question


@pytest.mark.parametrize("variant", ["passage_count", "passage_retrieval_en", "passage_retrieval_zh"])
def test_numbers_are_spread(variant: str) -> None:
    answers = {item_of(variant, seed, 1, fillers=60).answers[0] for seed in range(30)}
    assert len(answers) > 5


def test_repeated_paragraphs_really_repeat() -> None:
    item = item_of("passage_count", 0, 1, fillers=120)
    texts = [text.partition(": ")[2] for text in item.context.split("\n\n")]
    assert len(set(texts)) == int(item.answers[0]) < len(texts)


def test_yes_and_no_are_balanced() -> None:
    answers = [item_of("2wikimqa", seed, 0).answers[0] for seed in range(200)]
    assert 70 < answers.count("yes") < 130
    assert set(answers) == {"yes", "no"}


def test_draws_are_fixed_for_all_times() -> None:
    draws = Draws("longbench", "x", 0)
    # random() of a seed is the one draw whose values Python promises to keep
    drawn = random.Random("longbench/x/0")
    assert [draws.below(1000) for _ in range(3)] == [int(1000 * drawn.random()) for _ in range(3)]
    assert [Draws("longbench", "x", 0).between(5, 7) for _ in range(2)] == [7, 7]
    assert sorted(Draws(1).some(range(10), 10)) == list(range(10))


def count_words(text: str) -> int:
    return len(text.split())


def measure(item: Item) -> int:
    return count_words(item.context)


def test_filling_up() -> None:
    numbers = iter(range(100))
    draft = Draft(("one", "two"), lambda: f"f{next(numbers)}", joined("q", ["a"], between=" "), label=" ")
    item = fill_up(draft, Draws(5), 12, lambda text: 2 * count_words(text), measure)
    assert item is not None
    words = item.context.split()
    # ten are left for fillers, each is counted as two, fewer than SMALLEST are not tried
    assert sorted(w for w in words if w.startswith("f")) == ["f0", "f1", "f2"]
    assert words.index("one") < words.index("two")
    assert fill_up(draft, Draws(5), 1, count_words, measure) is None


def test_filling_takes_back_what_is_too_much() -> None:
    numbers = iter(range(100))
    draft = Draft(("one",), lambda: f"f{next(numbers)} x", joined("q", ["a"], between=" "), label=" ")
    item = fill_up(draft, Draws(5), 20, lambda _: 1, measure)
    assert item is not None
    assert 10 < measure(item) <= 20


def test_fresh_blocks_do_not_repeat_as_long_as_there_are_new_ones() -> None:
    values: list[Any] = list("aabbcabcabcabc" * 20)
    source = iter(values)
    make = fresh(lambda: next(source), taken=["c"])
    assert [make(), make()] == ["a", "b"]
    assert make() in "abc"
