"""The reader of the settings that all multi-turn tasks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from acbench.errors import ConfigError
from acbench.tasks.agents.settings import (
    AgentSettings,
    choice,
    read_settings,
    some,
    whole,
)


def read(given: dict[str, Any], *, mode: str = "corrected", **options: Any) -> AgentSettings:
    return read_settings(AgentSettings, "toy", given, mode=mode, **options)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"levls": [1]}, r"toy: unknown setting 'levls'; did you mean 'levels'"),
        ({"mode": "upstream"}, r"toy: unknown setting 'mode'"),
        ({"levels": []}, r"toy: levels must be a non-empty list, not \[\]"),
        ({"levels": "1"}, "toy: levels must be a non-empty list, not '1'"),
        ({"levels": 1}, "toy: levels must be a non-empty list, not 1"),
        ({"levels": [1, 4]}, "toy: levels: unknown 4; valid names: 1, 2, 3"),
        ({"levels": [True]}, "toy: levels: unknown True"),
        ({"levels": None}, "toy: levels must be a non-empty list, not None"),
        ({"per_level": 0}, "toy: per_level must be at least 1, not 0"),
        ({"per_level": 2.0}, "toy: per_level must be a whole number, not 2.0"),
        ({"max_steps": None}, "toy: max_steps must be a whole number, not None"),
        ({"max_steps": True}, "toy: max_steps must be a whole number, not True"),
        ({"max_tokens": "48"}, "toy: max_tokens must be a whole number, not '48'"),
        ({"slack": -1}, "toy: slack must be at least 0, not -1"),
        ({"episode_seconds": 0}, "toy: episode_seconds must be at least 1, not 0"),
        ({"max_think": -1}, "toy: max_think must be at least 0, not -1"),
        ({"show_actions": 1}, "toy: show_actions must be true or false, not 1"),
        ({"keep_first": "yes"}, "toy: keep_first must be true or false, not 'yes'"),
        ({"format": "chta"}, "toy: unknown format 'chta'; did you mean 'chat'"),
        ({"agent": ["act"]}, r"toy: unknown agent \['act'\]"),
    ],
)
def test_what_is_wrong_is_named_with_the_setting(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(given)


def test_an_unknown_mode() -> None:
    with pytest.raises(ConfigError, match=r"toy: unknown mode 'upstraem'; did you mean 'upstream'\?"):
        read({}, mode="upstraem")


def test_what_was_given_is_kept_and_lists_are_in_their_own_order() -> None:
    found = read({"levels": [3, 1, 3], "per_level": None, "slack": None, "max_tokens": 1})
    assert (found.levels, found.per_level, found.slack, found.max_tokens) == ((1, 3), None, None, 1)
    assert read({}) == AgentSettings()
    assert not read({}).upstream


def test_upstream_mode_changes_what_the_specification_names_and_nothing_else() -> None:
    """Sections 3.1 and 8: one user message, no kept first observation, 100 tokens, no list of actions, no cap."""
    found = read({}, mode="upstream")
    assert (found.format, found.keep_first, found.max_tokens, found.show_actions, found.slack) == (
        *("single", False, 100, False),
        None,
    )
    assert found.upstream
    own = AgentSettings()
    kept = ("levels", "per_level", "max_steps", "memory_turns", "agent", "max_think", "episode_seconds")
    assert [getattr(found, name) for name in kept] == [getattr(own, name) for name in kept]


def test_what_is_given_goes_before_what_a_mode_or_an_agent_changes() -> None:
    assert read({"max_tokens": 7}, mode="upstream").max_tokens == 7
    assert read({"format": "chat", "keep_first": True}, mode="upstream").keep_first
    assert read({"agent": "react"}).max_tokens == 128
    assert read({"agent": "react", "max_tokens": 20}).max_tokens == 20
    assert read({"agent": "react"}, mode="upstream").max_tokens == 100


def test_a_task_may_do_without_a_setting() -> None:
    with pytest.raises(ConfigError, match="unknown setting 'show_actions'"):
        read({"show_actions": True}, without=("show_actions",))
    assert (
        read({}, mode="upstream", without=("show_actions", "slack")).slack == 3
    )  # what it has not, no mode sets


@dataclass(frozen=True, slots=True)
class Own(AgentSettings):
    tools: tuple[str, ...] | None = some(None)
    kinds: tuple[str, ...] = some(("a", "b"), ("a", "b", "c"))
    seed: int = whole(0, 0)
    rule: str = choice("row", ("row", "always"))


def test_settings_of_a_tasks_own_and_names_that_depend_on_the_data() -> None:
    def own(given: dict[str, Any]) -> Own:
        return read_settings(Own, "toy", given, mode="corrected", names={"tools": ("todo", "sheet")})

    assert own({"tools": ["sheet", "todo"], "seed": 3}).tools == ("todo", "sheet")
    assert (own({"tools": None}).tools, own({}).kinds, own({"kinds": ["c"]}).kinds) == (
        *(None, ("a", "b")),
        ("c",),
    )
    for given, message in (
        ({"tools": ["shete"]}, "toy: tools: unknown 'shete'; did you mean 'sheet'"),
        ({"kinds": ["d"]}, "toy: kinds: unknown 'd'"),
        ({"rule": "rows"}, "toy: unknown rule 'rows'; did you mean 'row'"),
        ({"seed": -1}, "toy: seed must be at least 0"),
    ):
        with pytest.raises(ConfigError, match=message):
            own(given)
