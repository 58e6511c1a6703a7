"""Records of fixtures: those that say nothing go, those that explain a broken case stay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reports import fixtures

if TYPE_CHECKING:
    from pathlib import Path

PASSED = {"name": "judge", "status": "passed", "start": 1, "stop": 2}
TORN_DOWN = {"name": "judge::<lambda>", "start": 1}


@pytest.mark.parametrize(
    ("record", "quiet"),
    [
        ({"befores": [PASSED], "afters": [TORN_DOWN]}, True),
        ({}, True),
        ({"befores": [PASSED, {**PASSED, "status": "broken"}]}, False),
        ({"befores": [PASSED], "afters": [{**TORN_DOWN, "status": "failed"}]}, False),
        ({"befores": [{**PASSED, "attachments": [{"name": "log"}]}]}, False),
        ({"befores": [{**PASSED, "steps": [{"name": "start"}]}]}, False),
        ({"befores": [PASSED], "links": [{"url": "https://example.org"}]}, False),
    ],
)
def test_only_what_says_nothing_is_removed(record: dict[str, Any], quiet: bool, tmp_path: Path) -> None:
    file = tmp_path / "a-container.json"
    file.write_text(json.dumps(record))
    (tmp_path / "a-result.json").write_text("{}")
    assert fixtures.drop_quiet(tmp_path) == quiet
    assert file.exists() != quiet
    assert (tmp_path / "a-result.json").exists()


def test_an_unreadable_record_is_left_to_the_generator(tmp_path: Path) -> None:
    (tmp_path / "a-container.json").write_text("{")
    assert fixtures.drop_quiet(tmp_path) == 0
