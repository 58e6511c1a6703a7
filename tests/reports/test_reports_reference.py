"""Recipes that are judged against something else than base: every place names what it is."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from bench_cases import write_project
from report_cases import case_result, comparison

from acbench.aggregates import group_means
from acbench.cases import BASE, Case, Recipe
from acbench.casework import Caseworker
from acbench.config import load_catalogue
from acbench.engines.pool import EnginePool
from acbench.matrix import build_matrix
from acbench.plugin.session import SESSION
from acbench.records import case_result_from_json
from acbench.runner import Bench
from acbench.store import Store
from acbench.thresholds import read_thresholds
from fixtures.judging import settle
from reports import allure, allure_case, allure_session, crashes, figures, formats, summary

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.records import CaseResult

FULL = case_result(compression="kv-full", method="kv", reference="smollm2-135m:kv-full:needle")
H2O = case_result(compression="h2o-512", method="kv", reference="smollm2-135m:kv-full:needle")
PAIR = case_result(compression="against-big", method="pair", reference="big:base@4096:needle")
PLAIN, BASE_CASE = case_result(), case_result(compression=BASE, method="base")


@pytest.mark.parametrize(
    ("result", "name", "noise_floor"),
    [
        (PLAIN, "base", False),
        (BASE_CASE, "base", True),
        (H2O, "kv-full", False),
        (FULL, "kv-full", True),
        (PAIR, "big", False),
        (replace(PAIR, reference="big:rtn-w8g64:needle"), "big:rtn-w8g64", False),
        (replace(H2O, reference="smollm2-135m:base:needle"), "base", False),
    ],
)
def test_the_name_of_a_reference(result: CaseResult, name: str, noise_floor: bool) -> None:
    assert formats.against(result) == name
    assert result.is_noise_floor == noise_floor


def test_results_from_before_have_base_as_their_reference() -> None:
    data = json.loads(json.dumps(PLAIN.to_json()))
    del data["reference"]
    assert case_result_from_json(data).reference_case == Case("smollm2-135m", "base", "needle")
    assert case_result_from_json(json.loads(json.dumps(H2O.to_json()))).reference == H2O.reference


def test_a_case_names_its_reference() -> None:
    html = allure_case.description_html(H2O)
    assert "<th>metric</th><th>kv-full</th><th>compressed</th>" in html
    assert "Noise floor, kv-full against itself: 2 of 120" in html
    assert "base" not in html
    assert dict(allure_case.parameters(H2O))["kv-full"] == "50.0 %"
    svg = figures.case_figure(H2O)
    assert ">kv-full</text>" in svg
    assert ">h2o-512</text>" in svg
    assert ">kv-full, other batch shape</text>" in figures.case_figure(FULL)
    assert ">base, other batch shape</text>" in figures.case_figure(BASE_CASE)


def test_names_of_facts_keep_their_capitals() -> None:
    result = replace(H2O, facts={"KV cache, MiB": "12 → 3", "perplexity, JSON": "4 → 5"})
    html = allure_case.description_html(result)
    assert "<p>KV cache, MiB: 12 → 3.</p>" in html
    assert "<p>Perplexity, JSON: 4 → 5.</p>" in html


def test_marks_of_a_noise_floor() -> None:
    assert formats.mark(FULL) == formats.mark(BASE_CASE) == "✅ within"
    assert formats.mark(H2O) == "✅ pass"
    titles = {r.compression: allure_session.metric_samples(r, now_ms=0)[0]["title"] for r in (FULL, H2O)}
    assert titles["kv-full"].startswith("kv-full (noise floor) · ")
    assert titles["h2o-512"].startswith("h2o-512 · ")


def test_the_summary_names_references_and_leaves_noise_floors_out() -> None:
    lost = replace(H2O, primary=comparison(0.5, 0.2), verdict=case_result(outcome="fail").verdict)
    results = [PLAIN, BASE_CASE, replace(FULL, primary=comparison(0.5, 0.1)), lost, PAIR]
    text = summary.markdown(results)
    assert "| task | `against-big` against big | `h2o-512` against kv-full | `rtn-w4g64` |" in text
    assert "| `smollm2-135m:h2o-512:needle` against kv-full | -30.0 pp |" in text
    worst = [r.compression for r in summary.worst_gated(results)]
    assert worst[0] == "h2o-512"
    assert not {"kv-full", "base"} & set(worst)
    noise = text.split("### Noise floor")[1].split("<details>")[0]
    names = [line.split(" | ")[0] for line in noise.splitlines() if line.startswith("| ")]
    assert names == [
        "| model",
        "| ---",
        "| big base, window 4096",
        "| smollm2-135m",
        "| smollm2-135m kv-full",
    ]
    lines = summary.terminal(results)
    assert "smollm2-135m  h2o-512 against kv-full" in lines
    assert "smollm2-135m  kv-full" in lines
    assert "smollm2-135m  rtn-w4g64" in lines


def test_the_matrix_page_and_group_means_name_references() -> None:
    html = allure_session.matrix_html([PLAIN, BASE_CASE, FULL, H2O])
    assert ">h2o-512 against kv-full<" in html
    assert ">rtn-w4g64<" in html
    rows = tuple((f"c{i}", 1.0, 0.5) for i in range(4))
    results = [
        replace(
            r,
            task="ruler-vt",
            family="ruler",
            pairs={"accuracy": rows},
            reference=r.reference.replace("needle", "ruler-vt"),
        )
        for r in (FULL, H2O, PLAIN, PAIR)
    ]
    means = group_means(results)
    assert {(row.compression, row.reference) for row in means} == {
        ("h2o-512", "smollm2-135m:kv-full"),
        ("rtn-w4g64", ""),
        ("against-big", "big:base@4096"),
    }
    page = allure_session.groups_html(means)
    assert all(
        f">{name}<" in page for name in ("h2o-512 against kv-full", "rtn-w4g64", "against-big against big")
    )
    assert (
        "| group | `against-big` against big | `h2o-512` against kv-full | `rtn-w4g64` |"
        in summary.markdown(results)
    )


def test_stacked_maps_stand_below_their_own_reference() -> None:
    cells = ({"length": 512, "depth": 0.0, "base": 1.0, "compressed": 0.5},)
    results = [replace(r, cells=cells) for r in (H2O, FULL, PLAIN, BASE_CASE)]
    svg = figures.stacked_maps("smollm2-135m", "needle", results)
    order = [svg.index(f">{name}<") for name in ("base", "rtn-w4g64", "kv-full", "h2o-512")]
    assert order == sorted(order)
    assert "compressed minus kv-full" in svg
    assert "compressed minus base" in svg


def test_a_case_has_one_title_however_it_ends() -> None:
    recipes = {"h2o-512": Recipe("h2o-512", "kv", compare="kv-full")}
    recipes["against-big"] = Recipe("against-big", "pair", compare_model="big")
    stash = pytest.Stash()
    config = cast("pytest.Config", SimpleNamespace(stash=stash))
    case = Case("smollm2-135m", "h2o-512", "needle")
    assert allure._against(config, case) == "base"  # no catalogue is loaded
    stash[SESSION] = cast("Any", SimpleNamespace(catalogue=SimpleNamespace(recipes=recipes)))
    assert allure._against(config, case) == formats.against(H2O) == "kv-full"
    assert allure._against(config, case._replace(compression="against-big")) == formats.against(PAIR) == "big"
    assert allure._against(config, case._replace(compression="gone")) == "base"
    title = "needle: h2o-512 against kv-full, smollm2-135m"
    assert allure_case.case_title(case, formats.against(H2O)) == title
    crash = crashes.Crash("suites/t.py::t[smollm2-135m:h2o-512:pddl]", "gone", 1, 2)
    data = crashes.crash_result(crashes.complete(crash, [PLAIN, H2O]))
    assert data["name"] == "pddl: h2o-512 against kv-full, smollm2-135m"
    assert crashes.crash_result(crash)["name"] == "pddl: h2o-512 against base, smollm2-135m"


@pytest.mark.parametrize(
    ("result", "said"), [(FULL, "noise floor"), (BASE_CASE, "noise floor"), (H2O, "degradation")]
)
def test_a_noise_floor_beyond_its_limit_says_that_it_is_one(result: CaseResult, said: str) -> None:
    with pytest.raises(AssertionError, match=f"^{said}: beyond the limit"):
        settle(replace(result, verdict=case_result(outcome="fail").verdict), on_inconclusive="warn")


def test_judged_cases_carry_their_reference_and_builds_alone_their_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acbench.journal.os.fsync", lambda _: None)
    # What is appended belongs to the table of the last recipe.
    file = write_project(
        tmp_path, {"full": {}, "less": {"fake_damage": 1.0}}, tasks=("pddl",), extra='compare = "full"\n'
    )
    text = file.read_text()
    file.write_text(text.replace('[recipes."full"]\n', '[recipes."full"]\ncompare = "full"\n'))
    catalogue = load_catalogue(file)
    matrix = build_matrix(catalogue, "test")
    pool = EnginePool(logs=tmp_path / "logs", leases=tmp_path / "leases", events=tmp_path / "events.jsonl")
    try:
        bench = Bench(catalogue, matrix.profile, Store(tmp_path / "store"), pool)
        worker = Caseworker(bench, read_thresholds(catalogue), matrix, matrix.cases)
        judged = {case.compression: worker.judge(case) for case in matrix.cases}
    finally:
        pool.close()
    assert {name: r.reference for name, r in judged.items()} == {
        "base": "",
        "full": "tiny:full:pddl",
        "less": "tiny:full:pddl",
    }
    assert {name for name, r in judged.items() if r.is_noise_floor} == {"base", "full"}
    assert all("per_layer" not in r.checkpoint for r in judged.values())
    assert judged["full"].verdict.reason.startswith("noise floor:")
