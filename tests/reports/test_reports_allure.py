"""The plug-in in real pytest runs: result files, with and without workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

CONFTEST = """
import json
import os
import sys
import pytest

sys.path[:0] = [{root!r}, {here!r}]
pytest_plugins = ["reports.allure"]


class Specs:
    @pytest.hookspec
    def pytest_acbench_result(self, config, item, result): ...

    @pytest.hookspec(firstresult=True)
    def pytest_acbench_environment(self, config): ...


def pytest_addhooks(pluginmanager):
    pluginmanager.add_hookspecs(Specs)


def pytest_configure(config):
    config.addinivalue_line("markers", "long_context: long context")


def pytest_acbench_environment(config):
    return {{"gpu": "none", "run": "r1"}}


@pytest.fixture
def judge(request):
    from report_cases import case_result

    def send(**changes):
        result = case_result(*request.node.callspec.id.split(":"), **changes)
        request.node.user_properties.append(("acbench_result", json.dumps(result.to_json())))
        request.config.hook.pytest_acbench_result(config=request.config, item=request.node, result=result)

    return send


@pytest.fixture
def engine(compression):
    if compression == "dead":
        from acbench.errors import EngineStartError

        raise EngineStartError("no engine", log_tail="last words of the engine")
"""

SUITE = '''
import os
import pytest
from acbench.errors import PromptDrift

IDS = [f"m:{c}:needle" for c in ("good", "bad", "unsure", "drift", "dead", "free", "crash") if c != SKIP]


@pytest.mark.long_context
@pytest.mark.parametrize("model,compression,task", [i.split(":") for i in IDS], ids=IDS)
def test_case(model, compression, task, judge, engine):
    """What a case is."""
    print("captured noise")
    if compression == "crash":
        os._exit(3)
    if compression == "drift":
        raise PromptDrift("prompts differ")
    outcome = {"bad": "fail", "free": "fail", "unsure": "inconclusive"}.get(compression, "pass")
    judge(outcome=outcome, gate="report" if compression == "free" else "gate")
    if compression == "free":
        pytest.xfail("report-only: degradation: -5.0 pp")
    assert compression != "bad", "degradation: -5.0 pp beyond 5.0 pp"
    assert compression != "unsure", "inconclusive: more samples needed"


def test_ordinary():
    assert True
'''


def run_suite(folder: Path, results: str, *options: str, skip: str = "crash") -> Path:
    folder.mkdir(exist_ok=True)
    conftest = CONFTEST.format(root=str(ROOT), here=str(Path(__file__).parent))
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_suite.py").write_text(SUITE.replace("SKIP", repr(skip)))
    (folder / "pytest.ini").write_text("[pytest]\n")
    out = folder / results
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "GITHUB_", "CI"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"--alluredir={out}", *options, "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return out


def load(folder: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in folder.glob("*-result.json")]
    return {label(result, "compression") or result["name"]: result for result in found}


def label(result: dict[str, Any], name: str) -> str:
    values = [entry["value"] for entry in result["labels"] if entry["name"] == name]
    assert len(values) <= 1, f"{name} given twice: {values}"
    return values[0] if values else ""


def attachment_files(folder: Path, result: dict[str, Any]) -> dict[str, Path]:
    return {entry["name"]: folder / entry["source"] for entry in result.get("attachments", [])}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_suite(tmp_path_factory.mktemp("plain") / "w", "results")


@pytest.fixture(scope="module")
def parallel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_suite(tmp_path_factory.mktemp("parallel") / "w", "results", "-n", "2", skip="")


@pytest.mark.parametrize("kind", ["plain", "parallel"])
def test_statuses_separate_worse_models_from_trouble(kind: str, request: pytest.FixtureRequest) -> None:
    results = load(request.getfixturevalue(kind))
    statuses = {name: result["status"] for name, result in results.items()}
    expected = {
        "good": "passed",
        "bad": "failed",
        "unsure": "failed",
        "drift": "broken",
        "dead": "broken",
        "free": "skipped",
        "test_ordinary": "passed",
    }
    assert statuses == expected | ({"crash": "broken"} if kind == "parallel" else {})
    assert "report-only:" in results["free"]["statusDetails"]["message"]
    assert results["bad"]["statusDetails"]["message"].startswith("AssertionError: degradation:")


@pytest.mark.parametrize("kind", ["plain", "parallel"])
def test_labels_place_every_case(kind: str, request: pytest.FixtureRequest) -> None:
    for name, result in load(request.getfixturevalue(kind)).items():
        if name == "test_ordinary":
            continue
        assert result["name"] == f"needle: {name} against base, m"
        assert label(result, "parentSuite") == label(result, "model") == "m"
        assert label(result, "suite") == label(result, "compression") == name
        assert label(result, "epic") == label(result, "subSuite") == "Long context"
        assert label(result, "feature") == label(result, "task") == "needle"
        assert label(result, "capability") == "long_context"


def test_labels_of_a_judged_case(plain: Path) -> None:
    results = load(plain)
    good, free = results["good"], results["free"]
    assert label(good, "story") == label(good, "method") == "good"
    assert label(good, "engine") == "vllm"
    assert (label(good, "gate"), label(good, "severity")) == ("gate", "critical")
    assert (label(free, "gate"), label(free, "severity")) == ("report-only", "minor")
    assert (label(good, "verdict"), label(free, "verdict")) == ("pass", "fail")


def test_numbers_are_excluded_parameters(plain: Path) -> None:
    parameters = load(plain)["good"]["parameters"]
    numbers = {p["name"]: p["value"] for p in parameters if p.get("excluded")}
    assert numbers == {
        "base": "50.0 %",
        "score": "45.0 %",
        "difference": "-5.0 pp",
        "interval": "[-9.0, -1.0]",
        "n": "120",
        "verdict": "pass",
    }
    assert {p["name"] for p in parameters if not p.get("excluded")} == {"model", "compression", "task"}


@pytest.mark.parametrize("kind", ["plain", "parallel"])
def test_attachments_stay_few_and_small(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    for result in load(folder).values():
        files = attachment_files(folder, result)
        assert len(files) <= 5
        assert sum(path.stat().st_size for path in files.values()) < 300_000
    files = attachment_files(folder, load(folder)["bad"])
    assert set(files) == {"verdict.json", "flips.csv", "figure.svg", "prompt of the first sample"}
    assert json.loads(files["verdict.json"].read_text())["primary"]["n"] == 120


def test_engine_log_of_a_broken_case(plain: Path) -> None:
    result = load(plain)["dead"]
    files = attachment_files(plain, result)
    assert files["engine log (tail)"].read_text() == "last words of the engine"
    assert "EngineStartError" in result["statusDetails"]["message"]


def test_history_joins_two_runs_and_a_crash(parallel: Path, plain: Path, tmp_path: Path) -> None:
    first, second = load(plain), load(run_suite(tmp_path / "w", "again", "-k", "good or bad"))
    assert first["good"]["historyId"] == second["good"]["historyId"]
    assert first["good"]["historyId"] != first["bad"]["historyId"]
    crashed, workers = load(parallel)["crash"], load(parallel)["good"]
    assert workers["historyId"] == first["good"]["historyId"]
    assert crashed["fullName"] == workers["fullName"]
    assert crashed["testCaseId"] == workers["testCaseId"]
    assert crashed["titlePath"] == workers["titlePath"]


def test_crash_is_written_once_by_the_controller(parallel: Path) -> None:
    results = [json.loads(path.read_text()) for path in parallel.glob("*-result.json")]
    crashed = [r for r in results if label(r, "compression") == "crash"]
    assert len(crashed) == 1
    assert "crashed while running" in crashed[0]["statusDetails"]["message"]
    assert crashed[0]["start"] <= crashed[0]["stop"]


@pytest.mark.parametrize("kind", ["plain", "parallel"])
def test_run_files_come_from_the_controller(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    properties = (folder / "environment.properties").read_text().splitlines()
    assert "gpu=none" in properties
    assert "models=m" in properties
    assert json.loads((folder / "executor.json").read_text())["type"] == "local"
    assert json.loads((folder / "categories.json").read_text())[0]["matchedStatuses"] == ["failed"]
    (metrics,) = folder.glob("*-perf.json")
    assert metrics.name == "r1-perf.json"
    samples = {sample["key"]: sample for sample in json.loads(metrics.read_text())}
    assert samples["m.good.long_context.needle.accuracy"]["value"] == -5.0
    assert len(samples) == 4 * 2
    (session,) = folder.glob("*-globals.json")
    names = {entry["name"]: entry["source"] for entry in json.loads(session.read_text())["attachments"]}
    text = (folder / names["summary.md"]).read_text()
    assert "`m:dead:needle`" in text
    assert "EngineStartError" in text


def test_crash_history_equals_that_of_a_finished_case(parallel: Path) -> None:
    from acbench.cases import Case
    from reports.crashes import history_id

    result = load(parallel)["good"]
    nodeid = "test_suite.py::test_case[m:good:needle]"
    assert history_id(nodeid, Case("m", "good", "needle")) == result["historyId"]


def test_silent_without_a_results_folder(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    run_suite(folder, "first", "-k", "good or bad")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "good", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith((".", "__"))) == [
        "conftest.py",
        "first",
        "pytest.ini",
        "test_suite.py",
    ]
