"""Real records, all 21 sets, where the folder with them stands beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from longbench_stubs import ByteRenderer, play, task

from acbench.tasks.longbench.metrics import score_answer
from acbench.tasks.longbench.prompts import fill, prompt_spec
from acbench.tasks.longbench.records import find_records, read_records
from acbench.tasks.longbench.sets import SETS

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "longbench"
COUNTS = {
    **{"narrativeqa": 6, "qasper": 9, "multifieldqa_en": 7, "multifieldqa_zh": 15},
    **{"hotpotqa": 13, "2wikimqa": 13, "musique": 7, "dureader": 6},
    **{"gov_report": 12, "qmsum": 6, "multi_news": 11, "vcsum": 6},
    **{"trec": 8, "triviaqa": 12, "samsum": 15, "lsht": 8},
    **{
        "passage_count": 4,
        "passage_retrieval_en": 15,
        "passage_retrieval_zh": 15,
        "lcc": 26,
        "repobench_p": 23,
    },
}

pytestmark = [
    pytest.mark.upstream,
    pytest.mark.skipif(not DATA.is_dir(), reason="no folder shared/data/longbench beside the checkout"),
]


def test_counts() -> None:
    assert sum(COUNTS.values()) == 237
    assert set(COUNTS) == set(SETS)


@pytest.mark.parametrize("variant", sorted(SETS))
def test_all_records_through_adapter_prompts_truncation_and_scoring(variant: str) -> None:
    window = 6000
    opened = task(variant, window, data_dir=DATA, mode="upstream")
    samples = opened.samples()
    assert len(samples) == COUNTS[variant]
    records = {r.id: r for r in read_records(find_records(DATA, SETS[variant]), SETS[variant])}
    template = json.loads((DATA / "config" / "dataset2prompt.json").read_text(encoding="utf-8"))[
        SETS[variant].name
    ]
    tokens = json.loads((DATA / "config" / "dataset2maxlen.json").read_text())[SETS[variant].name]
    for sample in samples:
        record = records[sample.id]
        whole = fill(template, record.context, record.question)
        head = template.split("{context}")[0]
        tail = fill(template.split("{context}")[1], "", record.question)
        text = sample.data["text"]
        assert text.startswith(head)
        assert text.endswith(tail)
        assert (text == whole) != sample.data["truncated"]
        assert sample.estimated_prompt_tokens + tokens <= window
        if sample.data["truncated"]:
            assert sample.estimated_prompt_tokens + tokens > window - 10
        assert sample.data["prompts"] == "upstream"
        assert len(sample.data["files"]) == 3
        right = play(opened, sample, record.answers[0])
        assert right.scores["score"] <= 1
        assert play(opened, sample, "").scores["score_upstream"] == 0


@pytest.mark.parametrize("variant", sorted(SETS))
def test_gold_scores_one(variant: str) -> None:
    """Not where the metric itself cannot: a code line with a mark of a comment is never read."""
    which = SETS[variant]
    for record in read_records(find_records(DATA, which), which):
        gold = record.answers[0]
        score = score_answer(which, gold, record.answers, record.classes, "upstream")
        if which.metric == "code" and any(mark in gold for mark in ("`", "#", "//")):
            assert score < 1
        elif which.first_line and "\n" in gold:
            assert score <= 1
        else:
            assert score == pytest.approx(1, abs=1e-7), record.id


def test_upstream_limits_are_the_built_in_ones() -> None:
    for which in SETS.values():
        assert prompt_spec(which, DATA).tokens == which.tokens


@pytest.mark.parametrize("variant", ["multifieldqa_zh", "passage_retrieval_zh", "vcsum"])
def test_chinese_is_cut_between_characters(variant: str) -> None:
    for sample in task(variant, 3000, data_dir=DATA, renderer=ByteRenderer()).samples():
        assert sample.data["truncated"]
        assert "\ufffd" not in sample.data["text"]
        assert sample.estimated_prompt_tokens + SETS[variant].tokens <= 3000


def test_files_of_another_publisher_have_the_same_schema() -> None:
    folder = DATA / "records_original"
    for variant in ("multi_news", "multifieldqa_zh", "passage_retrieval_zh"):
        records = list(read_records(folder / f"{variant}.jsonl", SETS[variant]))
        assert len(records) == 20
        assert all(len(record.id) == 48 for record in records)
