"""A compressed cache inside models of three families: equality, sizes, and the proof by hiding tokens."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from kv_models import FAMILIES, KV_HEADS, LAYERS, attention, logits_with_hidden, model, tokens

from acbench.errors import Unsupported
from acbench.kv.policies import pyramid
from acbench.kv.session import Session, check_model
from acbench.kv.settings import POLICIES, parse_kv

PROMPT, BUDGET = 120, 32
EVICTING = [name for name in POLICIES if name != "full"]
GREEDY = {"do_sample": False, "pad_token_id": 0, "max_new_tokens": 8}


def session_for(made: Any, answer: int = 8, **table: Any) -> Session:
    return Session(made.config, parse_kv(table), max_new_tokens=answer)


def generated(made: Any, session: Session, ids: torch.Tensor, count: int = 8) -> torch.Tensor:
    with session.bound():
        options = {**GREEDY, "max_new_tokens": count}
        return made.generate(
            ids, attention_mask=torch.ones_like(ids), past_key_values=session.cache, **options
        )


def stored(session: Session) -> list[int]:
    return [layer.stored for layer in session.cache.layers]


def expected_sizes(policy: str) -> list[int]:
    if policy == "pyramidkv":
        return [count + 8 for count in pyramid(BUDGET - 8, PROMPT, 8, layers=LAYERS)]
    return [PROMPT, PROMPT, BUDGET] if policy == "l2norm" else [BUDGET] * LAYERS


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("policy", [*POLICIES])
def test_a_policy_that_never_drops_changes_nothing(family: str, policy: str) -> None:
    made, ids = model(family), tokens(PROMPT)
    with attention(made, "sdpa"):
        stock = made.generate(ids, attention_mask=torch.ones_like(ids), **GREEDY)
    table = {} if policy == "full" else {"budget": PROMPT}
    session = session_for(made, policy=policy, **table)
    assert torch.equal(generated(made, session, ids), stock)
    assert stored(session) == [PROMPT + 7] * LAYERS


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("policy", EVICTING)
def test_the_prompt_is_cut_to_the_budget_and_the_answer_added(family: str, policy: str) -> None:
    made = model(family)
    session = session_for(made, policy=policy, budget=BUDGET)
    output = generated(made, session, tokens(PROMPT))
    assert output.shape == (1, PROMPT + 8)
    # the last generated token is never fed back
    assert stored(session) == [size + 7 for size in expected_sizes(policy)]
    assert session.cache.get_seq_length() == PROMPT + 7


@pytest.mark.parametrize("family", FAMILIES)
def test_streaming_while_decoding_stays_at_the_budget(family: str) -> None:
    made = model(family)
    session = session_for(made, policy="streamingllm", decode="streamingllm", budget=BUDGET)
    generated(made, session, tokens(PROMPT), 20)
    assert stored(session) == [BUDGET] * LAYERS
    last = session.cache.layers[0].positions[0, 0].tolist()
    assert last == [0, 1, 2, 3, *range(PROMPT + 19 - 28, PROMPT + 19)]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("policy", EVICTING)
@pytest.mark.parametrize("at_once", [False, True])
def test_logits_equal_a_full_run_with_the_dropped_tokens_hidden(
    family: str, policy: str, at_once: bool
) -> None:
    """Proves positions, masks and selection together; every layer and head has its own set."""
    made, ids = model(family), tokens(PROMPT + 4, seed=3)
    session = session_for(made, policy=policy, budget=BUDGET)
    with session.bound(), torch.no_grad():
        first = made(ids[:, :PROMPT], past_key_values=session.cache).logits[0]
        kept = [layer.positions[0].clone() for layer in session.cache.layers]
        rest = [ids[:, PROMPT:]] if at_once else ids[:, PROMPT:].split(1, dim=1)
        after = torch.cat([made(part, past_key_values=session.cache).logits[0] for part in rest])
    assert [tuple(positions.shape) for positions in kept] == [(KV_HEADS, n) for n in expected_sizes(policy)]
    truth = logits_with_hidden(made, ids, PROMPT, kept)
    torch.testing.assert_close(first, truth[:PROMPT], atol=2e-5, rtol=0)
    torch.testing.assert_close(after, truth[PROMPT:], atol=2e-5, rtol=0)
    whole = logits_with_hidden(made, ids, PROMPT, [torch.arange(PROMPT).expand(KV_HEADS, -1)] * LAYERS)
    assert float((whole[PROMPT:] - truth[PROMPT:]).abs().max()) > 1e-2  # the test can tell them apart


@pytest.mark.parametrize("decode", ["slide", "adaptive", "discontinuous", "h2o"])
def test_decode_policies_bound_what_is_stored(decode: str) -> None:
    made = model("llama")
    session = session_for(
        made, 40, policy="snapkv", budget=BUDGET, decode=decode, decode_window=12, recent=4, score_decay=0.5
    )
    generated(made, session, tokens(PROMPT), 40)
    delta = (40 - 4) // (12 - 4)
    last = {"slide": 12, "h2o": 12, "adaptive": 4 + 38 // delta, "discontinuous": 4 + 36 // delta + 2}
    assert stored(session) == [BUDGET + last[decode]] * LAYERS
    for layer in session.cache.layers:
        for positions in layer.positions[0].tolist():
            assert positions == sorted(set(positions))
            assert positions[-1] == PROMPT + 38
            assert sum(p < PROMPT for p in positions) <= BUDGET
            if decode != "h2o":
                assert sum(p < PROMPT for p in positions) == BUDGET


def test_the_step_under_way_sees_what_it_drops() -> None:
    """Dropping takes effect one step later: the first step's logits are those of no decode policy."""
    made, ids = model("qwen2"), tokens(PROMPT + 2)
    runs = []
    tables: tuple[dict[str, Any], ...] = (
        {},
        {"decode": "h2o", "budget": 16, "decode_window": 0, "recent": 2},
    )
    for table in tables:
        session = session_for(made, **table)
        with session.bound(), torch.no_grad():
            made(ids[:, :PROMPT], past_key_values=session.cache)
            steps = [
                made(ids[:, i : i + 1], past_key_values=session.cache).logits for i in (PROMPT, PROMPT + 1)
            ]
        runs.append(steps)
    assert torch.equal(runs[0][0], runs[1][0])
    assert not torch.allclose(runs[0][1], runs[1][1], atol=1e-3)


def test_tokens_that_depend_on_each_other_cannot_pass_at_once() -> None:
    made, ids = model("llama"), tokens(PROMPT + 2)
    session = session_for(made, decode="slide", decode_window=8, recent=2)
    with session.bound(), torch.no_grad():
        made(ids[:, :PROMPT], past_key_values=session.cache)
        with pytest.raises(ValueError, match="one at a time"):
            made(ids[:, PROMPT:], past_key_values=session.cache)


def test_consecutive_answers_share_no_state() -> None:
    made, ids = model("mistral"), tokens(PROMPT)
    table = {"policy": "h2o", "budget": BUDGET, "decode": "adaptive", "decode_window": 9, "recent": 2}

    def play(prompt: torch.Tensor) -> tuple[list[int], list[Any]]:
        session = session_for(made, 30, **table)
        answer = generated(made, session, prompt, 30)[0].tolist()
        return answer, [layer.positions.tolist() for layer in session.cache.layers]

    first = play(ids)
    play(tokens(70, seed=5))
    assert play(ids) == first


def test_layers_with_a_sliding_window_are_left_alone() -> None:
    changes = {"use_sliding_window": True, "sliding_window": 24, "max_window_layers": 1}
    made, ids = model("qwen2", **changes), tokens(PROMPT)
    kinds = ["full_attention", "sliding_attention", "sliding_attention"]
    assert made.config.layer_types == kinds
    with attention(made, "sdpa"):
        stock = made.generate(ids, attention_mask=torch.ones_like(ids), **GREEDY)
    assert torch.equal(generated(made, session_for(made), ids), stock)
    session = session_for(made, policy="snapkv", budget=BUDGET)
    generated(made, session, ids)
    assert session.cache.layers[0].stored == BUDGET + 7
    assert [layer.keys.shape[2] for layer in session.cache.layers[1:]] == [23, 23]


def test_models_that_cannot_be_compressed_are_refused() -> None:
    every = model("mistral", sliding_window=24)
    with pytest.raises(Unsupported, match="every layer of mistral has a sliding window"):
        check_model(every.config, parse_kv({"policy": "snapkv", "budget": 64}))
    with pytest.raises(Unsupported, match="group_size 12 does not divide the head size 16 of llama"):
        check_model(model("llama").config, parse_kv({"bits": 4, "group_size": 12}))
    check_model(model("llama").config, parse_kv({"bits": 4, "layout": "kivi", "group_size": 12}))


def test_a_model_that_never_calls_the_hook_is_noticed() -> None:
    made, ids = model("llama"), tokens(20)
    session = session_for(made, policy="snapkv", budget=10)
    with attention(made, "sdpa"), session.bound(), torch.no_grad():
        made(ids, past_key_values=session.cache)
    with pytest.raises(Unsupported, match="3 of 3 attention layers of this model do not use"):
        session.mark()


def test_batches_and_capped_logits_are_refused_and_others_are_left_alone() -> None:
    made, ids = model("llama"), tokens(20)
    session = session_for(made)
    with session.bound(), pytest.raises(Unsupported, match="one sequence at a time"), torch.no_grad():
        made(ids.repeat(2, 1), past_key_values=session.cache)
    from acbench.kv.session import attend

    states = torch.randn(1, 4, 5, 16)
    module = SimpleNamespace(layer_idx=0, num_key_value_groups=1, is_causal=True)
    with session.bound(), pytest.raises(Unsupported, match="capped logits"):
        attend(module, states, states, states, None, softcap=50.0)
    with torch.no_grad():  # without a session the name is plain attention, batches and all
        made(ids.repeat(2, 1))
