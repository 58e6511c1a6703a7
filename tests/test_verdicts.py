"""From two sides to a verdict: pairing, exclusion, judgement, tables."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from acbench import verdicts
from acbench.errors import PromptDrift
from acbench.records import Comparison, SampleRecord, Turn
from acbench.tasks.protocol import Metric, TaskInfo
from acbench.thresholds import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCURACY = Metric("accuracy", "Accuracy", binary=True)
GRADED = Metric("progress", "Progress")
NATS = Metric("nll", "Loss", unit="nats", higher_is_better=False)
RULE = Rule(0.1, "ten points", source="here.toml")


def record(
    sample: str,
    score: float | None,
    *,
    metric: str = "accuracy",
    prompt: str = "p",
    channel: str = "",
    level: str = "",
    cluster: str = "",
    text: str = "answer",
) -> SampleRecord:
    right = score is not None and score > 0.5
    return SampleRecord(
        sample=sample,
        level=level,
        cluster=cluster or sample,
        turns=(Turn(prompt + sample, text, "stop", 5, 1),),
        scores={} if score is None else {metric: score},
        channel=channel or ("too_long" if score is None else "correct" if right else "wrong"),
        state="too_long" if score is None else "ok",
    )


def sides(
    base: Sequence[float | None], other: Sequence[float | None], metric: str = "accuracy"
) -> list[verdicts.Pair]:
    return [
        (record(f"s{i}", b, metric=metric), record(f"s{i}", c, metric=metric))
        for i, (b, c) in enumerate(zip(base, other, strict=True))
    ]


def comparison(low: float, high: float, *, n: int = 100, needed: int | None = None) -> Comparison:
    middle = (low + high) / 2
    return Comparison(
        "accuracy",
        "Accuracy",
        "share",
        n,
        0,
        0.5,
        0.5 + middle,
        middle,
        low,
        high,
        0.95,
        "t",
        0.5,
        3,
        2,
        0.1,
        needed,
    )


# -- pairing ----------------------------------------------------------------------------------------


def test_samples_are_joined_by_id_not_by_position() -> None:
    base = [record("a", 1.0), record("b", 0.0)]
    found = verdicts.pair(base, [record("b", 1.0), record("a", 0.0)])
    assert [(x.sample, x.scores["accuracy"], y.scores["accuracy"]) for x, y in found] == [
        ("b", 0.0, 1.0),
        ("a", 1.0, 0.0),
    ]


def test_different_prompts_are_an_error_not_a_loss() -> None:
    with pytest.raises(PromptDrift, match="sample a: base and compressed model got different prompts"):
        verdicts.pair([record("a", 1.0)], [record("a", 0.0, prompt="q")])


def test_samples_that_one_side_was_not_asked_are_an_error() -> None:
    both = [record("a", 1.0), record("b", 1.0)]
    with pytest.raises(PromptDrift, match="sample b was not asked of the base model"):
        verdicts.pair(both[:1], both)
    with pytest.raises(PromptDrift, match="sample b was not asked of the compressed model"):
        verdicts.pair(both, both[:1])


def test_later_turns_may_differ_and_a_sample_without_turns_has_no_prompt() -> None:
    one = record("a", 1.0)
    longer = replace(one, turns=(*one.turns, Turn("other", "x", "stop", 5, 1)))
    assert len(verdicts.pair([one], [longer])) == 1
    assert len(verdicts.pair([replace(one, turns=())], [longer])) == 1


# -- comparing --------------------------------------------------------------------------------------


def test_counts_means_and_both_directions() -> None:
    found = verdicts.compare(
        sides([1, 1, 1, 0, 0, 1], [1, 0, 0, 1, 0, 1]), ACCURACY, confidence=0.95, margin=0.1
    )
    assert (found.n, found.excluded, found.worse, found.better) == (6, 0, 2, 1)
    assert found.base == pytest.approx(4 / 6)
    assert found.compressed == pytest.approx(3 / 6)
    assert found.difference == pytest.approx(-1 / 6)
    assert found.p_value == 1.0  # two against one: all eight outcomes are at least as lopsided


def test_samples_without_a_score_are_excluded_and_never_count_as_zero() -> None:
    pairs = sides([1, 1, None, 1, 0], [1, None, None, 0, 0])
    found = verdicts.compare(pairs, ACCURACY, confidence=0.95, margin=0.1)
    alone = verdicts.compare(sides([1, 1, 0], [1, 0, 0]), ACCURACY, confidence=0.95, margin=0.1)
    assert (found.n, found.excluded) == (3, 2)
    assert (found.base, found.compressed, found.difference) == (
        alone.base,
        alone.compressed,
        alone.difference,
    )
    assert (found.low, found.high) == (alone.low, alone.high)


def test_nothing_to_compare_is_no_number() -> None:
    found = verdicts.compare(sides([None, None], [None, 1]), ACCURACY, confidence=0.95, margin=0.1)
    assert (found.n, found.excluded) == (0, 2)
    assert math.isnan(found.difference)
    assert verdicts.judge(found, ACCURACY, RULE, min_samples=1).outcome == "inconclusive"


def test_right_wrong_metrics_use_mcnemar_unless_samples_share_a_cluster() -> None:
    pairs = sides([1, 1, 0, 1], [1, 0, 0, 1])
    assert "McNemar" in verdicts.compare(pairs, ACCURACY, confidence=0.95, margin=0.1).test
    shared = [(replace(b, cluster="x" if i < 2 else "y"), c) for i, (b, c) in enumerate(pairs)]
    assert "bootstrap" in verdicts.compare(shared, ACCURACY, confidence=0.95, margin=0.1).test
    graded = sides([0.2, 0.9, 0.5], [0.3, 0.1, 0.5], "progress")
    assert "bootstrap" in verdicts.compare(graded, GRADED, confidence=0.95, margin=0.1).test


def test_where_lower_is_better_a_rise_is_the_loss() -> None:
    pairs = sides([1.0, 1.0, 1.0, 2.0], [1.5, 1.6, 1.4, 1.9], "nll")
    found = verdicts.compare(pairs, NATS, confidence=0.95, margin=0.1)
    assert (found.worse, found.better) == (3, 1)
    assert found.difference == pytest.approx(0.35)


def test_an_undecided_comparison_says_how_many_samples_would_do() -> None:
    pairs = sides([1.0] * 12 + [0.0] * 6 + [1.0] * 82, [0.0] * 12 + [1.0] * 6 + [1.0] * 82)
    found = verdicts.compare(pairs, ACCURACY, confidence=0.95, margin=0.1)
    assert found.low < -0.1 < found.high
    assert found.samples_needed is not None
    assert found.samples_needed > 100
    assert verdicts.compare(pairs, ACCURACY, confidence=0.95, margin=0.5).samples_needed is None
    # The margin on the wrong side: a gain of that size leaves nothing undecided where lower is better.
    flipped = Metric("accuracy", "Errors", binary=True, higher_is_better=False)
    assert verdicts.compare(pairs, flipped, confidence=0.95, margin=0.1).samples_needed is None


def test_the_minimum_detectable_effect_shrinks_with_samples() -> None:
    few = verdicts.compare(sides([1, 0] * 20, [1, 0] * 20), ACCURACY, confidence=0.95, margin=0.1)
    many = verdicts.compare(sides([1, 0] * 80, [1, 0] * 80), ACCURACY, confidence=0.95, margin=0.1)
    assert 0 < many.mde < few.mde / 1.9


# -- judging ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.3, -0.11, "fail"),
        (-0.09, 0.02, "pass"),
        (0.05, 0.2, "pass"),
        (-0.2, -0.05, "inconclusive"),
        (-0.2, -0.1, "inconclusive"),
        (-0.1, 0.1, "inconclusive"),
    ],
)
def test_the_interval_against_the_margin(low: float, high: float, outcome: str) -> None:
    assert verdicts.judge(comparison(low, high), ACCURACY, RULE, min_samples=20).outcome == outcome
    lower = replace(ACCURACY, higher_is_better=False)
    assert verdicts.judge(comparison(-high, -low), lower, RULE, min_samples=20).outcome == outcome


def test_lower_is_better_is_not_higher_is_better() -> None:
    lower = replace(ACCURACY, higher_is_better=False)
    assert verdicts.judge(comparison(-0.3, -0.11), lower, RULE, min_samples=20).outcome == "pass"
    assert verdicts.judge(comparison(0.11, 0.3), lower, RULE, min_samples=20).outcome == "fail"
    assert verdicts.judge(comparison(0.11, 0.3), ACCURACY, RULE, min_samples=20).outcome == "pass"


@pytest.mark.parametrize(("low", "high"), [(-0.9, -0.5), (0.0, 0.01)])
def test_too_few_samples_decide_nothing(low: float, high: float) -> None:
    found = verdicts.judge(comparison(low, high, n=19), ACCURACY, RULE, min_samples=20)
    assert (found.outcome, found.reason) == ("inconclusive", "19 samples compared, at least 20 are needed")
    assert (
        verdicts.judge(comparison(low, high, n=20), ACCURACY, RULE, min_samples=20).outcome != "inconclusive"
    )


def test_a_verdict_carries_its_reasons() -> None:
    found = verdicts.judge(comparison(-0.2, 0.0, needed=321), ACCURACY, RULE, min_samples=20)
    assert found.reason == (
        "Accuracy -10.0 pp [-20.0 pp, +0.0 pp] straddles the limit -10.0 pp; about 321 samples would decide it"
    )
    assert (found.margin, found.confidence, found.gate) == (0.1, 0.95, "gate")
    assert (found.threshold_reason, found.threshold_source) == ("ten points", "here.toml")
    unsure = verdicts.judge(comparison(-0.2, 0.0), ACCURACY, RULE, min_samples=20)
    assert unsure.reason.endswith("more samples would not decide it")
    assert (
        verdicts.judge(comparison(-0.2, 0.0), ACCURACY, replace(RULE, gate="report"), min_samples=1).gate
        == "report"
    )
    nats = replace(comparison(0.2, 0.4), unit="nats")
    assert "+0.300 nats [+0.200 nats, +0.400 nats] lies beyond the limit +0.100 nats" in (
        verdicts.judge(nats, NATS, RULE, min_samples=1).reason
    )


# -- tables -----------------------------------------------------------------------------------------


def test_levels_are_ordered_by_size_and_skip_what_has_no_score() -> None:
    levels = ["2K", "512", "1K", "10K", "easy", "2K"]
    pairs = [
        (record(f"s{i}", 1.0, level=level), record(f"s{i}", None if i == 5 else i % 2, level=level))
        for i, level in enumerate(levels)
    ]
    rows = verdicts.level_rows(pairs, ACCURACY)
    assert [(row.level, row.n, row.base, row.compressed) for row in rows] == [
        ("512", 1, 1.0, 1.0),
        ("1K", 1, 1.0, 0.0),
        ("2K", 1, 1.0, 0.0),
        ("10K", 1, 1.0, 1.0),
        ("easy", 1, 1.0, 0.0),
    ]


def test_channels_add_to_one_on_each_side() -> None:
    info = TaskInfo("t", "T", "workflow", 1, (ACCURACY,), ("correct", "wrong", "too_long", "loop"))
    rows = verdicts.channel_rows(sides([1, 1, 0, None], [1, 0, 0, 0]), info)
    assert [(row.channel, row.base, row.compressed) for row in rows] == [
        ("correct", 0.5, 0.25),
        ("wrong", 0.25, 0.75),
        ("too_long", 0.25, 0.0),
        ("loop", 0.0, 0.0),
    ]
    assert sum(row.base for row in rows) == sum(row.compressed for row in rows) == 1
    assert [row.base for row in verdicts.channel_rows([], info)] == [0, 0, 0, 0]


def test_flips_in_both_directions_losses_first() -> None:
    pairs = sides([1, 0, 1, None, 1], [0, 1, 1, 0, 0])
    pairs[0] = (replace(pairs[0][0], turns=(Turn("p", "x" * 900, "stop", 1, 1),)), pairs[0][1])
    found = verdicts.flips(pairs, ACCURACY)
    assert [(f.sample, f.base, f.compressed) for f in found] == [("s0", 1, 0), ("s4", 1, 0), ("s1", 0, 1)]
    assert (found[0].base_channel, found[0].compressed_channel) == ("correct", "wrong")
    assert len(found[0].base_text) == verdicts.TEXT_LIMIT


def test_texts_that_changed_and_the_noise_floor() -> None:
    pairs = [
        (record("a", 1.0, text="x"), record("a", 1.0, text="y")),
        (record("b", 1.0, text="x"), record("b", 0.0, text="z")),
        (record("c", 0.0, text="x"), record("c", 0.0, text="x")),
    ]
    found = verdicts.noise_of(pairs, verdicts.compare(pairs, ACCURACY, confidence=0.95, margin=1.0))
    assert (found.n, found.changed_scores, found.changed_texts) == (3, 1, 2)
    assert found.difference == pytest.approx(-1 / 3)
    assert found.low < found.difference < found.high
