"""``acbench claims`` as a user sees it: terminal, files, errors; and the three renderings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from claims_results import catalogue, decide, flips, result

from acbench.claims import formats, published, render
from acbench.claims.evidence import Evidence
from acbench.claims.findings import DECISIONS, Answer, Estimate
from acbench.claims.page import claims_html
from acbench.claims.registry import all_claims, answers
from acbench.cli import main

TOOL = "t-eval-plan-json"
SMALL = "smollm2-135m"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def found() -> tuple[Answer, ...]:
    results = [
        result(TOOL, "awq-w4g128", flips(1500, 1200, lost=12, won=10), model=SMALL),
        result(TOOL, "wanda-50", flips(1500, 1200, lost=300), model=SMALL),
        result("pddl", "awq-w4g128", flips(40, 20, lost=3, won=1), model=SMALL),
    ]
    return answers(Evidence(results, catalogue()), published.load())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "20260102-000000-1"
    (folder / "results").mkdir(parents=True)
    made = result(TOOL, "awq-w4g128", flips(1500, 1200, lost=12, won=10), model=SMALL)
    (folder / "results" / "one.json").write_text(json.dumps(made.to_json()))
    return folder


def test_all_claims_are_there() -> None:
    assert [claim.id for claim in all_claims()] == [f"C{i}" for i in range(1, 24)]
    for claim in all_claims():
        assert "confirmed" in claim.rule
        assert "refuted" in claim.rule


def test_nothing_at_all_makes_every_claim_untestable() -> None:
    for claim in all_claims():
        finding = decide(claim.id, [])
        assert finding.verdict == "not testable here", claim.id
        assert len(finding.why) > 20
        assert finding.estimate is None


def test_markdown_has_one_row_a_claim(found: tuple[Answer, ...]) -> None:
    text = render.markdown(found, sources=["20260102-000000-1"], remark="Small models.")
    rows = [line for line in text.splitlines() if re.match(r"\| C\d+ \|", line)]
    assert [row.split("|")[1].strip() for row in rows] == [f"C{i}" for i in range(1, 24)]
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)
    assert "**confirmed**" in rows[0]
    assert "n = 1,500 samples" in rows[0]
    assert "*point both ways*" in rows[0]
    assert "### C1" in text
    assert "Small models." in text
    assert "nan" not in text.lower().split()


def test_terminal_lines_are_short_and_complete(found: tuple[Answer, ...]) -> None:
    text = render.plain(found, sources=["a"], remark="Small models.")
    assert max(len(line) for line in text.splitlines()) <= render.WIDTH
    counts = re.search(
        r"23 claims: (\d+) confirmed, (\d+) refuted, (\d+) undecided, (\d+) not testable here", text
    )
    assert counts is not None
    assert sum(int(n) for n in counts.groups()) == 23
    assert text.count("published tables") == 23


def test_json_is_plain_and_finite(found: tuple[Answer, ...]) -> None:
    data = json.loads(json.dumps(render.as_json(found, sources=["a"]), allow_nan=False))
    assert data["schema"] == 1
    first = data["claims"][0]
    assert (first["id"], first["verdict"]) == ("C1", "confirmed")
    assert first["estimate"]["n"] == 1500
    assert first["published"]["standing"] == "mixed"
    assert {claim["verdict"] for claim in data["claims"]} <= set(DECISIONS)


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_the_page_stands_alone(found: tuple[Answer, ...]) -> None:
    text = claims_html(found, sources=["<run>"], remark="a & b")
    page = Page()
    page.feed(text)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not {"src", "href", "onclick"} & set(page.attributes)
    assert "url(" not in text
    assert "&lt;run&gt;" in text
    assert "a &amp; b" in text
    assert text.split("<body>\n")[1].startswith('<p class="how">Each line is a claim')
    assert all(f'id="C{i}"' in text for i in range(1, 24))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-0.0504, "share", "−5.0 %"),
        (0.0, "share", "0.0 %"),
        (-0.0001, "points", "0.0 pp"),
        (0.034, "points", "+3.4 pp"),
        (0.91, "kept", "91 %"),
        (-0.2, "rho", "−0.20"),
        (0.69, "score", "0.69"),
        (float("inf"), "kept", "…"),
        (1.2, "nats", "+1.200 nats"),
    ],
)
def test_numbers_as_people_read_them(value: float, unit: str, text: str) -> None:
    assert formats.number(value, unit) == text


def test_an_estimate_in_one_line() -> None:
    made = Estimate("loss", -0.05, -0.1, 0.0, "share", 1234, p_value=0.0004)
    assert formats.estimate(made) == "loss: −5.0 % [−10.0 %, 0.0 %], n = 1,234 samples, p < 0.001"


# -- the command -----------------------------------------------------------------------------------------


def test_command_prints_and_writes(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / f"claims.{name}" for name in ("json", "markdown", "html")}
    arguments = [part for name, file in files.items() for part in (f"--{name}", str(file))]
    assert main(["claims", str(run), *arguments]) == 0
    printed = capsys.readouterr().out
    assert "✔ C1" in printed
    assert "0.135" in printed  # the remark on the size of the models
    assert json.loads(files["json"].read_text())["runs"] == ["20260102-000000-1"]
    assert files["markdown"].read_text().startswith("## Claims of the paper")
    assert files["html"].read_text().startswith("<!doctype html>")


def test_command_takes_the_newest_run(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (run.parent / "20260103-000000-1").mkdir()  # a run without results is no run
    monkeypatch.setenv("ACBENCH_RUNS", str(run.parent))
    assert main(["claims"]) == 0
    assert "Runs: 20260102-000000-1" in capsys.readouterr().out


def test_command_errors_name_what_to_do(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACBENCH_RUNS", str(tmp_path / "none"))
    assert main(["claims"]) == 1
    assert "run `pytest suites/` first" in capsys.readouterr().err
    assert main(["claims", str(run), "--json", str(tmp_path / "no" / "folder.json")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    (run / "results" / "bad.json").write_text("{")
    assert main(["claims", str(run)]) == 1
    assert "bad.json" in capsys.readouterr().err


def test_the_parser_imports_nothing_heavy() -> None:
    code = (
        "import sys; from acbench.cli import _parser; _parser(); "
        "sys.exit(' '.join({'numpy', 'torch', 'acbench.claims.registry'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.stderr.strip() == ""
