"""What a pull request's comment says about baselines, and how it stays below GitHub's limit."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from report_cases import case_result, comparison

from acbench import baseline_changes, baselines
from acbench.cases import Case
from reports import sections, summary

if TYPE_CHECKING:
    from acbench.baseline_changes import Changes
    from acbench.records import CaseResult

GITHUB_LIMIT = 65_536
MODELS, RECIPES, TASKS = 5, 20, 10


def case_of(result: CaseResult) -> Case:
    return Case(result.model, result.compression, result.task)


def changes_of(before: list[CaseResult], now: list[CaseResult], *, complete: bool = False) -> Changes:
    was, are = ({case_of(r): baselines.entry_of(r, "ci") for r in found} for found in (before, now))
    return baseline_changes.compare(was, are, profile="ci", complete=complete)


def test_a_changed_case_is_one_row() -> None:
    before = case_result(primary=comparison(0.5, 0.49))
    now = case_result(outcome="fail", primary=comparison(0.5, 0.4))
    now = replace(now, verdict=replace(now.verdict, margin=0.03), keys={**now.keys, "checkpoint": "new"})
    text = summary.markdown([now], changes=changes_of([before], [now]))
    section = text.split("### Changed since the baseline")[1].split("###")[0]
    assert "1 cases have a baseline; 1 changed. 1 were measured on other weights." in section
    row = next(line for line in section.splitlines() if "`smollm2-135m:rtn-w4g64:needle`" in line)
    assert "| -1.0 pp [-5.0, +3.0], n = 120 | -10.0 pp [-14.0, -6.0], n = 120 |" in row
    assert (
        "pass → **WORSE**; score beyond the baseline's interval; limit 5.0 pp → 3.0 pp; other weights" in row
    )


def test_what_cannot_be_compared_is_counted_by_reason_and_new_and_gone_are_named() -> None:
    results = [case_result(task=f"t{i}") for i in range(4)]
    engine = {"name": "vllm", "version": "0.33.0"}
    now = [*(replace(r, engine=engine) for r in results[:2]), results[2], case_result(task="added")]
    text = summary.markdown(now, changes=changes_of(results, now, complete=True))
    assert "3 cases have a baseline; none changed. 2 cannot be compared: other engine." in text
    assert "New, without a baseline: `smollm2-135m:rtn-w4g64:added`." in text
    assert "Gone, a baseline without a case: `smollm2-135m:rtn-w4g64:t3`." in text


def test_a_case_without_a_number_is_told_in_words() -> None:
    nothing = comparison(n=0, base=math.nan, score=math.nan)
    before, now = case_result(), case_result(outcome="inconclusive", primary=nothing)
    text = summary.markdown([now], changes=changes_of([before], [now]))
    assert "| nothing compared | pass → **undecided**; score beyond" in text
    assert "nan" not in text


def test_without_baselines_nothing_is_said() -> None:
    result = case_result()
    assert "baseline" not in summary.markdown([result], changes=changes_of([], [result]))
    assert "baseline" not in summary.markdown([result])


def many(**changes: Any) -> list[CaseResult]:
    """A thousand cases, all of them undecided, with reasons as long as they get."""
    results = [
        case_result(
            f"a-model-with-a-name-{model}",
            f"gptq-w4g128-{recipe}",
            f"longbench-a-long-task-{task}",
            outcome="inconclusive",
            primary=comparison(0.5, 0.45 - 0.001 * recipe),
            **changes,
        )
        for model in range(MODELS)
        for recipe in range(RECIPES)
        for task in range(TASKS)
    ]
    reason = "Exact match -5.0 pp [-9.0 pp, -1.0 pp] straddles the limit -5.0 pp; " * 3
    return [replace(r, verdict=replace(r.verdict, reason=reason)) for r in results]


@pytest.fixture(scope="module")
def thousand() -> str:
    results = many()
    before = [replace(r, verdict=replace(r.verdict, outcome="pass")) for r in results]
    broken = {f"m:r{i}:needle": "EngineDied: gone " * 20 for i in range(200)}
    return summary.markdown(results, broken=broken, changes=changes_of(before, results))


def test_a_thousand_cases_fit_and_what_decides_is_whole(thousand: str) -> None:
    assert len(thousand) <= sections.LIMIT < GITHUB_LIMIT
    assert "**1200 cases**" in thousand
    worst = thousand.split("### Largest losses")[1].split("###", maxsplit=1)[0]
    assert worst.count("\n| `") == summary.WORST
    assert "1000 cases have a baseline; 1000 changed." in thousand
    assert 'Run one case again: `pytest suites/ -k "' in thousand


def test_everything_left_out_is_counted(thousand: str) -> None:
    blocks = re.split(r"^### ", thousand, flags=re.MULTILINE)
    expected = {"Changed since the baseline": 1000, "Broken (no verdict)": 200, "Undecided": 1000}
    expected |= {f"a-model-with-a-name-{model}": TASKS for model in range(MODELS)}
    for title, number in expected.items():
        block = next(block for block in blocks if block.startswith(f"{title}\n"))
        rows = len([line for line in block.splitlines() if line.startswith("| `")])
        left = re.search(r"^_(\d+) (?:more )?[a-z ]+ left out here", block, flags=re.MULTILINE)
        assert rows + (int(left[1]) if left else 0) == number, title


def test_a_summary_below_the_limit_is_not_shortened() -> None:
    results = many()[:150]
    assert "left out here" not in summary.markdown(results)
    assert "<br>" in summary.markdown(results)


@pytest.mark.parametrize("limit", range(300, 1500, 37))
def test_sections_never_exceed_the_limit_and_keep_as_many_rows_as_fit(limit: int) -> None:
    def section(rank: int) -> sections.Section:
        rows = [[f"row {i}", "x" * 20] for i in range(20)]
        return sections.Section(
            ["a", "b"], rows, "rows", rank, f"Rank {rank}", summary="folded" if rank == 2 else ""
        )

    text = sections.join(["head", section(2), section(1), "tail"], limit=limit)
    assert len(text) <= limit
    rows = {rank: block.count("| row") for rank, block in zip((2, 1), text.split("### Rank 1"), strict=True)}
    assert rows[2] == 0 or rows[1] == 20  # the lower rank gives way first
    if rows[1] < 20:
        assert len(text) + 2 * len("| row 10 | xxxxxxxxxxxxxxxxxxxx |\n| a | b |\n| --- | --- |\n") > limit
