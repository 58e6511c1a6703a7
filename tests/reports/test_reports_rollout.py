"""Multi-turn cases in the report: the figure, the changed episodes, and the way of their summary through JSON."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from report_cases import case_result, comparison

from acbench.records import CaseResult, SampleRecord, case_result_from_json
from acbench.rollouts import facts, summarise
from reports import allure_case, figures
from reports.allure import _KINDS
from reports.drawing import BASE_COLOUR, COMPRESSED_COLOUR, WIDTH
from reports.rollout_figure import rollout_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script src='//evil.example/x'>&</script>"


def record(name: str, progress: Sequence[float], channel: str, *, says: str = "seen") -> SampleRecord:
    best = [max(progress[: n + 1]) for n in range(len(progress))]
    changes = [[n, value] for n, value in enumerate(best) if value > (best[n - 1] if n else 0.0)]
    detail = {
        "score_changes": changes,
        "step_budget": 8,
        "turns": len(progress),
        "difficulty": "easy",
        "turn_errors": {},
        "repeated_turns": 0,
        "actions": [f"act {channel} {n}" for n in range(len(progress))],
        "outcomes": ["valid"] * len(progress),
        "observations": [says] * len(progress),
        "progress_by_turn": best,
        "goal": "tidy <up>",
    }
    scores = {"progress": best[-1], "success": float(best[-1] == 1.0)}
    return SampleRecord(name, "L2", name, (), scores, channel, "ok", detail)


def played(changed: int, *, says: str = "seen", **changes: Any) -> CaseResult:
    """A result of five episodes of which so many ended in another channel."""
    pairs = [
        (
            record(f"e{n}", [0.5, 1.0], "correct", says=says),
            record(f"e{n}", [0.0, 0.5, 0.5], "loop" if n < changed else "correct"),
        )
        for n in range(5)
    ]
    made = case_result(task="pddl", capability="real_world", primary=comparison(), **changes)
    return replace(made, rollout=summarise(pairs, "progress"))


def lines(svg: str) -> list[list[tuple[float, float]]]:
    found = ET.fromstring(svg).iter(f"{SVG}polyline")  # noqa: S314 - our own drawing
    return [
        [(float(x), float(y)) for x, y in (place.split(",") for place in line.attrib["points"].split())]
        for line in found
    ]


def test_the_figure_shows_both_curves_to_scale() -> None:
    result = played(2)
    svg = rollout_svg(result)
    base, other = lines(svg)
    assert len(base) == len(other) == 8  # a place for every turn
    rules = [
        float(rule.attrib["y1"])
        for rule in ET.fromstring(svg).iter(f"{SVG}line")  # noqa: S314
    ]
    bottom, top = max(rules), min(rules)

    def shares(line: list[tuple[float, float]]) -> list[float]:
        return [(bottom - y) / (bottom - top) for _, y in line]

    assert shares(base) == pytest.approx([0.5, *[1.0] * 7])
    assert shares(other) == pytest.approx([0.0, *[0.5] * 7])
    assert all(0 < x < WIDTH for x, _ in (*base, *other))
    assert [x for x, _ in base] == sorted({x for x, _ in other})
    assert BASE_COLOUR in svg
    assert COMPRESSED_COLOUR in svg
    words = " ".join(ET.fromstring(svg).itertext())  # noqa: S314
    for word in ("base", result.compression, "progress by turn", "100 %", "mean"):
        assert word in words


@pytest.mark.parametrize("turns", [1, 2, 8, 12, 13, 30, 100])
def test_the_axis_has_whole_turns_that_do_not_touch(turns: int) -> None:
    curves = {"base": [0.5] * turns, "compressed": [0.25] * turns}
    svg = rollout_svg(replace(case_result(task="pddl"), rollout={"turns": turns, "curves": curves}))
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    ticks = [
        (float(label.attrib["x"]), int(label.text or ""))
        for label in root.iter(f"{SVG}text")
        if (label.text or "").isdigit()
    ]
    assert ticks[0][1] == 1
    assert len(ticks) == turns or ticks[-1][1] > turns - 10
    assert all(b[0] - a[0] >= 8 * len(str(b[1])) for a, b in pairwise(ticks))


def test_a_case_without_curves_has_the_figure_it_had() -> None:
    plain = case_result(task="pddl")
    assert rollout_svg(plain) == ""
    assert "progress by turn" not in figures.case_figure(plain)
    empty = replace(plain, rollout={"turns": 0, "curves": {"base": [], "compressed": []}})
    assert rollout_svg(empty) == ""
    assert "progress by turn" in figures.case_figure(played(1))


def test_names_in_the_figure_are_escaped() -> None:
    svg = rollout_svg(played(1, compression="a<b&c"))
    ET.fromstring(svg)  # noqa: S314 - raises if it is not well formed
    assert "a&lt;b&amp;c" in svg


def changed_page(result: CaseResult) -> str:
    (found,) = [a for a in allure_case.attachments(result) if a.name == "changed episodes"]
    assert found.kind == "html"
    assert found.kind in _KINDS
    return found.body


@pytest.mark.parametrize(("changed", "shown"), [(1, 1), (3, 3), (5, 3)])
def test_at_most_three_changed_episodes_are_attached(changed: int, shown: int) -> None:
    html = changed_page(played(changed))
    assert html.count("<table>") == shown
    assert "act loop 0" in html
    assert "tidy &lt;up&gt;" in html


def test_without_a_changed_episode_there_is_no_page() -> None:
    for result in (played(0), case_result(task="pddl")):
        assert [a.name for a in allure_case.attachments(result) if a.kind == "html"] == []


def test_what_an_environment_says_is_text_in_the_page() -> None:
    html = changed_page(played(1, says=EVIL))
    assert "<script" not in html
    assert "&lt;script src=&#x27;//evil.example/x&#x27;&gt;&amp;" in html
    assert not re.search(r"\s(?:src|href|on\w+)\s*=", re.sub(r"&[^;]*;", "", re.sub(r">[^<]*<", "><", html)))


def test_the_verdict_file_does_not_repeat_the_episodes() -> None:
    (found,) = [a for a in allure_case.attachments(played(3)) if a.name == "verdict.json"]
    assert "rollout" not in json.loads(found.body)


def test_all_attachments_of_a_case_stay_small() -> None:
    result = played(5, says="x" * 5000)
    assert sum(len(a.body.encode()) for a in allure_case.attachments(result)) < 300_000


def test_a_result_carries_its_summary_through_json() -> None:
    result = played(4)
    written = json.loads(json.dumps(result.to_json()))
    read = case_result_from_json(written)
    assert json.loads(json.dumps(read.to_json())) == written
    assert read.rollout["curves"] == result.rollout["curves"]
    assert read.rollout["halves"]["hard"]["progress"] == [None, None]
    assert facts(read.rollout) == facts(result.rollout)
    assert changed_page(read) == changed_page(result)
    assert rollout_svg(read) == rollout_svg(result)


def test_results_from_before_there_were_summaries_are_read() -> None:
    written = case_result(task="pddl").to_json()
    del written["rollout"]
    assert case_result_from_json(written).rollout == {}
