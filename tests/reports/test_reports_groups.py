"""Group means: the definitions of each benchmark, and intervals against a second derivation."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Any

import pytest
from report_cases import case_result, comparison

from acbench.aggregates import definitions, group_means
from acbench.tasks.registry import LONGBENCH, T_EVAL, WORFBENCH
from reports import allure_session, summary

if TYPE_CHECKING:
    from acbench.records import CaseResult


def judged(
    task: str, base: list[float], other: list[float], *, metric: str = "accuracy", **changes: Any
) -> CaseResult:
    rows = tuple((f"c{i}", b, o) for i, (b, o) in enumerate(zip(base, other, strict=True)))
    primary = replace(comparison(fmean(base), fmean(other)), metric=metric)
    family = next(name for name in ("t-eval", "worfbench", "longbench", "ruler") if task.startswith(name))
    return replace(case_result(task=task, primary=primary), family=family, pairs={metric: rows}, **changes)


def rows_of(results: list[CaseResult]) -> dict[str, Any]:
    return {row.title: row for row in group_means(results)}


def test_the_table_of_t_eval() -> None:
    """Figures of the specification, section 4.7: Instruct .513025; Overall 51.0 of the six unrounded values."""
    values = {"instruct-str": 0.4375, "instruct-json": 0.58855, "review": 0.433}
    values |= {
        f"{name}-{kind}": value
        for name, value in (("plan", 0.631), ("reason", 0.553))
        for kind in ("str", "json")
    }
    values |= {
        f"{name}-{kind}": value
        for name, value in (("retrieve", 0.449), ("understand", 0.482))
        for kind in ("str", "json")
    }
    rows = rows_of([judged(f"t-eval-{name}", [value] * 4, [value] * 4) for name, value in values.items()])
    assert rows["instruct"].base == pytest.approx(0.513025)
    assert rows["overall (six abilities)"].base == pytest.approx(
        fmean([0.513025, 0.631, 0.553, 0.449, 0.482, 0.433])
    )
    assert round(100 * rows["overall (six abilities)"].base, 1) == 51.0
    assert rows["overall (eleven columns)"].base == pytest.approx(sum(values.values()) / 11)
    assert (rows["instruct"].n, rows["instruct"].of) == (2, 2)


def test_a_part_of_a_table_says_that_it_is_one() -> None:
    rows = rows_of([judged("t-eval-plan-json", [1, 0], [0, 0])])
    assert (rows["plan"].n, rows["plan"].of, rows["plan"].base) == (1, 2, 0.5)
    assert "retrieve" not in rows
    assert "(1 of 2 tasks)" in summary.markdown([judged("t-eval-plan-json", [1, 0], [0, 0])])


def test_longbench_overall_is_the_mean_of_group_means() -> None:
    """Sets of one group count as one sixth together, however many they are."""
    results = [
        judged(f"longbench-{name}", [0.5] * 3, [0.5 if name != "lcc" else 0.0] * 3) for name in LONGBENCH
    ]
    rows = rows_of(results)
    assert rows["code"].difference == pytest.approx(-0.25)
    assert rows["overall, en (mean of six groups)"].difference == pytest.approx(-0.25 / 6)
    assert rows["overall, zh (mean of six groups)"].difference == pytest.approx(-0.25 / 6)
    assert rows["mean of 16"].difference == pytest.approx(-0.5 / 16)
    assert rows["mean of 21"].difference == pytest.approx(-0.5 / 21)
    assert "mean of 21" not in rows_of(results[1:])  # a mean over other sets is another number


def test_worfbench_means_are_over_tasks_for_both_scores() -> None:
    results = []
    for i, name in enumerate(WORFBENCH):
        one = judged(f"worfbench-{name}", [0.1 * i] * (i + 1), [0.0] * (i + 1), metric="chain_f1")
        results.append(
            replace(
                one,
                pairs={**one.pairs, "graph_f1": tuple((c, 2 * b, o) for c, b, o in one.pairs["chain_f1"])},
            )
        )
    rows = rows_of(results)
    assert rows["chain F1, mean of main tasks"].base == pytest.approx(0.3)
    assert rows["graph F1, mean of main tasks"].base == pytest.approx(0.6)
    assert "chain F1, mean of held out" not in rows


def test_the_interval_agrees_with_the_normal_one() -> None:
    """Independent tasks: the variance of the mean is the sum of the tasks' variances by squared weight."""
    rng = random.Random(5)
    results, variance = [], 0.0
    for name in T_EVAL:
        size = rng.randint(60, 200)
        differences = [rng.choice([0.0, 0.0, -1.0, 1.0, -1.0]) for _ in range(size)]
        mean = fmean(differences)
        spread = fmean((d - mean) ** 2 for d in differences)
        variance += spread / size / 11**2
        results.append(judged(f"t-eval-{name}", [0.0] * size, differences))
    row = rows_of(results)["overall (eleven columns)"]
    half = NormalDist().inv_cdf(0.975) * variance**0.5
    assert row.low == pytest.approx(row.difference - half, abs=0.004)
    assert row.high == pytest.approx(row.difference + half, abs=0.004)


def test_samples_of_a_cluster_are_drawn_together() -> None:
    together = replace(
        judged("ruler-vt", [0.0] * 40, [1.0] * 20 + [0.0] * 20),
        pairs={"accuracy": tuple((f"c{i // 20}", 0.0, float(i < 20)) for i in range(40))},
    )
    row = rows_of([together])["mean of all kinds"]
    assert (row.low, row.high) == (0.0, 1.0)


def test_base_against_itself_has_no_group_means_and_nothing_gives_nothing() -> None:
    assert group_means([judged("ruler-vt", [1.0], [1.0], compression="base")]) == []
    assert group_means([case_result()]) == []


def test_every_definition_is_linear_and_names_known_tasks() -> None:
    for definition in definitions():
        for level in (0.5, 1.0):
            assert definition.value(dict.fromkeys(definition.members, level)) == pytest.approx(level)


def test_the_report_shows_them() -> None:
    results = [judged("ruler-vt", [1.0, 0.0], [0.0, 0.0]), judged("ruler-cwe", [1.0, 1.0], [1.0, 0.0])]
    assert "ruler: mean of all kinds (2 of 11 tasks)" in summary.markdown(results)
    assert any("ruler: mean of all kinds" in line and len(line) <= 110 for line in summary.terminal(results))
    html = allure_session.groups_html(group_means(results))
    assert "<b>-50.0 pp</b>" in html
    assert "2 of 11 tasks" in html
