"""The essays of the original test as haystack, where a folder with them stands beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest
from needle_stubs import SHARED, task

from acbench.tasks.needle.haystack import folder_text

ESSAYS = Path(__file__).resolve().parents[4] / "shared" / "data" / "needle" / "PaulGrahamEssays"

pytestmark = [
    pytest.mark.upstream,
    pytest.mark.skipif(
        not ESSAYS.is_dir(), reason="no folder shared/data/needle/PaulGrahamEssays beside the checkout"
    ),
]


def test_facts_about_the_essays() -> None:
    files = sorted(ESSAYS.glob("*.txt"))
    text = folder_text(ESSAYS)
    assert len(files) == 49
    glued = "".join(path.read_text(encoding="utf-8") for path in files)
    assert (len(glued), len(glued.split())) == (643_830, 111_877)
    assert text.count("San Francisco") == 3
    assert text.lower().count("sunny day") == 1
    assert "dolores" not in text.lower()
    assert "sandwich" not in text.lower()


def test_essays_make_a_grid() -> None:
    samples = task(window=40_000, data_dir=ESSAYS, lengths=[2000, 8000], depth_count=10, repeats=2).samples()
    assert len(samples) == 40
    for sample in samples:
        assert 0.99 * sample.data["length"] <= sample.estimated_prompt_tokens <= sample.data["length"]
        assert sample.data["message"].count(sample.data["needle"]) == 1
        assert abs(sample.data["real_depth"] - sample.data["depth"]) < 5
    assert SHARED.offset_calls >= 1
