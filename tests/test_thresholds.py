"""Thresholds: which rule applies, and which mistakes are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from acbench.cases import Case
from acbench.config import load_catalogue
from acbench.errors import ConfigError
from acbench.thresholds import Rule, Thresholds, read_thresholds

if TYPE_CHECKING:
    from pathlib import Path

CASE = Case("smollm2-135m", "rtn-w4g64", "needle")


def margin(
    rules: list[Rule], case: Case = CASE, method: str = "rtn", capability: str = "long_context"
) -> float:
    return Thresholds(tuple(rules)).rule_for(case, method=method, capability=capability).margin


def user_thresholds(tmp_path: Path, text: str) -> Thresholds:
    file = tmp_path / "acbench.toml"
    file.write_text(text)
    return read_thresholds(load_catalogue(file))


def test_the_most_specific_rule_of_a_file_wins_wherever_it_stands() -> None:
    general, one = Rule(0.1, "r"), Rule(0.2, "r", method="rtn")
    two = Rule(0.3, "r", method="rtn", capability="long_context")
    for order in ([general, one, two], [two, one, general], [one, two, general]):
        assert margin(order) == 0.3
        assert margin(order, capability="workflow") == 0.2
        assert margin(order, method="magnitude") == 0.1


def test_among_equally_specific_rules_the_last_wins() -> None:
    rules = [Rule(0.1, "r", task="needle"), Rule(0.2, "r", model="smollm2-135m")]
    assert margin(rules) == 0.2
    assert margin(rules[::-1]) == 0.1


@pytest.mark.parametrize("key", ["model", "compression", "method", "capability", "task"])
def test_every_field_restricts_a_rule(key: str) -> None:
    fitting = {
        "model": "smollm2-135m",
        "compression": "rtn-w4g64",
        "method": "rtn",
        "capability": "long_context",
        "task": "needle",
    }[key]
    rules = [Rule(0.1, "r"), Rule(0.2, "r", **{key: "another"})]
    assert margin(rules) == 0.1
    assert margin([Rule(0.1, "r"), Rule(0.2, "r", **{key: fitting})]) == 0.2


def test_no_rule_is_an_error_that_names_the_case() -> None:
    with pytest.raises(ConfigError, match=r"smollm2-135m:rtn-w4g64:needle; add a \[\[thresholds.rule\]\]"):
        margin([Rule(0.1, "r", task="pddl")])


def test_a_general_rule_of_the_user_wins_over_specific_built_in_ones(tmp_path: Path) -> None:
    plain = read_thresholds(load_catalogue())
    assert plain.rule_for(CASE, method="rtn", capability="long_context").gate == "report"
    mine = user_thresholds(
        tmp_path,
        "thresholds.confidence = 0.9\nthresholds.inconclusive.nightly = 'warn'\n"
        "[[thresholds.rule]]\ntask = 'needle'\nmargin = 0.02\nreason = 'ours'\n",
    )
    rule = mine.rule_for(CASE, method="rtn", capability="long_context")
    assert (rule.margin, rule.gate, rule.reason) == (0.02, "gate", "ours")
    assert rule.source == str(tmp_path / "acbench.toml")
    other = Case("smollm2-135m", "rtn-w4g64", "pddl")
    assert mine.rule_for(other, method="rtn", capability="real_world") == plain.rule_for(
        other, method="rtn", capability="real_world"
    )
    assert (mine.confidence, mine.min_samples) == (0.9, plain.min_samples)
    assert mine.inconclusive == {"pull-request": "warn", "nightly": "warn"}


def test_what_ships_gates_mild_recipes_and_only_reports_destructive_ones() -> None:
    found = read_thresholds(load_catalogue())
    assert (found.confidence, found.min_samples) == (0.95, 20)
    assert found.inconclusive == {"pull-request": "warn", "nightly": "fail"}

    def gate(recipe: str, method: str, capability: str = "long_context", model: str = "smollm2-135m") -> str:
        return found.rule_for(Case(model, recipe, "needle"), method=method, capability=capability).gate

    assert gate("rtn-w8g64", "rtn") == "gate"
    assert gate("rtn-w4g64", "rtn", model="qwen2.5-7b") == "gate"
    assert (
        gate("magnitude-50", "magnitude") == gate("rtn-w2g64", "rtn") == gate("rtn-w4g64", "rtn") == "report"
    )
    assert gate("rtn-w8g64", "rtn", "diagnostic") == "report"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[thresholds.rule]]\nmargin = 1\nreason = 'x'\nissue = '#7'", r"issue must be an address \(https"),
        ("thresholds.confidnce = 0.9", "thresholds: unknown key 'confidnce'; did you mean 'confidence'"),
        ("thresholds.confidence = 1.0", "confidence must lie between 0.5 and 1, not 1.0"),
        ("thresholds.confidence = 95", "confidence must lie between 0.5 and 1, not 95"),
        ("thresholds.min_samples = 0", "min_samples must be a whole number above 0, not 0"),
        ("thresholds.min_samples = '9'", "min_samples must be a whole number above 0, not '9'"),
        ("thresholds.inconclusive = 'warn'", "inconclusive must be a table, not 'warn'"),
        ("thresholds.inconclusive.nightly = 'wran'", "unknown action 'wran'; did you mean 'warn'"),
        ("thresholds.inconclusive.nightli = 'warn'", "unknown stage 'nightli'; did you mean 'nightly'"),
        ("thresholds.rule = ['x']", r"thresholds.rule\[0\] must be a table"),
        ("[[thresholds.rule]]\nreason = 'x'", r"thresholds.rule\[0\]: margin is missing"),
        ("[[thresholds.rule]]\nmargin = 0.1", r"thresholds.rule\[0\]: reason is missing"),
        ("[[thresholds.rule]]\nmargin = 0\nreason = 'x'", "margin must be a positive number, not 0"),
        ("[[thresholds.rule]]\nmargin = nan\nreason = 'x'", "margin must be a positive number, not nan"),
        ("[[thresholds.rule]]\nmargin = inf\nreason = 'x'", "margin must be a positive number, not inf"),
        ("[[thresholds.rule]]\nmargin = true\nreason = 'x'", "margin must be a positive number, not True"),
        ("[[thresholds.rule]]\nmargin = '1'\nreason = 'x'", "margin must be a positive number, not '1'"),
        (
            "[[thresholds.rule]]\nmargin = 1\nreason = 'x'\ngate = 'no'",
            "gate must be 'gate' or 'report', not 'no'",
        ),
        (
            "[[thresholds.rule]]\nmargin = 1\nreason = 'x'\ntaks = 'pddl'",
            "unknown key 'taks'; did you mean 'task'",
        ),
        ("[[thresholds.rule]]\nmargin = 1\nreason = 'x'\nsource = 's'", "unknown key 'source'"),
        (
            "[[thresholds.rule]]\nmargin = 1\nreason = 'x'\ntask = 'pdl'",
            "task: unknown name 'pdl'; did you mean 'pddl'",
        ),
        ("[[thresholds.rule]]\nmargin = 1\nreason = 'x'\nmethod = 'rnt'", "method: unknown name 'rnt'"),
        ("[[thresholds.rule]]\nmargin = 1\nreason = 'x'\nmodel = ['a']", r"model: unknown name \['a'\]"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        user_thresholds(tmp_path, text)


def test_a_rule_without_task_or_capability_is_not_about_diagnostics() -> None:
    """Their unit is nats: a margin in points would gate noise."""
    broad = Rule(0.05, "mine", compression="r", source="user")
    named = Rule(0.3, "nats", capability="diagnostic", gate="report", source="built-in")
    by_task = Rule(0.2, "mine too", task="t", compression="r", source="user")
    case = Case("m", "r", "t")
    assert Thresholds((named, broad)).rule_for(case, method="x", capability="real_world") is broad
    assert Thresholds((named, broad)).rule_for(case, method="x", capability="diagnostic") is named
    assert Thresholds((named, broad, by_task)).rule_for(case, method="x", capability="diagnostic") is by_task
