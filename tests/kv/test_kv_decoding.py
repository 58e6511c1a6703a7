"""What is dropped while tokens are generated: schedules, bounds, and scripted rows of attention."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from acbench.kv.decoding import DecodeState, Schedule, schedule
from acbench.kv.settings import parse_kv


def state(prompt: int, *, answer: int = 64, **table: Any) -> DecodeState:
    settings = parse_kv(table)
    return DecodeState(settings, schedule(settings, answer), prompt, settings.budget_tokens(prompt))


def scripted(*rows: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    """A query and keys (one head per row) whose softmax is the row itself: keys of size 1, logits log(row)."""
    keys = torch.tensor([[math.log(value) for value in row] for row in rows])[None, :, :, None]
    return torch.ones(1, len(rows), 1, 1), keys


class Row:
    """Plays a decode policy on ids instead of tensors: ``stored`` are the ids kept, the newest is appended."""

    def __init__(self, policy: DecodeState, prompt: int) -> None:
        self.policy, self.stored, self.next = policy, list(range(prompt)), prompt

    def step(self, attention: dict[int, float] | None = None) -> list[int]:
        """One token; ``attention``: id -> weight, 1 for the others. Returns the ids that were dropped."""
        self.stored.append(self.next)
        self.next += 1
        weights = [float((attention or {}).get(i, 1.0)) for i in self.stored]
        queries, keys = scripted([w / sum(weights) for w in weights])
        kept = self.policy.keep(queries, keys, 1.0)
        before = self.stored
        if kept is not None:
            self.stored = [before[int(i)] for i in kept[0, 0]]
        return sorted(set(before) - set(self.stored))


# -- schedules ------------------------------------------------------------------------------------


def test_adaptive_windows_of_the_published_settings() -> None:
    settings = parse_kv({"decode": "adaptive"})
    course = schedule(settings, 4096)
    assert course == Schedule(512, 256, 15, True)
    assert [course.at(step) for step in (0, 14, 15, 3840)] == [256, 256, 257, 512]


@pytest.mark.parametrize(
    ("tokens", "window", "delta"), [(4096, 512, 15), (4096, 1024, 5), (7950, 512, 30), (7950, 1024, 10)]
)
def test_published_deltas(tokens: int, window: int, delta: int) -> None:
    assert schedule(parse_kv({"decode": "adaptive", "decode_window": window}), tokens).delta == delta


def test_a_short_answer_and_a_given_delta() -> None:
    assert schedule(parse_kv({"decode": "adaptive"}), 20).delta == 1
    assert schedule(parse_kv({"decode": "adaptive", "delta": 7}), 4096).delta == 7
    slide = schedule(parse_kv({"decode": "slide"}), 4096)
    assert {slide.at(step) for step in range(4096)} == {512}


# -- exactly the right tokens -------------------------------------------------------------------


def test_slide_drops_the_least_attended_between_prompt_and_recent() -> None:
    row = Row(state(4, decode="slide", decode_window=5, recent=2), 4)
    assert [row.step() for _ in range(5)] == [[]] * 5  # ids 0-3 are the prompt, 4-8 fill the window
    # 10 stored, 9 stay; 4-7 may go (8 and 9 are recent, 0-3 the prompt's): 6 has the least
    assert row.step({0: 1e-6, 4: 0.5, 5: 0.4, 6: 0.1, 7: 0.3, 8: 1e-6, 9: 1e-6}) == [6]
    assert row.step({4: 0.2, 5: 0.3, 7: 0.25, 8: 0.1, 1: 1e-9}) == [8]
    assert row.stored == [0, 1, 2, 3, 4, 5, 7, 9, 10]


def test_among_equally_attended_tokens_the_earlier_goes() -> None:
    row = Row(state(2, decode="slide", decode_window=3, recent=1), 2)
    assert [row.step() for _ in range(6)] == [[], [], [], [2], [3], [4]]


def test_h2o_protects_no_prompt() -> None:
    row = Row(state(4, decode="h2o", budget=4, decode_window=2, recent=2), 4)
    assert row.step() == []
    assert row.step() == []
    assert row.step({0: 0.9, 1: 0.01, 2: 0.9, 3: 0.9, 4: 0.9, 5: 1e-6, 6: 1e-6}) == [1]
    assert row.step({0: 0.001}) == [0]


def test_a_whole_prompt_is_cut_to_the_h2o_budget_at_the_first_step() -> None:
    row = Row(state(20, decode="h2o", budget=6, decode_window=0, recent=2), 20)
    row.step({3: 9.0, 7: 8.0, 11: 7.0, 18: 6.0})
    assert row.stored == [3, 7, 11, 18, 19, 20]


def test_streaming_keeps_sinks_and_rolls() -> None:
    row = Row(state(8, decode="streamingllm", budget=8), 8)
    for _ in range(10):
        row.step()
    assert row.stored == [0, 1, 2, 3, 14, 15, 16, 17]
    wide = Row(state(8, decode="streamingllm", budget=8, decode_window=4, recent=5), 8)
    for _ in range(10):
        wide.step()
    assert wide.stored == [0, 1, 2, 3, 4, 5, 6, 13, 14, 15, 16, 17]


def test_heads_choose_for_themselves() -> None:
    policy = state(0, decode="h2o", budget=4, decode_window=0, recent=1)
    queries, keys = scripted([0.1, 0.3, 0.2, 0.3, 0.1], [0.3, 0.1, 0.3, 0.2, 0.1])
    kept = policy.keep(queries, keys, 1.0)
    assert kept is not None
    assert kept[0].tolist() == [[1, 2, 3, 4], [0, 2, 3, 4]]


def test_query_heads_of_a_group_are_averaged() -> None:
    policy = state(0, decode="h2o", budget=2, decode_window=0, recent=1)
    keys = torch.tensor([[2.0, 0.0], [0.0, 3.0], [0.0, 0.0]])[None, None]
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[None, :, None]
    # softmax rows: (e^2, 1, 1)/(e^2+2) and (1, e^3, 1)/(e^3+2); means 0.416 and 0.507 of tokens 0 and 1
    kept = policy.keep(queries, keys, 1.0)
    assert kept is not None
    assert kept[0].tolist() == [[1, 2]]


def test_a_moving_average_remembers() -> None:
    def play(**more: Any) -> list[int]:
        row = Row(state(0, decode="h2o", budget=3, decode_window=0, recent=1, **more), 0)
        row.step()
        row.step({0: 8.0, 1: 1.0})
        row.step({0: 8.0, 1: 1.0, 2: 1.0})
        row.step({0: 1.0, 1: 2.0, 2: 2.0, 3: 1.0})
        return row.stored

    assert play() == [1, 2, 3]  # the last step alone finds token 0 least attended
    assert play(score_decay=0.8) == [0, 1, 3]  # averages 0.38, 0.10, 0.08


def test_the_moving_average_is_the_formula() -> None:
    policy = state(0, decode="h2o", budget=8, decode_window=0, recent=1, score_decay=0.75)
    policy.keep(*scripted([0.5, 0.5]), 1.0)
    policy.keep(*scripted([0.2, 0.7, 0.1]), 1.0)
    # 0.75 * (0.25 * 0.5) + 0.25 * 0.2 and so on
    assert policy.average[0, 0].tolist() == pytest.approx([0.14375, 0.26875, 0.025])


def test_the_moving_average_follows_what_is_kept() -> None:
    policy = state(0, decode="h2o", budget=2, decode_window=0, recent=1, score_decay=0.5)
    policy.keep(*scripted([0.4, 0.6]), 1.0)
    kept = policy.keep(*scripted([0.1, 0.8, 0.1]), 1.0)  # averages 0.15, 0.55, 0.05
    assert kept is not None
    assert kept[0, 0].tolist() == [1, 2]
    assert policy.average[0, 0].tolist() == pytest.approx([0.55, 0.05])
    kept = policy.keep(*scripted([0.2, 0.5, 0.3]), 1.0)  # 0.375, 0.275, 0.15
    assert kept is not None
    assert kept[0, 0].tolist() == [0, 2]
    assert policy.average[0, 0].tolist() == pytest.approx([0.375, 0.15])


# -- bounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("decode", ["slide", "adaptive", "discontinuous", "h2o", "streamingllm"])
@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_what_is_stored_stays_within_its_bound(decode: str, decay: float) -> None:
    prompt, window, recent, answer = 10, 12, 4, 90
    table: dict[str, Any] = {"decode": decode, "decode_window": window}
    if decode in ("h2o", "streamingllm"):
        table["budget"] = prompt
    if decode != "streamingllm":
        table |= {"recent": recent, "score_decay": decay}
    policy = state(prompt, answer=answer, **table)
    row, generator, dropped = Row(policy, prompt), torch.Generator().manual_seed(1), False
    for step in range(answer):
        values = torch.rand(prompt + answer, generator=generator).tolist()
        dropped |= bool(row.step({i: value + 1e-3 for i, value in enumerate(values)}))
        waiting = policy.course.delta - 1 if decode == "discontinuous" else 0
        assert len(row.stored) <= prompt + window + waiting
        if dropped:
            assert len(row.stored) <= prompt + policy.course.at(step) + waiting
        assert row.stored[-recent:] == list(range(row.next - recent, row.next))
        if decode in ("slide", "adaptive", "discontinuous"):
            assert row.stored[:prompt] == list(range(prompt))
    assert dropped


def test_discontinuous_pauses_between_its_steps() -> None:
    policy = state(4, answer=66, decode="discontinuous", decode_window=10, recent=2)
    assert policy.course.delta == 8
    row = Row(policy, 4)
    dropping = [step for step in range(60) if row.step()]
    assert dropping == list(range(8, 60, 8))


def test_what_was_dropped_never_comes_back_and_none_drops_nothing() -> None:
    plain = Row(state(3, decode="none"), 3)
    assert [plain.step() for _ in range(300)] == [[]] * 300
    assert len(plain.stored) == 303
