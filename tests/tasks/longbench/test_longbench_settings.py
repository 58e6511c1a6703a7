"""Settings: defaults, errors that name the key, and which source they are for."""

from __future__ import annotations

from typing import Any

import pytest
from longbench_stubs import task

from acbench.errors import ConfigError
from acbench.tasks.longbench.sets import SETS
from acbench.tasks.longbench.settings import read_settings

QASPER = SETS["qasper"]


def test_defaults() -> None:
    pack = read_settings({}, QASPER, has_data=False)
    assert (pack.lengths, pack.per_length, pack.likelihood, pack.limit) == (None, 8, True, None)
    assert (pack.truncation, pack.reasoning_budget, pack.buckets, pack.extended) == (
        "context",
        0,
        "none",
        False,
    )
    assert not read_settings({}, QASPER, has_data=True).likelihood
    assert read_settings({"likelihood": True}, QASPER, has_data=True).likelihood
    assert read_settings({"extended": True}, QASPER, has_data=True).buckets == "longbench-e"
    assert read_settings({"lengths": [2048, 256]}, QASPER, has_data=False).lengths == (256, 2048)


@pytest.mark.parametrize(
    ("given", "has_data", "message"),
    [
        ({"lenght_limit": 1}, True, "'lenght_limit'.*'length_limit'"),
        ({"truncation": "contxt"}, True, "truncation.*'context'"),
        ({"truncation": ["context"]}, True, "truncation"),
        ({"buckets": "longbench"}, True, "buckets.*'longbench-e'"),
        ({"limit": 0}, True, "limit = 0"),
        ({"limit": True}, True, "limit"),
        ({"length_limit": 3}, True, "length_limit"),
        ({"max_tokens": 0}, False, "max_tokens"),
        ({"seed": -1}, False, "seed"),
        ({"likelihood": 1}, False, "likelihood"),
        ({"lengths": []}, False, "lengths"),
        ({"lengths": 512}, False, "lengths"),
        ({"lengths": [512, 512]}, False, "lengths.*twice"),
        ({"lengths": [12]}, False, "lengths"),
        ({"per_length": 0}, False, "per_length"),
        ({"reasoning_budget": -5}, False, "reasoning_budget"),
        ({"lengths": [512]}, True, "'lengths' is for the embedded pack only"),
        ({"per_length": 2}, True, "'per_length' is for the embedded pack only"),
        ({"extended": True}, False, "'extended' is for a data folder only"),
        ({"buckets": "none"}, False, "'buckets' is for a data folder only"),
    ],
)
def test_errors_name_the_key(given: dict[str, Any], has_data: bool, message: str) -> None:
    with pytest.raises(ConfigError, match=f"task longbench-qasper: .*{message}"):
        read_settings(given, QASPER, has_data=has_data)


def test_sets_without_extended_files() -> None:
    with pytest.raises(ConfigError, match=r"longbench-musique.*LongBench-E does not have this set"):
        read_settings({"extended": True}, SETS["musique"], has_data=True)


def test_opening_checks_set_mode_settings_and_window() -> None:
    with pytest.raises(ConfigError, match="'qasper'"):
        task("qaspar")
    with pytest.raises(ConfigError, match="unknown mode"):
        task("qasper", mode="published")
    with pytest.raises(ConfigError, match="'seed'"):
        task("qasper", sed=3)
    with pytest.raises(ConfigError, match="window of 128 tokens has no room"):
        task("qasper", 128)
