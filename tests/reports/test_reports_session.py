"""Files of a run: environment, executor, categories, metric samples, crashes."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

import pytest
from report_cases import case_result, comparison

from reports import allure_session, categories, crashes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("status", "message", "name"),
    [
        ("failed", "AssertionError: degradation: -7 pp", "Degradation beyond the limit"),
        ("failed", "AssertionError: inconclusive: 900 needed", "Inconclusive: more samples needed"),
        ("failed", "AssertionError: noise floor: 9 flips", "Noise floor exceeded"),
        ("skipped", "XFAIL report-only: degradation: -7 pp\n\nrest", "Report-only: shown, not gated"),
        ("skipped", "XFAIL report-only: inconclusive: 12", "Report-only: shown, not gated"),
        ("broken", "acbench.errors.EngineStartError: no\nEngineTimeout", "Engine start or out of memory"),
        ("broken", "acbench.errors.OutOfMemory: 3 GiB", "Engine start or out of memory"),
        (
            "broken",
            "acbench.errors.MisServed: m:awq-w4g128: the engine does not serve what the checkpoint holds: ...",
            "Checkpoint not served as stored",
        ),
        ("broken", "acbench.errors.EngineDied: MisServed in its log", "Engine start or out of memory"),
        ("broken", "acbench.errors.EngineTimeout: 60 s", "Time limit"),
        ("broken", "acbench.errors.PromptDrift: sample 3", "Data or prompt drift"),
        ("broken", "acbench.errors.DataError: degradation: x", "Data or prompt drift"),
        ("broken", "worker 'gw1' crashed while running 'x'", "Worker crash"),
        ("broken", "acbench.errors.Unsupported: fp8", "Not supported here"),
        ("broken", "acbench.errors.CorruptArtifact: key", "Model, checkpoint or store"),
        ("skipped", "Skipped: needs a GPU", "Not enough hardware"),
        ("broken", "ZeroDivisionError: division by zero", None),
        ("failed", "AssertionError: assert 1 == 2", None),
    ],
)
@pytest.mark.parametrize("match", [re.fullmatch, re.search])  # the two generations of the generator
def test_first_matching_category(
    match: Callable[[str, str], object], status: str, message: str, name: str | None
) -> None:
    matching = [
        rule["name"]
        for rule in categories.rules()
        if status in rule["matchedStatuses"] and match(rule["messageRegex"], message)
    ]
    assert (matching or [None])[0] == name


def test_degradation_groups_by_compression_then_task() -> None:
    assert categories.rules()[0]["groupBy"] == [{"label": "compression"}, {"label": "task"}]


def test_environment_merges_given_and_derived_facts(tmp_path: Path) -> None:
    facts = {"git state": "clean\nbut = odd", "path": "a\\b"}
    results = [case_result(), case_result(task="pddl")]
    lines = allure_session.write_environment(tmp_path, results, facts).read_text().splitlines()
    assert lines == [
        "compressions=rtn-w4g64",
        "engines=vllm 0.32.0",
        "git_state=clean but = odd",
        "models=smollm2-135m",
        "path=a\\\\b",
        "tasks=needle, pddl",
    ]


@pytest.mark.parametrize(
    ("variables", "kind", "order", "url"),
    [
        ({}, "local", None, None),
        (
            {
                "GITHUB_SERVER_URL": "https://forge.example",
                "GITHUB_REPOSITORY": "a/b",
                "GITHUB_RUN_ID": "77",
                "GITHUB_RUN_NUMBER": "12",
            },
            "github",
            12,
            "https://forge.example/a/b/actions/runs/77",
        ),
        (
            {"CI_JOB_URL": "https://lab.example/1", "CI_PIPELINE_IID": "4"},
            "gitlab",
            4,
            "https://lab.example/1",
        ),
        (
            {"BUILD_URL": "https://ci.example/9", "JENKINS_URL": "https://ci.example", "BUILD_NUMBER": "9"},
            "jenkins",
            9,
            "https://ci.example/9",
        ),
    ],
)
def test_executor(
    variables: dict[str, str], kind: str, order: int | None, url: str | None, tmp_path: Path
) -> None:
    data = json.loads(allure_session.write_executor(tmp_path, variables, run="r1").read_text())
    assert data["type"] == kind
    assert data.get("buildOrder") == order
    assert data.get("buildUrl") == url
    assert data["buildName"] == ("r1" if kind == "local" else f"#{order}")


def test_metric_samples_are_in_percentage_points() -> None:
    result = case_result(model="qwen2.5-7b", primary=comparison(0.5, 0.45))
    first, second = allure_session.metric_samples(result, now_ms=100_000)
    assert first["key"] == "qwen2_5-7b.rtn-w4g64.long_context.needle.accuracy"
    assert second["key"].endswith(".strict")
    assert (first["value"], first["unit"], first["better"]) == (-5.0, "pp", "higher")
    assert (first["start"], first["stop"]) == (87_500, 100_000)
    assert first["title"] == "rtn-w4g64 · needle: Exact match"
    nats = allure_session.metric_samples(
        case_result(primary=comparison(2.0, 2.125, unit="nats", higher_is_better=False)), now_ms=0
    )
    assert (nats[0]["value"], nats[0]["unit"], nats[0]["better"]) == (0.125, "nats", "lower")


def test_no_metric_file_without_results(tmp_path: Path) -> None:
    assert allure_session.write_metrics(tmp_path, [], run="r", now_ms=0) is None
    assert not list(tmp_path.iterdir())


def test_matrix_page_shows_gaps_and_gates() -> None:
    results = [
        case_result(outcome="fail"),
        case_result(compression="base", task="pddl"),
        case_result(compression="x2", gate="report", outcome="fail"),
    ]
    html = allure_session.matrix_html(results)
    assert "not judged" in html
    assert "WORSE, report-only" in html
    assert "<script" not in html
    assert html.index(">base<") < html.index(">rtn-w4g64<")
    assert "No case was judged" in allure_session.matrix_html([])


def test_crash_result_has_place_and_identity(tmp_path: Path) -> None:
    nodeid = "suites/test_long.py::TestX::test_case[smollm2-135m:rtn-w4g64:needle]"
    crash = crashes.complete(crashes.Crash(nodeid, "worker 'gw0' crashed", 5, 9), [case_result()])
    data = json.loads(crashes.write_crash(tmp_path, crash).read_text())
    labels = {entry["name"]: entry["value"] for entry in data["labels"]}
    assert data["fullName"] == "suites.test_long.TestX#test_case"
    assert data["titlePath"] == ["suites", "test_long.py", "TestX"]
    assert data["status"] == "broken"
    assert (labels["method"], labels["capability"], labels["model"]) == (
        "rtn",
        "long_context",
        "smollm2-135m",
    )
    assert data["parameters"][0] == {"name": "model", "value": "'smollm2-135m'"}
    again = crashes.crash_result(crash)
    assert again["historyId"] == data["historyId"]
    assert again["uuid"] != data["uuid"]


def test_crash_of_an_ordinary_test_is_reported_too() -> None:
    data = crashes.crash_result(crashes.Crash("tests/test_x.py::test_y", "gone", 1, 2))
    assert data["name"] == "test_y"
    assert data["parameters"] == []


def test_a_metric_without_a_number_does_not_spoil_the_others(tmp_path: Path) -> None:
    nothing = comparison(math.nan, math.nan)
    result = case_result(secondary=(nothing,))
    path = allure_session.write_metrics(tmp_path, [result], run="r1", now_ms=2000)
    assert path is not None
    (sample,) = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert sample["value"] == -5.0


def test_large_runs_keep_the_primary_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = [case_result(), case_result(task="pddl")]

    def keys() -> list[str]:
        path = allure_session.write_metrics(tmp_path, results, run="r1", now_ms=2000)
        assert path is not None
        return [sample["key"].rpartition(".")[2] for sample in json.loads(path.read_text())]

    assert keys() == ["accuracy", "strict"] * 2
    monkeypatch.setattr(allure_session, "EVERY_METRIC_UP_TO", 1)
    assert keys() == ["accuracy"] * 2
