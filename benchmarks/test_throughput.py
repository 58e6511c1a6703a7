"""Ratios of the suite's generation against bare vLLM, and of continuous against one-at-a-time rollouts.

Run alone on a quiet machine: ``tox -e benchmarks``. Nothing here asserts on time; the ratios are printed and
kept in pytest-benchmark's ``extra_info``.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from acbench.cases import Case
from acbench.config import load_catalogue
from acbench.engines.host import environment
from acbench.engines.pool import EnginePool
from acbench.engines.protocol import Request, Sampling
from acbench.jobs import run_job
from acbench.journal import Journal
from acbench.rollout import Rollout
from acbench.runner import Bench
from acbench.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acbench.runner import Plan

MODEL = "smollm2-135m"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("throughput")
    catalogue = load_catalogue()
    pool = EnginePool(logs=folder / "logs", leases=folder / "leases", events=folder / "events.jsonl")
    store = Store(Path(__file__).parent.parent / ".acbench" / "store")
    yield Bench(catalogue, catalogue.profile("demo"), store, pool)
    pool.close()


def fresh_engine(bench: Bench, plan: Plan) -> Any:
    """A new engine with a cold prefix cache, warmed by one tiny request."""
    bench.pool.release()
    engine = bench.pool.engine(plan.checkpoint.path, plan.settings, label="benchmark")
    engine.submit([Request("warm-up", (1, 2, 3), Sampling(max_tokens=1))])
    while not engine.poll():
        pass
    return engine


def play(bench: Bench, plan: Plan, folder: Path, *, max_active: int | None = None) -> tuple[float, list[str]]:
    engine = fresh_engine(bench, plan)
    journal = Journal(folder)
    rollout = Rollout(
        plan.task, plan.renderer, journal, window_tokens=plan.settings.window_tokens, max_active=max_active
    )
    began = time.perf_counter()
    records = rollout.play(plan.samples, lambda: engine)
    seconds = time.perf_counter() - began
    journal.close()
    return seconds, [record.text for record in records]


def test_needle_against_bare_generate(bench: Bench, tmp_path: Path, benchmark: Any) -> None:
    plan = bench.plan(Case(MODEL, "base", "needle"))
    prompts = []
    for sample in plan.samples:
        prompt = plan.task.open(sample).ask()
        assert prompt is not None
        prompts.append(list(plan.renderer.render(prompt)))
    bench.pool.close()
    settings = plan.settings
    request = {
        "model": str(plan.checkpoint.path),
        "prompts": prompts,
        "max_tokens": 64,
        "engine": {
            "dtype": settings.dtype,
            "max_model_len": settings.window_tokens,
            "max_num_seqs": settings.max_num_seqs,
            "max_num_batched_tokens": settings.max_num_batched_tokens,
            "kv_cache_memory_bytes": settings.kv_cache_mib << 20,
            "block_size": settings.block_tokens,
            "enforce_eager": True,
            "disable_log_stats": True,
        },
    }
    variables = environment(settings, devices=None)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        bare = run_job("benchmarks.bare_generate", request, log=tmp_path / "bare.log")
    ours, texts = benchmark.pedantic(lambda: play(bench, plan, tmp_path / "journal"), rounds=1)
    benchmark.extra_info["bare_seconds"] = bare["seconds"]
    benchmark.extra_info["throughput_of_bare"] = bare["seconds"] / ours
    same = sum(a == b for a, b in zip(texts, bare["texts"], strict=True))
    print(
        f"\nneedle, {len(prompts)} prompts: suite {ours:.1f} s, bare LLM.generate {bare['seconds']:.1f} s, "
        f"throughput ratio {bare['seconds'] / ours:.3f}; {same} of {len(texts)} texts identical"
    )
    assert same >= 0.9 * len(texts)  # otherwise the two did not do the same work


EPISODES = {
    "pddl": {"levels": [1, 2], "per_level": 16},  # two domains
    "tool-query": {"levels": [1, 2], "per_level": 11},  # three simulators
    "tool-operation": {"levels": [1, 2], "per_level": 16},  # two simulators
}
"""The first 64 episodes of each task."""


@pytest.mark.parametrize("agent", ["act", "react"])
@pytest.mark.parametrize("task", EPISODES)
def test_continuous_against_one_episode_at_a_time(
    task: str, agent: str, bench: Bench, tmp_path: Path, benchmark: Any
) -> None:
    profile = replace(bench.profile, settings={task: {**EPISODES[task], "agent": agent}})
    own = Bench(bench.catalogue, profile, bench.store, bench.pool)
    plan = own.plan(Case(MODEL, "base", task))
    plan = replace(plan, samples=plan.samples[:64])
    single, _ = play(own, plan, tmp_path / "single", max_active=1)
    batched, _ = benchmark.pedantic(lambda: play(own, plan, tmp_path / "batched"), rounds=1)
    benchmark.extra_info["speed_up"] = single / batched
    print(
        f"\n{task} ({agent}), {len(plan.samples)} episodes: continuous {batched:.1f} s, "
        f"one episode at a time {single:.1f} s, "
        f"ratio {single / batched:.2f}"
    )


def test_harness_time_per_request(tmp_path: Path, benchmark: Any) -> None:
    """Our own cost per single-turn request on an engine that answers at once."""
    from acbench.engines.protocol import Completion, EngineIdentity

    catalogue = load_catalogue()
    pool = EnginePool(logs=tmp_path, leases=tmp_path, events=tmp_path / "events.jsonl")
    store = Store(Path(__file__).parent.parent / ".acbench" / "store")
    bench = Bench(catalogue, catalogue.profile("demo"), store, pool)
    plan = bench.plan(Case(MODEL, "base", "pddl"))
    plan = replace(plan, samples=plan.samples[:64])

    class Instant:
        identity = EngineIdentity("instant", "none", {})

        def __init__(self) -> None:
            self._queue: list[Request] = []

        def submit(self, requests: Any) -> None:
            self._queue += requests

        def poll(self, timeout_s: float | None = None) -> list[Completion]:
            done = [
                Completion(r.id, "look around", (1,), prompt_tokens=len(r.token_ids)) for r in self._queue
            ]
            self._queue = []
            return done

        def close(self) -> None:
            pass

    def run() -> int:
        journal = Journal(tmp_path / f"j{time.perf_counter_ns()}")
        Rollout(plan.task, plan.renderer, journal, window_tokens=4096).play(plan.samples, Instant)
        journal.close()
        return journal.appended

    turns = benchmark.pedantic(run, rounds=3)
    each = benchmark.stats.stats.min / turns * 1000
    benchmark.extra_info["ms_per_turn"] = each
    print(
        f"\nharness: {each:.2f} ms per turn over {turns} turns (rendering, tokenizing, environment, journal)"
    )
    print(json.dumps(benchmark.extra_info))
