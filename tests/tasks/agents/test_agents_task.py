"""A multi-turn task: its samples, what stands in their keys, its description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from agent_stubs import Worlds, sample, walk_task

from acbench.keys import fingerprint
from acbench.tasks.agents.judging import CHANNELS
from acbench.tasks.agents.task import agent_info, changed_settings
from acbench.tasks.protocol import Metric

if TYPE_CHECKING:
    from acbench.tasks.protocol import Sample

OTHERS: dict[str, Any] = {
    "max_tokens": 7,
    "memory_turns": 2,
    "show_actions": False,
    "format": "single",
    "keep_first": False,
    "agent": "react",
    "max_think": 1,
}


def samples(mode: str = "corrected", **given: Any) -> list[Sample]:
    return list(walk_task([sample("a"), sample("b", 9)], mode=mode, **given).samples())


def test_samples_open_no_world_and_are_estimated() -> None:
    worlds = Worlds()
    found = walk_task([sample("a")], worlds).samples()
    assert worlds.opened == []
    texts = ["You walk.", "Commands: go, wait, dig.", "reach 1", "at 0", "go", "at 1"]
    assert found[0].estimated_prompt_tokens == sum(map(len, texts)) + (1 + 6 // 2) * 10
    assert walk_task([sample("a")], window_tokens=50).samples()[0].estimated_prompt_tokens == 50


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_setting_that_changes_what_is_asked_is_part_of_the_key(name: str) -> None:
    """The key holds the samples' data: with the same key the journal would hold answers to other prompts."""
    own, other = samples(), samples(**{name: OTHERS[name]})
    assert fingerprint([s.data for s in own]) != fingerprint([s.data for s in other])
    assert other[0].data["settings"][name] == OTHERS[name]


def test_the_tasks_own_settings_leave_the_data_as_it_is() -> None:
    assert [s.data for s in samples()] == [sample("a").data, sample("b", 9).data]
    same: dict[str, Any] = {
        "max_tokens": 48,
        "levels": [1],
        "per_level": 1,
        "max_steps": 9,
        "slack": 1,
        "episode_seconds": 9,
    }
    assert [s.data for s in samples(**same)] == [s.data for s in samples()]


def test_a_mode_shows_with_all_that_it_changes() -> None:
    assert samples("upstream")[0].data["settings"] == {
        "max_tokens": 100,
        "show_actions": False,
        "format": "single",
        "keep_first": False,
    }


def test_naming_a_task_s_own_parts_only_chooses_among_samples() -> None:
    from acbench.tasks.tools.settings import read_settings

    tools = ("weather", "movie", "academia")
    found = read_settings("tool-query", {"tools": ["movie"]}, mode="corrected", tools=tools)
    assert changed_settings(found) == {}
    found = read_settings("tool-query", {"show_choices": False}, mode="corrected", tools=tools)
    assert changed_settings(found) == {"show_choices": False}


def test_the_description_has_what_all_have_and_what_is_added() -> None:
    info = agent_info("walk", "Walking", metrics=(Metric("speed", "Speed"),), channels=("fell",))
    assert [m.name for m in info.metrics] == ["progress", "success", "grounding", "speed"]
    assert [m.binary for m in info.metrics] == [False, True, False, False]
    assert info.channels == (*CHANNELS, "fell")
    assert (info.kind, info.capability) == ("rollout", "real_world")
