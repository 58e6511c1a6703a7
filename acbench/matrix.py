"""The matrix of cases: a pure function of catalogue, profile and selection options."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from acbench.cases import BASE, Case
from acbench.config import expand
from acbench.engines.protocol import EngineSettings
from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from acbench.config import Catalogue, Profile


ANALYSIS = "analysis"
"""Family of the tasks that compare a recipe's weights with the base model's (erank, top-k, energy)."""
OTHER_WEIGHTS = ("kv", "pair")
"""Methods that have nothing for them: the base model's own weights, or those of another model."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The cases of a run, base first, and what was declared but has no code in this version."""

    profile: Profile
    cases: tuple[Case, ...]
    planned: tuple[str, ...]
    on_demand: tuple[str, ...] = ()
    """Tasks the profile offers and this selection did not ask for."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Names given on the command line; empty means the profile's own.

    ``marks`` and ``keywords`` are pytest's ``-m`` and ``-k``: they bring a profile's tasks on demand in.
    """

    models: tuple[str, ...] = ()
    compressions: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    marks: str = ""
    keywords: str = ""

    def demands(self, task: str, capability: str) -> bool:
        """Whether ``-m`` names the capability, or ``-k`` (a part of) the task's name; not what is negated there."""
        return capability in _demanded(self.marks) or any(
            _names(word, task) for word in _demanded(self.keywords.lower())
        )


def _names(keyword: str, task: str) -> bool:
    """Whether a keyword is a part of a task's name, or of an id that reaches into it (``model:recipe:task``)."""
    _, colon, last = keyword.strip("[]").rpartition(":")
    return last != "" and (task.startswith(last) if colon else last in task)


def _demanded(expression: str) -> list[str]:
    """The names in an expression of pytest's, without its operators and without what stands negated."""
    found: list[str] = []
    negated, around = False, [False]
    for part in re.findall(r"[()]|[^\s()]+", expression):
        if part == "not":
            negated = not negated
        elif part == "(":
            around.append(around[-1] != negated)
            negated = False
        elif part == ")":
            around = around[:-1] or [False]
        elif part not in ("and", "or"):
            if around[-1] == negated:
                found.append(part)
            negated = False
    return found


def build_matrix(catalogue: Catalogue, profile_name: str, selection: Selection = Selection()) -> Matrix:
    """All cases of a profile, in the fixed order model, base first, recipe, task.

    Names asked for explicitly must exist and must have code; planned names in a profile's own lists
    are left out and listed. ``base`` is always part of the matrix.
    """
    profile = catalogue.profile(profile_name)
    models = _resolve(catalogue, "model", selection.models, profile.models, catalogue.models)
    recipes = _resolve(
        catalogue, "compression", selection.compressions, profile.compressions, catalogue.recipes
    )
    offered = expand(catalogue, profile.on_demand)
    demanded = tuple(
        task
        for task in offered
        if task in catalogue.tasks and selection.demands(task, catalogue.tasks[task].capability)
    )
    tasks = _resolve(catalogue, "task", selection.tasks, (*profile.tasks, *demanded), catalogue.tasks)
    for name in selection.compressions:
        only = catalogue.recipes[name].models if name in catalogue.recipes else ()
        if only and not set(only) & set(models):
            raise ConfigError(
                f"compression {name!r} is for {', '.join(only)} only, and no such model is selected"
            )
    planned = [name for name in recipes if catalogue.recipes[name].planned]
    planned += [name for name in tasks if catalogue.tasks[name].planned]
    usable_recipes = [BASE, *(name for name in recipes if name != BASE and name not in planned)]
    cases = [
        Case(model, recipe, task)
        for model in models
        for recipe in usable_recipes
        if not catalogue.recipes[recipe].models or model in catalogue.recipes[recipe].models
        for task in tasks
        if task not in planned
        and not (
            catalogue.tasks[task].family == ANALYSIS and catalogue.recipes[recipe].method in OTHER_WEIGHTS
        )
    ]
    waiting = tuple(task for task in offered if task not in tasks and not catalogue.tasks[task].planned)
    return Matrix(profile, tuple(cases), tuple(planned), waiting)


def _resolve(
    catalogue: Catalogue,
    kind: str,
    asked: tuple[str, ...],
    default: tuple[str, ...],
    table: Mapping[str, Any],
) -> tuple[str, ...]:
    names: tuple[str, ...] = expand(catalogue, asked or default)
    for name in names:
        if name not in table:
            raise ConfigError(f"unknown {kind} {name!r}; {did_you_mean(name, table)}")
        entry: Any = table[name]
        if name in asked and getattr(entry, "planned", False):
            ready = [slug for slug, other in table.items() if not other.planned]
            raise ConfigError(
                f"{kind} {name!r} is planned and has no code in this version; available: {', '.join(ready)}"
            )
    return names


def engine_settings(catalogue: Catalogue, profile: Profile, case_model: str, recipe: str) -> EngineSettings:
    """Engine settings of an engine group: profile, then model, then recipe; the window fits the model."""
    model = catalogue.models[case_model]
    merged: dict[str, Any] = {**profile.engine, **model.engine, **catalogue.recipes[recipe].engine}
    if model.trust_remote_code:  # only ever set by the user, per model
        merged["extra"] = {**merged.get("extra", {}), "trust_remote_code": True}
    settings = EngineSettings(**merged)
    if model.window_tokens and settings.window_tokens > model.window_tokens:
        settings = replace(settings, window_tokens=model.window_tokens)
    return settings


def groups(cases: Iterable[Case]) -> dict[str, list[Case]]:
    """Engine groups in order of first appearance."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(case.group, []).append(case)
    return found
