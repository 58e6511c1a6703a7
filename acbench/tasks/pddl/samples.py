"""The samples of both pddl tasks, and the environment that belongs to one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.agents.world import replay_steps
from acbench.tasks.pddl import wording
from acbench.tasks.pddl.domains import (
    DEFAULT_LEVELS,
    DOMAINS,
    LIKELIHOOD_DOMAINS,
    UPSTREAM_EXAMPLES,
    UPSTREAM_RULES,
    Example,
)
from acbench.tasks.pddl.environment import Environment
from acbench.tasks.pddl.generators import HARD_ABOVE, generate
from acbench.tasks.pddl.settings import PER_LEVEL, read_settings
from acbench.tasks.pddl.strips import ROOT_TYPE, load_world
from acbench.tasks.pddl.upstream import GAMES, upstream_samples
from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acbench.tasks.pddl.generators import Generated
    from acbench.tasks.pddl.settings import Settings
    from acbench.tasks.pddl.wording import Wording
    from acbench.tasks.protocol import TaskContext

CAPPED_LEVELS = (1, 2, 3)
"""Levels whose turns are limited to 2 × optimal + slack: wandering must not solve what is short."""


def settings_for(context: TaskContext, *, likelihood: bool) -> Settings:
    """The checked settings of a context."""
    names = tuple(DOMAINS) if context.data_dir is None else GAMES
    settings = read_settings(context.settings, mode=context.mode, domains=names, likelihood=likelihood)
    if likelihood and context.data_dir is None and settings.domains is None:
        return replace(settings, domains=LIKELIHOOD_DOMAINS)
    return settings


def problem_samples(context: TaskContext, settings: Settings) -> list[Sample]:
    """One sample per problem: generated, or read from the user's folder."""
    if context.data_dir is not None:
        return upstream_samples(context.data_dir, settings)
    return [
        _embedded(domain, level, index, settings, problem)
        for domain in settings.domains or DEFAULT_LEVELS
        for level in settings.levels
        if settings.domains or level in DEFAULT_LEVELS[domain]
        for index, problem in enumerate(
            generate(domain, level, settings.per_level or PER_LEVEL, settings.seed)
        )
    ]


def _embedded(domain: str, level: int, index: int, settings: Settings, generated: Generated) -> Sample:
    plan = generated.plan
    budget = settings.max_steps
    if level in CAPPED_LEVELS and settings.slack is not None:
        budget = min(budget, 2 * len(plan) + settings.slack)
    name = f"{domain}-l{level}-{index:02d}"
    data = {
        "source": "embedded",
        "domain": domain,
        "problem": generated.problem,
        "plan": list(plan),
        "optimal": len(plan),
        "budget": budget,
        "difficulty": "hard" if len(plan) > HARD_ABOVE else "easy",
    }
    return Sample(name, data, level=f"L{level}", cluster=name, estimated_turns=budget)


def environment_for(data: Mapping[str, Any], *, mode: str, show_actions: bool) -> Environment:
    """A fresh environment for one sample's data. Raises DataError naming a missing field."""
    try:
        world = load_world(
            _domain_text(data), data["problem"], f"{data['domain']}/domain.pddl", data.get("where", "problem")
        )
        words = _wording(data, mode)
    except KeyError as error:
        raise DataError(f"pddl sample: field {error.args[0]!r} is missing or names nothing known") from error
    return Environment(world, words, upstream=mode == "upstream", show_actions=show_actions)


def rules_for(data: Mapping[str, Any]) -> str:
    """What the agent is told about the domain."""
    if data["source"] == "embedded":
        return DOMAINS[data["domain"]].rules
    world = load_world(_domain_text(data), data["problem"], f"{data['domain']}/domain.pddl", data["where"])
    forms = (
        " ".join((schema.name, *(f"<{_slot(name, kind)}>" for name, kind in schema.parameters)))
        for schema in world.domain.schemas
    )
    return f"{UPSTREAM_RULES[data['domain']]}\nCommand forms: {'; '.join(forms)}."


def _slot(variable: str, kind: str) -> str:
    """How a command form names a parameter: by its type, or in untyped domains by its variable."""
    return kind if kind != ROOT_TYPE else variable.lstrip("?")


def example_for(data: Mapping[str, Any], *, mode: str, show_actions: bool) -> list[tuple[str, str]]:
    """A worked example as (label, text): Goal, then Observation and Action in turn."""
    example = _example(data)
    own = {**data, "problem": example.problem, "where": f"example of {data['domain']}"}
    environment = environment_for(own, mode=mode, show_actions=show_actions)
    lines = [("Goal", environment.goal_text()), ("Observation", environment.first_observation())]
    for bare in example.plan:
        action = environment.world.by_text.get(bare)
        if action is None:
            raise DataError(
                f"{data['domain']}/domain.pddl: the example's step {bare!r} is not an action of it"
            )
        lines.append(("Action", environment.wording.action(action).strip()))
        lines.append(("Observation", environment.step(bare).observation))
    return lines


def replay(
    sample_or_data: Sample | Mapping[str, Any], actions: Iterable[str], *, mode: str = "corrected"
) -> list[dict[str, Any]]:
    """Plays ``actions`` and tells per step: action, observation, valid, progress (0..1), done.

    Ends after the step that reaches the goal, whatever follows.
    """
    data = sample_or_data.data if isinstance(sample_or_data, Sample) else sample_or_data
    environment = environment_for(data, mode=mode, show_actions=False)
    return replay_steps(environment, actions)


def _domain_text(data: Mapping[str, Any]) -> str:
    return str(data["domain_text"] if data["source"] == "upstream" else DOMAINS[data["domain"]].text)


def _example(data: Mapping[str, Any]) -> Example:
    if data["source"] == "upstream":
        return UPSTREAM_EXAMPLES[data["domain"]]
    return DOMAINS[data["domain"]].example


def _wording(data: Mapping[str, Any], mode: str) -> Wording:
    if data["source"] == "embedded":
        return DOMAINS[data["domain"]].wording
    if mode == "upstream":
        return replace(wording.UPSTREAM[data["domain"]], goal_lead=data["goal_lead"])
    return wording.CORRECTED[data["domain"]]
