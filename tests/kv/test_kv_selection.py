"""Which tokens of a prompt are kept: against brute force in plain Python, worked values, and the edges."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from acbench.kv import scores
from acbench.kv.policies import Place, PrefillPolicy, Seen, pyramid
from acbench.kv.settings import parse_kv

FIRST = Place(0, 4)


def made(length: int, *, group: int = 1, size: int = 4, seed: int = 0, heads: int = 2) -> Seen:
    generator = torch.Generator().manual_seed(seed)
    queries = torch.randn(1, heads * group, length, size, generator=generator)
    keys = torch.randn(1, heads, length, size, generator=generator)
    return Seen(queries, keys, size**-0.5)


def kept(seen: Seen, place: Place = FIRST, **table: Any) -> list[list[int]]:
    found = PrefillPolicy(parse_kv(table)).keep(place, seen)
    assert found is not None
    return [[int(i) for i in head] for head in found[0]]


# -- brute force: one softmax at a time, float64, no tensors ------------------------------------------


def weights_of(query: list[float], keys: list[list[float]], scaling: float) -> list[float]:
    logits = [scaling * sum(a * b for a, b in zip(query, key, strict=True)) for key in keys]
    top = max(logits)
    raised = [math.exp(x - top) for x in logits]
    return [x / sum(raised) for x in raised]


def attention_received(seen: Seen, head: int, first_query: int) -> list[float]:
    """What each token gets from the queries first_query .. T-1 of one query head."""
    group = seen.queries.shape[1] // seen.keys.shape[1]
    queries = seen.queries[0, head].double().tolist()
    keys = seen.keys[0, head // group].double().tolist()
    total = [0.0] * seen.length
    for at in range(first_query, seen.length):
        for j, weight in enumerate(weights_of(queries[at], keys[: at + 1], seen.scaling)):
            total[j] += weight
    return total


def smoothed(values: list[float], pool: str, kernel: int) -> list[float]:
    half, out = kernel // 2, []
    for i in range(len(values)):
        near = values[max(0, i - half) : i + half + 1]
        out.append(max(near) if pool == "max" else sum(near) / kernel)
    return out


def best(values: list[float], count: int) -> list[int]:
    return sorted(sorted(range(len(values)), key=lambda i: (-values[i], -i))[:count])


def by_hand(seen: Seen, method: str, budget: int, window: int, *, pool: str, kernel: int) -> list[list[int]]:
    group = seen.queries.shape[1] // seen.keys.shape[1]
    past, result = seen.length - window, []
    for head in range(seen.keys.shape[1]):
        mine = range(head * group, (head + 1) * group)
        first = past if method in ("snapkv", "pyramidkv") else 0
        tables = [attention_received(seen, h, first) for h in mine]
        values = [sum(column) / group for column in zip(*tables, strict=True)]
        if method == "h2o_mean":
            values = [v / (seen.length - j) for j, v in enumerate(values)]
        values = values[:past]
        if first:
            values = smoothed(values, pool, kernel)
        result.append(best(values, budget - window) + list(range(past, seen.length)))
    return result


@pytest.mark.parametrize("group", [1, 2, 3])
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("method", ["snapkv", "h2o", "h2o_mean"])
@pytest.mark.parametrize(("pool", "kernel"), [("max", 7), ("avg", 5), ("max", 1)])
def test_attention_methods_equal_brute_force(
    method: str, group: int, seed: int, pool: str, kernel: int
) -> None:
    seen = made(33, group=group, seed=seed)
    table: dict[str, Any] = {"pool": pool, "kernel": kernel} if method == "snapkv" else {}
    found = kept(seen, policy=method, budget=14, window=5, **table)
    assert found == by_hand(seen, method, 14, 5, pool=pool, kernel=kernel)


@pytest.mark.parametrize("group", [1, 2])
def test_pyramid_layers_equal_brute_force_with_their_own_counts(group: int) -> None:
    seen = made(40, group=group, seed=3)
    counts = pyramid(8, 40, 4, layers=4)
    for layer in range(4):
        found = kept(seen, Place(layer, 4), policy="pyramidkv", budget=12, window=4)
        assert found == by_hand(seen, "pyramidkv", counts[layer] + 4, 4, pool="max", kernel=7)


@pytest.mark.parametrize("reduce", ["max", "sum", "mean"])
def test_how_a_group_is_put_together(reduce: str) -> None:
    seen = made(30, group=2, seed=4)
    found = kept(seen, policy="h2o", budget=10, window=3, reduce=reduce)
    for head in range(2):
        tables = [attention_received(seen, 2 * head + i, 0)[:27] for i in range(2)]
        join = max if reduce == "max" else sum
        values = [join(column) for column in zip(*tables, strict=True)]
        assert found[head] == [*best(values, 7), 27, 28, 29]


def test_small_norms_stay_and_the_first_layers_are_left_alone() -> None:
    seen = made(20, seed=5)
    norms = seen.keys[0].double().pow(2).sum(-1)
    found = kept(seen, Place(2, 4), policy="l2norm", budget=6)
    assert found == [best((-norms[head]).tolist(), 6) for head in range(2)]
    policy = PrefillPolicy(parse_kv({"policy": "l2norm", "budget": 6}))
    assert policy.keep(Place(0, 4), seen) is None
    assert policy.keep(Place(1, 4), seen) is None


def test_streaming_keeps_the_first_and_the_last() -> None:
    seen = made(32)
    assert kept(seen, policy="streamingllm", budget=12) == [[0, 1, 2, 3, *range(24, 32)]] * 2
    assert kept(seen, policy="streamingllm", budget=12, window=8) == [[0, 1, 2, 3, *range(24, 32)]] * 2
    assert kept(seen, policy="streamingllm", budget=12, sinks=1) == [[0, *range(21, 32)]] * 2


def test_random_is_seeded_and_uniform() -> None:
    seen = made(50, heads=8)
    first = kept(seen, policy="random", budget=18, window=8, seed=7)
    assert first == kept(seen, policy="random", budget=18, window=8, seed=7)
    assert first != kept(seen, policy="random", budget=18, window=8, seed=8)
    assert first != kept(seen, Place(1, 4), policy="random", budget=18, window=8, seed=7)
    assert all(head[-8:] == list(range(42, 50)) and len(set(head)) == 18 for head in first)
    drawn = [0] * 42
    for seed in range(100):
        for head in kept(seen, policy="random", budget=18, window=8, seed=seed):
            for position in head[:10]:
                drawn[position] += 1
    # 800 draws of 10 out of 42: 190 +- 12 each (binomial bound); five deviations never happen by chance
    assert all(abs(count - 800 * 10 / 42) < 60 for count in drawn)


# -- worked values of the specification ------------------------------------------------------------


def worked_example() -> Seen:
    generator = torch.Generator().manual_seed(0)
    queries, keys, _ = (torch.randn(1, 2, 32, 4, generator=generator) for _ in range(3))
    return Seen((queries * 100).round() / 100, (keys * 100).round() / 100, 0.5)


def test_worked_example() -> None:
    seen = worked_example()
    window = [28, 29, 30, 31]
    assert kept(seen, policy="snapkv", budget=12, window=4, kernel=5, pool="avg") == [
        [*range(17, 25), *window],
        [2, 3, 4, 5, 16, 23, 24, 25, *window],
    ]
    assert kept(seen, policy="h2o", budget=12, window=4) == [[*range(8), *window]] * 2
    assert kept(seen, policy="streamingllm", budget=12, window=8) == [[0, 1, 2, 3, *range(24, 32)]] * 2
    counts = [
        len(kept(seen, Place(i, 4), policy="pyramidkv", budget=12, window=4, compat=True)[0])
        for i in (0, 1, 3)
    ]
    assert counts == [16 + 4, 11 + 4, 1 + 4]


def test_means_favour_early_tokens_less_than_sums() -> None:
    """On queries and keys without structure the sums of the worked example keep positions 0-7 in both heads."""
    seen = worked_example()
    plain = kept(seen, policy="h2o", budget=12, window=4)
    mean = kept(seen, policy="h2o_mean", budget=12, window=4)
    assert [head[7] for head in plain] == [7, 7]
    assert [head[7] for head in mean] == [20, 23]
    assert mean == by_hand(seen, "h2o_mean", 12, 4, pool="none", kernel=1)


@pytest.mark.parametrize(
    ("budget", "length", "ends", "published", "exact"),
    [
        (2048, 7500, (3978, 103), 65296, 65280),
        (128, 7500, (234, 17), 4016, 3840),
        (64, 1000, (110, 17), 2032, 1792),
    ],
)
def test_pyramid_sums(budget: int, length: int, ends: tuple[int, int], published: int, exact: int) -> None:
    compat = pyramid(budget - 8, length, 8, layers=32, compat=True)
    assert (compat[0], compat[-1], sum(compat)) == (*ends, published)
    ours = pyramid(budget - 8, length, 8, layers=32)
    assert sum(ours) == exact == 32 * (budget - 8)
    low = (budget - 8) // 20
    high = 2 * (budget - 8) - low
    line = [high - i * (high - low) / 31 for i in range(32)]
    assert all(abs(count - value) < 1 for count, value in zip(ours, line, strict=True))
    assert list(ours) == sorted(ours, reverse=True)


@pytest.mark.parametrize("length", range(20, 90))
def test_pyramid_never_asks_for_more_than_there_is(length: int) -> None:
    for layers in (1, 2, 3, 7):
        counts = pyramid(16, length, 4, layers=layers, beta=3)
        assert sum(counts) == 16 * layers
        assert all(0 <= count <= length - 4 for count in counts)
        if length < 32:
            assert set(counts) == {16}  # a prompt under twice the budget: no pyramid


# -- ties and edges ----------------------------------------------------------------------------


def test_among_equals_the_later_position_wins() -> None:
    values = torch.tensor([[1.0, 3.0, 3.0, 0.0, 3.0, 1.0]])
    assert scores.top_positions(values, 2).tolist() == [[2, 4]]
    assert scores.top_positions(values, 4).tolist() == [[1, 2, 4, 5]]
    assert scores.top_positions(torch.zeros(1, 40), 3).tolist() == [[37, 38, 39]]


def test_equal_keys_are_a_tie_for_every_attention_method() -> None:
    seen = Seen(torch.randn(1, 2, 24, 4), torch.ones(1, 2, 24, 4), 0.5)
    assert kept(seen, policy="snapkv", budget=8, window=4) == [list(range(16, 24))] * 2
    assert kept(seen, Place(2, 4), policy="l2norm", budget=8) == [list(range(16, 24))] * 2


@pytest.mark.parametrize(
    "policy", ["random", "streamingllm", "h2o", "h2o_mean", "snapkv", "pyramidkv", "l2norm"]
)
def test_prompts_around_the_budget(policy: str) -> None:
    place = Place(2, 5)  # the middle: where a pyramid selects as many as the others
    chooser = PrefillPolicy(parse_kv({"policy": policy, "budget": 16}))
    assert chooser.keep(place, made(15)) is None
    assert chooser.keep(place, made(16)) is None
    found = chooser.keep(place, made(17))
    assert found is not None
    assert found.shape == (1, 2, 16)
    assert all(head == sorted(set(head)) for head in found[0].tolist())
    assert chooser.keep(place, made(1)) is None


def test_a_window_longer_than_the_prompt_or_the_share() -> None:
    wide = PrefillPolicy(parse_kv({"policy": "snapkv", "budget": 64, "window": 64}))
    assert wide.keep(FIRST, made(60)) is None
    assert kept(made(70), policy="snapkv", budget=64, window=64) == [list(range(6, 70))] * 2
    # a share may be smaller than the window: the budget holds, the last tokens fill it
    assert kept(made(30), policy="snapkv", budget=0.1, window=8) == [[27, 28, 29]] * 2
    assert kept(made(30), policy="streamingllm", budget=0.1) == [[0, 1, 29]] * 2


@pytest.mark.parametrize("block", [1, 7, 33, 512, None])
def test_column_sums_do_not_depend_on_the_block(block: int | None) -> None:
    seen = made(33, group=2, seed=9)
    found = scores.column_sums(seen.queries, seen.keys, seen.scaling, block)
    assert found.shape == (1, 2, 2, 33)
    for head in range(4):
        expected = attention_received(seen, head, 0)
        assert found[0, head // 2, head % 2].tolist() == pytest.approx(expected, abs=1e-5)
    assert float(found.sum()) == pytest.approx(4 * 33, rel=1e-5)  # every query gives away exactly 1


def test_column_sums_never_hold_a_square(monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 0
    plain = scores.attention

    def watched(*arguments: Any) -> torch.Tensor:
        nonlocal largest
        result = plain(*arguments)
        largest = max(largest, result.numel())
        return result

    monkeypatch.setattr(scores, "attention", watched)
    seen = made(700)
    scores.column_sums(seen.queries, seen.keys, seen.scaling, 64)
    assert 0 < largest <= 2 * 64 * 700  # heads x block x keys
    largest = 0
    monkeypatch.setattr(scores, "BLOCK_FLOATS", 2 * 700 * 10)
    scores.column_sums(seen.queries, seen.keys, seen.scaling)
    assert 0 < largest <= 2 * 10 * 700
