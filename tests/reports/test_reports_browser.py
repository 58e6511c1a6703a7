"""The built report as a reader sees it: a headless Chromium opens it, finds a failing case, its table and figure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import browser
from benchmarks.report_size import synthetic_result, write_run
from reports import publish

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.skipif(browser.program() is None, reason="needs Chromium"),
]
MODEL = "smollm2-135m"
IDS = [f"{MODEL}:{r}:{t}" for r in ("base", "rtn-w8g64", "rtn-w4g64", "fp8") for t in ("needle", "pddl")]
BROKEN = f"{MODEL}:fp8:pddl"
SHIFTS = (0.0, -0.03, -0.3)
"""Of the three runs: in the last one every recipe has lost so much that what gates fails."""

READING = """
  const leaf = await wait("[data-testid=tree-leaf]", TITLE);
  found.sections = [...document.querySelectorAll("[data-testid=tree-section-title]")].map((e) => e.textContent);
  leaf.click();
  const frame = await wait("iframe[data-testid=test-result-description-frame]");
  found.title = (await wait("[data-testid=test-result-info-title]")).textContent;
  found.message = (await wait("[data-testid=test-result-error-message]")).textContent;
  const table = new DOMParser().parseFromString(frame.srcdoc, "text/html").querySelector("table");
  found.table = [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  const figure = await wait("[data-testid=test-result-attachment-header]", "figure.svg");
  found.attachments = document.querySelectorAll("[data-testid=test-result-attachment-header]").length;
  figure.querySelector("button").click();
  const image = await wait("[data-testid=test-result-attachment] img");
  await image.decode();
  found.figure = [image.naturalWidth, image.naturalHeight];
"""
OVERVIEW = """
  const header = await wait("[data-testid=test-result-attachment-header]", NAME);
  header.querySelector("button").click();
  const frame = await wait("[data-testid=test-result-attachment] iframe");
  const page = frame.srcdoc || await (await fetch(frame.src)).text();
  const cells = new DOMParser().parseFromString(page, "text/html").querySelectorAll("td");
  found.cells = [...cells].map((cell) => cell.textContent);
"""
METRICS = """
  found.rows = (await wait("tr,[class*=row]", NAME)).textContent;
"""
CATEGORIES = """
  await wait("body", "Degradation beyond the limit");
  found.text = document.body.innerText;
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node")
    try:
        publish.install(folder, results_dir=folder)
    except publish.ReportToolMissingError as error:
        pytest.skip(f"needs Node.js, npm and its registry: {error}")
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The Allure results of three runs whose scores go down."""
    root = tmp_path_factory.mktemp("runs")
    last = len(SHIFTS) - 1
    return [
        write_run(root / str(number), IDS, shift=shift, broken=BROKEN if number == last else "")
        for number, shift in enumerate(SHIFTS)
    ]


@pytest.fixture(scope="module")
def built(runs: list[Path], cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the last run, with the history of all three."""
    root = tmp_path_factory.mktemp("report")
    for results in runs:
        publish.build_report(
            results, root / "out", history=root / "history.jsonl", single_file=False, cache_dir=cache
        )
    return root / "out"


def failing() -> str:
    """The id of a case that gates and fails in the last run."""
    for name in IDS:
        result = synthetic_result(*name.split(":"), shift=SHIFTS[-1])
        if result.verdict.gate == "gate" and result.compression != "base" and name != BROKEN:
            assert result.verdict.outcome == "fail"
            return name
    raise AssertionError("the invented run has no failing case")


def title_of(name: str) -> str:
    model, compression, task = name.split(":")
    return f"{task}: {compression} against base, {model}"


def visit(folder: Path, page: str, script: str, **names: str) -> dict[str, Any]:
    for name, value in names.items():
        script = script.replace(name, json.dumps(value))
    found = browser.visit(folder, page, script, seconds=30)
    assert "error" not in found, found["error"]
    return found


def check_case(found: dict[str, Any], name: str) -> None:
    result = synthetic_result(*name.split(":"), shift=SHIFTS[-1])
    assert found["title"] == title_of(name)
    assert "degradation: " in found["message"]
    assert found["table"][0] == ["metric", "base", "compressed", "difference", "interval", "limit"]
    assert found["table"][1][0] == result.primary.title
    assert f"{100 * result.primary.difference:+.1f} pp" in found["table"][1][3]
    assert found["table"][1][5] == "5.0 pp"
    assert len(found["table"]) == 2 + len(result.secondary)
    assert 3 <= found["attachments"] <= 5 + 1  # and the failure's own trace
    assert min(found["figure"]) > 100


@pytest.mark.parametrize("kind", ["folder", "single"])
def test_a_reader_finds_a_failing_case_its_table_and_its_figure(
    kind: str, built: Path, runs: list[Path], cache: Path, tmp_path: Path
) -> None:
    if kind == "single":
        publish.build_report(runs[-1], tmp_path / "out", single_file=True, cache_dir=cache)
        built = tmp_path / "out"
    name = failing()
    found = visit(built, "awesome/index.html", READING, TITLE=title_of(name))
    assert found["sections"][0] == MODEL
    assert {"base", "rtn-w4g64", "needle"} <= set(found["sections"])
    check_case(found, name)


def test_the_matrix_of_the_run_is_there(built: Path) -> None:
    found = visit(built, "awesome/index.html#globalAttachments", OVERVIEW, NAME="degradation matrix")
    assert len(found["cells"]) == len(IDS)
    assert sum("WORSE" in cell for cell in found["cells"]) > 2
    assert sum(cell == "not judged" for cell in found["cells"]) == 1  # the broken one


def test_the_overview_page_of_a_model_is_shown(built: Path) -> None:
    script = (
        OVERVIEW
        + """
      const parsed = new DOMParser().parseFromString(page, "text/html");
      found.text = parsed.body.textContent;
      found.figures = parsed.querySelectorAll("svg").length;
      found.scripts = parsed.querySelectorAll("script").length;
    """
    )
    found = visit(built, "awesome/index.html#globalAttachments", script, NAME=f"overview, {MODEL}")
    title = f"<title>Overview, {MODEL}"
    (raw,) = [
        text
        for path in (built / "awesome" / "data" / "attachments").glob("*.html")
        if title in (text := path.read_text(encoding="utf-8"))
    ]
    assert "rtn-w4g64" in found["text"]
    assert found["figures"] == raw.count("<svg") > 0  # the generator cleans pages, and must not take figures
    assert found["scripts"] == 0


def test_trends_over_three_runs(built: Path) -> None:
    charts = json.loads((built / "dashboard" / "widgets" / "charts.json").read_text())["general"]
    trend = next(chart for chart in charts.values() if chart["type"] == "statusDynamics")
    assert len(trend["data"]) == len(SHIFTS)
    assert all(chart.get("data") for chart in charts.values())
    history = json.loads((built / "awesome" / "widgets" / "metrics.json").read_text())["history"]
    assert len(history) == len(SHIFTS) - 1
    found = visit(built, "awesome/index.html#metrics", METRICS, NAME="rtn-w8g64 · needle: Accuracy")
    assert "-27 pp" in found["rows"]  # since the run before: from -3 to -30 points


def test_categories_separate_worse_models_from_what_is_only_shown(built: Path) -> None:
    found = visit(built, "awesome/index.html#categories", CATEGORIES)
    assert "Degradation beyond the limit" in found["text"]
    assert "Report-only: shown, not gated" in found["text"]


def test_a_single_file_opens_by_a_double_click(runs: list[Path], cache: Path, tmp_path: Path) -> None:
    page = publish.build_report(runs[-1], tmp_path / "out", single_file=True, cache_dir=cache)
    text = browser.dump(page.as_uri())
    assert 'data-testid="tree-leaf' in text
    assert title_of(failing()) in text
