"""Plans, keys, evaluations from the journal: with a tiny model and the fake engine in real processes."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bench_cases import write_project

from acbench.cases import Case
from acbench.config import Profile, load_catalogue
from acbench.engines.pool import EnginePool
from acbench.errors import ConfigError, DataError, OutOfMemory
from acbench.planning import plan_lines
from acbench.runner import BATCHED, SINGLE, Bench, _checked, spread
from acbench.store import Store
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIKELIHOOD = Case("tiny", "base", "pddl-likelihood")


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Durability is tested elsewhere; forcing every answer to disk makes these tests slow."""
    monkeypatch.setattr("acbench.journal.os.fsync", lambda _: None)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    checkpoints: dict[str, dict[str, Any]] = {
        "same": {},
        "worse": {"fake_damage": 1.0},
        "broken": {"fake_fail": "OutOfMemory"},
    }
    extra = (
        '\n[recipes.kv]\nmethod = "base"\nengine = { kv_cache_dtype = "fp8" }\n'
        f'\n[models.twin]\nsource = "path:{root}/models/same"\nengine = {{ backend = "fake" }}\n'
    )
    return write_project(root, checkpoints, extra=extra)


@pytest.fixture
def make_bench(project: Path, tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    pools: list[EnginePool] = []

    def make(profile: Profile | None = None) -> Bench:
        catalogue = load_catalogue(project)
        number = len(pools)
        pools.append(
            EnginePool(
                logs=tmp_path / "logs", leases=tmp_path / "leases", events=tmp_path / f"events{number}.jsonl"
            )
        )
        return Bench(catalogue, profile or catalogue.profile("test"), Store(tmp_path / "store"), pools[-1])

    yield make
    for pool in pools:
        pool.close()


def test_keys_differ_by_policy_recipe_task_samples_and_settings(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    keys = {
        "base": bench.plan(LIKELIHOOD),
        "single": bench.plan(LIKELIHOOD, policy=SINGLE),
        "fewer": bench.plan(LIKELIHOOD, limit=3),
        "same": bench.plan(LIKELIHOOD._replace(compression="same")),
        "worse": bench.plan(LIKELIHOOD._replace(compression="worse")),
        "kv": bench.plan(LIKELIHOOD._replace(compression="kv")),
        "task": bench.plan(LIKELIHOOD._replace(task="pddl")),
    }
    assert len({plan.key for plan in keys.values()}) == len(keys)
    assert keys["base"].policy == BATCHED
    assert keys["base"].checkpoint.path == keys["kv"].checkpoint.path
    assert keys["base"].renderer is keys["worse"].renderer  # prompts come from the base model's tokenizer
    assert keys["base"].samples is keys["worse"].samples
    assert make_bench().plan(LIKELIHOOD).key == keys["base"].key
    other = replace(bench.profile, settings={"pddl-likelihood": {"levels": [1], "per_level": 1}})
    assert make_bench(other).plan(LIKELIHOOD).key != keys["base"].key
    small = replace(bench.profile, engine={"backend": "fake", "max_num_seqs": 2})
    assert make_bench(small).plan(LIKELIHOOD).key != keys["base"].key


def test_another_model_is_another_key(make_bench: Callable[..., Bench], project: Path) -> None:
    twin = project.parent / "models" / "same"
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (twin / name).write_bytes((project.parent / "models" / "tiny" / name).read_bytes())
    bench = make_bench()
    assert (
        bench.plan(Case("twin", "base", "pddl-likelihood")).key
        != bench.plan(LIKELIHOOD._replace(compression="base")).key
    )


def test_answers_of_two_runs_have_no_speed(make_bench: Callable[..., Bench], tmp_path: Path) -> None:
    bench = make_bench()
    plan = bench.plan(LIKELIHOOD)
    bench.evaluate(plan)
    folder = bench.store.path("generations", plan.key)
    (folder / "generation.json").unlink()
    lines = (folder / "turns.jsonl").read_text().splitlines(keepends=True)
    (folder / "turns.jsonl").write_text("".join(lines[:1]))
    again = make_bench()
    found = again.evaluate(again.plan(LIKELIHOOD))
    assert found.tokens["replayed"] == 1
    assert "generation_ms" not in found.tokens


def test_a_recorded_evaluation_is_recalled_without_an_engine(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    plan = bench.plan(LIKELIHOOD)
    assert bench.recall(plan) is None
    assert not bench.store.path("generations", plan.key).exists()  # looking leaves nothing behind
    made = bench.evaluate(plan)
    assert bench.pool.starts == 1
    assert (made.generated_turns, made.replayed_turns) == (len(plan.samples), 0)
    assert made.case_id == "tiny:base:pddl-likelihood"
    assert made.tokens["turns"] == len(plan.samples)
    assert made.tokens["prompt"] == sum(t.prompt_tokens for r in made.records for t in r.turns) > 0
    fresh = make_bench()
    recalled = fresh.recall(fresh.plan(LIKELIHOOD))
    assert recalled is not None
    assert recalled.records == made.records
    assert made.tokens["replayed"] == 0
    assert recalled.tokens == {**made.tokens, "replayed": len(plan.samples)}  # the time it took stays known
    assert recalled.tokens["generation_ms"] > 0
    assert (recalled.generated_turns, recalled.replayed_turns) == (0, len(plan.samples))
    again = fresh.evaluate(fresh.plan(LIKELIHOOD))
    assert again.records == made.records
    assert fresh.pool.starts == 0
    facts = json.loads((bench.store.path("generations", plan.key) / "key.json").read_text())
    assert facts["label"] == "tiny:base:pddl-likelihood"
    assert facts["policy"] == BATCHED


def test_an_incomplete_evaluation_is_not_recalled_and_is_completed(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    plan = bench.plan(LIKELIHOOD)
    whole = bench.evaluate(plan)
    turns = bench.store.path("generations", plan.key) / "turns.jsonl"
    lines = turns.read_text().splitlines(keepends=True)
    turns.write_text("".join(lines[:-3]) + lines[-3][:20])  # three are missing, one of them torn
    other = make_bench()
    assert other.recall(other.plan(LIKELIHOOD)) is None
    again = other.evaluate(other.plan(LIKELIHOOD))
    assert again.generated_turns == 3
    assert again.records == whole.records


def test_what_another_process_is_generating_is_not_recalled(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    plan = bench.plan(LIKELIHOOD)
    bench.evaluate(plan)
    with Store(bench.store.root).lock(f"generations-{plan.key}"):
        assert bench.recall(plan) is None
    assert bench.recall(plan) is not None


def test_who_waits_for_a_lock_gives_its_devices_back(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more workers than GPUs the holder of the lock may be waiting for the waiter's device."""
    bench = make_bench()
    given: list[bool] = []
    monkeypatch.setattr(bench.pool, "give_back_devices", lambda: given.append(True))
    with bench.lock("base-tiny"):
        assert given == []
        waiting = threading.Thread(target=lambda: bench.lock("base-tiny").__enter__(), daemon=True)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        assert given == [True]
    waiting.join(30)
    assert not waiting.is_alive()


def test_a_start_failure_passes_through_and_records_nothing(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    plan = bench.plan(LIKELIHOOD._replace(compression="broken"))
    for _ in range(2):
        with pytest.raises(OutOfMemory):
            bench.evaluate(plan)
    assert bench.pool.starts == 0
    assert (bench.store.path("generations", plan.key) / "turns.jsonl").read_text() == ""


def test_single_policy_asks_one_at_a_time_and_gives_equal_records(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    single = bench.evaluate(bench.plan(LIKELIHOOD, policy=SINGLE, limit=4))
    batched = {record.sample: record for record in bench.evaluate(bench.plan(LIKELIHOOD)).records}
    assert len(single.records) == 4
    assert all(record == batched[record.sample] for record in single.records)


def test_samples_are_spread_over_the_list() -> None:
    found = [Sample(str(i), {}) for i in range(10)]
    assert [s.id for s in spread(found, 4)] == ["0", "2", "5", "7"]
    assert spread(found, 10) == spread(found, 99) == tuple(found)
    assert spread(found, 1) == (found[0],)


def test_samples_must_exist_and_be_distinct() -> None:
    with pytest.raises(DataError, match="task t: sample id 'a' occurs twice"):
        _checked("t", [Sample("a", {}), Sample("a", {})])
    with pytest.raises(DataError, match="task t: its settings select no sample"):
        _checked("t", [])


def test_a_data_folder_must_exist(make_bench: Callable[..., Bench], tmp_path: Path) -> None:
    profile = make_bench().profile
    bench = make_bench(replace(profile, data={"pddl": str(tmp_path / "nowhere")}))
    with pytest.raises(ConfigError, match=r"data folder .*nowhere.* does not exist"):
        bench.plan(LIKELIHOOD._replace(task="pddl"))


def test_a_plan_counts_what_is_recorded_and_starts_nothing(
    make_bench: Callable[..., Bench], project: Path
) -> None:
    from acbench.casework import Caseworker
    from acbench.matrix import Selection, build_matrix
    from acbench.thresholds import read_thresholds

    bench = make_bench()
    catalogue = load_catalogue(project)
    matrix = build_matrix(catalogue, "test", Selection((), ("same",), ("pddl-likelihood",)))
    worker = Caseworker(bench, read_thresholds(catalogue), matrix, list(matrix.cases))

    def columns(lines: list[str]) -> dict[str, tuple[int, int]]:
        rows = [line.split() for line in lines if line.startswith("tiny:")]
        return {row[0]: (int(row[1]), int(row[2])) for row in rows}

    before = plan_lines(worker)
    count = len(bench.plan(LIKELIHOOD).samples)
    assert columns(before) == {
        "tiny:base:pddl-likelihood": (count, 0),
        "tiny:same:pddl-likelihood": (count, 0),
    }
    assert f"2 cases, 2 engine groups, {2 * count} samples" in before[-1]
    assert bench.pool.starts == 0
    bench.evaluate(bench.plan(LIKELIHOOD))
    assert columns(plan_lines(worker))["tiny:base:pddl-likelihood"] == (count, count)


def test_a_plan_shows_a_missing_checkpoint_as_a_note(
    make_bench: Callable[..., Bench], project: Path, tmp_path: Path
) -> None:
    from acbench.casework import Caseworker
    from acbench.matrix import Selection, build_matrix
    from acbench.thresholds import read_thresholds

    bench = make_bench()
    recipe = bench.catalogue.recipes["same"]
    gone = replace(recipe, params={"checkpoint": str(tmp_path / "gone")})
    bench.catalogue = replace(bench.catalogue, recipes={**bench.catalogue.recipes, "same": gone})
    matrix = build_matrix(bench.catalogue, "test", Selection((), ("same",), ("pddl-likelihood",)))
    worker = Caseworker(bench, read_thresholds(bench.catalogue), matrix, list(matrix.cases))
    (line,) = [line for line in plan_lines(worker) if line.startswith("tiny:same")]
    assert "no such model folder" in line


def test_columns_that_read_one_generation_share_its_answers(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acbench.embeddings._from_hub", lambda _name: None)
    bench = make_bench()
    small = {"t-eval": {"levels": ["level1"], "per_level": 2, "max_tokens": 8}}  # settings of the family
    bench = make_bench(replace(bench.profile, settings=small))
    columns = [Case("tiny", "base", f"t-eval-{name}-json") for name in ("reason", "retrieve", "understand")]
    plans = [bench.plan(case) for case in columns]
    assert len({plan.key for plan in plans}) == 1
    first = bench.evaluate(plans[0])
    assert first.generated_turns == 4  # two answers and their gold's likelihoods
    for plan in plans[1:]:
        again = bench.recall(plan)
        assert again is not None
        assert again.generated_turns == 0
    assert first.scoring["embedder"].startswith("all-MiniLM-L6-v2")
    assert bench.plan(Case("tiny", "base", "t-eval-reason-str")).key != plans[0].key


def test_a_data_folder_of_the_family_is_used(make_bench: Callable[..., Bench], tmp_path: Path) -> None:
    profile = make_bench().profile
    bench = make_bench(replace(profile, data={"longgenbench": str(tmp_path)}))
    with pytest.raises(DataError, match="neither raw gsm8k data"):
        bench.plan(Case("tiny", "base", "longgenbench-gsm8k"))
