"""From a case to its verdict: who prepares the base, noise, families, cells."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bench_cases import write_project

from acbench.cases import Case
from acbench.casework import Caseworker
from acbench.config import load_catalogue
from acbench.engines.pool import EnginePool
from acbench.errors import ConfigError, EngineDied, PromptDrift
from acbench.matrix import build_matrix
from acbench.runner import SINGLE, Bench
from acbench.store import Store
from acbench.thresholds import read_thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from acbench.runner import Evaluation, Plan

RULES = """
[[thresholds.rule]]
margin = 0.2
reason = "shown only"
gate = "report"
task = "pddl"

[[thresholds.rule]]
margin = 0.2
reason = "the set-up"
method = "base"
capability = "diagnostic"
"""


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Durability is tested elsewhere; forcing every answer to disk makes these tests slow."""
    monkeypatch.setattr("acbench.journal.os.fsync", lambda _: None)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkpoints: dict[str, dict[str, Any]] = {
        "same": {},
        "worse": {"fake_damage": 1.0},
        "crash": {"fake_crash_after": 2},
    }
    return write_project(tmp_path_factory.mktemp("project"), checkpoints, extra=RULES)


@pytest.fixture
def make_worker(project: Path, tmp_path: Path) -> Iterator[Callable[..., Caseworker]]:
    pools = []

    def make(selected: Sequence[Case] | None = None) -> Caseworker:
        catalogue = load_catalogue(project)
        matrix = build_matrix(catalogue, "test")
        pools.append(
            EnginePool(logs=tmp_path / "logs", leases=tmp_path / "leases", events=tmp_path / "events.jsonl")
        )
        bench = Bench(catalogue, matrix.profile, Store(tmp_path / "store"), pools[-1])
        chosen = matrix.cases if selected is None else selected
        return Caseworker(bench, read_thresholds(catalogue), matrix, list(chosen))

    yield make
    for pool in pools:
        pool.close()


def labels(tmp_path: Path) -> list[str]:
    file = tmp_path / "events.jsonl"
    return [json.loads(line)["label"] for line in file.read_text().splitlines()] if file.exists() else []


def generations(tmp_path: Path) -> list[str]:
    files = (tmp_path / "store" / "generations").glob("*/key.json")
    return sorted(json.loads(file.read_text())["label"] for file in files)


def case(recipe: str, task: str = "pddl-likelihood") -> Case:
    return Case("tiny", recipe, task)


def test_the_base_is_prepared_once_for_all_tasks_of_the_run(
    make_worker: Callable[..., Caseworker], tmp_path: Path
) -> None:
    chosen = [case(r, t) for r in ("base", "same", "worse") for t in ("pddl-likelihood", "pddl")]
    worker = make_worker(chosen)
    results = {c: worker.judge(c) for c in chosen}
    assert labels(tmp_path) == ["tiny:base", "tiny:same", "tiny:worse"]  # one engine start each
    assert generations(tmp_path) == sorted(
        [c.id for c in chosen] + [f"{c.id} (noise floor)" for c in chosen if c.compression == "base"]
    )
    other = make_worker(chosen)  # another process: everything comes from the journal
    again = {c: other.judge(c) for c in chosen}
    assert len(labels(tmp_path)) == 3
    assert {c: (r.verdict, r.primary, r.noise) for c, r in again.items()} == {
        c: (r.verdict, r.primary, r.noise) for c, r in results.items()
    }


def test_verdicts_follow_the_damage(make_worker: Callable[..., Caseworker]) -> None:
    worker = make_worker([case("base"), case("same"), case("worse")])
    same, worse = worker.judge(case("same")), worker.judge(case("worse"))
    assert (same.verdict.outcome, same.primary.difference, same.flips) == ("pass", 0.0, ())
    assert worse.verdict.outcome == "fail"
    assert worse.primary.difference == pytest.approx(-1.0)
    assert worse.primary.worse == worse.primary.n == len(worse.flips)
    assert worse.keys["base"] == same.keys["base"] != worse.keys["compressed"]
    assert worse.sample_prompt.startswith("<system>")
    assert worse.method == "external"
    assert worse.engine["settings"]["backend"] == "fake"


def test_a_case_without_its_base_in_the_selection_is_still_judged(
    make_worker: Callable[..., Caseworker], tmp_path: Path
) -> None:
    worker = make_worker([case("worse")])
    result = worker.judge(case("worse"))
    assert result.verdict.outcome == "fail"
    assert result.noise is not None
    assert labels(tmp_path) == ["tiny:base", "tiny:worse"]  # the base first: one start each
    assert len(generations(tmp_path)) == 3


def test_somebody_else_prepares_the_base(make_worker: Callable[..., Caseworker], tmp_path: Path) -> None:
    """With the base in the selection a worker evaluates its own checkpoint first and only then needs it."""
    worker = make_worker([case("base"), case("same")])
    worker.judge(case("same"))
    assert labels(tmp_path) == ["tiny:same", "tiny:base"]


def test_a_busy_base_is_not_waited_for_before_ones_own_work(
    make_worker: Callable[..., Caseworker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make_worker([case("same")])
    order: list[str] = []
    evaluate = worker.bench.evaluate

    def noted(_: Bench, plan: Plan) -> Evaluation:
        order.append(plan.case.compression)
        return evaluate(plan)

    monkeypatch.setattr(Bench, "evaluate", noted)
    with Store(tmp_path / "store").lock("base-tiny"):
        worker._prepare_base(case("base"), wait=False)
    assert order == []
    worker.judge(case("same"))
    assert order == ["base", "base", "same"]


def test_who_waits_for_the_base_plays_the_rest_of_its_checkpoint_first(
    make_worker: Callable[..., Caseworker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fifty tasks the other worker would otherwise stand idle until the base model has done them all."""
    mine = [case("same"), case("same", "needle"), case("same", "pddl")]
    worker, other = make_worker([case("base"), *mine, case("worse")]), make_worker()
    played: list[str] = []
    evaluate, holding = Bench.evaluate, other.bench.lock("base-tiny")
    holding.__enter__()

    def recorded(bench: Bench, plan: Plan) -> Evaluation:
        if bench is worker.bench:
            played.append(plan.case.id)
        if len(played) == len(mine):  # now the base model's own process has done its part
            holding.__exit__(None, None, None)
            played.append("base free")
        return evaluate(bench, plan)

    monkeypatch.setattr(Bench, "evaluate", recorded)
    assert worker.judge(mine[0]).primary.n > 0
    assert played[:4] == [*(one.id for one in mine), "base free"]
    before = len(played)
    worker.judge(mine[1])
    assert [name for name in played[before:] if "same" in name] == [mine[1].id]  # from the journal


def test_who_overtakes_the_worker_of_the_base_needs_each_engine_once(
    make_worker: Callable[..., Caseworker], tmp_path: Path
) -> None:
    chosen = [case(r, t) for r in ("base", "worse") for t in ("pddl-likelihood", "pddl")]
    fast, slow = make_worker(chosen), make_worker(chosen)
    fast.judge(chosen[2])  # before anybody has begun with the base
    fast.judge(chosen[3])
    slow.judge(chosen[0])
    assert labels(tmp_path) == ["tiny:worse", "tiny:base"]


def test_the_noise_floor_is_base_against_its_own_repetition(make_worker: Callable[..., Caseworker]) -> None:
    worker = make_worker([case("base"), case("same")])
    base = worker.judge(case("base"))
    assert base.verdict.outcome == "pass"
    assert base.verdict.reason.startswith("noise floor: 0 of 3 scores and 0 texts differ")
    assert base.noise is not None
    assert (base.noise.n, base.noise.changed_scores, base.noise.changed_texts) == (3, 0, 0)
    assert base.primary.n == 3
    assert base.tokens["turns"] == len(worker.bench.plan(case("base")).samples)
    same = worker.judge(case("same"))
    assert same.noise == base.noise


def test_noise_beyond_the_limit_fails_the_base_case(
    make_worker: Callable[..., Caseworker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repetition answers otherwise: the base case fails, in either direction."""
    worker = make_worker([case("base")])
    evaluate = worker.bench.evaluate
    for shift in (-1.0, 1.0):

        def shifted(_: Bench, plan: object, by: float = shift) -> object:
            made = evaluate(plan)  # type: ignore[arg-type]
            if getattr(plan, "policy", "") != SINGLE:
                return made
            records = tuple(replace(r, scores={k: v + by for k, v in r.scores.items()}) for r in made.records)
            return replace(made, records=records)

        monkeypatch.setattr(Bench, "evaluate", shifted)
        monkeypatch.setattr(Bench, "recall", lambda *_: None)
        worker._base.clear()
        result = worker.judge(case("base"))
        assert result.verdict.outcome == "fail"
        assert result.verdict.gate == "gate"
        assert "3 of 3 scores" in result.verdict.reason


def test_confidence_is_corrected_for_the_gated_tasks_of_a_recipe(
    make_worker: Callable[..., Caseworker],
) -> None:
    """Three tasks, one of them report-only: two gated ones share the 5 %, whatever is selected."""
    worker = make_worker([case("same")])
    result = worker.judge(case("same"))
    assert result.primary.confidence == pytest.approx(1 - 0.05 / 2)
    assert result.verdict.confidence == result.primary.confidence


def test_needle_results_carry_cells(make_worker: Callable[..., Caseworker]) -> None:
    worker = make_worker([case("same", "needle")])
    result = worker.judge(case("same", "needle"))
    assert len(result.cells) == 6
    assert {(c["length"], c["depth"], c["repeat"]) for c in result.cells} == {
        (300, depth, repeat) for depth in (0, 50, 100) for repeat in (1, 2)
    }
    assert all(c["state"] == "ok" and c["base"] == c["compressed"] for c in result.cells)
    assert [row.level for row in result.levels] == ["300"]
    assert sum(row.base for row in result.channels) == pytest.approx(1.0)


def test_a_rollout_task_has_no_cells(make_worker: Callable[..., Caseworker]) -> None:
    result = make_worker([case("same", "pddl")]).judge(case("same", "pddl"))
    assert result.cells == ()
    assert result.verdict.gate == "report"
    assert result.tokens["turns"] > result.primary.n  # several turns per episode


def test_an_engine_that_dies_breaks_its_case_and_not_the_next(
    make_worker: Callable[..., Caseworker],
) -> None:
    worker = make_worker()
    with pytest.raises(EngineDied):
        worker.judge(case("crash"))
    assert worker.judge(case("same")).verdict.outcome == "pass"


def test_other_prompts_on_the_two_sides_are_drift(
    make_worker: Callable[..., Caseworker], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make_worker([case("base"), case("same")])
    worker.judge(case("base"))
    kept, repeated = worker._base[case("base").id]
    first = kept.records[0]
    turn = replace(first.turns[0], prompt_hash="another")
    drifted = replace(kept, records=(replace(first, turns=(turn,)), *kept.records[1:]))
    worker._base[case("base").id] = (drifted, repeated)
    with pytest.raises(PromptDrift, match="different prompts"):
        worker.judge(case("same"))


def test_a_task_that_cannot_be_asked_breaks_its_own_cases_only(
    make_worker: Callable[..., Caseworker], tmp_path: Path
) -> None:
    chosen = [case(r, t) for r in ("base", "same") for t in ("pddl", "pddl-likelihood")]
    worker = make_worker(chosen)
    profile = worker.bench.profile
    worker.bench.profile = replace(profile, data={"pddl": str(tmp_path / "no-such-folder")})
    assert worker.judge(case("base")).verdict.outcome == "pass"
    assert worker.judge(case("same")).verdict.outcome == "pass"
    for recipe in ("base", "same"):
        with pytest.raises(ConfigError, match="no-such-folder"):
            worker.judge(case(recipe, "pddl"))


def test_remote_recipes_must_name_a_model_of_their_own(make_worker: Callable[..., Caseworker]) -> None:
    bench = make_worker().bench
    place = {"base_url": "http://127.0.0.1:9/v1", "model": "base-model"}

    def serve(extra: Mapping[str, str]) -> None:
        models = dict(bench.catalogue.models)
        models["tiny"] = replace(models["tiny"], engine={"backend": "openai", "extra": extra})
        bench.catalogue = replace(bench.catalogue, models=models)

    serve(place)
    with pytest.raises(ConfigError, match="compared with itself"):
        bench.plan(case("same"))
    recipes = dict(bench.catalogue.recipes)
    recipes["same"] = replace(recipes["same"], engine={"extra": {**place, "model": "compressed-model"}})
    bench.catalogue = replace(bench.catalogue, recipes=recipes)
    base, other = bench.plan(case("base")), bench.plan(case("same"))
    assert base.key != other.key
    assert other.checkpoint.facts["label"] == "compressed-model at http://127.0.0.1:9/v1"
    serve({"base_url": "http://127.0.0.1:9/v1"})
    with pytest.raises(ConfigError, match=r"engine\.extra\.model"):
        bench.plan(case("worse"))


def test_reading_a_journal_counts_as_use(make_worker: Callable[..., Caseworker], tmp_path: Path) -> None:
    make_worker([case("base")]).judge(case("base"))
    folders = list((tmp_path / "store" / "generations").iterdir())
    for folder in folders:
        os.utime(folder, (0, 0))
    make_worker([case("base")]).judge(case("base"))
    assert all(folder.stat().st_mtime > 0 for folder in folders)
