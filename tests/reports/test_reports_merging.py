"""Several runs put together, and the pages that belong to a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from report_cases import case_result, comparison

from acbench.config import load_catalogue
from acbench.errors import AcbenchError, DataError
from reports import building, merging
from reports.publish import ReportToolMissingError
from reports.run_pages import claims_page, write_pages

if TYPE_CHECKING:
    from acbench.records import CaseResult

NEEDLE, PDDL = "smollm2-135m:rtn-w4g64:needle", "smollm2-135m:rtn-w4g64:pddl"


def write_run(folder: Path, *results: CaseResult, broken: tuple[str, ...] = ()) -> Path:
    """A run's folder as pytest leaves it: Allure results with one attachment each, and case results."""
    allure, judged = folder / "allure-results", folder / "results"
    allure.mkdir(parents=True)
    judged.mkdir()
    for name in (*(r.id for r in results), *broken):
        stem = f"{folder.name}-{name.replace(':', '_')}"
        (allure / f"{stem}-attachment.txt").write_text(f"evidence of {stem}")
        inner = {"name": "step", "attachments": [{"name": "a", "source": f"{stem}-attachment.txt"}]}
        model, compression, task = name.split(":")
        data: dict[str, Any] = {
            "name": "a title",
            "historyId": stem,
            "status": "broken" if name in broken else "passed",
            "statusDetails": {"message": f"no verdict for {name}\nmore"},
            "labels": [
                {"name": "model", "value": model},
                {"name": "compression", "value": compression},
                {"name": "task", "value": task},
            ],
            "steps": [inner],
        }
        (allure / f"{stem}-result.json").write_text(json.dumps(data))
    for result in results:
        (judged / f"{result.id.replace(':', '__')}.json").write_text(json.dumps(result.to_json()))
    (allure / "environment.properties").write_text(f"profile=demo\nstage={folder.name}\n")
    return folder


@pytest.fixture
def early(tmp_path: Path) -> Path:
    old = [case_result(primary=comparison(0.5, 0.1)), case_result(task="pddl")]
    return write_run(tmp_path / "20260101-010101-1", *old)


@pytest.fixture
def late(tmp_path: Path) -> Path:
    new = [case_result(primary=comparison(0.5, 0.4)), case_result(task="worfbench-lumos")]
    return write_run(tmp_path / "20260102-010101-1", *new)


def test_the_newest_run_of_a_case_counts_whatever_the_order(early: Path, late: Path) -> None:
    for folders in ([early, late], [late, early], [late, early, late]):
        found = merging.read_runs(folders)
        assert found.runs == (early, late)
        scores = {r.task: r.primary.compressed for r in found.results}
        assert scores == {"needle": 0.4, "pddl": 0.45, "worfbench-lumos": 0.45}


def test_evidence_comes_along_and_nothing_else(early: Path, late: Path, tmp_path: Path) -> None:
    out = merging.collect(merging.read_runs([early, late]), tmp_path / "out")
    tasks = ("needle", "pddl", "worfbench-lumos")
    runs = (late, early, late)
    stems = {f"{run.name}-smollm2-135m_rtn-w4g64_{task}" for task, run in zip(tasks, runs, strict=True)}
    expected = {f"{stem}-{kind}" for stem in stems for kind in ("result.json", "attachment.txt")}
    assert {file.name for file in out.iterdir()} == expected


def test_a_case_that_broke_later_has_no_verdict_and_one_that_was_mended_has(
    early: Path, tmp_path: Path
) -> None:
    broke = write_run(tmp_path / "20260103-010101-1", case_result(task="worfbench-lumos"), broken=(NEEDLE,))
    found = merging.read_runs([early, broke])
    assert found.broken == {NEEDLE: f"no verdict for {NEEDLE}"}
    assert {r.task for r in found.results} == {"pddl", "worfbench-lumos"}
    mended = write_run(tmp_path / "20260104-010101-1", case_result())
    again = merging.read_runs([early, broke, mended])
    assert not again.broken
    assert NEEDLE in {r.id for r in again.results}


def test_a_run_in_which_everything_broke_has_its_place_in_time(
    early: Path, late: Path, tmp_path: Path
) -> None:
    """It is newer than the verdicts before it and older than those after it."""
    nothing = write_run(tmp_path / "20260101-120000-1", broken=(NEEDLE, PDDL))
    found = merging.read_runs([late, nothing, early])
    assert found.runs == (early, nothing, late)
    assert set(found.broken) == {PDDL}
    assert {r.task for r in found.results} == {"needle", "worfbench-lumos"}
    assert merging.environment(merging.read_runs([early, nothing]))["run"] == nothing.name


def test_of_a_case_tried_again_in_one_run_the_last_try_counts(early: Path, tmp_path: Path) -> None:
    """Names of Allure's files are random: the time at which they ended decides, whichever sorts first."""
    folder = early / "allure-results"
    (file,) = folder.glob("*needle-result.json")
    data = json.loads(file.read_text())
    first = {**data, "status": "broken", "stop": 1}
    for name in ("0-result.json", "z-result.json"):
        (folder / name).write_text(json.dumps(first))
        file.write_text(json.dumps({**data, "stop": 2}))
        found = merging.read_runs([early])
        assert not found.broken
        copied = {path.name for path in merging.collect(found, tmp_path / f"out-{name}").iterdir()}
        assert file.name in copied
        assert name not in copied
        (folder / name).unlink()


def test_a_fixture_that_failed_comes_along_with_its_case(early: Path, late: Path, tmp_path: Path) -> None:
    for run in (early, late):  # of both runs, and the late one's case counts
        folder = run / "allure-results"
        (file,) = folder.glob("*needle-result.json")
        file.write_text(json.dumps({**json.loads(file.read_text()), "uuid": run.name}))
        log = {"name": "log", "source": f"{run.name}-attachment.txt"}
        (folder / log["source"]).write_text("the last words")
        record = {"children": [run.name], "befores": [{"status": "broken", "attachments": [log]}]}
        (folder / f"{run.name}-container.json").write_text(json.dumps(record))
    out = merging.collect(merging.read_runs([early, late]), tmp_path / "out")
    assert {file.name for file in out.glob("*-container.json")} == {f"{late.name}-container.json"}
    assert {file.name for file in out.glob("2026*-1-attachment.txt")} == {f"{late.name}-attachment.txt"}


def test_facts_are_the_newest_runs_with_all_names(early: Path, late: Path) -> None:
    facts = merging.environment(merging.read_runs([early, late]))
    assert facts == {
        "profile": "demo",
        "stage": late.name,
        "run": late.name,
        "runs": f"{early.name}, {late.name}",
    }


def test_what_cannot_be_read_is_named(early: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder allure-results"):
        merging.read_runs([tmp_path / "nothing"])
    file = early / "results" / f"{NEEDLE.replace(':', '__')}.json"
    file.write_text("{")
    with pytest.raises(AcbenchError, match=file.name):
        merging.read_runs([early])
    file.unlink()
    for content in ("{", "[]"):
        odd = early / "allure-results" / "odd-result.json"
        odd.write_text(content)
        with pytest.raises(DataError, match=r"odd-result\.json.*take the file away"):
            merging.read_runs([early])


def test_pages_of_a_run(tmp_path: Path) -> None:
    results = [case_result(), case_result(task="pddl", outcome="fail")]
    written = write_pages(results, tmp_path, load_catalogue(), sources=["r1"])
    assert [file.name for file in written] == ["overview-smollm2-135m.html", "claims.html"]
    assert "r1" in written[1].read_text()
    assert "<script" not in "".join(file.read_text() for file in written)


def test_a_run_of_base_alone_says_nothing_about_claims() -> None:
    assert claims_page([case_result(compression="base")], load_catalogue(), ["r"]) == ""


def test_results_that_no_claim_can_be_decided_on_cost_one_page_and_no_run() -> None:
    cell = {"length": 512, "depth": 50, "base": 1.0, "compressed": 0.5}
    odd = case_result(cells=(cell,), pairs={"accuracy": (("text <1>", 1.0, 1.0),)})
    page = claims_page([odd], load_catalogue(), ["r<1>"])
    assert "its cells and its pairs hold different scores; run the case again" in page
    assert "acbench claims" in page
    assert "r&lt;1&gt;" in page


def test_pages_stand_beside_the_report_even_without_node(
    early: Path, late: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def missing(results: Path, out: Path, **_: Any) -> Path:
        seen.extend(results.glob("*-globals.json"))
        raise ReportToolMissingError("Node.js was not found")

    monkeypatch.setattr(building, "build_report", missing)
    options: dict[str, Any] = {"history": None, "tool": tmp_path / "node", "catalogue": load_catalogue()}
    lines = building.report_of([early, late], out=None, optional=True, **options)
    assert lines[0] == "no HTML report: Node.js was not found"
    assert len(seen) == 1  # what belongs to all runs together was written once
    assert (late / "report" / "claims.html").is_file()
    assert any(line.startswith("Overview: ") for line in lines)
    with pytest.raises(ReportToolMissingError):
        building.report_of([early], out=tmp_path / "out", **options)


def test_one_run_is_built_from_its_own_folder(
    early: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Path] = []

    def build(results: Path, out: Path, **_: Any) -> Path:
        built.append(results)
        out.mkdir(parents=True)
        return out / "index.html"

    monkeypatch.setattr(building, "build_report", build)
    (early / "summary.md").write_text("# summary")
    lines = building.report_of(
        [early], out=tmp_path / "out", history=None, tool=Path("node"), catalogue=load_catalogue()
    )
    assert built == [early / "allure-results"]
    assert f"Markdown summary: {early / 'summary.md'}" in lines
