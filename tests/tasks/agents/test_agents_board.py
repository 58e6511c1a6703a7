"""Group means of the nine tasks, AgentBoard's ability scores, and both with intervals over results."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest

from acbench.aggregates import definitions, group_means
from acbench.config import expand, load_catalogue
from acbench.records import CaseResult, Comparison, Verdict
from acbench.tasks.agents import board

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TASKS = (
    *("alfworld", "scienceworld", "babyai", "jericho", "pddl"),
    *("webshop", "webarena", "tool-query", "tool-operation"),
)


def judged(task: str, progress: Sequence[tuple[float, float]], **changes: Any) -> CaseResult:
    """Success is a tenth of progress: the two must not be mixed up."""
    rows = tuple((f"c{n}", *pair) for n, pair in enumerate(progress))
    primary = Comparison(
        metric="progress",
        title="Progress rate",
        unit="share",
        n=len(rows),
        excluded=0,
        base=0.0,
        compressed=0.0,
        difference=0.0,
        low=0.0,
        high=0.0,
        confidence=0.95,
        test="bootstrap",
        p_value=1.0,
        worse=0,
        better=0,
        mde=0.0,
    )
    made = CaseResult(
        id=f"m:r:{task}",
        model="m",
        compression="r",
        task=task,
        task_title=task,
        method="rtn",
        capability="real_world",
        verdict=Verdict("pass", "gate", 0.05, 0.95, "", "", ""),
        primary=primary,
        secondary=(),
        levels=(),
        channels=(),
        noise=None,
        flips=(),
        texts_changed=0,
        sample_prompt="",
        checkpoint={},
        engine={},
        keys={},
        tokens={},
        seconds=0.0,
        family="agentboard",
        pairs={"progress": rows, "success": tuple((c, b / 10, o / 10) for c, b, o in rows)},
    )
    return replace(made, **changes)


def test_the_nine_tasks_are_those_of_the_catalogue() -> None:
    catalogue = load_catalogue()
    assert board.TASKS == TASKS
    assert set(expand(catalogue, ["real-world"])) == set(TASKS)
    assert {entry.slug for entry in catalogue.tasks.values() if entry.family == board.FAMILY} == set(TASKS)
    assert board.GROUPS == {
        "embodied": ("alfworld", "scienceworld", "babyai"),
        "game": ("jericho", "pddl"),
        "web": ("webshop", "webarena"),
        "tool": ("tool-query", "tool-operation"),
        "all nine": TASKS,
        "paper average of five": ("scienceworld", "jericho", "pddl", "tool-query", "tool-operation"),
    }


def test_the_paper_average() -> None:
    """Worked example 23: 0.1, 0.2, 0.3, 0.4, 0.5 -> 0.3."""
    five = dict(zip(board.GROUPS[board.PAPER], (0.1, 0.2, 0.3, 0.4, 0.5), strict=True))
    assert board.mean_of(board.GROUPS[board.PAPER], five) == pytest.approx(0.3)
    del five["pddl"]
    assert board.mean_of(board.GROUPS[board.PAPER], five) is None


def test_ability_scores_by_hand() -> None:
    """Section 4, with success rates of 10 %, 20 %, ... 90 % in the order of the weights."""
    rates = {slug: (place + 1) / 10 for place, slug in enumerate(TASKS)}
    by_hand = {
        "memory": (1 + 4 + 3 + 4 + 10 + 6 + 21 + 16 + 27) / 10 / 16,
        "planning": (1 + 4 + 6 + 12 + 15 + 12 + 21 + 16 + 18) / 10 / 20,
        "world modeling": (3 + 6 + 6 + 12 + 5 + 6 + 21 + 8 + 9) / 10 / 18,
        "self-reflection": (3 + 4 + 6 + 4 + 15 + 12 + 14 + 8 + 9) / 10 / 17,
        "grounding": (2 + 6 + 6 + 4 + 15 + 18 + 21 + 24 + 27) / 10 / 23,
        "spatial navigation": (2 + 4 + 6 + 8 + 5 + 6 + 14 + 8 + 9) / 10 / 14,
    }
    assert set(board.ABILITIES) == set(by_hand)
    for ability, expected in by_hand.items():
        assert board.ability_score(ability, rates) == pytest.approx(expected)
        assert board.ability_score(ability, {k: v for k, v in rates.items() if k != "babyai"}) is None


def means(results: Sequence[CaseResult]) -> Mapping[str, Any]:
    return {row.title: row for row in group_means(results)}


def test_a_group_has_a_mean_only_if_all_of_it_ran() -> None:
    web = [judged("webshop", [(0.4, 0.2)] * 3), judged("webarena", [(0.8, 0.8)])]
    rows = means(web)
    assert set(rows) == {"progress rate, web", "success rate, web"}
    row = rows["progress rate, web"]
    assert (row.base, row.compressed, row.difference) == pytest.approx((0.6, 0.5, -0.1))
    assert (row.n, row.of) == (2, 2)
    assert rows["success rate, web"].base == pytest.approx(0.06)
    assert means(web[:1]) == {}
    assert means([web[0], replace(web[1], pairs={})]) == {}  # judged, but no episode could be scored


def nine() -> list[CaseResult]:
    return [
        judged(slug, [((n + place) % 3 / 2, (n * place) % 2) for n in range(4 + place)])
        for place, slug in enumerate(TASKS)
    ]


def test_means_by_episode_count_every_episode_once() -> None:
    results = nine()
    rows = means(results)
    for title, members in (("all nine", TASKS), ("paper average of five", board.GROUPS[board.PAPER])):
        pooled = [pair for r in results if r.task in members for pair in r.pairs["progress"]]
        row = rows[f"progress rate, {title}, by episode"]
        assert row.base == pytest.approx(fmean(base for _, base, _ in pooled))
        assert row.compressed == pytest.approx(fmean(other for _, _, other in pooled))
        plain = rows[f"progress rate, {title}"]
        by_task = [fmean(b for _, b, _ in r.pairs["progress"]) for r in results if r.task in members]
        assert plain.base == pytest.approx(fmean(by_task))
        assert plain.base != pytest.approx(row.base)
    assert "progress rate, all nine, by episode" not in means(results[:-1])


def test_every_mean_of_the_benchmark_is_printed_with_an_interval_around_its_difference() -> None:
    rows = means(nine())
    assert list(rows) == [d.title for d in definitions() if d.family == board.FAMILY]
    assert len(rows) == 2 * 6 + 2 * 2 + 6
    for row in rows.values():
        assert row.low < row.difference < row.high
    assert means(nine()) == rows


def test_resamples_that_are_shared_belong_to_their_task_and_metric() -> None:
    """Webshop alone moves: the interval of every mean is that of webshop's resamples times its weight."""
    still = [judged(slug, [(0.5, 0.5)] * 8) for slug in TASKS if slug != "webshop"]
    moving = judged("webshop", [(0.0, 1.0), (1.0, 0.0), (1.0, 0.0), (0.5, 0.5), (0.0, 1.0), (1.0, 0.0)])
    rows = means([*still, moving])
    web, every = rows["progress rate, web"], rows["progress rate, all nine"]
    assert web.low < 0 < web.high
    assert (every.low * 9, every.high * 9) == pytest.approx((web.low * 2, web.high * 2))
    for title in ("progress rate, tool", "progress rate, embodied", "progress rate, game"):
        assert (rows[title].low, rows[title].high) == (0.0, 0.0)
    assert rows["success rate, web"].low == pytest.approx(web.low / 10, rel=0.2)
