"""Baselines: what is written, what a wrong file is told, what counts as changed, what a mode does."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from acbench import baseline_changes, baselines
from acbench.baselines import Entry
from acbench.cases import Case
from acbench.errors import ConfigError
from acbench.records import CaseResult, Comparison, Verdict

if TYPE_CHECKING:
    from pathlib import Path

CASE = Case("tiny", "rtn-w4g64", "needle")
KEYS = {"engine": "e", "evaluation": "v", "prompt": "p", "reference": "r", "scoring": "s", "weights": "w"}
ENTRY = Entry(
    *("ci", "accuracy", "share", 120, 0.5, 0.45, -0.05, -0.09, -0.01, 9, 3),
    *("inconclusive", "gate", 0.05, "vllm 0.32.0 cpu", KEYS),
)


def result(**changes: Any) -> CaseResult:
    primary = Comparison(
        *(
            "accuracy",
            "Exact match",
            "share",
            120,
            0,
            0.5,
            0.45,
            -0.05,
            -0.0912345,
            -0.01,
            0.95,
            "t",
            0.2,
            9,
            3,
        ),
        mde=0.07,
    )
    made = CaseResult(
        *(CASE.id, *CASE, "Needle", "rtn", "long_context"),
        verdict=Verdict("inconclusive", "gate", 0.05, 0.95, "on the limit"),
        primary=primary,
        sample_prompt="Which city?",
        engine={
            "name": "vllm",
            "version": "0.32.0",
            "device": "cpu",
            "settings": {"seed": 0},
            "versions": {},
        },
        keys={"base": "b" * 32, "compressed": "c" * 32, "checkpoint": "d" * 32},
        scoring={"mode": "corrected"},
    )
    return replace(made, **changes)


def test_an_entry_is_rounded_and_says_what_was_measured() -> None:
    entry = baselines.entry_of(result(), "ci")
    assert (entry.low, entry.difference, entry.n, entry.profile) == (-0.0912, -0.05, 120, "ci")
    assert (entry.keys["weights"], entry.keys["evaluation"]) == ("d" * 12, "c" * 12)
    assert entry.engine == "vllm 0.32.0 cpu"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"sample_prompt": "Which town?"}, "prompt"),
        ({"scoring": {"mode": "published"}}, "scoring"),
        ({"engine": {"name": "vllm", "version": "0.33.0", "device": "cpu"}}, "engine"),
        ({"keys": {"base": "x", "compressed": "c" * 32, "checkpoint": "d" * 32}}, "reference"),
        ({"keys": {"base": "b" * 32, "compressed": "x", "checkpoint": "d" * 32}}, "evaluation"),
        ({"keys": {"base": "b" * 32, "compressed": "c" * 32, "checkpoint": "x"}}, "weights"),
    ],
)
def test_every_key_follows_one_thing(changes: dict[str, Any], key: str) -> None:
    before, after = baselines.entry_of(result(), "ci"), baselines.entry_of(result(**changes), "ci")
    assert [name for name in baselines.KEYS if before.keys[name] != after.keys[name]] == [key]


def test_a_file_is_sorted_fixed_and_has_one_line_per_task(tmp_path: Path) -> None:
    undecided = replace(ENTRY, base=math.nan, difference=-0.0)
    entries = {CASE: ENTRY, CASE._replace(task="a-task"): undecided}
    (file,) = baselines.write(tmp_path, entries, {("tiny", "rtn-w4g64")})
    assert file == tmp_path / "tiny" / "rtn-w4g64.json"
    lines = file.read_text().splitlines()
    assert [line.split(":")[0].strip() for line in lines[3:5]] == ['"a-task"', '"needle"']
    assert '"base": null' in lines[3]
    assert '"base": 0.5000, "better": 3, "compressed": 0.4500' in lines[4]
    assert list(json.loads(lines[4].split(":", 1)[1])) == sorted(json.loads(lines[4].split(":", 1)[1]))
    found = baselines.read(tmp_path)
    assert found[CASE] == ENTRY
    assert math.isnan(found[CASE._replace(task="a-task")].base)
    assert baselines.write(tmp_path, found, {("tiny", "rtn-w4g64")}) == []
    assert baselines.write(tmp_path, {}, {("tiny", "rtn-w4g64")}) == [file]
    assert baselines.read(tmp_path) == {}
    assert baselines.read(tmp_path / "nowhere") == {}


def test_a_changed_task_changes_one_line(tmp_path: Path) -> None:
    entries = {CASE._replace(task=f"t{i}"): ENTRY for i in range(5)}
    (file,) = baselines.write(tmp_path, entries, {("tiny", "rtn-w4g64")})
    before = file.read_text().splitlines()
    entries[CASE._replace(task="t2")] = replace(ENTRY, compressed=0.46)
    baselines.write(tmp_path, entries, {("tiny", "rtn-w4g64")})
    after = file.read_text().splitlines()
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [5]


def line(**changes: Any) -> dict[str, Any]:
    made = json.loads(baselines.text_of({"needle": ENTRY}))["tasks"]["needle"]
    return {key: value for key, value in {**made, **changes}.items() if value != "absent"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("{", "not readable as JSON"),
        ([], "expected an object with the fields 'schema' and 'tasks'"),
        ({"schema": 1}, "expected an object with the fields"),
        ({"schema": 2, "tasks": {}}, "schema is 2, this version reads 1"),
        ({"schema": 1, "tasks": []}, "tasks must be an object"),
        ({"schema": 1, "tasks": {"Needle!": line()}}, "tasks.Needle!: case id"),
        ({"schema": 1, "tasks": {"needle": 3}}, "tasks.needle must be an object"),
        ({"schema": 1, "tasks": {"needle": line(n="many")}}, "tasks.needle.n must be a whole number"),
        ({"schema": 1, "tasks": {"needle": line(n=True)}}, "tasks.needle.n must be a whole number"),
        ({"schema": 1, "tasks": {"needle": line(low="x")}}, "tasks.needle.low must be a number or null"),
        ({"schema": 1, "tasks": {"needle": line(unit=None)}}, "tasks.needle.unit must be text"),
        ({"schema": 1, "tasks": {"needle": line(low="absent")}}, "tasks.needle.low is missing"),
        ({"schema": 1, "tasks": {"needle": line(more=1)}}, "tasks.needle.more: unknown field"),
        (
            {"schema": 1, "tasks": {"needle": line(keys={"weights": "w"})}},
            "tasks.needle.keys must be an object",
        ),
    ],
)
def test_a_wrong_file_is_told_file_and_field(data: Any, words: str, tmp_path: Path) -> None:
    file = tmp_path / "tiny" / "rtn-w4g64.json"
    file.parent.mkdir()
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    with pytest.raises(ConfigError) as caught:
        baselines.read(tmp_path)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)


def change(**changes: Any) -> baseline_changes.Change | None:
    """What is said about a case whose entry now differs in this."""
    keys = {**KEYS, **changes.pop("keys", {})}
    now = replace(ENTRY, keys=keys, **changes)
    found = baseline_changes.compare({CASE: ENTRY}, {CASE: now}, profile="ci", complete=False)
    assert found.compared == 1
    return found.changed[0] if found.changed else None


def test_nothing_changed_inside_the_interval() -> None:
    assert change() is None
    assert change(difference=-0.09, low=-0.2, n=100, worse=12) is None


def test_a_verdict_and_a_score_beyond_the_interval() -> None:
    worse = change(difference=-0.0901, verdict="fail")
    assert worse is not None
    assert (worse.verdict_changed, worse.moved, worse.is_news, worse.others) == (True, True, True, ())
    better = change(difference=0.0)
    assert better is not None
    assert (better.verdict_changed, better.moved) == (False, True)
    lost = change(difference=math.nan)
    assert lost is not None
    assert lost.moved


def test_without_an_interval_nothing_is_beyond_it() -> None:
    """One cluster has a difference and no interval: the same result again must not read as a change."""
    alone = replace(ENTRY, unit="nats", low=math.nan, high=math.nan)
    for difference in (alone.difference, 0.3):
        now = replace(alone, difference=difference)
        found = baseline_changes.compare({CASE: alone}, {CASE: now}, profile="ci", complete=False)
        assert (found.compared, found.changed) == (1, ())


@pytest.mark.parametrize(
    ("changes", "others", "comparable"),
    [
        ({"keys": {"weights": "x", "evaluation": "x"}}, ("weights",), True),
        ({"keys": {"engine": "x", "evaluation": "x", "reference": "x"}}, ("engine",), False),
        ({"keys": {"prompt": "x", "evaluation": "x", "reference": "x"}}, ("prompts",), False),
        # Data that changed behind the same first prompt, and a task's new version.
        ({"keys": {"evaluation": "x", "reference": "x"}}, ("prompts",), False),
        # With other weights it is the reference's key that tells.
        ({"keys": {"weights": "x", "evaluation": "x", "reference": "x"}}, ("weights", "reference"), False),
        ({"keys": {"reference": "x"}}, ("reference",), False),
        ({"keys": {"scoring": "x"}}, ("scoring",), False),
        ({"metric": "strict"}, ("metric",), False),
        ({"profile": "nightly"}, None, True),
        (
            {"profile": "nightly", "keys": {"prompt": "x", "evaluation": "x", "reference": "x"}},
            ("prompts", "profile"),
            False,
        ),
    ],
)
def test_what_was_measured_with_something_else_is_named(
    changes: dict[str, Any], others: tuple[str, ...] | None, comparable: bool
) -> None:
    found = change(**changes)
    if others is None:
        assert found is None
        return
    assert found is not None
    assert (found.others, found.comparable) == (others, comparable)
    moved = change(difference=0.3, **changes)
    assert moved is not None
    assert moved.moved == comparable


def test_only_complete_runs_know_what_is_gone_and_only_of_their_profile() -> None:
    others = {CASE._replace(task="pddl"): ENTRY, CASE._replace(task="t"): replace(ENTRY, profile="nightly")}
    before, now = {CASE: ENTRY, **others}, {CASE: ENTRY, CASE._replace(model="new"): ENTRY}
    partial = baseline_changes.compare(before, now, profile="ci", complete=False)
    complete = baseline_changes.compare(before, now, profile="ci", complete=True)
    assert (partial.gone, complete.gone) == ((), (CASE._replace(task="pddl"),))
    assert partial.new == complete.new == (CASE._replace(model="new"),)


def test_modes() -> None:
    other, added = CASE._replace(task="pddl"), CASE._replace(task="added")
    before = {CASE: ENTRY, other: ENTRY}
    now = {CASE: replace(ENTRY, n=7), added: ENTRY}
    for complete in (False, True):
        found = baseline_changes.compare(before, now, profile="ci", complete=complete)
        modes = {
            mode: baseline_changes.merge(before, now, found, mode=mode) for mode in baseline_changes.MODES
        }
        assert modes["check"] == before
        assert modes["new"] == {**before, added: ENTRY}
        assert modes["update"][CASE].n == 7
        assert set(modes["update"]) == ({CASE, added} if complete else {CASE, other, added})
