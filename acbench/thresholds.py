"""Thresholds: how much worse is too much, per (method family, capability), with the reason.

Rules match by name or ``*``; the most specific one of the latest file wins. Diagnostics have units of their
own and are matched only by rules that name their capability or task. A rule carries the margin (largest accepted
loss, in the primary metric's unit), whether it gates, and why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from acbench.cases import CAPABILITIES
from acbench.config import STAGES
from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acbench.cases import Case
    from acbench.config import Catalogue

MATCHED = ("model", "compression", "method", "capability", "task")
STAGE_ACTIONS = ("warn", "fail")


@dataclass(frozen=True, slots=True)
class Rule:
    margin: float
    reason: str
    model: str = "*"
    compression: str = "*"
    method: str = "*"
    capability: str = "*"
    task: str = "*"
    gate: str = "gate"
    issue: str = ""
    """Address of the issue about a known regression; the report links it."""
    source: str = ""

    @property
    def specificity(self) -> int:
        return sum(getattr(self, key) != "*" for key in MATCHED)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """``confidence`` is for the whole family of gated tasks of one (model, recipe)."""

    rules: tuple[Rule, ...]
    confidence: float = 0.95
    min_samples: int = 20
    inconclusive: Mapping[str, str] = field(
        default_factory=lambda: {"pull-request": "warn", "nightly": "fail"}
    )

    def rule_for(self, case: Case, *, method: str, capability: str) -> Rule:
        """The rule that applies; raises ConfigError when none does."""
        facts = {
            "model": case.model,
            "compression": case.compression,
            "method": method,
            "capability": capability,
            "task": case.task,
        }
        fitting = [
            (position, rule)
            for position, rule in enumerate(self.rules)
            if all(getattr(rule, key) in ("*", value) for key, value in facts.items())
            # Diagnostics have units of their own (nats): only a rule that names them is about them.
            and (capability != "diagnostic" or rule.capability != "*" or rule.task != "*")
        ]
        if not fitting:
            raise ConfigError(f"no threshold applies to {case.id}; add a [[thresholds.rule]] to acbench.toml")
        # A user's file comes later than ours and wins as a whole; inside a file the most specific rule does.
        last_source = fitting[-1][1].source
        candidates = [
            (rule.specificity, position, rule) for position, rule in fitting if rule.source == last_source
        ]
        return max(candidates, key=lambda c: c[:2])[2]


def read_thresholds(catalogue: Catalogue) -> Thresholds:
    """All rules of the catalogue's files, checked."""
    rules: list[Rule] = []
    options: dict[str, Any] = {}
    for source, table in catalogue.thresholds:
        for key, value in table.items():
            if key == "rule":
                rules += [
                    _rule(entry, catalogue, f"{source}: thresholds.rule[{i}]", source)
                    for i, entry in enumerate(value)
                ]
            elif key in ("confidence", "min_samples", "inconclusive"):
                options[key] = {**options.get(key, {}), **value} if isinstance(value, dict) else value
            else:
                known = ("rule", "confidence", "min_samples", "inconclusive")
                raise ConfigError(f"{source}: thresholds: unknown key {key!r}; {did_you_mean(key, known)}")
    confidence = options.get("confidence", 0.95)
    if not isinstance(confidence, float) or not 0.5 < confidence < 1:
        raise ConfigError(f"thresholds.confidence must lie between 0.5 and 1, not {confidence!r}")
    least = options.get("min_samples", 20)
    if not isinstance(least, int) or isinstance(least, bool) or least < 1:
        raise ConfigError(f"thresholds.min_samples must be a whole number above 0, not {least!r}")
    actions = options.get("inconclusive", {})
    if not isinstance(actions, dict):
        raise ConfigError(f"thresholds.inconclusive must be a table, not {actions!r}")
    for stage, action in actions.items():
        where = f"thresholds.inconclusive.{stage}"
        if stage not in STAGES:
            raise ConfigError(f"{where}: unknown stage {stage!r}; {did_you_mean(stage, STAGES)}")
        if action not in STAGE_ACTIONS:
            raise ConfigError(
                f"{where}: unknown action {action!r}; {did_you_mean(str(action), STAGE_ACTIONS)}"
            )
    return Thresholds(tuple(rules), **options)


def _rule(entry: Any, catalogue: Catalogue, where: str, source: str) -> Rule:
    known = {f.name for f in fields(Rule)} - {"source"}
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} must be a table")
    for key in entry:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}; {did_you_mean(key, known)}")
    for key in ("margin", "reason"):
        if key not in entry:
            raise ConfigError(f"{where}: {key} is missing")
    if (
        not isinstance(entry["margin"], (int, float))
        or isinstance(entry["margin"], bool)
        or not 0 < entry["margin"] < math.inf
    ):
        raise ConfigError(f"{where}: margin must be a positive number, not {entry['margin']!r}")
    if entry.get("gate", "gate") not in ("gate", "report"):
        raise ConfigError(f"{where}: gate must be 'gate' or 'report', not {entry['gate']!r}")
    if not str(entry.get("issue", "https://")).startswith(("https://", "http://")):
        raise ConfigError(f"{where}: issue must be an address (https://...), not {entry['issue']!r}")
    valid = {
        "model": catalogue.models,
        "compression": catalogue.recipes,
        "method": {recipe.method for recipe in catalogue.recipes.values()},
        "capability": CAPABILITIES,
        "task": catalogue.tasks,
    }
    for key, names in valid.items():
        if str(entry.get(key, "*")) not in {"*", *names}:
            raise ConfigError(
                f"{where}: {key}: unknown name {entry[key]!r}; {did_you_mean(str(entry[key]), names)}"
            )
    return Rule(**entry, source=source)
