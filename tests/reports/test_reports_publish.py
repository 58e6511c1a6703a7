"""Building the HTML report: pages without foreign hosts, clear words where Node.js is missing."""

from __future__ import annotations

import base64
import json
import re
import stat
from typing import TYPE_CHECKING

import pytest
from report_cases import case_result

from reports import allure_session, crashes, pages, publish

if TYPE_CHECKING:
    from pathlib import Path

TRACKED = """<!DOCTYPE html><html><head><title>r</title></head><body>
<script>window.allure = {};</script>
<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
<script>
  window.dataLayer = [];
  function gtag(){dataLayer.push(arguments);}
</script>
<script>window.data = "kept";</script>
<a href="https://allurereport.org">about</a></body></html>"""


def test_analytics_is_removed_and_nothing_else() -> None:
    cleaned = pages.without_analytics(TRACKED)
    assert "gtag" not in cleaned
    assert cleaned.count("<script") == 2
    assert "kept" in cleaned
    assert pages.without_analytics(cleaned) == cleaned


def test_clean_counts_pages_and_leaves_attachments_alone(tmp_path: Path) -> None:
    (tmp_path / "data" / "attachments").mkdir(parents=True)
    (tmp_path / "index.html").write_text(TRACKED)
    (tmp_path / "data" / "attachments" / "a.html").write_text(TRACKED)
    assert pages.clean(tmp_path) == 1
    assert (tmp_path / "data" / "attachments" / "a.html").read_text() == TRACKED
    assert pages.foreign_hosts(tmp_path) == set()


def embedded(kind: str, body: str) -> str:
    return f'<script src="data:text/{kind};base64,{base64.b64encode(body.encode()).decode()}"></script>'


@pytest.mark.parametrize(
    ("html", "hosts"),
    [
        (TRACKED, {"www.googletagmanager.com"}),
        ('<script src="//cdn.example/x.js"></script>', {"cdn.example"}),
        ('<link rel="stylesheet" href="https://fonts.example/f.css">', {"fonts.example"}),
        ('<img alt="" src="https://img.example/p.png">', {"img.example"}),
        ("<script>fetch('https://api.example/v1')</script>", {"api.example"}),
        (embedded("javascript", 'new WebSocket("wss://live.example/x")'), {"live.example"}),
        (embedded("css", "@import url('https://css.example/a.css')"), {"css.example"}),
        (embedded("css", "a{background:url(https://css.example/a.png)}"), {"css.example"}),
        ('<a href="https://allurereport.org">about</a>', set()),
        ('<script src="app.js"></script><img src="data:image/png;base64,AA=="/>', set()),
        ("<script>new URL('https://localhost/x'); fetch('http://localhost:1/x')</script>", set()),
    ],
)
def test_foreign_hosts_of_a_page(html: str, hosts: set[str]) -> None:
    assert pages.hosts_in_page(html) == hosts


def test_lock_is_exact_and_names_no_registry() -> None:
    lock = json.loads((publish.HERE / "package-lock.json").read_text())
    manifest = json.loads((publish.HERE / "package.json").read_text())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in manifest["dependencies"].values())
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
    assert all(entry.get("integrity") for name, entry in lock["packages"].items() if name)
    assert lock["packages"]["node_modules/allure"]["version"] == manifest["dependencies"]["allure"]


def result_folder(folder: Path) -> Path:
    """A small result set: one crashed case, and the files of a run with two judged ones."""
    results = [case_result(), case_result(task="pddl", outcome="fail")]
    nodeid = "suites/test_all.py::test_case[smollm2-135m:rtn-w4g64:needle]"
    crash = crashes.complete(
        crashes.Crash(nodeid, "worker 'gw0' crashed while running x", 1000, 2000), results
    )
    crashes.write_crash(folder, crash)
    allure_session.write_environment(folder, results, {"python": "3.11"})
    allure_session.write_executor(folder, {}, run="r1")
    allure_session.write_categories(folder)
    allure_session.write_metrics(folder, results, run="r1", now_ms=2000)
    allure_session.write_globals(folder, results, {}, broken={}, now_ms=2000)
    return folder


def fake_tool(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(publish.ReportError, match="holds no Allure results"):
        publish.build_report(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        ({}, "Node.js was not found"),
        ({"node": "echo v18.2.0"}, "Node.js v18.2.0 is too old"),
        ({"node": "echo v22.1.0"}, "npm was not found"),
        ({"node": "exit 1"}, "Node.js does not start"),
        ({"node": "echo v22.1.0", "npm": "echo npm error code ENOTFOUND; exit 1"}, "failed: npm error code"),
    ],
)
def test_missing_tools_say_what_to_do(
    tools: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in tools.items():
        fake_tool(programs, name, script)
    monkeypatch.setenv("PATH", str(programs))
    results = result_folder(tmp_path / "results")
    with pytest.raises(publish.ReportToolMissingError) as caught:
        publish.build_report(results, tmp_path / "out", cache_dir=tmp_path / "cache")
    message = str(caught.value)
    assert words in message
    assert str(results) in message
    assert "acbench report" in message
    assert not (tmp_path / "out").exists()
    assert not list((tmp_path / "cache").glob("allure-*/node_modules"))


def test_hanging_npm_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    fake_tool(programs, "node", "echo v22.1.0")
    fake_tool(programs, "npm", "while :; do :; done")
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(publish, "INSTALL_SECONDS", 0.5)
    with pytest.raises(publish.ReportToolMissingError, match="took too long"):
        publish.install(tmp_path / "cache", results_dir=tmp_path)


@pytest.fixture(scope="module")
def node_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("node")
    try:
        publish.install(cache, results_dir=cache)
    except publish.ReportToolMissingError as error:
        pytest.skip(f"needs Node.js, npm and its registry: {error}")
    return cache


@pytest.mark.node
@pytest.mark.parametrize("single_file", [True, False])
def test_report_works_offline(single_file: bool, node_cache: Path, tmp_path: Path) -> None:
    results, out = result_folder(tmp_path / "results"), tmp_path / "out"
    page = publish.build_report(results, out, single_file=single_file, cache_dir=node_cache)
    assert page == out / "awesome" / "index.html"
    assert pages.foreign_hosts(out) == set()
    everything = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert b"googletagmanager" not in everything
    title = "needle: rtn-w4g64 against base, smollm2-135m"
    carried = re.findall(rb"[A-Za-z0-9+/=]{400,}", everything) if single_file else []
    assert title.encode() in everything + b"".join(base64.b64decode(text + b"==") for text in carried)
    hint = publish.serve_hint(out)
    assert str(out) in hint
    assert ("in a browser" in hint) == single_file
    assert not list(tmp_path.glob(".report-*"))


@pytest.mark.node
def test_history_grows_and_an_old_report_is_replaced(node_cache: Path, tmp_path: Path) -> None:
    results, out, history = result_folder(tmp_path / "results"), tmp_path / "out", tmp_path / "history.jsonl"
    for run in range(1, 3):
        publish.build_report(results, out, history=history, single_file=False, cache_dir=node_cache)
        assert len(history.read_text().splitlines()) == run
        assert not (out / "old.txt").exists()
        (out / "old.txt").write_text("gone with the next build")
    charts = json.loads((out / "awesome" / "widgets" / "charts.json").read_text())
    assert "statusDynamics" in {chart["type"] for chart in charts["general"].values()}
    metrics = json.loads((out / "awesome" / "widgets" / "metrics.json").read_text())
    assert {sample["unit"] for sample in metrics["current"]} == {"pp"}
    assert len(metrics["history"]) == 1
