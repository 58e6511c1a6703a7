"""Samples of embedded packs: frozen episodes with a level and a gold plan, named and limited in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.protocol import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acbench.tasks.agents.settings import AgentSettings


def frozen_samples(
    slug: str,
    episodes: Sequence[Mapping[str, Any]],
    settings: AgentSettings,
    data_of: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> list[Sample]:
    """The samples of a pack that the settings choose, by level, in the order of the pack.

    ``data_of`` gives what an environment needs of an episode, with its difficulty.
    """
    samples = []
    for level in settings.levels:
        mine = [episode for episode in episodes if episode["level"] == level]
        samples += [
            frozen_sample(slug, level, index, data_of(episode), settings)
            for index, episode in enumerate(mine[: settings.per_level])
        ]
    return samples


def frozen_sample(
    prefix: str, level: int, index: int, data: Mapping[str, Any], settings: AgentSettings
) -> Sample:
    """One sample, with at most 2 × plan + slack turns: wandering must not solve what is short."""
    budget = settings.max_steps
    if settings.slack is not None:
        budget = min(budget, 2 * len(data["plan"]) + settings.slack)
    name = f"{prefix}-l{level}-{index:02d}"
    return Sample(name, {**data, "budget": budget}, level=f"L{level}", cluster=name, estimated_turns=budget)
