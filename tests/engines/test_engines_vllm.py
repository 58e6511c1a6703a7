"""Contract with the installed vLLM: a tiny random Llama in real engine processes."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tiny_bench import alive, write_tokenizer

from acbench import errors
from acbench.engines.host import EngineHost, environment
from acbench.engines.protocol import Completion, EngineSettings, Request, Sampling
from acbench.jobs import run_job

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from acbench.engines.host import HostedEngine

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
]
PROMPT = tuple(range(10, 106))
GREEDY = Sampling(max_tokens=8)


def settings(**changes: Any) -> EngineSettings:
    return EngineSettings(
        **{"window_tokens": 256, "kv_cache_mib": 64, "max_num_seqs": 8, "max_num_batched_tokens": 512}
        | changes
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers, hidden size 64, random bf16 weights, made in a job so that torch stays out of here."""
    folder = tmp_path_factory.mktemp("model") / "tiny-llama"
    folder.mkdir()
    write_tokenizer(folder, vocabulary=512)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
        run_job("tiny_llama_job", {"out": str(folder), "vocabulary": 512}, log=folder.parent / "job.log")
    return folder


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineHost]:
    """One process for the whole module: it serves one engine after the other."""
    made = EngineHost(
        log=tmp_path_factory.mktemp("engine") / "log", env=environment(settings(), devices=None)
    )
    yield made
    pid = made.pid
    made.close()
    assert not alive(pid)


def answers(engine: HostedEngine, batch: Sequence[Request]) -> dict[str, Completion]:
    engine.submit(batch)
    found: dict[str, Completion] = {}
    while len(found) < len(batch):
        found |= {c.id: c for c in engine.poll()}
    return found


def prompts(prefix: str) -> list[Request]:
    return [Request(f"{prefix}{i}", PROMPT[i : i + 40 + i], GREEDY) for i in range(4)]


def test_generation_scoring_caching_and_refusal(host: EngineHost, model: Path, tmp_path: Path) -> None:
    engine = host.start(model, settings())
    assert engine.identity.backend == "vllm"
    assert engine.identity.device == "cpu"
    assert engine.identity.threads == 1
    first, second = answers(engine, prompts("a")), answers(engine, prompts("b"))
    assert [first[f"a{i}"].token_ids for i in range(4)] == [second[f"b{i}"].token_ids for i in range(4)]
    assert all(c.finish_reason in ("stop", "length") for c in first.values())
    assert all(first[f"a{i}"].prompt_tokens == 40 + i for i in range(4))

    cold = answers(engine, [Request("c0", PROMPT[::-1], GREEDY)])["c0"]
    warm = answers(engine, [Request("c1", PROMPT[::-1], GREEDY)])["c1"]
    assert cold.cached_tokens < warm.cached_tokens <= len(PROMPT)
    assert warm.cached_tokens >= 64  # whole blocks of 32
    assert cold.token_ids == warm.token_ids

    with_logprobs = answers(engine, [Request("d", PROMPT[:30], Sampling(max_tokens=5, logprobs=True))])["d"]
    assert len(with_logprobs.logprobs) == len(with_logprobs.token_ids) > 0
    assert max(with_logprobs.logprobs) <= 0

    # Over the window: our rollout never asks it; an engine that is asked answers with an error and lives.
    refused = answers(engine, [Request("long", tuple(range(10, 310)), GREEDY), Request("fine", PROMPT[:9])])
    assert refused["long"].finish_reason == "error"
    assert refused["long"].error
    assert not refused["fine"].error

    scoring = [Request(f"s{i}", PROMPT[i : i + 50], score_from=20) for i in range(3)]
    by_vllm = answers(engine, scoring)
    engine.close()
    reference = EngineHost(log=tmp_path / "reference", env=environment(settings(), devices=None))
    try:
        by_reference = answers(reference.start(model, settings(backend="transformers")), scoring)
    finally:
        reference.close()
    for request in scoring:
        ours, theirs = by_vllm[request.id].logprobs, by_reference[request.id].logprobs
        assert len(ours) == len(theirs) == 30
        assert max(abs(x - y) for x, y in zip(ours, theirs, strict=True)) < 0.05


def test_start_errors_have_their_class_and_the_next_engine_gives_the_same_tokens(
    host: EngineHost, model: Path, tmp_path: Path
) -> None:
    def tokens() -> list[tuple[int, ...]]:
        engine = host.start(model, settings())
        found = answers(engine, prompts("x"))
        return [found[f"x{i}"].token_ids for i in range(4)]

    pid = host.pid
    first = tokens()
    corrupt = shutil.copytree(model, tmp_path / "corrupt")
    shard = corrupt / "model.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1000])
    with pytest.raises(errors.EngineStartError) as caught:
        host.start(corrupt, settings())
    assert type(caught.value) is errors.EngineStartError
    assert "afetensor" in str(caught.value)
    second = tokens()
    unknown = shutil.copytree(model, tmp_path / "unknown")
    config = json.loads((unknown / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "nonsense"}
    (unknown / "config.json").write_text(json.dumps(config))
    with pytest.raises(errors.Unsupported, match="nonsense"):
        host.start(unknown, settings())
    assert first == second == tokens()
    assert host.pid == pid
