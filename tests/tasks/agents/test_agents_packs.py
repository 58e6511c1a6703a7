"""Samples of frozen packs: which episodes are taken, how they are named, how many turns they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from acbench.tasks.agents.packs import frozen_samples
from acbench.tasks.agents.settings import AgentSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

PACK: list[dict[str, Any]] = [
    {"level": 2, "plan": ["a", "b", "c"]},
    {"level": 1, "plan": ["a"]},
    {"level": 1, "plan": ["b", "c"]},
    {"level": 3, "plan": list("abcdefghijklmno")},
]


def data_of(episode: Mapping[str, Any]) -> dict[str, Any]:
    return {"plan": episode["plan"], "difficulty": "easy"}


def chosen(**given: Any) -> list[tuple[str, str, int, int]]:
    settings = read_settings(AgentSettings, "walk", given, mode="corrected")
    samples = frozen_samples("walk", PACK, settings, data_of)
    assert all(sample.cluster == sample.id for sample in samples)
    return [(s.id, s.level, s.data["budget"], s.estimated_turns) for s in samples]


def test_levels_come_in_order_and_turns_are_twice_the_plan_and_some() -> None:
    assert chosen() == [
        ("walk-l1-00", "L1", 5, 5),
        ("walk-l1-01", "L1", 7, 7),
        ("walk-l2-00", "L2", 9, 9),
        ("walk-l3-00", "L3", 30, 30),  # never more than max_steps
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"levels": [3, 1], "per_level": 1}, [("walk-l1-00", 5), ("walk-l3-00", 30)]),
        ({"levels": [2], "slack": None}, [("walk-l2-00", 30)]),
        ({"levels": [2], "slack": 0, "max_steps": 4}, [("walk-l2-00", 4)]),
    ],
)
def test_settings_choose_and_limit(given: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    assert [(name, budget) for name, _, budget, _ in chosen(**given)] == expected


def test_the_data_of_an_episode_is_kept() -> None:
    settings = read_settings(AgentSettings, "walk", {"levels": [2]}, mode="corrected")
    (sample,) = frozen_samples("walk", PACK, settings, data_of)
    assert sample.data == {"plan": ["a", "b", "c"], "difficulty": "easy", "budget": 9}
