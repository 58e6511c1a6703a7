"""Analyses as cases: one study for three cases, base as noise floor, nothing run twice, no engine, and the command."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from compress_models import model_folder
from tiny_bench import write_tokenizer

from acbench.analysis.command import untrained
from acbench.analysis.study import Model, study
from acbench.cases import Case
from acbench.casework import Caseworker
from acbench.cli import main
from acbench.config import load_catalogue
from acbench.engines.pool import EnginePool
from acbench.errors import ConfigError
from acbench.matrix import Selection, build_matrix
from acbench.planning import plan_lines
from acbench.records import case_result_from_json
from acbench.runner import Bench
from acbench.store import Store
from acbench.thresholds import read_thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from acbench.records import CaseResult

CONFIG = """
[models.tiny]
source = "path:{root}/tiny"
parameters_b = 0.001
engine = {{ backend = "transformers", window_tokens = 256 }}

[recipes.four]
method = "rtn"
params = {{ bits = 4, group_size = 32 }}

[recipes.held]
method = "kv"

[profiles.test]
models = ["tiny"]
compressions = ["base", "four", "held"]
tasks = ["erank", "top-k", "energy"]
stage = "pull-request"
engine = {{ backend = "transformers", window_tokens = 256 }}

[profiles.test.settings.analysis]
tokens = 24
per_kind = 5
"""
KINDS = ("erank", "top-k", "energy")


def in_this_process(module: str, request: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Starting a process and importing torch for each of thirty small jobs would take minutes; acbench.jobs has
    tests of its own."""
    found: dict[str, Any] = import_module(module).run(request)
    return found


@pytest.fixture(scope="module", autouse=True)
def quick_jobs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("acbench.analysis.study.run_job", in_this_process)
        patch.setattr("acbench.jobs.run_job", in_this_process)
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    write_tokenizer(model_folder(root / "tiny", vocab_size=640))
    (root / "acbench.toml").write_text(CONFIG.format(root=root))
    return root


@pytest.fixture(scope="module")
def make(project: Path) -> Iterator[Callable[[], Caseworker]]:
    pools = []

    def made() -> Caseworker:
        catalogue = load_catalogue(project / "acbench.toml")
        matrix = build_matrix(catalogue, "test")
        pools.append(EnginePool(logs=project / "logs", leases=project / "leases", events=project / "events"))
        bench = Bench(catalogue, matrix.profile, Store(project / "store"), pools[-1])
        return Caseworker(bench, read_thresholds(catalogue), matrix, list(matrix.cases))

    yield made
    for pool in pools:
        pool.close()


@pytest.fixture(scope="module")
def results(make: Callable[[], Caseworker]) -> dict[str, CaseResult]:
    worker = make()
    found = {case.id: worker.judge(case) for case in worker.selected}
    assert worker.bench.pool.starts == 0, "no serving engine is needed"
    return found


def test_recipes_with_the_base_models_weights_are_not_analysed(results: dict[str, CaseResult]) -> None:
    assert list(results) == [f"tiny:{recipe}:{kind}" for recipe in ("base", "four") for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_base_is_the_noise_floor_of_its_recipes(results: dict[str, CaseResult], kind: str) -> None:
    floor, judged = results[f"tiny:base:{kind}"], results[f"tiny:four:{kind}"]
    assert floor.is_noise_floor
    assert floor.primary.base == (1.0 if kind == "top-k" else 0.0)
    assert "in bfloat16" in floor.verdict.reason
    assert judged.primary.base == pytest.approx(floor.primary.compressed)
    worse = judged.primary.compressed - judged.primary.base
    assert (worse < 0) if kind == "top-k" else (worse > 0)
    assert judged.noise is not None
    assert judged.noise.difference == pytest.approx(floor.primary.difference)
    assert judged.verdict.gate == "report"
    assert judged.primary.n == 30
    assert judged.flips == ()


def test_results_carry_numbers_and_survive_json(results: dict[str, CaseResult]) -> None:
    for result in results.values():
        again = case_result_from_json(json.loads(json.dumps(result.to_json())))
        assert again.analysis == result.analysis
        assert again.analysis["kind"] == result.task
        assert again.facts["Protocol"].startswith("30 texts of 24 tokens (5 prose, ")
    distance = results["tiny:four:erank"].analysis["numbers"]["erank.hidden.distance"]
    assert distance["value"] == pytest.approx(results["tiny:four:erank"].primary.compressed)


def test_the_primary_metric_is_the_number_of_the_analysis(results: dict[str, CaseResult]) -> None:
    for kind in KINDS:
        result = results[f"tiny:four:{kind}"]
        number = result.analysis["numbers"][result.primary.metric]
        assert number["value"] == pytest.approx(result.primary.compressed, rel=1e-5)
        assert number["floor"] == pytest.approx(result.primary.base, rel=1e-5)


def test_a_second_process_runs_no_model(
    results: dict[str, CaseResult], make: Callable[[], Caseworker], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a job was started for something that is in the store")

    monkeypatch.setattr("acbench.analysis.study.run_job", refuse)
    worker = make()
    planned = {line.split()[0]: line.split()[1:] for line in plan_lines(worker)}
    assert planned["tiny:four:top-k"] == ["30", "30", "720", "0.0"]  # samples, recorded, tokens, core minutes
    for case in worker.selected:
        found = worker.judge(case)
        assert (found.primary, found.analysis) == (results[case.id].primary, results[case.id].analysis)


def test_looking_for_a_study_runs_nothing(
    make: Callable[[], Caseworker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a job was started by somebody who only looked")

    monkeypatch.setattr("acbench.analysis.study.run_job", refuse)
    worker = make()
    worker.bench.store = Store(tmp_path / "empty")
    plan = worker.bench.plan(Case("tiny", "base", "energy"))
    assert worker.bench.recall(plan) is None


def test_other_texts_are_another_study(
    results: dict[str, CaseResult], make: Callable[[], Caseworker], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noted(module: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        asked.append(module.rpartition(".")[2])
        return in_this_process(module, *arguments, **options)

    monkeypatch.setattr("acbench.analysis.study.run_job", noted)
    worker = make()
    worker.bench.profile.settings["analysis"] = {"tokens": 25, "per_kind": 5}  # type: ignore[index]
    found = worker.judge(Case("tiny", "four", "energy"))
    assert sorted(set(asked)) == ["contrast", "forward"]  # weights have no texts
    assert found.analysis["protocol"]["hash"] != results["tiny:four:energy"].analysis["protocol"]["hash"]
    assert found.keys["compressed"] != results["tiny:four:energy"].keys["compressed"]


def test_a_server_shows_no_weights(make: Callable[[], Caseworker], project: Path) -> None:
    text = (project / "acbench.toml").read_text()
    served = project / "served.toml"
    extra = '[recipes.four.engine]\nbackend = "openai"\nextra = { base_url = "http://localhost:1", model = "m" }\n'
    served.write_text(text + extra)
    catalogue = load_catalogue(served)
    matrix = build_matrix(catalogue, "test", Selection(compressions=("four",)))
    bench = Bench(catalogue, matrix.profile, Store(project / "store"), make().bench.pool)
    worker = Caseworker(bench, read_thresholds(catalogue), matrix, list(matrix.cases))
    with pytest.raises(ConfigError, match="analyses read weights, and a server shows none"):
        worker.judge(Case("tiny", "four", "energy"))
    assert any("a server shows none" in line for line in plan_lines(worker))  # and the plan is still a plan


def test_the_command_says_the_same(
    results: dict[str, CaseResult],
    make: Callable[[], Caseworker],
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    built = make().bench.checkpoint("tiny", "four").path
    out = project / "found" / "analysis.json"
    options = ["--tokens", "24", "--per-kind", "5", "--store", str(project / "store")]
    arguments = ["analyse", str(project / "tiny"), str(built), *options]
    assert (
        main([*arguments, "--config", str(project / "acbench.toml"), "--out", str(out), "--untrained", "1"])
        == 0
    )
    found = json.loads(out.read_text())
    numbers = found["analyses"]["energy"]["numbers"]
    assert numbers == results["tiny:four:energy"].analysis["numbers"]
    assert "erank.diff.untrained" in found["analyses"]["erank"]["numbers"]
    printed = capsys.readouterr().out
    assert "energy.abs_delta" in printed
    assert main(["analyse", "tiny:four", *options, "--config", str(project / "acbench.toml")]) == 0
    assert main(["analyse", "nobody", "--store", str(project / "store")]) == 1
    assert "neither a folder nor a model" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--untrained", "--every"])
def test_wrong_numbers_are_named_before_anything_runs(
    project: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["analyse", str(project / "tiny"), option, "-1", "--store", str(project / "store")]
    assert main(arguments) == 1
    assert f"{option} must be a whole number" in capsys.readouterr().err


def test_a_recipe_that_changes_no_weight_is_not_the_noise_floor(
    project: Path, make: Callable[[], Caseworker]
) -> None:
    text = (project / "acbench.toml").read_text().replace('method = "rtn"', 'method = "external"')
    text = text.replace("{ bits = 4, group_size = 32 }", f'{{ checkpoint = "path:{project}/tiny" }}')
    (project / "same.toml").write_text(text)
    catalogue = load_catalogue(project / "same.toml")
    matrix = build_matrix(catalogue, "test")
    bench = Bench(catalogue, matrix.profile, Store(project / "store"), make().bench.pool)
    worker = Caseworker(bench, read_thresholds(catalogue), matrix, list(matrix.cases))
    with pytest.raises(ConfigError, match="nothing to analyse"):
        worker.judge(Case("tiny", "four", "energy"))


def test_models_with_other_vocabularies_are_not_compared(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = model_folder(tmp_path / "other", vocab_size=640)
    write_tokenizer(other, vocabulary=500)
    assert main(["analyse", str(project / "tiny"), str(other), "--store", str(project / "store")]) == 1
    assert "different vocabularies" in capsys.readouterr().err


def test_untrained_models_are_seeded(project: Path, make: Callable[[], Caseworker]) -> None:
    """The same seed is the same model; Diff-ERank is untrained minus trained."""
    worker = make()
    plan = worker.bench.plan(Case("tiny", "base", "erank"))
    task: Any = plan.task
    base = Model(plan.checkpoint.path, plan.checkpoint.key, "tiny")
    found = study(base, base, task.texts, task.settings, worker.bench.store)
    one, two = (untrained(base, found, worker.bench.store, seeds) for seeds in (1, 2))
    assert one["low"] == one["high"] == one["value"]
    assert one["value"] in (pytest.approx(two["low"]), pytest.approx(two["high"]))
    assert two["low"] < two["high"]
