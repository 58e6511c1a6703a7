"""Real records beside the checkout, and the real small embedding model."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from teval_stubs import gold_of, play, task

from acbench.tasks.teval.columns import column_of
from acbench.tasks.teval.files import load_records
from acbench.tasks.teval.judging import gold_text
from acbench.tasks.teval.records import read_record

if TYPE_CHECKING:
    from acbench.embeddings import CachedEmbedder

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "t-eval"
ENGLISH, FORK = DATA / "v1_en", DATA / "fork_zh_finance"
pytestmark = [
    pytest.mark.upstream,
    pytest.mark.skipif(not ENGLISH.is_dir(), reason="no folder shared/data/t-eval/v1_en beside the checkout"),
]


@pytest.mark.parametrize(
    ("column", "folder", "count"),
    [
        ("plan_json", ENGLISH, 100),
        ("plan_str", ENGLISH, 100),
        ("review", ENGLISH, 100),
        ("reason_str", FORK, 25),
        ("retrieve_str", FORK, 25),
        ("understand_str", FORK, 25),
    ],
)
def test_all_records_are_read_and_their_gold_scores_one(column: str, folder: Path, count: int) -> None:
    opened = task(column, data_dir=folder)
    samples = opened.samples()
    assert len(samples) == count
    for sample in samples:
        grade = play(opened, sample, gold_of(opened, sample))
        assert grade.scores[opened.info.metrics[0].name] == 1, sample.id
        roles = [role for role, _ in sample.data["messages"]]
        assert all(a != b for a, b in itertools.pairwise(roles))
        assert roles[-1] == "user"
        assert "function" not in roles


def test_instruct_is_split_by_format() -> None:
    both = [task(column, data_dir=FORK) for column in ("instruct_str", "instruct_json")]
    ids = [{sample.id for sample in opened.samples()} for opened in both]
    assert not ids[0] & ids[1]
    assert len(ids[0]) + len(ids[1]) == 40
    for opened in both:
        for sample in opened.samples():
            assert play(opened, sample, gold_of(opened, sample)).scores["instruct"] == 1


def test_the_tool_list_is_found_in_the_prompt() -> None:
    for raw in load_records(FORK, column_of("retrieve_str")).values():
        record = read_record("r", raw, "retrieve", "string", with_prompt=True)
        assert len(record.tools) >= 2


@pytest.mark.parametrize("column", ["plan_json", "plan_str"])
def test_gold_plans_against_themselves_with_the_real_model(column: str, minilm: CachedEmbedder) -> None:
    from acbench.tasks.protocol import Prediction
    from acbench.tasks.teval import open_scorer

    lines = []
    for key, raw in list(load_records(ENGLISH, column_of(column)).items())[:40]:
        record = read_record(key, raw, "plan", "json", with_prompt=False)
        lines.append(Prediction(key, raw, gold_text(record)))
    scorer = open_scorer(column, mode="corrected", embedder=lambda: minilm)
    scorer.prepare(lines)
    assert [line.id for line in lines if scorer.score(line).scores["f1"] != 1] == []
