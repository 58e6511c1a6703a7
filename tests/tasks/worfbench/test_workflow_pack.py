"""The embedded records: sound graphs, different questions, short prompts, right answers that score one."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest
from workflow_play import PieceRenderer, play, task
from workflow_stubs import score, text_of

from acbench.errors import ConfigError, DataError
from acbench.tasks import toolbox
from acbench.tasks.worfbench.pack import (
    BUILDERS,
    as_record,
    gold_text,
    pack_demonstrations,
    pack_plan,
    pack_records,
)
from acbench.tasks.worfbench.pack import tools as tool_plans
from acbench.tasks.worfbench.pack.model import (
    Plan,
    check_plan,
    dependencies,
    every_order_works,
    is_chain,
    plan,
    reduced,
    step,
)
from acbench.tasks.worfbench.parsing import read_published, read_workflow
from acbench.tasks.worfbench.records import read_record
from acbench.tasks.worfbench.settings import VARIANTS

LEVELS = (1, 2, 3, 4)
SIZES = {1: (2, 3), 2: (3, 4), 3: (4, 6), 4: (6, 9)}
WITH_SIMULATOR = ("toolbench", "toolalpaca", "seal_tools")


def runs(made: Plan, order: list[int]) -> bool:
    """Plain execution of one order."""
    holding = set(made.start)
    for index in order:
        if not made.steps[index].needs <= holding:
            return False
        holding = (holding - made.steps[index].takes) | made.steps[index].gives
    return made.goal <= holding


def orders(made: Plan, pairs: frozenset[tuple[int, int]]) -> list[list[int]]:
    graph = nx.DiGraph(sorted(pairs))
    graph.add_nodes_from(range(len(made.steps)))
    return list(nx.all_topological_sorts(graph))


def test_there_are_nine_kinds() -> None:
    assert tuple(BUILDERS) == VARIANTS


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_order_of_a_gold_graph_works_and_every_edge_is_needed(variant: str) -> None:
    """All topological orders, one by one; the package's own check visits states instead."""
    for level in LEVELS:
        for index in range(4):
            made = pack_plan(variant, level, 0, index, 0)
            pairs = dependencies(made.steps)
            assert all(runs(made, order) for order in orders(made, pairs))
            for pair in pairs:
                assert not all(runs(made, order) for order in orders(made, pairs - {pair}))


@pytest.mark.parametrize("variant", WITH_SIMULATOR)
@pytest.mark.parametrize("level", LEVELS)
def test_tool_plans_reach_the_goal_in_the_simulator(variant: str, level: int) -> None:
    """Every order that the graph allows, called in the world; without one edge the later call lacks its input."""
    from random import Random

    found = tool_plans.draw(variant, level, Random(level))
    calls = tool_plans.merged(found)
    made = pack_plan(variant, level, 0, 0, 0)
    pairs = frozenset((before, call.id) for call in calls for before in call.prev)
    graph = nx.DiGraph(sorted(reduced(pairs, len(calls))))
    graph.add_nodes_from(range(len(calls)))
    wanted = [want for scenario in found for want in scenario.wanted]
    for number, order in enumerate(nx.all_topological_sorts(graph)):
        if number == 60:
            break
        world = found[0].world()
        results = toolbox.execute(world, [calls[i] for i in order])
        assert len(results) == len(calls)
        assert all(outcome.ok for outcome in results.values())
        assert all(want in world.facts for want in wanted)
    for a, b in pairs:
        early = [*(i for i in range(len(calls)) if i not in (a, b)), b, a]
        assert b not in toolbox.execute(found[0].world(), [calls[i] for i in early])
    assert len(made.steps) >= SIZES[level][0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_levels(variant: str) -> None:
    for level in LEVELS:
        for index in range(10):
            made = pack_plan(variant, level, 3, index, 0)
            low, high = SIZES[level]
            assert low <= len(made.steps) <= high
            chain = is_chain(dependencies(made.steps), len(made.steps))
            assert chain or level > 1
            assert not (chain and level > 2)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gold_scores_one_in_corrected_mode(variant: str) -> None:
    opened = task(variant)
    samples = opened.samples()
    assert len(samples) == 40
    assert len({sample.id for sample in samples}) == 40
    assert len({sample.cluster for sample in samples}) == 40
    for sample in samples:
        grade = play(opened, sample, [sample.data["gold"]])
        assert grade.channel == "correct"
        nodes = read_workflow(sample.data["gold"]).nodes
        assert len(set(nodes)) == len(nodes)
        assert read_published(sample.data["gold"]).nodes == nodes


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_reversed_listing_is_not_right(variant: str) -> None:
    for record in pack_records(variant, (2, 3, 4), 3, 0):
        gold = read_workflow(record.gold)
        count = len(gold.nodes)
        backwards = [("START", count), *((b, a) for a, b in pairwise(range(1, count + 1))), (1, "END")]
        assert score(record.gold, text_of(gold.nodes, backwards)).outcome != "correct"


@pytest.mark.parametrize("variant", VARIANTS)
def test_samples_are_stable(variant: str) -> None:
    one, two = task(variant, per_level=6).samples(), task(variant, per_level=8).samples()
    assert set(map(str, one)) <= set(map(str, two))
    assert [s.data for s in one] == [s.data for s in task(variant, per_level=6).samples()]
    assert [s.data for s in one] != [s.data for s in task(variant, per_level=6, seed=1).samples()]
    only = task(variant, levels=[4, 2], per_level=6).samples()
    assert [s.level for s in only] == ["4"] * 6 + ["2"] * 6
    assert {s.id: s.data for s in only}.items() <= {s.id: s.data for s in one}.items()


def test_a_sample_of_today_is_the_same_tomorrow() -> None:
    """Python's generator and ours must not change under the feet of stored results; raise the version then."""
    found = task("webshop", levels=[1], per_level=1, shots=0).samples()[0].data
    assert found["gold"].splitlines()[-1] == "Edge: (START,1) (1,2) (2,3) (3,END)"
    assert found["messages"][1][1].startswith("Web shop, search page.\nTask: buy ")
    assert found["max_tokens"] == 384


@pytest.mark.parametrize("variant", VARIANTS)
def test_demonstrations_are_solved_and_are_no_record(variant: str) -> None:
    turns = pack_demonstrations(variant)
    assert [role for role, _ in turns] == ["user", "assistant", "user", "assistant"]
    for _, answer in turns[1::2]:
        assert score(answer, answer).outcome == "correct"
    questions = {record.user for record in pack_records(variant, LEVELS, 10, 0)}
    assert not any(question.split("\n", 1)[-1] in questions or question in questions for _, question in turns)


@pytest.mark.parametrize("variant", VARIANTS)
def test_first_level_prompts_are_short_and_hide_the_gold(variant: str) -> None:
    count = PieceRenderer().count
    for sample in task(variant, shots=0).samples():
        asked = "\n".join(content for _, content in sample.data["messages"])
        assert sample.data["gold"] not in asked
        assert (
            sample.data["gold"].splitlines()[-1].removeprefix("Edge: ") not in sample.data["messages"][-1][1]
        )
        if sample.level == "1":
            assert count(asked) < 350
        assert count(sample.data["gold"]) < 384


def test_records_have_the_published_layout() -> None:
    made = pack_plan("os", 2, 0, 0, 0)
    record = as_record("os", "os-x", made)
    assert (record["source"], record["target"]) == ("os", "graph")
    assert [message["role"] for message in record["conversations"]] == ["system", "user", "assistant"]
    assert read_record(record, "here").gold == gold_text(made)


def test_running_out_of_questions_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"level 1 has no \d+ different workflows; lower per_level"):
        pack_records("lumos", (1,), 200, 0)


def test_unsound_plans_are_found() -> None:
    first, second = step("a", gives="x"), step("b", needs="x", gives="y")
    check_plan(plan("q", [first, second], goal="y"))
    with pytest.raises(DataError, match="fails"):
        check_plan(plan("q", [second, first], goal="y"))
    with pytest.raises(DataError, match="fails"):
        check_plan(plan("q", [first, second], goal="z"))
    with pytest.raises(DataError, match="the same text"):
        check_plan(plan("q", [first, step("A", gives="z")], goal="x"))
    needless = [step("a", gives="x"), step("b", takes="x")]
    with pytest.raises(DataError, match=r"the edge \(0, 1\) is not needed"):
        check_plan(plan("q", needless, goal=""))


def test_what_uses_a_thing_up_comes_last() -> None:
    made = plan(
        "q", [step("read", needs="page", gives="r"), step("leave", needs="page", takes="page", gives="out")],
        goal="r|out", start="page",
    )  # fmt: skip
    assert dependencies(made.steps) == {(0, 1)}
    assert not every_order_works(made, frozenset())
