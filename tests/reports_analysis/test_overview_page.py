"""The page of a model: its sentences, its matrix, its figures, and what odd results do to it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import analysis_cases as cases
import pytest

from reports import allure_session, pages
from reports.analysis import canvas
from reports.overview import overview_html, reading, write_overviews
from reports.overview.correlation import Correlation

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.records import CaseResult

SMALL = ("needle", "pddl", "t-eval-plan-json")


class _Reader(HTMLParser):
    """Table cells by class, and whether every tag is closed in its order."""

    VOID = frozenset({"meta", "br", "wbr", "use", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.classes: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "td":
            self.classes.append(dict(attrs).get("class") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def test_page_is_whole_and_self_contained() -> None:
    html = overview_html(cases.MODEL, cases.ladder(SMALL))
    reader = read(html)
    assert reader.tags.count("svg") == 4  # capabilities, costs, losses, ladder
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert pages.hosts_in_page(html) == set()
    assert "prefers-color-scheme:dark" in html
    assert html == overview_html(cases.MODEL, cases.ladder(SMALL))


def test_the_matrix_has_a_cell_for_every_case() -> None:
    html = overview_html(cases.MODEL, cases.ladder(SMALL))
    judged = [name for name in read(html).classes if name.startswith("cell")]
    assert len(judged) == len(cases.LADDER) * (len(SMALL) + len(cases.ANALYSES))
    assert "(✗)" in html  # report-only
    assert re.search(r">✗ −\d", html)  # gated


def test_report_only_and_verdicts_are_told_in_words_too() -> None:
    result = cases.task_case("rtn-w4g64", "needle", [1.0] * 40, [0.0] * 40, gate="report")
    html = overview_html(cases.MODEL, [result])
    assert 'title="smollm2-135m:rtn-w4g64:needle: worse, report-only; as computed"' in html
    assert "(✗) −100.0" in html


def test_the_lead_sorts_recipes() -> None:
    ones, zeros = [1.0] * 40, [0.0] * 40
    by_recipe = {
        "fine": [cases.task_case("fine", "needle", ones, ones, margin=0.1)],
        "bad": [cases.task_case("bad", "needle", ones, zeros)],
        "shown": [cases.task_case("shown", "needle", ones, zeros, gate="report")],
        "open": [cases.task_case("open", "needle", ones, ones, margin=0.01)],
        "floor": [cases.task_case("floor", "needle", zeros, zeros)],
        "only-likelihood": [cases.task_case("only-likelihood", "pddl-likelihood", ones, zeros)],
    }
    assert [reading.standing(found) for found in by_recipe.values()] == [
        *("fine", "worse", "worse (report-only)", "undecided", "not judged", "not judged")
    ]
    assert reading.lead("m", by_recipe) == (
        "Of 6 recipes of m, 1 is fine on every task that can tell: fine; 1 is worse than allowed on a gated task: bad; "
        "1 is worse on tasks that gate nothing: shown; 1 is undecided: open; "
        "2 are without any task that can tell: floor, only-likelihood."
    )


def test_a_gated_loss_weighs_more_than_a_free_one() -> None:
    ones, zeros = [1.0] * 40, [0.0] * 40
    both = [cases.task_case("r", "needle", ones, zeros, gate=gate) for gate in ("report", "gate")]
    assert reading.standing(both) == "worse"


def test_what_could_not_be_judged_is_said() -> None:
    zeros = [0.0] * 40
    needed = cases.task_case(
        "a", "pddl", [1.0] * 40, [1.0] * 40, margin=0.01, comparison={"samples_needed": 900}
    )
    results = [cases.task_case("a", "needle", zeros, zeros), needed]
    text = overview_html(cases.MODEL, results, broken={f"{cases.MODEL}:b:needle": "x", "other:b:needle": "y"})
    assert "so that no loss can show: needle." in text
    assert "1 case is undecided: a on pddl. 1 of them would be decided by more samples (up to 900)." in text
    assert "No task of this run is about: Action execution, Workflow generation." in text
    assert "Broken, without a verdict: smollm2-135m:b:needle." in text
    assert "other:b" not in text


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Correlation(9, 0.9, 0.75, 1.0), "predicts the losses (ρ = 0.90, [0.75, 1.00])"),
        (Correlation(9, 0.7, 0.2, 0.95), "goes with the losses (ρ = 0.70, [0.20, 0.95])"),
        (Correlation(9, 0.3, -0.4, 0.8), "cannot be told from no relation (ρ = 0.30, [-0.40, 0.80])"),
        (Correlation(9, -0.8, -1.0, -0.3), "falls where the losses grow (ρ = -0.80, [-1.00, -0.30])"),
        (Correlation(9, 1.0), "ranks them exactly (ρ = 1.00)"),
    ],
)
def test_the_sentence_about_predictions(one: Correlation, words: str) -> None:
    titles = {"kl.mean": ("other", "KL"), "energy.abs_delta": ("energy", "energy, mean |ΔE|")}
    found = {"kl.mean": one, "energy.abs_delta": one}
    said = reading.prediction("m", found, titles)
    assert said == f"Over 9 recipes of m: energy (energy, mean |ΔE|) {words}."


def test_few_recipes_are_no_test() -> None:
    titles = {"energy.abs_delta": ("energy", "E")}
    said = reading.prediction("m", {"energy.abs_delta": Correlation(4, 0.8, -0.2, 1.0)}, titles)
    assert said.endswith("With so few recipes this is a description, not a test.")
    none = reading.prediction("m", {"energy.abs_delta": Correlation(2)}, titles)
    assert none.startswith("Too few recipes to say")


def test_replayed_cases_draw_no_speed() -> None:
    results = [replace(r, seconds=0.001) for r in cases.ladder(("needle",))]
    html = overview_html(cases.MODEL, results)
    assert "No speed measured" in html
    assert "quality against speed" not in html
    assert "quality against size" in html


def test_other_models_stay_on_their_own_pages(tmp_path: Path) -> None:
    mine = cases.ladder(("needle",), ("rtn-w8g64", "rtn-w4g64"))
    other = [replace(cases.task_case("awq-w4g64", "needle", [1.0], [1.0]), model="qwen2.5-7b")]
    files = write_overviews([*mine, *other], tmp_path)
    assert [path.name for path in files] == ["overview-qwen2.5-7b.html", "overview-smollm2-135m.html"]
    assert "rtn-w8g64" not in files[0].read_text()


def _odd() -> dict[str, list[CaseResult]]:
    nan = float("nan")
    one = cases.task_case("rtn-w4g64", "needle", [1.0, 0.0], [1.0, 0.0])
    uncompared = replace(one, primary=replace(one.primary, n=0, base=nan, compressed=nan, difference=nan, low=nan,
                                              high=nan), pairs={}, noise=None)  # fmt: skip
    return {
        "nothing": [],
        "one recipe": [one],
        "nothing compared": [uncompared],
        "no base": [replace(r, checkpoint={}, noise=None) for r in cases.ladder(("needle",)) if not r.is_noise_floor],
        "only base": [cases.task_case("base", "needle", [1.0] * 12, [1.0] * 12)],
        "all at the floor": [cases.task_case(r, "needle", [0.0] * 40, [0.0] * 40) for r in cases.LADDER],
        "analyses alone": [cases.analysis_case(r, "erank") for r in cases.LADDER],
        "null numbers": [
            replace(
                cases.analysis_case(r, "top-k"),
                analysis=cases.analysis("top-k", {"kl.mean": cases.number("KL", "nats", None)}),
            )
            for r in cases.LADDER
        ],
        "another reference": [replace(one, reference=f"{cases.MODEL}:kv-full:needle", compression="h2o-512")],
    }  # fmt: skip


@pytest.mark.parametrize("name", _odd())
def test_odd_results_make_a_page(name: str) -> None:
    html = overview_html(cases.MODEL, _odd()[name], broken={})
    read(html)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", html).lower().replace("finance", "")
    if name == "all at the floor":
        assert "at the floor" in html
        assert "% kept" not in html
    if name == "another reference":
        assert "h2o-<wbr>512 against kv-<wbr>full" in html


def test_markup_in_names_is_escaped_everywhere() -> None:
    evil = "<script>alert(1)</script>"
    results = [
        replace(r, model=evil, task=evil if r.task == "needle" else r.task, task_title=evil,
                primary=replace(r.primary, title=evil), verdict=replace(r.verdict, reason=f'"{evil}'))
        for r in cases.ladder(("needle",), ("rtn-w8g64", "rtn-w4g64", "rtn-w2g64"))
    ]  # fmt: skip
    html = overview_html(evil, results, broken={f"{evil}:x:y": evil})
    assert "script" not in read(html).tags
    assert "&lt;script&gt;" in html


def test_fifty_tasks_and_nine_recipes(tmp_path: Path) -> None:
    names = tuple(f"longbench-set-number-{i}" for i in range(50))
    results = [
        cases.task_case(recipe, task, [1.0, 0.5, 1.0], [1.0, 0.5, 0.5], capability="long_context")
        for recipe in cases.LADDER
        for task in names
    ]
    html = overview_html(cases.MODEL, results)
    assert len([name for name in read(html).classes if name.startswith("cell")]) == 450
    assert len(html.encode()) < 400_000


def test_without_the_library_a_note_stands_where_figures_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "available", lambda: False)
    html = overview_html(cases.MODEL, cases.ladder(SMALL))
    assert "<svg" not in html
    assert html.count(canvas.MISSING) >= 2
    assert "(✗)" in html  # everything else is there


def test_overviews_are_attached_to_the_run(tmp_path: Path) -> None:
    results = cases.ladder(("needle",), ("rtn-w8g64", "rtn-w4g64"))
    listing = allure_session.write_globals(tmp_path, results, {}, broken={}, now_ms=0)
    names = {entry["name"]: entry for entry in json.loads(listing.read_text())["attachments"]}
    entry = names[f"overview, {cases.MODEL}"]
    assert entry["type"] == "text/html"
    assert (tmp_path / entry["source"]).read_text() == overview_html(cases.MODEL, results, broken={})
    assert f"analyses along the ladder, {cases.MODEL}" in names


def test_two_recipes_have_a_sentence_and_no_empty_table() -> None:
    html = overview_html(cases.MODEL, cases.ladder(("needle",), ("rtn-w8g64", "rtn-w4g64")))
    assert "Too few recipes to say what predicts the losses on smollm2-135m: 2 with both" in html
    assert "Spearman" not in html


def test_narrow_intervals_keep_a_decimal() -> None:
    narrow = cases.task_case("rtn-w8g64", "needle", [1.0], [1.0], comparison={"low": -0.002, "high": 0.003})
    wide = cases.task_case("rtn-w4g64", "needle", [1.0], [1.0], comparison={"low": -0.204, "high": 0.306})
    html = overview_html(cases.MODEL, [narrow, wide])
    assert "[−0.2, +0.3]" in html
    assert "[−20, +31]" in html
