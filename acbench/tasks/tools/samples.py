"""The samples of both tool tasks: generated, or read from the user's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.protocol import Sample
from acbench.tasks.tools.data import generate
from acbench.tasks.tools.play import OPERATION_TOOLS, QUERY_TOOLS
from acbench.tasks.tools.settings import PER_LEVEL, read_settings
from acbench.tasks.tools.upstream import upstream_samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from acbench.tasks.protocol import TaskContext
    from acbench.tasks.tools.data import Generated
    from acbench.tasks.tools.settings import Settings

TOOLS: Mapping[str, Sequence[str]] = {"query": QUERY_TOOLS, "operation": OPERATION_TOOLS}
"""The simulators of the two tasks, by variant."""
CAPPED_LEVELS = (1, 2)
"""Levels whose turns are limited to 2 × plan + slack: a small model that is lost need not play on."""
HARD_LEVEL = 3
SHOWN_LEVELS = (1,)
"""Levels that show the call to begin with. Among wrong calls the embedded 135M model took the last number it
had read, so that nothing could be told from its answers."""


def settings_for(context: TaskContext, variant: str) -> Settings:
    """The checked settings of a context. Raises ConfigError."""
    return read_settings(f"tool-{variant}", context.settings, mode=context.mode, tools=TOOLS[variant])


def tool_samples(context: TaskContext, variant: str, settings: Settings) -> list[Sample]:
    """One sample per question, ordered by simulator, level and number."""
    tools = settings.tools or tuple(TOOLS[variant])
    if context.data_dir is not None:
        return upstream_samples(context.data_dir, tools, settings)
    samples = []
    for tool in tools:
        for level in settings.levels:
            pack = generate(tool, level, settings.per_level or PER_LEVEL, settings.seed)
            shown = settings.show_choices and level in SHOWN_LEVELS
            samples += [
                _embedded(tool, level, index, settings, made, choices=list(made.plan[:1]) if shown else [])
                for index, made in enumerate(pack)
            ]
    return samples


def _embedded(
    tool: str, level: int, index: int, settings: Settings, made: Generated, *, choices: list[str]
) -> Sample:
    budget = settings.max_steps
    if level in CAPPED_LEVELS and settings.slack is not None:
        budget = min(budget, 2 * len(made.plan) + settings.slack)
    name = f"{tool}-l{level}-{index:02d}"
    data = {
        "source": "embedded",
        "tool": tool,
        "goal": made.goal,
        "world": dict(made.world),
        "offered": None if made.offered is None else sorted({*made.offered, *map(_tool, choices)}),
        "subgoals": list(made.subgoals),
        "answer": made.answer,
        "final": made.final,
        "target": made.target,
        "plan": list(made.plan),
        "choices": choices,
        "budget": budget,
        "difficulty": "hard" if level >= HARD_LEVEL else "easy",
    }
    return Sample(
        name, data, level=f"L{level}", cluster=name, estimated_turns=min(budget, len(made.plan) + 2)
    )


def _tool(line: str) -> str:
    return line.partition(" with ")[0]
